import type { FileRange } from '../../host/host.ts'
import type { ErrorCode } from '../../protocol/errors.ts'

/** How a produced batch ended. Offsets are -1 where the answer must not tell them. */
export interface ProduceOutcome {
  readonly errorCode: ErrorCode
  readonly baseOffset: number
  /** -1 unless the broker stamped the records (LogAppendTime), or a duplicate's cached time. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  /** Which records are to blame (KIP-467); empty if the batch as a whole is. */
  readonly recordErrors: readonly RecordError[]
  readonly errorMessage: string | null
}

export interface RecordError {
  /** Position in the batch, from 0. */
  readonly batchIndex: number
  readonly message: string | null
}

/** Which end a reader may see: of committed records, of stable ones, or all that was written. */
export const Isolation = {
  READ_UNCOMMITTED: 0,
  READ_COMMITTED: 1,
  LOG_END: 2,
} as const
export type Isolation = (typeof Isolation)[keyof typeof Isolation]

/** What a partition gives to a fetch. */
export interface PartitionRead {
  readonly errorCode: ErrorCode
  /** -1 with an error. */
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Set when the reader's log left ours (KIP-595): no records then. */
  readonly divergingEpoch: EpochEnd | null
  /** Null unless read_committed. Ascending by firstOffset. */
  readonly aborted: readonly AbortedTransaction[] | null
  /** Null when there is nothing to read. Its file is closed only after a retained send ended. */
  readonly range: FileRange | null
  /** More can be read below the bound than `range` holds: waiting would gain nothing. */
  readonly hasMore: boolean
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** Where an epoch's records end: `nextOffset` is exclusive. */
export interface EpochEnd {
  readonly leaderEpoch: number
  readonly nextOffset: number
}

/** Answer to ListOffsets; offset and timestamp -1 if nothing matches. */
export interface ListedOffset {
  readonly errorCode: ErrorCode
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}
