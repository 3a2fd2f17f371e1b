/**
 * One partition's records on disk: append, read, look up, cut. The parts it is made of each own a
 * piece of that; here is what the broker sees.
 *
 *   sequenced ──(end of turn)──> written ──(commit round)──> durable ──(ISR)──> high watermark
 *
 * Invariants:
 *   (1) logStartOffset <= durableOffset <= writtenOffset <= nextOffset.
 *   (2) Offsets are never used twice for different records that anyone was told of.
 *   (3) After `isDeleted` nothing is appended; reads go on until their files are released.
 *
 * Crash story: the files say everything. What was durable survives; what was written may survive
 * torn, and recovery cuts it at the first batch that is not whole.
 */
import { DiskError } from '../host/disk-error.ts'
import type { BatchView } from '../protocol/records/batch.ts'
import type { AppendOptions, AppendResult, AppendWaiter } from './append-result.ts'
import { LogAppender } from './log-appender.ts'
import { LogCommits } from './log-commits.ts'
import type { LogConfig } from './log-config.ts'
import { firstDamage } from './log-examiner.ts'
import type {
  AbortedTransaction,
  ActiveProducer,
  EpochEnd,
  LogRead,
  SegmentDescription,
  TimestampOffset,
} from './log-read.ts'
import { LogReader } from './log-reader.ts'
import type { LogState } from './log-state.ts'
import { truncateAll, truncateEnd } from './log-truncation.ts'
import { offsetForTimestamp, offsetOfMaxTimestamp } from './offset-lookup.ts'
import type { LeaderEpoch, Offset, TimestampMs } from './units.ts'

export class Log {
  /** For the directory that owns the log, and for tools; nobody else's. */
  readonly state: LogState
  /** The same. */
  readonly commits: LogCommits
  /** The same. */
  readonly appender: LogAppender
  readonly #reader: LogReader

  constructor(state: LogState) {
    this.state = state
    this.commits = new LogCommits(state)
    this.appender = new LogAppender(state, this.commits)
    this.#reader = new LogReader(state)
  }

  get topic(): string {
    return this.state.topic
  }

  get partition(): number {
    return this.state.partition
  }

  get folder(): string {
    return this.state.folder
  }

  /** 22 characters; '' when the folder did not say (see `LogDirectory.adoptTopicId`). */
  get topicId(): string {
    return this.state.topicId
  }

  get config(): LogConfig {
    return this.state.config
  }

  /** In force from the next append, roll and sweep on. */
  reconfigure(config: LogConfig): void {
    this.state.config = config
  }

  /** The first offset that may be read. */
  get logStartOffset(): Offset {
    return this.state.logStartOffset
  }

  /** Exclusive end of what survives as far as `durability` promises. */
  get durableOffset(): Offset {
    return this.state.durableOffset
  }

  /** Exclusive end of what is in the file. */
  get writtenOffset(): Offset {
    return this.state.writtenOffset
  }

  /** The offset the next batch gets. */
  get nextOffset(): Offset {
    return this.state.nextOffset
  }

  /** Exclusive; monotonic, kept <= writtenOffset. Persisted by `LogDirectory.checkpoint`. */
  get highWatermark(): Offset {
    return this.state.highWatermark
  }

  set highWatermark(offset: Offset) {
    const { state } = this
    const capped = Math.min(offset, state.writtenOffset)
    if (capped <= state.highWatermark) return
    state.highWatermark = capped
    state.loadedProducers?.settle(capped)
  }

  /** Exclusive: where the oldest undecided transaction starts, else the high watermark. */
  get lastStableOffset(): Offset {
    const { highWatermark, logStartOffset, firstUnstableOffset } = this.state
    if (firstUnstableOffset >= highWatermark) return highWatermark
    return Math.max(logStartOffset, firstUnstableOffset)
  }

  get latestEpoch(): LeaderEpoch {
    return this.state.epochs.latest
  }

  get sizeBytes(): number {
    return this.state.sizeBytes
  }

  get isDeleted(): boolean {
    return this.state.isDeleted
  }

  /** One listener (the Partition): written or durable advanced, or the log was cut. */
  get onProgress(): (() => void) | null {
    return this.state.onProgress
  }

  set onProgress(listener: (() => void) | null) {
    this.state.onProgress = listener
  }

  /**
   * Sequences a batch: checks its producer, gives it offsets, stamps it in place and queues it by
   * reference. Synchronous; the write comes at the end of the turn, or of a later one when much is
   * staged. The batch must have been validated: its size, its checksum and its records.
   */
  append(batch: BatchView, options: AppendOptions, waiter: AppendWaiter | null): AppendResult {
    return this.appender.append(batch, options, waiter)
  }

  /**
   * Whole batches from the one that holds `from`, below `bound` (exclusive), at most `maxBytes`
   * unless `atLeastOneBatch` and the first is larger. Throws DiskError.
   */
  read(from: Offset, maxBytes: number, bound: Offset, atLeastOneBatch: boolean): LogRead {
    return this.#reader.read(from, maxBytes, bound, atLeastOneBatch)
  }

