/**
 * GroupCoordinators: the groups of the partitions of `__consumer_offsets` that this broker leads,
 * a shard each.
 *
 * Invariants:
 *   (1) There is a shard for a partition only while this broker leads it, in that leader epoch.
 *   (2) A group is always in the partition its name's hash says, as with Apache Kafka: a folder can
 *       go from one to the other.
 *
 * Shards load in the background after start, or when first asked for: starting waits for none. A
 * shard whose log cannot be read, or is not open yet, is tried again, with a pause that doubles,
 * until every shard led here is loaded.
 */
import { DiskError } from '../../host/disk-error.ts'
import type { Host, Logger, Timer } from '../../host/host.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { DamagedLog } from '../../storage/log-examiner.ts'
import type { ClusterImage, TopicImage } from '../image/image.ts'
import type { GroupCommand } from './group/command.ts'
import { type GroupMachine, groupMachine } from './group/machine.ts'
import type { GroupLimits } from './group/plan.ts'
import type { GroupRecord } from './group/record.ts'
import { groupRecordCodec } from './group/record-codec.ts'
import type { GroupReply, ListedGroup } from './group/reply.ts'
import type { GroupShardState, SoftChange } from './group/state.ts'
import { javaHash } from './java-hash.ts'
import type { CallId } from './machine.ts'
import { Shard } from './shard.ts'
import type { ShardLog } from './shard-log.ts'
import type { SnapshotStore } from './snapshot.ts'

/** Kafka's name of the topic groups are kept in. */
export const GROUP_TOPIC = '__consumer_offsets'

/** How long a call waits for its shard to load before it is told COORDINATOR_LOAD_IN_PROGRESS. */
const LOAD_PATIENCE_MS = 2000
/** The pause before shards that are not loaded are tried again, at first and at most. */
const LOAD_RETRY_MS = 500
const LOAD_RETRY_MS_MAX = 10_000

/** What groups need of the broker they are part of. */
export interface GroupSurroundings {
  readonly host: Pick<Host, 'clock' | 'loop' | 'random' | 'crc32c' | 'log'>
  readonly nodeId: number
  image(): ClusterImage
  /** Creates GROUP_TOPIC; resolves once its partitions are there (or were there already). */
  createTopic(): Promise<ErrorCode>
  /** The log of a partition led here, or null while it is not. */
  openLog(partition: number): ShardLog | null
  /** Where a shard's snapshot is kept; null for nowhere. */
  snapshots(partition: number, topicId: string): SnapshotStore<GroupRecord> | null
  limits(): GroupLimits
  /** offsets.commit.timeout.ms. */
  commitTimeoutMs(): number
  /** The shard of a partition could not be loaded, or was (null). Told as often as it is tried. */
  onLoad(partition: number, failure: Error | null): void
}

/** A command that answers a call. */
export type GroupCall = Extract<GroupCommand, { readonly call: CallId }>
/** What it is answered. */
export type ReplyTo<C extends GroupCall> = Extract<GroupReply, { readonly kind: C['kind'] }>

type GroupShard = Shard<GroupShardState, GroupCommand, GroupRecord, SoftChange, GroupReply>

interface OpenShard {
  readonly shard: GroupShard
  readonly leaderEpoch: number
  /** Resolves to whether the shard could be loaded. */
  readonly loaded: Promise<boolean>
}

export class GroupCoordinators {
  readonly #o: GroupSurroundings
  readonly #logger: Logger
  readonly #machine: GroupMachine
  readonly #shards = new Map<number, OpenShard>()
  #creation: Promise<void> | null = null
  #isStopped = false
  #isLoading = false
  /** Partitions whose last try to load failed. */
  readonly #failed = new Set<number>()
  #retryTimer: Timer | null = null
  #retryMs = LOAD_RETRY_MS

  constructor(surroundings: GroupSurroundings) {
    this.#o = surroundings
    this.#logger = surroundings.host.log.child({ part: 'groups' })
    this.#machine = groupMachine(() => surroundings.limits())
  }

  // ------------------------------------------------------------------------------ for handlers

