import type { ErrorCode } from '../../protocol/errors.ts'
import type { BatchView } from '../../protocol/records/batch.ts'

/** How an append went: what is written now ends before `nextOffset`, or nothing of it is kept. */
export type AppendEnd =
  | { readonly kind: 'written'; readonly nextOffset: number }
  | { readonly kind: 'failed'; readonly errorCode: ErrorCode }

/** The partition a shard keeps its records in, as far as the shard has to know it. */
export interface ShardLog {
  readonly logStartOffset: number
  /** Exclusive end of what is written. */
  readonly nextOffset: number
  /** Exclusive end of what is committed. */
  readonly highWatermark: number
  /** Appends a built batch; `done` is called once, in a later task, before it is committed. */
  append(batch: Buffer, nowMs: number, done: (end: AppendEnd) => void): void
  /**
   * Synchronous; a view is valid until the next one is asked for. `bound` is exclusive. Throws
   * DiskError, and DamagedLog for what is not what was written.
   */
  readBatches(from: number, bound: number): Iterable<BatchView>
  /** One listener: the high watermark moved, or what was written cannot be committed any more. */
  listen(listener: ShardLogListener | null): void
}

export interface ShardLogListener {
  committed(): void
  lost(errorCode: ErrorCode): void
}

/** Turns a machine's records into batches and back. */
export interface RecordCodec<Rec> {
  /** All of them as one batch, in order; null if they are more than one batch may hold. */
  encode(records: readonly Rec[], nowMs: number): Buffer | null
  /** What cannot be read is left out and told to `onUnreadable`. */
  decode(batch: BatchView, onUnreadable: (offset: number, reason: string) => void): Rec[]
}
