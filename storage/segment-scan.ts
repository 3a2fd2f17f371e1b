/**
 * Walks whole batches in a file, checking everything that can be checked without expanding them,
 * and says where the valid prefix ends.
 */
import type { Crc32c, File } from '../host/host.ts'
import { BatchView } from '../protocol/records/batch.ts'
import { HEADER_BYTES } from './batch-cursor.ts'
import { isLegacyBatch } from './legacy-batch.ts'
import { type FilePosition, type Offset, RELATIVE_OFFSET_MAX } from './units.ts'

/** Why a walk ended before the end of the file. */
export type ScanEnd =
  | 'end'
  /** The last batch is longer than what is left of the file: a write was cut short. */
  | 'torn'
  /** Zeros: preallocated or never written back. */
  | 'zeros'
  | 'impossible header'
  | 'checksum'
  /** Offsets go back, or beyond what the segment may hold. */
  | 'offsets'
  /** Magic 0 or 1: a format this broker does not read. */
  | 'legacy'

export interface ScanResult {
  readonly validBytes: number
  readonly end: ScanEnd
}

export interface ScanRange {
  readonly file: File
  readonly sizeBytes: number
  readonly baseOffset: Offset
  /** Exclusive: the next segment's base. Infinity for the last. */
  readonly offsetLimit: Offset
  readonly crc32c: Crc32c
}

const CHUNK_BYTES = 1_048_576
const LEGACY_BYTES_MIN = 26

/** Calls `visit` for each valid batch; the view is valid during the call. Throws DiskError. */
export function scanSegment(
  range: ScanRange,
  visit: (batch: BatchView, position: FilePosition) => void,
): ScanResult {
  const { sizeBytes, crc32c } = range
  const window = new ScanWindow(range.file, sizeBytes)
  let position = 0
  let next = range.baseOffset
  while (position < sizeBytes) {
    const end = endOfClaim(window, position, sizeBytes)
    if (end !== null) return { validBytes: position, end }
    const batch = window.batchAt(position)
    const fault = faultOf(batch, next, range)
    if (fault !== null) return { validBytes: position, end: fault }
    if (batch.computeCrc(crc32c) !== batch.crc) return { validBytes: position, end: 'checksum' }
    visit(batch, position)
    next = batch.lastOffset + 1
    position += batch.sizeBytes
  }
  return { validBytes: position, end: 'end' }
}

/** The part of the file in memory: as large as the largest batch, at least a chunk. */
class ScanWindow {
  readonly #file: File
  readonly #sizeBytes: number
  #bytes: Buffer
  #start = 0
  #end = 0

  constructor(file: File, sizeBytes: number) {
    this.#file = file
    this.#sizeBytes = sizeBytes
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(sizeBytes, 1)))
  }

  /** `wanted` bytes from `position`, or as many as there are. Valid until the next call. */
  bytesAt(position: FilePosition, wanted: number): Buffer {
    if (position < this.#start || position + wanted > this.#end) {
      if (wanted > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(wanted)
      const room = Math.min(this.#bytes.length, this.#sizeBytes - position)
      this.#start = position
      this.#end = position + this.#file.read(this.#bytes.subarray(0, room), position)
    }
    const at = position - this.#start
    return this.#bytes.subarray(at, Math.min(at + wanted, this.#end - this.#start))
  }

  /** The batch that lies whole at `position`. */
  batchAt(position: FilePosition): BatchView {
    const at = position - this.#start
    return new BatchView(this.#bytes, at)
  }
}

/** Why no batch of ours can begin here, by its first bytes and its size; null if one can. */
function endOfClaim(window: ScanWindow, position: FilePosition, sizeBytes: number): ScanEnd | null {
  const left = sizeBytes - position
  const head = window.bytesAt(position, Math.min(HEADER_BYTES, left))
  if (head.length < LEGACY_BYTES_MIN) return 'torn'
  const claim = head.readInt32BE(8) + 12
  const magic = head[16] as number
  if (magic < 2) {
    if (claim === 12) return 'zeros'
    const mayBeOld = claim >= LEGACY_BYTES_MIN && claim <= left
    // Zeros of a torn write look like magic 0: the checksum tells.
    return mayBeOld && isLegacyBatch(window.bytesAt(position, claim)) ? 'legacy' : 'torn'
  }
  if (claim < HEADER_BYTES) return 'impossible header'
  return window.bytesAt(position, Math.min(claim, left)).length < claim ? 'torn' : null
}

function faultOf(batch: BatchView, next: Offset, range: ScanRange): ScanEnd | null {
  if (batch.magic !== 2) return 'impossible header'
  const { baseOffset, lastOffsetDelta, recordCount } = batch
  if (lastOffsetDelta < 0) return 'impossible header'
  if (recordCount < 0 || recordCount > lastOffsetDelta + 1) return 'impossible header'
  if (!Number.isSafeInteger(baseOffset) || baseOffset < next) return 'offsets'
  const lastOffset = baseOffset + lastOffsetDelta
  const isBeyond = lastOffset - range.baseOffset > RELATIVE_OFFSET_MAX
  return isBeyond || lastOffset >= range.offsetLimit ? 'offsets' : null
}
