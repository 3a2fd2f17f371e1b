import { DiskError } from '../../host/disk-error.ts'
import type { FileRange } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Log } from '../../storage/log.ts'
import type { LogRead } from '../../storage/log-read.ts'
import type { TopicConfig } from '../config/topic-config.ts'
import { INTERNAL_TOPICS, type PartitionImage } from '../image/image.ts'
import {
  Appender,
  type AppendHome,
  type AppendParts,
  type ProduceDone,
  type ProduceOptions,
} from './appender.ts'
import type { AdvanceWaiter, FetchSource } from './delayed-fetch.ts'
import { appendInternal, type InternalAppend } from './internal-append.ts'
import { lookUpOffset, NOTHING_LISTED } from './offset-lookup.ts'
import {
  type AbortedTransaction,
  failedRead,
  Isolation,
  type ListedOffset,
  NO_ABORTED,
  NO_RECORDS,
  type PartitionRead,
} from './outcome.ts'
import type { PendingProduce, ReplicationWait } from './pending-produce.ts'
import { OffsetWaits } from './purgatory.ts'
import { highWatermark } from './watermark.ts'

export interface PartitionParts extends AppendParts {
  readonly nodeId: number
}

/** What a fetch asks of one partition. */
export interface PartitionFetch {
  readonly fetchOffset: number
  readonly partitionMaxBytes: number
  /** -1: not checked (KIP-320). */
  readonly currentLeaderEpoch: number
  /** -1: not checked (KIP-595). */
  readonly lastFetchedEpoch: number
}

/** What a fetch may still take, from whichever partition is next. */
export interface FetchAllowance {
  readonly isolation: Isolation
  readonly bytesLeft: number
  /** Give one whole batch even if it is larger than either limit. */
  readonly atLeastOneBatch: boolean
  /** Told why the partition that is next answers KAFKA_STORAGE_ERROR. */
  diskFailed(error: Error): void
}

/**
 * Partition: one replica of a partition on this broker, over its log.
 *
 *            applyImage (leader is this broker)
 *   follower <--------------------------------> leader        either --stop--> stopped
 *
 * Invariants:
 *   (1) highWatermark <= log.durableOffset, and never falls: it is the lowest durable end over the
 *       ISR. On a single node the ISR is this broker, and acks 1 and -1 are answered alike.
 *   (2) Every produce that was sequenced is answered once: durable, replicated, late, or failed.
 *   (3) After `stop` nothing is appended or read, and every waiter was woken.
 */
export class Partition implements AppendHome, FetchSource {
  readonly topic: string
  readonly index: number
  readonly topicId: string
  /** Its records are the broker's own: clients do not write or delete them. */
  readonly isInternal: boolean
  readonly log: Log
  readonly #parts: PartitionParts
  readonly #appender: Appender
  readonly #waiters = new Set<AdvanceWaiter>()
  readonly #unreplicated = new OffsetWaits<ReplicationWait>()
  #image: PartitionImage
  #isLeader: boolean
  #config: TopicConfig
  #isStopped = false
  #toldHighWatermark: number
  #toldStableOffset: number

