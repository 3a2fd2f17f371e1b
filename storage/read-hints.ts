/**
 * Where recent reads began and ended in their segments, a few of them: a consumer goes on where its
 * last read ended, and many consumers read the same ranges. Spares the index look-up and the reads
 * of headers; never the truth, only offsets known to begin a batch.
 */
import type { FilePosition, Offset } from './units.ts'

const SLOTS = 16

export class ReadHints {
  readonly #offsets = new Float64Array(SLOTS).fill(-1)
  readonly #bases = new Float64Array(SLOTS)
  readonly #positions = new Float64Array(SLOTS)
  // The last read from there that was cut by its size, not by the log's end.
  readonly #maxBytes = new Float64Array(SLOTS)
  readonly #endPositions = new Float64Array(SLOTS)
  readonly #endOffsets = new Float64Array(SLOTS)

  /** Remembers that a batch begins with `offset` at `position` of the segment at `baseOffset`. */
  learn(offset: Offset, baseOffset: Offset, position: FilePosition): void {
    const slot = slotOf(offset)
    if (this.#offsets[slot] === offset && this.#bases[slot] === baseOffset) return
    this.#offsets[slot] = offset
    this.#bases[slot] = baseOffset
    this.#positions[slot] = position
    this.#maxBytes[slot] = -1
  }

  /** The slot of `offset` in that segment, or -1. */
  find(offset: Offset, baseOffset: Offset): number {
    const slot = slotOf(offset)
    return this.#offsets[slot] === offset && this.#bases[slot] === baseOffset ? slot : -1
  }

  position(slot: number): FilePosition {
    return this.#positions[slot] as number
  }

  learnEnd(slot: number, maxBytes: number, endPosition: FilePosition, endOffset: Offset): void {
    this.#maxBytes[slot] = maxBytes
    this.#endPositions[slot] = endPosition
    this.#endOffsets[slot] = endOffset
  }

  /** Whether a read of `maxBytes` from the slot is known to end before `limit`. */
  hasEnd(slot: number, maxBytes: number, limit: FilePosition): boolean {
    return this.#maxBytes[slot] === maxBytes && (this.#endPositions[slot] as number) <= limit
  }

  endPosition(slot: number): FilePosition {
    return this.#endPositions[slot] as number
  }

  endOffset(slot: number): Offset {
    return this.#endOffsets[slot] as number
  }

  clear(): void {
    this.#offsets.fill(-1)
  }
}

function slotOf(offset: Offset): number {
  return Math.imul(offset | 0, 0x9e3779b1) >>> 28
}