  /** The node that coordinates a group. Makes the topic if there is none. */
  async locate(groupId: string): Promise<number> {
    await this.ensureTopic()
    const leader = this.#partitionOf(groupId)?.leader ?? -1
    if (leader < 0) throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return leader
  }

  /** Resolves at once if the topic is there. One creation serves all who wait for it. */
  async ensureTopic(): Promise<void> {
    if (this.#topic() !== undefined) return
    this.#creation ??= this.#createTopic().finally(() => {
      this.#creation = null
    })
    await this.#creation
  }

  /** Unpredictable, in the form Kafka's members know: a UUID with dashes. */
  newMemberSuffix(): string {
    const bytes = this.#o.host.random.bytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const hex = bytes.toString('hex')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }

  /**
   * Asks the shard of a group. Rejects with a KafkaError: NOT_COORDINATOR,
   * COORDINATOR_LOAD_IN_PROGRESS, also while loading fails, or COORDINATOR_NOT_AVAILABLE when it
   * could not be written.
   */
  async execute<C extends GroupCall>(
    groupId: string,
    make: (call: CallId) => C,
  ): Promise<ReplyTo<C>> {
    const partition = this.#partitionOf(groupId)
    if (partition === undefined) throw new KafkaError(ErrorCode.NOT_COORDINATOR)
    const open = this.#openForCall(partition.index)
    if (open === null) throw new KafkaError(ErrorCode.NOT_COORDINATOR)
    if (!open.shard.isReady) await this.#whenLoaded(open)
    return open.shard.execute<ReplyTo<C>>(make)
  }

  /** The groups of every shard led here. */
  async list(): Promise<ListedGroup[]> {
    const topic = this.#topic()
    const led = (topic?.partitions ?? []).filter(p => p.leader === this.#o.nodeId)
    const lists = await Promise.all(led.map(({ index }) => this.#listShard(index)))
    return lists.flat()
  }

  async #listShard(index: number): Promise<readonly ListedGroup[]> {
    const open = this.#openForCall(index)
    if (open === null) throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    if (!open.shard.isReady) await this.#whenLoaded(open)
    const reply = await open.shard.execute<Extract<GroupReply, { kind: 'list' }>>(call => ({
      kind: 'list',
      call,
    }))
    return reply.groups
  }

  // ----------------------------------------------------------------------- news of the cluster

  /** The image changed: shards whose partition is led elsewhere go, others may be opened. */
  onImage(): void {
    const partitions = this.#topic()?.partitions ?? []
    for (const [index, open] of this.#shards) {
      const partition = partitions[index]
      const isLed = partition?.leader === this.#o.nodeId
      if (isLed && partition.leaderEpoch === open.leaderEpoch) continue
      open.shard.close(ErrorCode.NOT_COORDINATOR)
      this.#shards.delete(index)
    }
    for (const index of this.#failed) {
      if (partitions[index]?.leader !== this.#o.nodeId) this.#settleLoad(index, null)
    }
    if (!this.#isWhole()) this.#loadInBackground()
  }

  /** Topics are gone: so are the offsets committed for them. */
  onTopicsDeleted(topics: ReadonlySet<string>): void {
    for (const { shard } of this.#shards.values()) shard.tell({ kind: 'drop-topics', topics })
  }

  /** A clean stop: everybody waiting is answered, long logs leave a snapshot. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#retryTimer?.cancel()
    await Promise.all([...this.#shards.values()].map(({ shard }) => shard.stop()))
    this.#shards.clear()
  }

  /** Ends at once, writing and telling nothing more. */
  abandon(): void {
    this.#isStopped = true
    this.#retryTimer?.cancel()
    for (const { shard } of this.#shards.values()) shard.close(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    this.#shards.clear()
  }

  /** One line a group, for /state and tests. */
  describe(): string {
    return [...this.#shards.values()]
      .map(({ shard }) => shard.describe())
      .filter(text => text !== '')
      .join('\n')
  }

  // ----------------------------------------------------------------------------------- shards

  #topic(): TopicImage | undefined {
    return this.#o.image().topics.get(GROUP_TOPIC)
  }

  #partitionOf(groupId: string) {
    const partitions = this.#topic()?.partitions ?? []
    if (partitions.length === 0) return undefined
    return partitions[(javaHash(groupId) & 0x7fffffff) % partitions.length]
  }

  async #createTopic(): Promise<void> {
    const errorCode = await this.#o.createTopic()
    if (this.#topic() !== undefined) return
    this.#logger.error({ errorCode }, `${GROUP_TOPIC} cannot be created`)
    throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
  }

  /** Calls do not make a failed load come sooner. Throws KafkaError then. */
  #openForCall(index: number): OpenShard | null {
    if (this.#failed.has(index)) throw new KafkaError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    return this.#open(index)
  }

  #open(index: number): OpenShard | null {
    const known = this.#shards.get(index)
    if (known !== undefined && !known.shard.isClosed) return known
    if (this.#isStopped) return null
    const topic = this.#topic()
    const partition = topic?.partitions[index]
    if (topic === undefined || partition?.leader !== this.#o.nodeId) return null
    const log = this.#o.openLog(index)
    if (log === null) return null
    const shard: GroupShard = new Shard({
      machine: this.#machine,
      codec: groupRecordCodec(this.#o.host.crc32c),
      log,
      loop: this.#o.host.loop,
      clock: this.#o.host.clock,
      logger: this.#logger.child({ partition: index }),
      snapshots: this.#o.snapshots(index, topic.id),
      commitTimeoutMs: this.#o.commitTimeoutMs(),
    })
    const open = { shard, leaderEpoch: partition.leaderEpoch, loaded: this.#load(index, shard) }
    this.#shards.set(index, open)
    this.#o.host.loop.spawn(`load ${GROUP_TOPIC}-${index}`, open.loaded)
    return open
  }

  async #load(index: number, shard: GroupShard): Promise<boolean> {
    try {
      await shard.load()
    } catch (error) {
      if (!isLoadFailure(error)) throw error
      this.#settleLoad(index, error)
      this.#retryLater()
      return false
    }
    if (shard.isReady) this.#settleLoad(index, null)
    return shard.isReady
  }

  #settleLoad(index: number, failure: Error | null): void {
    if (failure === null) this.#failed.delete(index)
    else this.#failed.add(index)
    this.#o.onLoad(index, failure)
  }

  /** Every partition that this broker leads has a shard that is open. */
  #isWhole(): boolean {
    const partitions = this.#topic()?.partitions ?? []
    return partitions.every(({ index, leader }) => {
      const shard = this.#shards.get(index)?.shard
      return leader !== this.#o.nodeId || (shard !== undefined && !shard.isClosed)
    })
  }

  #retryLater(): void {
    if (this.#retryTimer !== null || this.#isStopped) return
    this.#retryTimer = this.#o.host.clock.schedule(this.#retryMs, () => {
      this.#retryTimer = null
      this.#failed.clear()
      this.#loadInBackground()
    })
    this.#retryMs = Math.min(2 * this.#retryMs, LOAD_RETRY_MS_MAX)
  }

  #loadInBackground(): void {
    if (this.#isLoading) return
    this.#isLoading = true
    this.#o.host.loop.spawn(`load ${GROUP_TOPIC}`, this.#loadAll())
  }

  /** One shard at a time, requests going first. */
  async #loadAll(): Promise<void> {
    try {
      for (let index = 0; index < (this.#topic()?.partitions.length ?? 0); index++) {
        await this.#o.host.loop.nextTurn()
        if (!this.#failed.has(index)) await this.#open(index)?.loaded
      }
    } finally {
      this.#isLoading = false
    }
    if (this.#isWhole()) this.#retryMs = LOAD_RETRY_MS
    else this.#retryLater()
  }

  async #whenLoaded({ shard, loaded }: OpenShard): Promise<void> {
    const { clock } = this.#o.host
    const isLoaded = await new Promise<boolean>((resolve, reject) => {
      const timer = clock.schedule(LOAD_PATIENCE_MS, () => resolve(false))
      loaded.then(isReady => {
        timer.cancel()
        resolve(isReady)
      }, reject)
    })
    if (!isLoaded && !shard.isReady) throw new KafkaError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  }
}

/** A failure of the disk or a damaged log is tried again. Any other error is a bug of ours. */
function isLoadFailure(error: unknown): error is Error {
  return error instanceof DiskError || error instanceof DamagedLog
}
