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
  const { file, sizeBytes, crc32c } = range
  let chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(sizeBytes, 1)))
  let chunkStart = 0
  let chunkBytes = 0
  let position = 0
  let next = range.baseOffset
  for (;;) {
    const left = sizeBytes - position
    if (left === 0) return { validBytes: position, end: 'end' }
    const buffered = chunkStart + chunkBytes - position
    const claim = buffered < HEADER_BYTES ? HEADER_BYTES : claimAt(chunk, position - chunkStart)
    const early = claimEnd(claim, left, buffered >= HEADER_BYTES, chunk, position - chunkStart)
    if (early !== null) return { validBytes: position, end: early }
    if (claim > buffered) {
      if (claim > chunk.length) chunk = Buffer.allocUnsafeSlow(claim)
      chunkStart = position
      chunkBytes = file.read(chunk.subarray(0, Math.min(chunk.length, left)), position)
      if (chunkBytes < Math.min(claim, left)) return { validBytes: position, end: 'torn' }
      continue
    }
    const batch = new BatchView(chunk, position - chunkStart)
    const fault = faultOf(batch, next, range)
    if (fault !== null) {
      const isOld = batch.magic < 2 && isLegacyBatch(batch.bytes)
      return { validBytes: position, end: isOld ? 'legacy' : fault }
    }
    if (batch.computeCrc(crc32c) !== batch.crc) return { validBytes: position, end: 'checksum' }
    visit(batch, position)
    next = batch.lastOffset + 1
    position += claim
  }
}

function claimAt(chunk: Buffer, at: number): number {
  return chunk.readInt32BE(at + 8) + 12
}

/** What the size alone says about the batch, or null if it can be there. */
function claimEnd(
  claim: number,
  left: number,
  isRead: boolean,
  chunk: Buffer,
  at: number,
): ScanEnd | null {
  if (!isRead) return left < HEADER_BYTES ? 'torn' : null
  const magic = chunk[at + 16]
  if (claim === 12 && magic === 0) return 'zeros'
  // Old formats have shorter headers; whether it is one is told by its checksum.
  const least = magic === 0 || magic === 1 ? LEGACY_BYTES_MIN : HEADER_BYTES
  if (claim < least) return 'impossible header'
  return claim > left ? 'torn' : null
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
