/**
 * Walks batch headers in a file without reading what lies between, through one small buffer.
 * Headers are only checked for being possible; checksums are the business of segment-scan.ts.
 */
import type { File } from '../host/host.ts'
import { int64At } from '../protocol/integers.ts'
import { type DamagedRange, rangeAt } from './damage.ts'
import type { FilePosition, LeaderEpoch, Offset, TimestampMs } from './units.ts'

/** Bytes before a batch's records (magic 2). */
export const HEADER_BYTES = 61
/** Base offset and length: what `batchLength` does not count. */
const PREFIX_BYTES = 12

export class BatchCursor {
  /** Of the batch the cursor stands on; -1 before the first `next`. */
  position: FilePosition = -1
  sizeBytes = 0
  baseOffset: Offset = 0
  lastOffset: Offset = 0
  leaderEpoch: LeaderEpoch = 0
  maxTimestampMs: TimestampMs = 0
  /** Where `next` looks; after it returned false, where the walk ended. */
  nextPosition: FilePosition = 0
  readonly #buffer: Buffer
  #file: File | null = null
  #endPosition = 0
  #bufferStart = 0
  #bufferEnd = 0
  #damage: readonly DamagedRange[] | null = null

  /** `buffer` is the cursor's own while it is in use; at least 61 bytes. */
  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  /**
   * Begins at `position`, which must be a batch's start; never looks at or past `endPosition`, and
   * passes over the ranges of `damage`.
   */
  start(
    file: File,
    position: FilePosition,
    endPosition: FilePosition,
    damage: readonly DamagedRange[] | null,
  ): this {
    this.#file = file
    this.#endPosition = endPosition
    this.nextPosition = position
    this.position = -1
    this.sizeBytes = 0
    this.lastOffset = -1
    this.#bufferStart = 0
    this.#bufferEnd = 0
    this.#damage = damage
    return this
  }

  /**
   * Moves to the batch at `nextPosition`. False at the end, or if no whole batch can lie there or
   * its offset does not follow those before it; see `isAtEnd`.
   */
  next(): boolean {
    if (this.#damage !== null) this.#passDamage(this.#damage)
    const position = this.nextPosition
    if (position + HEADER_BYTES > this.#endPosition) return false
    if (position < this.#bufferStart || position + HEADER_BYTES > this.#bufferEnd) {
      if (!this.#fill(position)) return false
    }
    const at = position - this.#bufferStart
    const buffer = this.#buffer
    const sizeBytes = buffer.readInt32BE(at + 8) + PREFIX_BYTES
    const lastOffsetDelta = buffer.readInt32BE(at + 23)
    if (sizeBytes < HEADER_BYTES || position + sizeBytes > this.#endPosition) return false
    if (buffer[at + 16] !== 2 || lastOffsetDelta < 0) return false
    const baseOffset = int64At(buffer, at)
    // A gap below the first batch is as good as any: the walk may begin in the middle.
    if (baseOffset <= this.lastOffset) return false
    this.position = position
    this.sizeBytes = sizeBytes
    this.nextPosition = position + sizeBytes
    this.baseOffset = baseOffset
    this.lastOffset = this.baseOffset + lastOffsetDelta
    this.leaderEpoch = buffer.readInt32BE(at + 12)
    this.maxTimestampMs = int64At(buffer, at + 35)
    return true
  }

  /** After `next` returned false: whether the walk saw all that lies before its end. */
  get isAtEnd(): boolean {
    return this.nextPosition >= this.#endPosition
  }

  /** The header under the cursor. Valid until the next `next` or `start`. */
  header(): Buffer {
    const at = this.position - this.#bufferStart
    return this.#buffer.subarray(at, at + HEADER_BYTES)
  }

  /** Moves to the first batch that ends at or after `offset`. */
  seek(offset: Offset): boolean {
    while (this.next()) if (this.lastOffset >= offset) return true
    return false
  }

  #passDamage(damage: readonly DamagedRange[]): void {
    const range = rangeAt(damage, this.nextPosition)
    if (range !== null) this.nextPosition = range.end
  }

  #fill(position: FilePosition): boolean {
    // Of large batches only the header is wanted.
    const wanted = this.sizeBytes > this.#buffer.length ? HEADER_BYTES : this.#buffer.length
    const target = this.#buffer.subarray(0, Math.min(wanted, this.#endPosition - position))
    const read = this.#file?.read(target, position) ?? 0
    this.#bufferStart = position
    this.#bufferEnd = position + read
    return read >= HEADER_BYTES
  }
}
