/**
 * Where recent reads began and ended in their segments, a few of them: a consumer goes on where its
 * last read ended, and many consumers read the same ranges. Spares the index look-up and the reads
 * of headers; never the truth, only offsets known to begin a batch.
 */
import type { FilePosition, Offset } from './units.ts'

const SLOTS = 16
/** A slot's numbers stand together: a look-up touches one or two cache lines. */
const OFFSET = 0
const BASE = 1
const POSITION = 2
// The last read from there that was cut by its size, not by the log's end.
const MAX_BYTES = 3
const END_POSITION = 4
const END_OFFSET = 5
const STRIDE = 6

export class ReadHints {
  readonly #numbers = new Float64Array(SLOTS * STRIDE).fill(-1)

  /** Remembers that a batch begins with `offset` at `position` of the segment at `baseOffset`. */
  learn(offset: Offset, baseOffset: Offset, position: FilePosition): void {
    const numbers = this.#numbers
    const slot = slotOf(offset)
    if (numbers[slot + OFFSET] === offset && numbers[slot + BASE] === baseOffset) return
    numbers[slot + OFFSET] = offset
    numbers[slot + BASE] = baseOffset
    numbers[slot + POSITION] = position
    numbers[slot + MAX_BYTES] = -1
  }

  /** The slot of `offset` in that segment, or -1. */
  find(offset: Offset, baseOffset: Offset): number {
    const numbers = this.#numbers
    const slot = slotOf(offset)
    return numbers[slot + OFFSET] === offset && numbers[slot + BASE] === baseOffset ? slot : -1
  }

  position(slot: number): FilePosition {
    return this.#numbers[slot + POSITION] as number
  }

  learnEnd(slot: number, maxBytes: number, endPosition: FilePosition, endOffset: Offset): void {
    this.#numbers[slot + MAX_BYTES] = maxBytes
    this.#numbers[slot + END_POSITION] = endPosition
    this.#numbers[slot + END_OFFSET] = endOffset
  }

  /** Whether a read of `maxBytes` from the slot is known to end before `limit`. */
  hasEnd(slot: number, maxBytes: number, limit: FilePosition): boolean {
    const numbers = this.#numbers
    return numbers[slot + MAX_BYTES] === maxBytes && numbers[slot + END_POSITION]! <= limit
  }

  endPosition(slot: number): FilePosition {
    return this.#numbers[slot + END_POSITION] as number
  }

  endOffset(slot: number): Offset {
    return this.#numbers[slot + END_OFFSET] as number
  }

  clear(): void {
    this.#numbers.fill(-1)
  }
}

/** Where an offset's numbers begin. */
function slotOf(offset: Offset): number {
  return (Math.imul(offset | 0, 0x9e3779b1) >>> 28) * STRIDE
}