  /** Those with records in `[from, bound)`, perhaps some beyond, ordered by first offset. */
  abortedTransactions(from: Offset, bound: Offset): AbortedTransaction[] {
    return this.#reader.abortedTransactions(from, bound)
  }

  /** The first record below `bound` with this timestamp or a later one. Rejects with DiskError. */
  offsetForTimestamp(timestampMs: TimestampMs, bound: Offset): Promise<TimestampOffset | null> {
    return offsetForTimestamp(this.state, timestampMs, bound)
  }

  /** The first record with the largest timestamp below `bound` (KIP-734). */
  offsetOfMaxTimestamp(bound: Offset): Promise<TimestampOffset | null> {
    return offsetOfMaxTimestamp(this.state, bound)
  }

  /** Null when the epoch is unknown here (KIP-101, KIP-320). */
  endOffsetForEpoch(epoch: LeaderEpoch): EpochEnd | null {
    return this.state.epochs.endOffsetFor(epoch, this.state.nextOffset)
  }

  /** A leader begins its epoch at `startOffset`. Durable with the first batch of it. */
  assignEpoch(epoch: LeaderEpoch, startOffset: Offset): void {
    this.state.epochs.assign(epoch, startOffset)
  }

  /** DeleteRecords: offsets below are out of range from here on; files go with the next sweep. */
  advanceLogStart(offset: Offset): void {
    const { state } = this
    if (offset <= state.logStartOffset) return
    if (offset > state.writtenOffset) throw new RangeError(`log start ${offset} is past the end`)
    state.logStartOffset = offset
    state.wasTouched = true
    state.epochs.truncateFromStart(offset)
    if (state.highWatermark < offset) this.highWatermark = offset
  }

  /**
   * A follower drops what its leader does not have: everything from `offset` on, and the whole
   * batch that holds it. Whoever waits for an append is told it failed.
   */
  truncateTo(offset: Offset): void {
    if (offset >= this.state.nextOffset) return
    if (offset < (this.state.segments[0]?.baseOffset ?? 0)) {
      this.truncateFullyAndStartAt(offset)
      return
    }
    this.#beforeCut(offset)
    truncateEnd(this.state, offset)
    this.#afterCut()
  }

  /** A follower whose leader starts elsewhere begins anew. `nowMs` dates the segment. */
  truncateFullyAndStartAt(offset: Offset, nowMs = this.state.active.createdMs): void {
    this.#beforeCut(offset)
    truncateAll(this.state, offset, nowMs)
    this.#afterCut()
  }

  #beforeCut(offset: Offset): void {
    const error = new DiskError('ECANCELED', this.folder, 'truncate')
    this.appender.drop(error)
    this.commits.truncated(offset, error)
  }

  #afterCut(): void {
    // Files that came back after a power cut would be taken for records.
    this.commits.created([this.folder], [])
    this.commits.wrote(this.state.active)
    this.commits.request()
    this.state.onProgress?.()
  }

  /** For the directory: the log is deleted or offline, and whoever waits for an append fails. */
  fail(error: DiskError): void {
    this.appender.drop(error)
    this.commits.failAll(error)
  }

  /** Forgets the producers not heard of for their log's time, unless a transaction is open. */
  expireProducers(nowMs: number): void {
    this.state.loadedProducers?.expire(nowMs, this.state.config.producerIdExpirationMs)
  }

  /** KIP-664. */
  activeProducers(): ActiveProducer[] {
    return [...this.state.producers().producers.values()].map(producer => ({
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      lastSequence: producer.lastSequence,
      lastTimestampMs: producer.lastTimestampMs,
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTransactionFirstOffset: producer.transactionFirstOffset,
    }))
  }

  /** Oldest first. Reads the time indexes of segments not looked at before. */
  segments(): SegmentDescription[] {
    const { segments, active } = this.state
    return segments.map((segment, at) => ({
      baseOffset: segment.baseOffset,
      nextOffset: segments[at + 1]?.baseOffset ?? this.state.writtenOffset,
      sizeBytes: segment.sizeBytes,
      maxTimestampMs: segment.maxTimestampMs,
      isActive: segment === active,
    }))
  }

  /**
   * The first damaged range behind the batch that holds `from`; null if there is none. Checks what
   * was not checked yet, which takes as long as reading it. Throws DiskError.
   */
  firstDamage(from: Offset): ReturnType<typeof firstDamage> {
    return firstDamage(this.state, from)
  }

  /** Cold and synchronous. A view is valid until the next one is asked for. */
  readBatches(from: Offset, bound: Offset): IterableIterator<BatchView> {
    return this.#reader.batches(from, bound)
  }

  /** One line: transcripts, logs and tools share it. */
  describe(): string {
    const { topic, partition, logStartOffset, durableOffset, writtenOffset } = this.state
    const { nextOffset, highWatermark, segments } = this.state
    return (
      `${topic}-${partition} start ${logStartOffset} high watermark ${highWatermark}` +
      ` durable ${durableOffset} written ${writtenOffset} next ${nextOffset}` +
      ` in ${segments.length} segments`
    )
  }
}
