import type { DiskError } from '../host/disk-error.ts'
import type { LeaderEpoch, Offset, TimestampMs } from './units.ts'

/**
 * Who appends. 'client': every producer check. 'coordinator': markers and the coordinators' own
 * records, epoch checks only. 'replica': offsets and epochs are given and kept; checks only warn.
 */
export type AppendOrigin = 'client' | 'coordinator' | 'replica'

/** A pooled buffer's reference count, as the host's frames have it. */
export interface Retainable {
  retain(): void
  release(): void
}

export interface AppendOptions {
  /** Stamped into the batch; ignored for a replica, whose batches carry it. */
  readonly leaderEpoch: LeaderEpoch
  readonly origin: AppendOrigin
  readonly nowMs: number
  /**
   * Holds the batch's bytes: retained until they are written. Without one the bytes are the log's
   * until the waiter is told.
   */
  readonly frame?: Retainable | undefined
}

/**
 * Told once, in a later task of the loop, how an append ended. Under durability 'os' after
 * the write, mostly in the same turn; under 'fsync' after the commit round.
 */
export interface AppendWaiter {
  durable(): void
  /** Nothing of it was kept, or (the directory went offline) nobody can say. */
  failed(error: DiskError): void
}

export type AppendResult = Appended | Duplicate | Refused

/** Sequenced: offsets are final unless the waiter is told otherwise. */
export interface Appended {
  readonly kind: 'appended'
  readonly baseOffset: Offset
  readonly lastOffset: Offset
}

/** The producer sent this batch before; the waiter shares the fate of the first one. */
export interface Duplicate {
  readonly kind: 'duplicate'
  readonly baseOffset: Offset
  readonly lastOffset: Offset
  /** The stored batch's maximum timestamp. */
  readonly timestampMs: TimestampMs
}

export const RefusalReason = {
  OUT_OF_ORDER_SEQUENCE: 'out-of-order-sequence',
  INVALID_PRODUCER_EPOCH: 'invalid-producer-epoch',
  INVALID_TXN_STATE: 'invalid-txn-state',
  TRANSACTION_COORDINATOR_FENCED: 'transaction-coordinator-fenced',
  /** Larger than segment.bytes. */
  RECORD_LIST_TOO_LARGE: 'record-list-too-large',
  /** A replica's batch does not continue the log, or its epoch is older than the log's. */
  OUT_OF_ORDER_OFFSET: 'out-of-order-offset',
  /** A file could not be made or written; later appends may succeed. */
  DISK_FULL: 'disk-full',
  /** The directory failed, or the log was deleted or closed. */
  OFFLINE: 'offline',
} as const
export type RefusalReason = (typeof RefusalReason)[keyof typeof RefusalReason]

export interface Refused {
  readonly kind: 'refused'
  readonly reason: RefusalReason
  readonly error?: DiskError
}
