/**
 * Files and folders that were removed from their log and keep their bytes for a while, for readers.
 * They bear names (`.deleted`, `-delete`) that make the next start unlink them.
 *
 * Invariants:
 *   (1) A piece is unlinked by the first sweep at or after its due time. A sweep before the first
 *       due time costs one comparison, so that sweeps may follow each other closely.
 */
import type { Disk } from '../host/host.ts'
import { asDiskError } from './disk-failure.ts'

interface Piece {
  readonly path: string
  readonly delayMs: number
  /** Null: the delay begins with the next sweep. */
  dueMs: number | null
}

/** When what could not be unlinked is tried again. */
const RETRY_MS = 10_000

export class Trash {
  readonly #disk: Disk
  #pieces: Piece[] = []
  /** No piece is due before. */
  #earliestMs = Number.POSITIVE_INFINITY

  constructor(disk: Disk) {
    this.#disk = disk
  }

  get count(): number {
    return this.#pieces.length
  }

  add(path: string, delayMs: number, nowMs: number | null): void {
    const dueMs = nowMs === null ? null : nowMs + delayMs
    this.#pieces.push({ path, delayMs, dueMs })
    this.#earliestMs = Math.min(this.#earliestMs, dueMs ?? Number.NEGATIVE_INFINITY)
  }

  /** Whether a sweep has anything to do. */
  isDue(nowMs: number): boolean {
    return this.#earliestMs <= nowMs
  }

  /** Unlinks what is due. What can't be unlinked is tried again after a while. */
  async sweep(nowMs: number): Promise<void> {
    if (!this.isDue(nowMs)) return
    const due: Piece[] = []
    const left: Piece[] = []
    this.#earliestMs = Number.POSITIVE_INFINITY
    for (const piece of this.#pieces) {
      piece.dueMs ??= nowMs + piece.delayMs
      if (piece.dueMs <= nowMs) due.push(piece)
      else this.#keep(piece, piece.dueMs, left)
    }
    this.#pieces = left
    for (const piece of due) {
      if (await this.#remove(piece.path)) continue
      piece.dueMs = nowMs + RETRY_MS
      this.#keep(piece, piece.dueMs, this.#pieces)
    }
  }

  #keep(piece: Piece, dueMs: number, pieces: Piece[]): void {
    pieces.push(piece)
    this.#earliestMs = Math.min(this.#earliestMs, dueMs)
  }

  async #remove(path: string): Promise<boolean> {
    try {
      await this.#disk.removeLater(path)
      return true
    } catch (error) {
      return asDiskError(error).code === 'ENOENT'
    }
  }
}
