import { ErrorCode } from '../../protocol/errors.ts'
import { Isolation, type ListedOffset } from './outcome.ts'
import type { Partition } from './partition.ts'

/** Timestamps that mean something else, and the ListOffsets version that brought each. */
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

const SINCE_VERSION: ReadonlyMap<number, number> = new Map([
  [-1, 0],
  [-2, 0],
  [-3, 7],
  [-4, 8],
  [-5, 9],
  [-6, 11],
])

export interface ListOffsetOptions {
  /** Milliseconds, or one of `SpecialTimestamp`. */
  readonly timestamp: number
  readonly isolation: Isolation
  /** -1: not checked. */
  readonly currentLeaderEpoch: number
  readonly apiVersion: number
}

/** Answers ListOffsets for one partition. */
export async function listOffset(
  partition: Partition,
  options: ListOffsetOptions,
): Promise<ListedOffset> {
  const { timestamp, isolation, currentLeaderEpoch, apiVersion } = options
  const since = timestamp >= 0 ? 0 : (SINCE_VERSION.get(timestamp) ?? Number.POSITIVE_INFINITY)
  if (apiVersion < since) return nothing(ErrorCode.UNSUPPORTED_VERSION)
  const errorCode = partition.epochError(currentLeaderEpoch)
  if (errorCode !== ErrorCode.NONE) return nothing(errorCode)
  switch (timestamp) {
    case SpecialTimestamp.LATEST:
      return found(boundOf(partition, isolation), -1, partition.leaderEpoch)
    case SpecialTimestamp.EARLIEST:
    case SpecialTimestamp.EARLIEST_LOCAL:
      return found(partition.logStartOffset, -1, earliestEpoch(partition))
    case SpecialTimestamp.LATEST_TIERED:
    case SpecialTimestamp.EARLIEST_PENDING_UPLOAD:
      return nothing(ErrorCode.NONE)
    default:
      return byTime(partition, options)
  }
}

async function byTime(partition: Partition, options: ListOffsetOptions): Promise<ListedOffset> {
  const { log, highWatermark } = partition
  const record =
    options.timestamp === SpecialTimestamp.MAX
      ? await log.offsetOfMaxTimestamp(highWatermark)
      : await log.offsetForTimestamp(options.timestamp, highWatermark)
  // What is not stable yet is hidden, not skipped: a later answer may be lower.
  if (record === null || record.offset >= boundOf(partition, options.isolation)) {
    return nothing(ErrorCode.NONE)
  }
  return found(record.offset, record.timestampMs, record.leaderEpoch)
}

function boundOf(partition: Partition, isolation: Isolation): number {
  if (isolation === Isolation.READ_COMMITTED) return partition.lastStableOffset
  if (isolation === Isolation.LOG_END) return partition.log.nextOffset
  return partition.highWatermark
}

/** The epoch of the log's first record; the leader's while there is none. */
function earliestEpoch({ log, leaderEpoch }: Partition): number {
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

function found(offset: number, timestamp: number, leaderEpoch: number): ListedOffset {
  return { errorCode: ErrorCode.NONE, offset, timestamp, leaderEpoch }
}

function nothing(errorCode: ErrorCode): ListedOffset {
  return { errorCode, offset: -1, timestamp: -1, leaderEpoch: -1 }
}
