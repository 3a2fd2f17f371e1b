/** ListOffsets: from a timestamp to the first record that has it or a later one. */
import type { File } from '../host/host.ts'
import { BatchView, Codec } from '../protocol/records/batch.ts'
import { CorruptRecords, ExpansionLimit } from '../protocol/records/corrupt-records.ts'
import { readRecords } from '../protocol/records/reader.ts'
import type { TimestampOffset } from './log-read.ts'
import type { LogState } from './log-state.ts'
import type { Segment } from './segment.ts'
import { type FilePosition, NO_TIMESTAMP, type Offset, type TimestampMs } from './units.ts'

/** A batch that holds more is answered by its envelope. */
const EXPANDED_BYTES_MAX = 268_435_456

interface BatchPlace {
  readonly file: File
  readonly position: FilePosition
  readonly sizeBytes: number
}

/** As `Log.offsetForTimestamp`. */
export async function offsetForTimestamp(
  state: LogState,
  timestampMs: TimestampMs,
  bound: Offset,
): Promise<TimestampOffset | null> {
  for (const segment of [...state.segments]) {
    if (segment.baseOffset >= bound) return null
    if (segment.isRemoved || segment.maxTimestampMs < timestampMs) continue
    let next: Offset = Math.max(segment.baseOffset, state.logStartOffset)
    for (;;) {
      const place = findBatch(state, segment, timestampMs, next)
      if (place === null || place.baseOffset >= bound) break
      const found = await firstRecord(state, place, record => {
        return record.timestampMs >= timestampMs && record.offset >= state.logStartOffset
      })
      if (found !== null) return found.offset < bound ? found : null
      next = place.lastOffset + 1
    }
  }
  return null
}

/** The first batch from `from` on whose maximum is at least `timestampMs`. */
function findBatch(
  state: LogState,
  segment: Segment,
  timestampMs: TimestampMs,
  from: Offset,
): (BatchPlace & { baseOffset: Offset; lastOffset: Offset }) | null {
  if (segment.isRemoved || segment.sizeBytes === 0) return null
  const times = segment.times()
  const slot = times.floor(timestampMs)
  const timed = slot < 0 ? 0 : times.relativeOffset(slot)
  const after = Math.max(timed, from - segment.baseOffset)
  const start = segment.offsets().floorPosition(after)
  const file = segment.file()
  const { cursor } = state.environment
  cursor.start(file, start, segment.sizeBytes, segment.damage)
  while (cursor.next()) {
    if (cursor.maxTimestampMs < timestampMs || cursor.lastOffset < from) continue
    const { position, sizeBytes, baseOffset, lastOffset } = cursor
    return { file, position, sizeBytes, baseOffset, lastOffset }
  }
  return null
}

/** As `Log.offsetOfMaxTimestamp`. */
export async function offsetOfMaxTimestamp(
  state: LogState,
  bound: Offset,
): Promise<TimestampOffset | null> {
  let maximumMs: TimestampMs = NO_TIMESTAMP
  let best: BatchPlace | null = null
  for (const segment of state.segments) {
    if (segment.baseOffset >= bound || segment.maxTimestampMs <= maximumMs) continue
    const { maxTimestampOffset } = segment
    const isWhole = maxTimestampOffset < bound && maxTimestampOffset >= state.logStartOffset
    const cursor = isWhole ? segment.seek(maxTimestampOffset) : null
    if (cursor !== null) {
      maximumMs = segment.maxTimestampMs
      best = { file: segment.file(), position: cursor.position, sizeBytes: cursor.sizeBytes }
      continue
    }
    const walk = segment.seek(Math.max(segment.baseOffset, state.logStartOffset))
    for (let more = walk !== null; walk !== null && more; more = walk.next()) {
      if (walk.baseOffset >= bound) break
      if (walk.maxTimestampMs <= maximumMs) continue
      maximumMs = walk.maxTimestampMs
      best = { file: segment.file(), position: walk.position, sizeBytes: walk.sizeBytes }
    }
  }
  if (best === null) return null
  return firstRecord(state, best, record => record.timestampMs >= maximumMs)
}

/** The first record of a batch that is wanted. Reads off the loop what is not cached. */
async function firstRecord(
  state: LogState,
  place: BatchPlace,
  isWanted: (record: { offset: Offset; timestampMs: TimestampMs }) => boolean,
): Promise<TimestampOffset | null> {
  const batch = await readBatch(place)
  if (batch === null) return null
  const { leaderEpoch, codec, payload } = batch
  const search = (records: Buffer): TimestampOffset | null => {
    for (const { offset, timestamp } of readRecords(batch, records)) {
      if (isWanted({ offset, timestampMs: timestamp })) {
        return { offset, timestampMs: timestamp, leaderEpoch }
      }
    }
    return null
  }
  try {
    if (codec === Codec.NONE) return search(payload)
    const { expander } = state.environment
    let sizeBytes = 0
    await expander.visit(codec, payload, EXPANDED_BYTES_MAX, piece => {
      sizeBytes += piece.length
      return true
    })
    return await expander.whole(codec, payload, { sizeBytes }, search)
  } catch (error) {
    if (!(error instanceof CorruptRecords || error instanceof ExpansionLimit)) throw error
    // Nobody can read its records; its envelope says where they are.
    return { offset: batch.baseOffset, timestampMs: batch.maxTimestamp, leaderEpoch }
  }
}

async function readBatch({ file, position, sizeBytes }: BatchPlace): Promise<BatchView | null> {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  file.retain()
  try {
    const read = file.isCached(position, sizeBytes)
      ? file.read(bytes, position)
      : await file.readLater(bytes, position)
    return read === sizeBytes ? new BatchView(bytes) : null
  } finally {
    file.release()
  }
}
