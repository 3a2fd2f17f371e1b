/** The part of a segment file that a scan has in memory, and what can be told of a batch in it. */
import type { Crc32c, File } from '../host/host.ts'
import { int32At, int64At } from '../protocol/integers.ts'
import { BatchView } from '../protocol/records/batch.ts'
import { HEADER_BYTES } from './batch-cursor.ts'
import { isLegacyBatch } from './legacy-batch.ts'
import { type FilePosition, type Offset, RELATIVE_OFFSET_MAX } from './units.ts'

const CHUNK_BYTES = 1_048_576
const MAGIC_AT = 16
/** The unit in which a power cut loses bytes: zeros of less than this were written as zeros. */
const SECTOR_BYTES = 512
/** Fewer zeros than this at the end of a batch may be what its last record holds. */
const ZERO_TAIL_BYTES_MIN = 16

/** Grows to the largest batch; at least a chunk, if the file has that much. */
export class ScanWindow {
  readonly #file: File
  readonly #sizeBytes: number
  readonly #crc32c: Crc32c
  #bytes: Buffer
  #start = 0
  #end = 0

  constructor(file: File, sizeBytes: number, crc32c: Crc32c) {
    this.#file = file
    this.#sizeBytes = sizeBytes
    this.#crc32c = crc32c
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(sizeBytes, 1)))
  }

  /** `wanted` bytes from `position`, or as many as there are. Valid until the next call. */
  bytesAt(position: FilePosition, wanted: number): Buffer {
    const length = Math.min(wanted, this.#sizeBytes - position)
    if (position < this.#start || position + length > this.#end) {
      if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(length)
      const room = Math.min(this.#bytes.length, this.#sizeBytes - position)
      this.#start = position
      this.#end = position + this.#file.read(this.#bytes.subarray(0, room), position)
    }
    const at = position - this.#start
    return this.#bytes.subarray(at, Math.min(at + length, this.#end - this.#start))
  }

  /** The whole batch that a possible header at `position` claims, or null. */
  batchAt(position: FilePosition): BatchView | null {
    const head = this.bytesAt(position, HEADER_BYTES)
    if (!isPossibleHeader(head)) return null
    const sizeBytes = int32At(head, 8) + 12
    if (position + sizeBytes > this.#sizeBytes) return null
    const bytes = this.bytesAt(position, sizeBytes)
    return bytes.length < sizeBytes ? null : new BatchView(bytes)
  }

  /** The same, if its checksum is right. */
  soundBatchAt(position: FilePosition): BatchView | null {
    const batch = this.batchAt(position)
    return batch !== null && batch.computeCrc(this.#crc32c) === batch.crc ? batch : null
  }

  /** Base offset and epoch of a possible header; null where there is none. */
  headerAt(position: FilePosition): { baseOffset: Offset; leaderEpoch: number } | null {
    const head = this.bytesAt(position, HEADER_BYTES)
    if (!isPossibleHeader(head)) return null
    return { baseOffset: int64At(head, 0), leaderEpoch: int32At(head, 12) }
  }

  /** Whether a whole message of an old format (magic 0 or 1) lies there, by its checksum. */
  isLegacyAt(position: FilePosition): boolean {
    const head = this.bytesAt(position, HEADER_BYTES)
    if (head.length <= MAGIC_AT || (head[MAGIC_AT] as number) > 1) return false
    const claim = int32At(head, 8) + 12
    if (claim <= 12 || claim > this.#sizeBytes - position) return false
    return isLegacyBatch(this.bytesAt(position, claim))
  }

  /** Whether `[start, end)` is one batch, whatever its length and magic say, by its checksum. */
  isBatchWithin(start: FilePosition, end: FilePosition): boolean {
    if (end - start < HEADER_BYTES) return false
    const bytes = this.bytesAt(start, end - start)
    if (bytes.length < end - start || int32At(bytes, 23) < 0) return false
    return this.#crc32c(bytes.subarray(21)) === int32At(bytes, 17) >>> 0
  }

  /**
   * Whether a part of `[start, end)` was never written: a sector of zeros, or zeros from a write's
   * beginning or to its end.
   */
  hasUnwritten(start: FilePosition, end: FilePosition): boolean {
    for (let at = start; at < end; ) {
      const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES)
      const piece = this.bytesAt(at, next - at)
      const isWhole = next - at === SECTOR_BYTES
      const isEdge = at === start || (next === end && next - at >= ZERO_TAIL_BYTES_MIN)
      if ((isWhole || isEdge) && piece.every(byte => byte === 0)) return true
      at = next
    }
    return false
  }

  /**
   * Where the next sound batch begins behind a damaged one at `position`, -1 for nowhere. What the
   * damaged header claims as its end is believed only if no sound batches lie before that: a wrong
   * length may span some. Bytes of a record that look like a batch are told by what follows them.
   */
  nextSound(position: FilePosition, from: Offset, limit: Offset): FilePosition {
    const range = { from, limit: Math.min(limit, from + RELATIVE_OFFSET_MAX) }
    const claimed = this.#claimedEnd(position)
    const target = claimed > 0 && this.#isNext(claimed, range) ? claimed : -1
    if (target > 0 && this.#touches(position, target, from)) return target
    const searchEnd = target > 0 ? target : this.#sizeBytes
    for (let at = position + 1; at < searchEnd; at++) {
      at = this.#nextMagic(at, searchEnd)
      if (at < 0) break
      if (this.#isNext(at, range) && this.#leadsOn(at, target)) return at
    }
    return target
  }

  #claimedEnd(position: FilePosition): FilePosition {
    const head = this.bytesAt(position, HEADER_BYTES)
    if (head.length < HEADER_BYTES) return -1
    const end = position + int32At(head, 8) + 12
    return end >= position + HEADER_BYTES && end < this.#sizeBytes ? end : -1
  }

  /** Whether by its own header the batch ends with the offset before the one at `target`. */
  #touches(position: FilePosition, target: FilePosition, from: Offset): boolean {
    const delta = int32At(this.bytesAt(position, HEADER_BYTES), 23)
    return delta >= 0 && this.headerAt(target)?.baseOffset === from + delta + 1
  }

  /** The next position before `end` that a magic byte follows at its place; -1 for none. */
  #nextMagic(from: FilePosition, end: FilePosition): FilePosition {
    for (let at = from; at < end; ) {
      const inWindow = this.#start <= at + MAGIC_AT ? this.#end - at - MAGIC_AT : 0
      const wanted = inWindow > 0 ? inWindow : CHUNK_BYTES
      const bytes = this.bytesAt(at + MAGIC_AT, Math.min(wanted, end - at))
      if (bytes.length === 0) return -1
      const found = bytes.indexOf(2)
      if (found >= 0) return at + found < end ? at + found : -1
      at += bytes.length
    }
    return -1
  }

  #isNext(position: FilePosition, { from, limit }: OffsetRange): boolean {
    const header = this.headerAt(position)
    if (header === null || header.baseOffset < from || header.baseOffset >= limit) return false
    return this.soundBatchAt(position) !== null
  }

  /** Whether batches follow one another from `position` to `target`, or to what may be one. */
  #leadsOn(position: FilePosition, target: FilePosition): boolean {
    let at = position
    do {
      const head = this.bytesAt(at, HEADER_BYTES)
      if (!isPossibleHeader(head)) return isZero(head)
      at += int32At(head, 8) + 12
    } while (at < target)
    if (target > 0) return at === target
    if (at >= this.#sizeBytes) return at === this.#sizeBytes
    const head = this.bytesAt(at, HEADER_BYTES)
    return isPossibleHeader(head) || isZero(head)
  }
}

interface OffsetRange {
  readonly from: Offset
  /** Exclusive. */
  readonly limit: Offset
}

/** Whether a batch of magic 2 may begin so. */
export function isPossibleHeader(head: Buffer): boolean {
  if (head.length < HEADER_BYTES || head[MAGIC_AT] !== 2) return false
  const sizeBytes = int32At(head, 8) + 12
  const lastOffsetDelta = int32At(head, 23)
  const recordCount = int32At(head, 57)
  return (
    sizeBytes >= HEADER_BYTES &&
    lastOffsetDelta >= 0 &&
    recordCount >= 0 &&
    recordCount <= lastOffsetDelta + 1
  )
}

function isZero(bytes: Buffer): boolean {
  return bytes.every(byte => byte === 0)
}
