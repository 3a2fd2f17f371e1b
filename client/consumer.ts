/**
 * Reads records: partitions assigned by hand, or topics shared out in a group.
 *
 * Everything that may change what is read (a rebalance, a lookup of positions) happens while the
 * application waits in `poll` or for the iterator's next record, never behind its back while it
 * works on a record. Heartbeats and fetches go on meanwhile.
 *
 * Invariants:
 * 1. A partition's position is the offset after the last record handed out.
 * 2. What is committed automatically was handed out before the call that commits it: the record an
 *    application works on is not committed until it asks for more, or closes.
 * 3. One poll at a time.
 */
import { settledWithin } from './client-host.ts'
import type { Cluster } from './cluster.ts'
import { Commits, type OffsetToCommit } from './commits.ts'
import {
  type ConsumerOptions,
  type ConsumerSettings,
  consumerSettings,
} from './consumer-options.ts'
import { ClosedError, UsageError } from './errors.ts'
import { type ConsumerRecord, Fetcher, PartitionState } from './fetcher.ts'
import { Membership } from './membership.ts'
import type { TopicPartition } from './offsets.ts'
import { Positions } from './positions.ts'
import { Signal } from './signal.ts'

/** Where to go on: an offset, an end of the log, or the first record at or after a time. */
export type SeekTarget = number | 'earliest' | 'latest' | { readonly timestamp: number }

/** While a subscribed topic does not exist, it is looked for this often. */
const MISSING_TOPIC_MS = 2_000

/** Brokers answer in order: the goodbye of one that is joining may wait for the whole group. */
const JOINING_WAIT_MS = 1_000

export class Consumer {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #membership: Membership | null
  readonly #commits: Commits | null
  readonly #positions: Positions
  readonly #fetcher: Fetcher
  readonly #signal: Signal
  #states: PartitionState[] = []
  #isSubscribed = false
  #isPolling = false
  #isClosed = false
  #joining: Promise<void> | null = null
  #joined: readonly TopicPartition[] | null = null
  #failure: Error | null = null
  #committedMs: number
  #checkedMs: number