  constructor(log: Log, image: PartitionImage, config: TopicConfig, parts: PartitionParts) {
    this.topic = log.topic
    this.index = log.partition
    this.topicId = log.topicId
    this.isInternal = INTERNAL_TOPICS.has(log.topic)
    this.log = log
    this.#image = image
    this.#isLeader = image.leader === parts.nodeId
    this.#config = config
    this.#parts = parts
    this.#appender = new Appender(this, parts)
    log.onProgress = () => this.advance()
    if (this.isLeader) log.highWatermark = Math.max(log.highWatermark, this.#committed())
    this.#toldHighWatermark = log.highWatermark
    this.#toldStableOffset = log.lastStableOffset
  }

  get config(): TopicConfig {
    return this.#config
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  get isLeader(): boolean {
    return this.#isLeader
  }

  get leaderEpoch(): number {
    return this.#image.leaderEpoch
  }

  get isrSize(): number {
    return this.#image.isr.length
  }

  get replicaCount(): number {
    return this.#image.replicas.length
  }

  get highWatermark(): number {
    return this.log.highWatermark
  }

  get lastStableOffset(): number {
    return this.log.lastStableOffset
  }

  get logStartOffset(): number {
    return this.log.logStartOffset
  }

  // ---------------------------------------------------------------------------------- produce

  /**
   * Appends one produced batch; `done` tells how it ended, once, maybe before this returns. The
   * ordered phase ends at return, or where a promise is returned, when that resolves.
   */
  append(
    records: Buffer | null,
    options: ProduceOptions,
    done: ProduceDone,
  ): Promise<void> | undefined {
    return this.#appender.append(records, options, done)
  }

  /**
   * Appends a batch the broker built itself (base offset 0), and resolves once it is committed.
   * The buffer is the log's from here on. Rejects with KafkaError.
   */
  appendInternal(batch: Buffer, options: { readonly nowMs: number }): Promise<InternalAppend> {
    return appendInternal(this, batch, options.nowMs)
  }

  awaitReplication(wait: ReplicationWait): void {
    if (this.log.highWatermark >= wait.offset) wait.reached()
    else this.#unreplicated.add(wait)
  }

  settled(pending: PendingProduce): void {
    this.#parts.deadlines.remove(pending)
  }

  // ------------------------------------------------------------------------------------- fetch

  /**
   * What a reader gets now. Send the range in the same task, or retain its file. A disk that fails
   * is an answer: it must fail neither other partitions nor whoever woke a fetch that waited.
   */
  fetch(asked: PartitionFetch, allowance: FetchAllowance): PartitionRead {
    try {
      return this.#read(asked, allowance)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      allowance.diskFailed(error)
      return failedRead(this.index, ErrorCode.KAFKA_STORAGE_ERROR)
    }
  }

  #read(asked: PartitionFetch, allowance: FetchAllowance): PartitionRead {
    const { fetchOffset, partitionMaxBytes, lastFetchedEpoch } = asked
    const { isolation, bytesLeft, atLeastOneBatch } = allowance
    const errorCode = this.epochError(asked.currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return failedRead(this.index, errorCode)
    if (lastFetchedEpoch >= 0) {
      const end = this.#epochEnd(lastFetchedEpoch)
      if (end === null) return failedRead(this.index, ErrorCode.OFFSET_OUT_OF_RANGE)
      if (end.epoch !== lastFetchedEpoch || end.endOffset < fetchOffset) {
        return this.#found(isolation, null, false, end)
      }
    }
    const bound = this.#bound(isolation)
    const maxBytes = partitionMaxBytes < bytesLeft ? partitionMaxBytes : bytesLeft
    const range = this.log.read(fetchOffset, maxBytes, bound, atLeastOneBatch)
    if (range === 'out-of-range') return failedRead(this.index, ErrorCode.OFFSET_OUT_OF_RANGE)
    if (range === null) return this.#found(isolation, null, false)
    const { nextOffset } = range
    const isTold = isolation === Isolation.READ_COMMITTED
    const aborted = isTold ? this.log.abortedTransactions(fetchOffset, nextOffset) : NO_ABORTED
    return this.#found(isolation, range, nextOffset < bound, undefined, aborted)
  }

  readableBytes(fetchOffset: number, maxBytes: number, isolation: Isolation): number {
    if (this.#isStopped || !this.isLeader) return Number.POSITIVE_INFINITY
    const bound = this.#bound(isolation)
    if (fetchOffset === bound) return 0
    let read: LogRead
    try {
      read = this.log.read(fetchOffset, maxBytes, bound, true)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      // The fetch meets it again, and tells it.
      return Number.POSITIVE_INFINITY
    }
    if (read === 'out-of-range') return Number.POSITIVE_INFINITY
    if (read === null) return 0
    // The rest of the log is in later segments, or does not fit: waiting would gain nothing.
    return read.nextOffset < bound ? Number.POSITIVE_INFINITY : read.sizeBytes
  }

  addWaiter(waiter: AdvanceWaiter): void {
    this.#waiters.add(waiter)
  }

  removeWaiter(waiter: AdvanceWaiter): void {
    this.#waiters.delete(waiter)
  }

  /** Whether a client that knows leader epoch `known` (-1: none) may be served. */
  epochError(known: number): ErrorCode {
    if (this.#isStopped) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if (!this.isLeader) return ErrorCode.NOT_LEADER_OR_FOLLOWER
    if (known < 0 || known === this.leaderEpoch) return ErrorCode.NONE
    return known < this.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
  }

  /** The end of what readers of a kind may see; exclusive. */
  #bound(isolation: Isolation): number {
    if (isolation === Isolation.READ_UNCOMMITTED) return this.log.highWatermark
    if (isolation === Isolation.READ_COMMITTED) return this.log.lastStableOffset
    return this.log.writtenOffset
  }

  #found(
    isolation: Isolation,
    range: FileRange | null,
    hasMore: boolean,
    divergingEpoch?: PartitionRead['divergingEpoch'],
    aborted: readonly AbortedTransaction[] = NO_ABORTED,
  ): PartitionRead {
    const { log } = this
    return {
      partitionIndex: this.index,
      errorCode: ErrorCode.NONE,
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.logStartOffset,
      divergingEpoch,
      abortedTransactions: isolation === Isolation.READ_COMMITTED ? aborted : null,
      records: range ?? NO_RECORDS,
      recordBytes: range === null ? 0 : range.sizeBytes,
      hasMore,
    }
  }

  /** Where an epoch, or the greatest one below it, ends; null for one this log does not know. */
  #epochEnd(epoch: number): { epoch: number; endOffset: number } | null {
    // Epochs without records are not in the log's table: they end where it ends.
    if (epoch <= this.leaderEpoch && epoch > this.log.latestEpoch) {
      return { epoch, endOffset: this.log.nextOffset }
    }
    const end = epoch > this.leaderEpoch ? null : this.log.endOffsetForEpoch(epoch)
    return end === null ? null : { epoch: end.leaderEpoch, endOffset: end.endOffset }
  }

  /** ListOffsets; versions and unknown special timestamps are the caller's to refuse. */
  async listOffset(
    timestamp: number,
    isolation: Isolation,
    currentLeaderEpoch: number,
  ): Promise<ListedOffset> {
    const errorCode = this.epochError(currentLeaderEpoch)
    if (errorCode !== ErrorCode.NONE) return { ...NOTHING_LISTED, errorCode }
    return lookUpOffset(this.log, timestamp, {
      boundOffset: this.#listBound(isolation),
      leaderEpoch: this.leaderEpoch,
    })
  }

  #listBound(isolation: Isolation): number {
    return isolation === Isolation.LOG_END ? this.log.nextOffset : this.#bound(isolation)
  }

