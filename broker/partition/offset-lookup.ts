import { ErrorCode } from '../../protocol/errors.ts'
import type { Log } from '../../storage/log.ts'
import type { ListedOffset } from './outcome.ts'

/** Timestamps of ListOffsets that mean something else than a time. */
export const SpecialTimestamp = {
  LATEST: -1,
  EARLIEST: -2,
  /** The record with the greatest timestamp (KIP-734). */
  MAX: -3,
  /** The first offset that is not only in remote storage (KIP-405): all are here. */
  EARLIEST_LOCAL: -4,
  /** The last offset in remote storage (KIP-1005): there is none. */
  LATEST_TIERED: -5,
  /** The first offset that remote storage lacks (KIP-1023): there is no remote storage. */
  EARLIEST_PENDING_UPLOAD: -6,
} as const

/** No record answers to what was asked. */
export const NOTHING_LISTED: ListedOffset = {
  errorCode: ErrorCode.NONE,
  offset: -1,
  timestamp: -1,
  leaderEpoch: -1,
}

/** What the asker may see. */
export interface LookupBounds {
  /** Exclusive: the high watermark, or the last stable offset. */
  readonly boundOffset: number
  /** The partition's. */
  readonly leaderEpoch: number
}

/** The offset that a timestamp, or one of the special ones, stands for in a log. */
export async function lookUpOffset(
  log: Log,
  timestamp: number,
  bounds: LookupBounds,
): Promise<ListedOffset> {
  const { boundOffset, leaderEpoch } = bounds
  switch (timestamp) {
    case SpecialTimestamp.LATEST:
      return listed(boundOffset, -1, leaderEpoch)
    case SpecialTimestamp.EARLIEST:
    case SpecialTimestamp.EARLIEST_LOCAL:
      return listed(log.logStartOffset, -1, earliestEpoch(log, leaderEpoch))
    case SpecialTimestamp.LATEST_TIERED:
    case SpecialTimestamp.EARLIEST_PENDING_UPLOAD:
      return NOTHING_LISTED
    default:
      return byTime(log, timestamp, boundOffset)
  }
}

async function byTime(log: Log, timestamp: number, boundOffset: number): Promise<ListedOffset> {
  const { highWatermark } = log
  const record =
    timestamp === SpecialTimestamp.MAX
      ? await log.offsetOfMaxTimestamp(highWatermark)
      : await log.offsetForTimestamp(timestamp, highWatermark)
  // What is not stable yet is hidden, not skipped: a later answer must not be lower.
  if (record === null || record.offset >= boundOffset) return NOTHING_LISTED
  return listed(record.offset, record.timestampMs, record.leaderEpoch)
}

/** The epoch of the log's first record; the leader's while there is none. */
function earliestEpoch(log: Log, leaderEpoch: number): number {
  const { logStartOffset } = log
  if (logStartOffset === log.nextOffset) return leaderEpoch
  // The least epoch that ends above the log's start: ends ascend with epochs.
  let low = 0
  let high = log.latestEpoch
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const end = log.endOffsetForEpoch(middle)
    if (end !== null && end.endOffset > logStartOffset) high = middle
    else low = middle + 1
  }
  return high
}

function listed(offset: number, timestamp: number, leaderEpoch: number): ListedOffset {
  return { errorCode: ErrorCode.NONE, offset, timestamp, leaderEpoch }
}
