import type { BatchView } from '../protocol/records/batch.ts'
import type { AppendOptions, AppendResult, AppendWaiter } from './append-result.ts'
import type { LogConfig } from './log-config.ts'
import type {
  AbortedTransaction,
  ActiveProducer,
  EpochEnd,
  LogRead,
  SegmentDescription,
  TimestampOffset,
} from './log-read.ts'
import type { LeaderEpoch, Offset, TimestampMs } from './units.ts'

/** One partition's records on disk. */
export declare class Log {
  readonly topic: string
  readonly partition: number
  readonly folder: string
  /** 22 characters; '' when a foreign folder did not say (see `adoptTopicId`). */
  readonly topicId: string
  readonly config: LogConfig
  /** logStartOffset <= durableOffset <= writtenOffset <= nextOffset; all but the first exclusive. */
  readonly logStartOffset: Offset
  readonly durableOffset: Offset
  readonly writtenOffset: Offset
  readonly nextOffset: Offset
  /** Monotonic, kept <= writtenOffset; persisted by `LogDirectory.checkpoint`. */
  highWatermark: Offset
  /** <= highWatermark: where the oldest undecided transaction starts. */
  readonly lastStableOffset: Offset
  readonly latestEpoch: LeaderEpoch
  readonly sizeBytes: number
  readonly isDeleted: boolean
  /** One listener (the Partition): written or durable advanced, or the log was cut. */
  onProgress: (() => void) | null

  reconfigure(config: LogConfig): void
  adoptTopicId(topicId: string): void
  append(batch: BatchView, options: AppendOptions, waiter: AppendWaiter | null): AppendResult
  read(from: Offset, maxBytes: number, bound: Offset, atLeastOneBatch: boolean): LogRead
  /** Ordered by firstOffset; `bound` exclusive. */
  abortedTransactions(from: Offset, bound: Offset): AbortedTransaction[]
  offsetForTimestamp(timestampMs: TimestampMs, bound: Offset): Promise<TimestampOffset | null>
  offsetOfMaxTimestamp(bound: Offset): Promise<TimestampOffset | null>
  /** Null when the epoch is unknown here (KIP-101, KIP-320). */
  endOffsetForEpoch(epoch: LeaderEpoch): EpochEnd | null
  assignEpoch(epoch: LeaderEpoch, startOffset: Offset): void
  /** DeleteRecords. */
  advanceLogStart(offset: Offset): void
  truncateTo(offset: Offset): void
  truncateFullyAndStartAt(offset: Offset): void
  activeProducers(): ActiveProducer[]
  segments(): SegmentDescription[]
  /** Cold and synchronous. A view is valid until the next one is asked for. */
  readBatches(from: Offset, bound: Offset): IterableIterator<BatchView>
  describe(): string
}
