import type { FileRange } from '../host/host.ts'
import type { LeaderEpoch, Offset, ProducerId, TimestampMs } from './units.ts'

/**
 * Null: nothing below the bound, or nothing that fits. 'out-of-range': the offset lies below the
 * log's start or above its end.
 */
export type LogRead = LogRange | null | 'out-of-range'

/**
 * Whole batches of one segment, the first of which may begin before the offset asked for. Send it
 * in the same task: the file is only held by whoever retains it, as `Connection.send` does.
 */
export interface LogRange extends FileRange {
  /** Exclusive end of the offsets in it. */
  readonly nextOffset: Offset
}

/** A transaction whose records a read_committed reader must leave out from `firstOffset` on. */
export interface AbortedTransaction {
  readonly producerId: ProducerId
  readonly firstOffset: Offset
}

export interface TimestampOffset {
  readonly offset: Offset
  readonly timestampMs: TimestampMs
  readonly leaderEpoch: LeaderEpoch
}

export interface EpochEnd {
  readonly leaderEpoch: LeaderEpoch
  /** Exclusive. */
  readonly endOffset: Offset
}

/** DescribeProducers' row (KIP-664). */
export interface ActiveProducer {
  readonly producerId: ProducerId
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestampMs: TimestampMs
  readonly coordinatorEpoch: number
  /** -1 when no transaction is open. */
  readonly currentTransactionFirstOffset: Offset
}

/** One segment as retention, tools and tests see it. */
export interface SegmentDescription {
  readonly baseOffset: Offset
  /** Exclusive. */
  readonly nextOffset: Offset
  readonly sizeBytes: number
  /** -1 when no record has a timestamp. */
  readonly maxTimestampMs: TimestampMs
  readonly isActive: boolean
}
