/**
 * Files and folders that were removed from their log and keep their bytes for a while, for readers.
 * They bear names (`.deleted`, `-delete`) that make the next start unlink them.
 */
import type { Disk } from '../host/host.ts'
import { asDiskError } from './disk-failure.ts'

interface Piece {
  readonly path: string
  readonly delayMs: number
  /** Null: the delay begins with the next sweep. */
  dueMs: number | null
}

export class Trash {
  readonly #disk: Disk
  #pieces: Piece[] = []

  constructor(disk: Disk) {
    this.#disk = disk
  }

  get count(): number {
    return this.#pieces.length
  }

  add(path: string, delayMs: number, nowMs: number | null): void {
    this.#pieces.push({ path, delayMs, dueMs: nowMs === null ? null : nowMs + delayMs })
  }

  /** Unlinks what is due. What can't be unlinked is tried again with the next sweep. */
  async sweep(nowMs: number): Promise<void> {
    const due: Piece[] = []
    const left: Piece[] = []
    for (const piece of this.#pieces) {
      piece.dueMs ??= nowMs + piece.delayMs
      if (piece.dueMs > nowMs) left.push(piece)
      else due.push(piece)
    }
    this.#pieces = left
    for (const piece of due) {
      if (!(await this.#remove(piece.path))) this.#pieces.push(piece)
    }
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