  /** OffsetForLeaderEpoch: where records of `epoch`, or of the greatest below it, end. */
  endOffsetForEpoch(
    epoch: number,
    currentLeaderEpoch: number,
  ): { errorCode: ErrorCode; leaderEpoch: number; endOffset: number } {
    const errorCode = this.epochError(currentLeaderEpoch)
    const end = errorCode === ErrorCode.NONE ? this.#epochEnd(epoch) : null
    if (end === null) return { errorCode, leaderEpoch: -1, endOffset: -1 }
    return { errorCode, leaderEpoch: end.epoch, endOffset: end.endOffset }
  }

  /** DeleteRecords: makes `offset` (-1: the high watermark) the log's start, if it is lower. */
  deleteRecords(offset: number): { errorCode: ErrorCode; lowWatermark: number } {
    const errorCode = this.#deletionError(offset)
    if (errorCode !== ErrorCode.NONE) return { errorCode, lowWatermark: -1 }
    const target = offset === -1 ? this.highWatermark : offset
    if (target > this.logStartOffset) {
      this.log.advanceLogStart(target)
      this.wake()
    }
    return { errorCode, lowWatermark: this.logStartOffset }
  }

  #deletionError(offset: number): ErrorCode {
    const errorCode = this.epochError(-1)
    if (errorCode !== ErrorCode.NONE) return errorCode
    if (!this.#config.isDeletable) return ErrorCode.POLICY_VIOLATION
    if (offset < -1 || offset > this.highWatermark) return ErrorCode.OFFSET_OUT_OF_RANGE
    return ErrorCode.NONE
  }

  // -------------------------------------------------------------------------------- life, state

  /** Moves the watermark to what is committed, and tells whoever waits for it. */
  advance(): void {
    if (this.#isStopped) return
    const { log } = this
    if (this.isLeader) {
      const committed = this.#committed()
      if (committed > log.highWatermark) log.highWatermark = committed
    }
    this.#unreplicated.advance(log.highWatermark)
    if (
      log.highWatermark !== this.#toldHighWatermark ||
      log.lastStableOffset !== this.#toldStableOffset
    ) {
      this.#toldHighWatermark = log.highWatermark
      this.#toldStableOffset = log.lastStableOffset
      this.wake()
    }
  }

  /** Lets every waiting fetch look again. */
  wake(): void {
    for (const waiter of this.#waiters) waiter.advanced(this)
  }

  /** Leadership, ISR or epoch changed. */
  applyImage(image: PartitionImage): void {
    this.#image = image
    this.#isLeader = image.leader === this.#parts.nodeId
    if (!this.isLeader) this.#failUnreplicated(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    this.advance()
    this.wake()
  }

  applyConfig(config: TopicConfig): void {
    this.#config = config
    this.log.reconfigure(config.log)
  }

  /** The partition is no more, here: the topic was deleted or the broker ends. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.log.onProgress = null
    this.#failUnreplicated(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    this.wake()
  }

  describe(): string {
    const role = this.#isStopped ? 'stopped' : this.isLeader ? 'leader' : 'follower'
    const { highWatermark: committed, lastStableOffset, logStartOffset } = this
    return (
      `${this.topic}-${this.index} ${role} epoch ${this.leaderEpoch}` +
      ` ${logStartOffset}..${committed} stable ${lastStableOffset} waiting ${this.#waiters.size}`
    )
  }

  #committed(): number {
    // The ISR is this broker alone: followers' progress comes with replication.
    return highWatermark(this.log.highWatermark, this.log.durableOffset, [])
  }

  #failUnreplicated(errorCode: ErrorCode): void {
    for (const wait of this.#unreplicated.drain()) wait.fail(errorCode)
  }
}