  constructor(cluster: Cluster, options: ConsumerOptions = {}) {
    this.#cluster = cluster
    this.#settings = consumerSettings(options)
    this.#signal = new Signal(cluster.host)
    const wake = () => this.#signal.raise()
    const { groupId, timeoutMs } = this.#settings
    this.#membership =
      groupId === null ? null : new Membership(cluster, groupId, this.#settings, wake)
    this.#commits =
      groupId === null ? null : new Commits(cluster, groupId, timeoutMs, this.#membership!.lane)
    this.#positions = new Positions(cluster, this.#settings, this.#commits)
    this.#fetcher = new Fetcher(cluster, this.#settings, wake)
    this.#committedMs = cluster.host.clock.monotonicMs()
    this.#checkedMs = this.#committedMs
    if (options.topics !== undefined) this.subscribe(options.topics)
  }

  // ------------------------------------------------------------------------------- what is read

  /** Reads these topics together with the other members of the group. Takes effect when polled. */
  subscribe(topics: readonly string[]): void {
    this.#mustBeOpen()
    if (this.#membership === null) {
      throw new UsageError('Subscribing needs a group; give a groupId, or use assign.')
    }
    if (this.#states.length > 0 && !this.#isSubscribed) {
      throw new UsageError('A consumer with assigned partitions cannot subscribe; make another.')
    }
    this.#isSubscribed = true
    this.#membership.subscribe(topics)
  }

  /** Reads exactly these partitions, without sharing them out in a group. */
  assign(partitions: readonly (TopicPartition & { readonly from?: SeekTarget })[]): void {
    this.#mustBeOpen()
    if (this.#isSubscribed) {
      throw new UsageError('A subscribed consumer cannot be assigned partitions; make another.')
    }
    this.#take(partitions)
    for (const { from, ...place } of partitions) if (from !== undefined) this.seek(place, from)
  }

  /** The partitions it reads. */
  assignment(): TopicPartition[] {
    return this.#states.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** Goes on elsewhere; what was fetched is dropped. */
  seek(place: TopicPartition, target: SeekTarget): void {
    const state = this.#stateOf(place)
    if (typeof target === 'number') state.moveTo(target)
    else state.moveTo(null, typeof target === 'string' ? target : target.timestamp)
    this.#signal.raise()
  }

  /** Hands out nothing of these until resumed, and fetches nothing. */
  pause(places: readonly TopicPartition[]): void {
    for (const place of places) this.#stateOf(place).isPaused = true
  }

  resume(places: readonly TopicPartition[]): void {
    for (const place of places) this.#stateOf(place).isPaused = false
    this.#signal.raise()
  }

  paused(): TopicPartition[] {
    const paused = this.#states.filter(({ isPaused }) => isPaused)
    return paused.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** The offset of the next record to be handed out; null while it is being looked up. */
  position(place: TopicPartition): number | null {
    return this.#stateOf(place).position
  }

  /** Records that are there and not handed out yet, as of the last answer; null if not known. */
  lag(place: TopicPartition): number | null {
    const { position, highWatermark } = this.#stateOf(place)
    return position === null || highWatermark < 0 ? null : Math.max(0, highWatermark - position)
  }

  // ------------------------------------------------------------------------------------- reading

  /** Records at hand, at most `maxRecords` (500); waits for the first up to `timeoutMs` (5,000). */
  async poll(o: { maxRecords?: number; timeoutMs?: number } = {}): Promise<ConsumerRecord[]> {
    const record = await this.#next(o.timeoutMs ?? 5_000)
    if (record === null) return []
    const records = [record]
    while (records.length < (o.maxRecords ?? 500)) {
      const another = this.#nextAtHand()
      if (another === null) break
      records.push(another)
    }
    return records
  }

  /** Every record, one after another, until the consumer is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord, void, undefined> {
    while (!this.#isClosed) {
      const record = this.#isCalm() ? this.#nextAtHand() : null
      const next = record ?? (await this.#next(Number.POSITIVE_INFINITY))
      if (next !== null) yield next
    }
  }

  /** Calls `eachRecord` with every record, awaiting it, until the consumer is closed. */
  async run(o: {
    readonly eachRecord: (record: ConsumerRecord) => void | Promise<void>
  }): Promise<void> {
    for await (const record of this) await o.eachRecord(record)
  }

  // ----------------------------------------------------------------------------------- committing

  /**
   * Commits the given offsets (of the next record to read), or all positions. Rejects with
   * MembershipLost when the partitions have gone to others meanwhile.
   */
  async commit(offsets?: readonly OffsetToCommit[]): Promise<void> {
    if (this.#commits === null) throw new UsageError('Committing needs a group; give a groupId.')
    const chosen = offsets ?? this.#uncommitted()
    const states = this.#states
    await this.#commits.commit(
      chosen,
      this.#isSubscribed
        ? this.#membership!.identity
        : { generationId: -1, memberId: '', groupInstanceId: null },
      code => this.#membership?.onRefusedCommit(code),
    )
    for (const { topic, partition, offset } of chosen) {
      const state = states.find(one => one.topic === topic && one.partition === partition)
      if (state !== undefined) state.committed = offset
    }
  }

  /** What the group has committed, in the order asked; -1 where it has nothing. */
  async committed(places: readonly TopicPartition[]): Promise<number[]> {
    if (this.#commits === null) throw new UsageError('Commits need a group; give a groupId.')
    return this.#commits.fetch(places)
  }

  /** Commits what was handed out (with autoCommit), leaves the group, stops. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#signal.raise()
    this.#membership?.stop()
    try {
      if (this.#joining === null) await this.#giveUp()
      // A coordinator that cannot be reached drops the member after its session timeout anyway.
      const waitMs = this.#joining === null ? this.#settings.timeoutMs : JOINING_WAIT_MS
      // Not a race with the signal: a fetch answered meanwhile must not cut the goodbye short.
      const { host } = this.#cluster
      if (this.#membership !== null) await settledWithin(host, this.#membership.leave(), waitMs)
    } finally {
      this.#fetcher.stop()
      if (this.#membership !== null) this.#cluster.closeLane(this.#membership.lane)
      this.#states = []
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // --------------------------------------------------------------------------------- the poll loop

  /** The next record, or null when the time is up or the consumer closed. */
  async #next(timeoutMs: number): Promise<ConsumerRecord | null> {
    this.#mustBeOpen()
    if (this.#isPolling) throw new UsageError('A poll is under way; await it before the next.')
    if (!this.#isSubscribed && this.#states.length === 0) {
      throw new UsageError('There is nothing to read; subscribe or assign first.')
    }
    const deadline = this.#nowMs() + timeoutMs
    this.#setPolling(true)
    try {
      for (;;) {
        if (this.#failure !== null) this.#throwFailure()
        await this.#serve(deadline)
        if (this.#isClosed) return null
        this.#fetcher.fill()
        const record = this.#isCalm() ? this.#nextAtHand() : null
        if (record !== null || this.#nowMs() >= deadline) return record
        await this.#signal.wait(deadline - this.#nowMs())
      }
    } finally {
      this.#setPolling(false)
    }
  }

  /** Errors wait for the next call when there are records to be returned first. */
  #nextAtHand(): ConsumerRecord | null {
    if (this.#failure !== null) return null
    try {
      return this.#fetcher.next()
    } catch (error) {
      this.#failure = error as Error
      this.#signal.raise()
      return null
    }
  }

  #throwFailure(): never {
    const failure = this.#failure!
    this.#failure = null
    throw failure
  }

  /** Whether records may be handed out as things stand. */
  #isCalm(): boolean {
    return (
      !this.#isClosed &&
      this.#joining === null &&
      this.#joined === null &&
      !this.#isCommitDue() &&
      !(this.#isSubscribed && this.#membership!.mustRejoin)
    )
  }

  async #serve(deadline: number): Promise<void> {
    if (this.#isSubscribed) await this.#rebalance(deadline)
    if (this.#isClosed) return
    if (this.#isCommitDue()) this.#commitInBackground()
    this.#checkTopics()
    const locating = this.#positions.locate(this.#states)
    if (locating !== null) await this.#signal.race(locating, deadline - this.#nowMs())
  }

  // ---------------------------------------------------------------------------------- rebalancing

  async #rebalance(deadline: number): Promise<void> {
    const membership = this.#membership!
    if (this.#joining === null && this.#joined === null && membership.mustRejoin) {
      await this.#giveUp()
      if (this.#isClosed) return
      this.#joining = this.#join(membership)
    }
    if (this.#joining !== null) await this.#signal.race(this.#joining, deadline - this.#nowMs())
    if (this.#joined === null || this.#isClosed) return
    const partitions = this.#joined
    this.#joined = null
    this.#take(partitions)
    await this.#settings.listener.onAssigned?.(partitions)
  }

  async #join(membership: Membership): Promise<void> {
    try {
      this.#joined = await membership.join()
    } catch (error) {
      this.#failure = error as Error
    } finally {
      this.#joining = null
      this.#signal.raise()
    }
  }

  /** Parts with what it has: committed first if it is still ours to commit. */
  async #giveUp(): Promise<void> {
    const partitions = this.assignment()
    const { listener, autoCommit } = this.#settings
    const isLost = this.#isSubscribed && this.#membership!.isLost
    // What cannot be committed is read again by whoever gets the partitions.
    if (autoCommit && !isLost) await this.commit().catch(() => {})
    if (!this.#isSubscribed || partitions.length === 0) return
    if (isLost) await (listener.onLost ?? listener.onRevoked)?.(partitions)
    else await listener.onRevoked?.(partitions)
    this.#take([])
  }

  #take(partitions: readonly TopicPartition[]): void {
    this.#states = partitions.map(place => new PartitionState(place))
    this.#fetcher.assign(this.#states)
    this.#signal.raise()
  }

  /** Now and then, whether the topics have other partitions than those shared out. */
  #checkTopics(): void {
    const membership = this.#membership
    if (!this.#isSubscribed || membership === null) return
    const { metadataMaxAgeMs } = this.#cluster.options
    const everyMs = membership.lacksTopics ? MISSING_TOPIC_MS : metadataMaxAgeMs
    if (this.#nowMs() - this.#checkedMs < everyMs) return
    this.#checkedMs = this.#nowMs()
    // It is asked again; what the answer changes is no worse for coming later.
    this.#cluster.host.loop.spawn(
      'check topics',
      membership.checkPartitions().catch(() => {}),
    )
  }

  // ----------------------------------------------------------------------------------- committing

  #isCommitDue(): boolean {
    const { autoCommit, autoCommitIntervalMs } = this.#settings
    return autoCommit && this.#nowMs() - this.#committedMs >= autoCommitIntervalMs
  }

  #commitInBackground(): void {
    this.#committedMs = this.#nowMs()
    // A commit that fails is made up for by the next; nothing is lost by reading twice.
    this.#cluster.host.loop.spawn(
      'commit',
      this.commit().catch(() => {}),
    )
  }

  #uncommitted(): OffsetToCommit[] {
    return this.#states.flatMap(({ topic, partition, position, committed }) =>
      position === null || position === committed ? [] : [{ topic, partition, offset: position }],
    )
  }

  // ------------------------------------------------------------------------------------- the rest

  #setPolling(isPolling: boolean): void {
    this.#isPolling = isPolling
    if (this.#membership !== null) this.#membership.isPolling = isPolling
  }

  #stateOf({ topic, partition }: TopicPartition): PartitionState {
    const state = this.#states.find(one => one.topic === topic && one.partition === partition)
    if (state !== undefined) return state
    throw new UsageError(`Partition ${partition} of ${topic} is not assigned to this consumer.`)
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new ClosedError('consumer')
  }

  #nowMs(): number {
    return this.#cluster.host.clock.monotonicMs()
  }
}
