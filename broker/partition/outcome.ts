import type { FileRange } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'

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

/**
 * What a partition gives to a fetch, in the terms of the response that carries it: one object from
 * the log to the wire, for there are hundreds of them in a fetch.
 */
export interface PartitionRead {
  readonly partitionIndex: number
  readonly errorCode: ErrorCode
  /** -1 with an error. */
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Set when the reader's log left ours (KIP-595): no records then. `endOffset` is exclusive. */
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | undefined
  /** Null unless read_committed. Ascending by firstOffset. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  /** `NO_RECORDS`, or a range whose file is closed only after a retained send ended. */
  readonly records: FileRange | typeof NO_RECORDS
  readonly recordBytes: number
  /** More can be read below the bound than `records` holds: waiting would gain nothing. */
  readonly hasMore: boolean
}

/** Clients fail on null records. */
export const NO_RECORDS: Buffer = Buffer.alloc(0)
export const NO_ABORTED: readonly AbortedTransaction[] = []

/** What is told of a partition that cannot be read, or not even be found. */
export function failedRead(partitionIndex: number, errorCode: ErrorCode): PartitionRead {
  const isUnknown =
    errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ||
    errorCode === ErrorCode.UNKNOWN_TOPIC_ID ||
    errorCode === ErrorCode.TOPIC_AUTHORIZATION_FAILED
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    divergingEpoch: undefined,
    // As Kafka has it.
    abortedTransactions: isUnknown ? NO_ABORTED : null,
    records: NO_RECORDS,
    recordBytes: 0,
    hasMore: false,
  }
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** Answer to ListOffsets; offset and timestamp -1 if nothing matches. */
export interface ListedOffset {
  readonly errorCode: ErrorCode
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}
