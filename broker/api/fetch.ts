import { ErrorCode } from '../../protocol/errors.ts'
import { FetchRequest, FetchResponse } from '../../protocol/messages/fetch.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import { DelayedFetch, type DelayedPart } from '../partition/delayed-fetch.ts'
import type {
  AskedTopic,
  FetchContext,
  FetchEntry,
  TopicReference,
} from '../partition/fetch-session.ts'
import { failedRead, type Isolation, type PartitionRead } from '../partition/outcome.ts'
import type { FetchAllowance, Partition } from '../partition/partition.ts'
import { Operation } from '../security/authorizer.ts'
import { type HotContext, hotApi, type Reply } from './api.ts'
import { askedTopics, forgottenPartitions } from './asked-topics.ts'
import { mayOnCluster } from './authorize.ts'
import { liveBrokers } from './endpoint.ts'
import { isolationOf, REPLICA_NONE } from './isolation.ts'
import { authorizedTopic, currentLeader, isAboutLeader, ledPartition } from './locate.ts'

type Context = HotContext<typeof FetchResponse>
type Answer = Exclude<Reply<typeof FetchResponse>, symbol>
type PartitionAnswer = Answer['responses'][number]['partitions'][number]

/** Since which version: ids in place of names, the current leader, endpoints, the replica's tag. */
const TOPIC_IDS_SINCE = 13
const CURRENT_LEADER_SINCE = 12
const NODE_ENDPOINTS_SINCE = 16
const REPLICA_STATE_SINCE = 15

/**
 * Fetch (key 1): whole batches from each partition asked for, in the order asked, first those of
 * the first partition that has any (even a batch larger than every limit), until the limits are
 * reached. With less than min bytes at hand it waits for more, as long as it may (KIP-74). Reads
 * again from the start when it stops waiting: what is sent is what is there then.
 */
export const fetch = hotApi(
  FetchRequest,
  FetchResponse,
  {
    refuse: (_request, { errorCode }) => ({ throttleTimeMs: 0, errorCode, responses: [] }),
  },
  (request, context) => new FetchCall(request, context).start(),
)

const NONE: readonly undefined[] = []

/** A topic as far as this principal and this broker have it. */
interface LocatedTopic {
  readonly name: string | ErrorCode
  /** By index, with holes. */
  readonly partitions: readonly (Partition | undefined)[]
}

/** What was found of a topic when it was read last: one read an entry, in their order. */
interface FoundTopic {
  readonly asked: AskedTopic
  readonly reads: PartitionRead[]
}

/** One fetch, from its first look to its answer. */
class FetchCall implements FetchAllowance {
  readonly #request: FetchRequest
  readonly #context: Context
  readonly #session: FetchContext
  readonly #maxBytes: number
  readonly isolation: Isolation
  #hasFailed = false
  #hasMore = false
  #bytes = 0
  #tellsLeaders = false

  constructor(request: FetchRequest, context: Context) {
    this.#request = request
    this.#context = context
    const { broker, apiVersion } = context
    const replicaId = followerId(request, context)
    this.isolation = isolationOf(replicaId, request.isolationLevel)
    this.#maxBytes = Math.min(request.maxBytes, broker.config.get('fetch.max.bytes'))
    this.#session = broker.fetchSessions.begin({
      sessionId: request.sessionId,
      sessionEpoch: request.sessionEpoch,
      topics: askedTopics(request),
      forgotten: forgottenPartitions(request),
      usesTopicIds: apiVersion >= TOPIC_IDS_SINCE,
      isFollower: replicaId >= 0,
      nowMs: broker.host.clock.monotonicMs(),
    })
  }

  get bytesLeft(): number {
    return Math.max(0, this.#maxBytes - this.#bytes)
  }

  get atLeastOneBatch(): boolean {
    return this.#bytes === 0
  }

  diskFailed(error: Error): void {
    this.#context.broker.host.log.error({ api: 'Fetch', error }, 'the disk failed a request')
  }

  start(): undefined {
    const { errorCode } = this.#session
    if (errorCode !== ErrorCode.NONE) {
      this.#context.reply({ throttleTimeMs: 0, errorCode, responses: [] })
      return undefined
    }
    const found = this.#read()
    const isEnough =
      this.#request.maxWaitMs <= 0 ||
      this.#bytes >= this.#request.minBytes ||
      this.#hasFailed ||
      this.#hasMore ||
      found.every(({ reads }) => reads.length === 0)
    if (isEnough) this.#answer(found)
    else this.#wait(found)
    return undefined
  }

  #wait(found: readonly FoundTopic[]): void {
    const { minBytes, maxWaitMs } = this.#request
    const parts: DelayedPart[] = []
    for (const { asked, reads } of found) {
      const topic = this.#locate(asked)
      for (const [at, entry] of asked.partitions.entries()) {
        const source = this.#partitionOf(topic, entry.partition)
        if (typeof source === 'number') continue
        parts.push({
          source,
          fetchOffset: entry.fetchOffset,
          maxBytes: entry.partitionMaxBytes,
          isolation: this.isolation,
          readableBytes: reads[at]!.recordBytes,
        })
      }
    }
    const { clock } = this.#context.broker.host
    const delayed = new DelayedFetch({ parts, minBytes, waitMs: maxWaitMs, clock }, () => {
      this.#answer(this.#read())
    })
    this.#context.onAbandoned = () => delayed.cancel()
    this.#context.onHurry = () => delayed.end()
  }

  /** What there is now of all that is asked for. */
  #read(): FoundTopic[] {
    this.#hasFailed = false
    this.#hasMore = false
    this.#tellsLeaders = false
    this.#bytes = 0
    return this.#session.topics.map(asked => {
      const topic = this.#locate(asked)
      return { asked, reads: asked.partitions.map(entry => this.#readOne(topic, entry)) }
    })
  }

  #readOne(topic: LocatedTopic, entry: FetchEntry): PartitionRead {
    const located = this.#partitionOf(topic, entry.partition)
    const read =
      typeof located === 'number'
        ? failedRead(entry.partition, located)
        : located.fetch(entry, this)
    if (!isUsual(read)) this.#hasFailed = true
    if (read.hasMore) this.#hasMore = true
    this.#bytes += read.recordBytes
    return read
  }

  #locate({ topic, topicId }: TopicReference): LocatedTopic {
    const context = this.#context
    const isById = context.apiVersion >= TOPIC_IDS_SINCE
    const name = authorizedTopic(context, Operation.READ, { name: topic, topicId }, isById)
    return {
      name,
      partitions: typeof name === 'string' ? context.broker.partitions.ofTopic(name) : NONE,
    }
  }

  #partitionOf({ name, partitions }: LocatedTopic, index: number): Partition | ErrorCode {
    if (typeof name === 'number') return name
    const partition = partitions[index]
    return partition?.isLeader ? partition : ledPartition(this.#context, name, index)
  }

  #answer(found: readonly FoundTopic[]): void {
    const responses = new TopicAnswers()
    for (const topic of found) responses.add(topic.asked, this.#told(topic))
    const withEndpoints = this.#tellsLeaders && this.#context.apiVersion >= NODE_ENDPOINTS_SINCE
    this.#context.reply({
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      sessionId: this.#session.sessionId,
      responses: responses.list,
      ...(withEndpoints && { nodeEndpoints: nodeEndpoints(this.#context) }),
    })
  }

  /** What the answer says of a topic's partitions: of those that it must tell. */
  #told({ asked, reads }: FoundTopic): PartitionAnswer[] {
    if (this.#session.tellsAll && !this.#hasFailed) return reads
    const told: PartitionAnswer[] = []
    for (let at = 0; at < reads.length; at++) {
      const entry = asked.partitions[at] as FetchEntry
      const read = reads[at] as PartitionRead
      if (this.#session.tells(asked, entry, read)) told.push(this.#withLeader(asked, read))
    }
    return told
  }

  /** Adds who leads the partition, to an error that makes a client look for that. */
  #withLeader(asked: TopicReference, read: PartitionRead): PartitionAnswer {
    const { errorCode, partitionIndex } = read
    if (errorCode === ErrorCode.NONE) return read
    const context = this.#context
    if (context.apiVersion < CURRENT_LEADER_SINCE || !isAboutLeader(errorCode)) return read
    this.#tellsLeaders = true
    const leader = currentLeader(context, nameOf(context, asked), partitionIndex)
    return { ...read, currentLeader: leader }
  }
}

/** Nothing that the reader must be told at once. */
function isUsual({ errorCode, divergingEpoch }: PartitionRead): boolean {
  return errorCode === ErrorCode.NONE && divergingEpoch === undefined
}

/** Partition answers gathered by topic, in the order in which topics first appear. */
class TopicAnswers {
  readonly list: { topic: string; topicId: string; partitions: PartitionAnswer[] }[] = []
  readonly #byTopic = new Map<string, number>()

  add({ topic, topicId }: TopicReference, partitions: PartitionAnswer[]): void {
    if (partitions.length === 0) return
    const key = topic === '' ? topicId : topic
    const at = this.#byTopic.get(key)
    if (at !== undefined) {
      for (const partition of partitions) this.list[at]!.partitions.push(partition)
      return
    }
    this.#byTopic.set(key, this.list.length)
    this.list.push({ topic, topicId, partitions })
  }
}

/** The follower that asks, -1 for a consumer or for one that may not act as a follower. */
function followerId(request: FetchRequest, context: Context): number {
  const claimed =
    context.apiVersion >= REPLICA_STATE_SINCE ? request.replicaState.replicaId : request.replicaId
  if (claimed < 0) return REPLICA_NONE
  // CVE-2018-1288: acting as a replica is a privilege.
  return mayOnCluster(context, Operation.CLUSTER_ACTION) ? claimed : REPLICA_NONE
}

function nameOf(context: Context, { topic, topicId }: TopicReference): string {
  if (topicId === NO_UUID) return topic
  return context.broker.image().topicsById.get(topicId)?.name ?? topic
}

function nodeEndpoints(context: Context) {
  return liveBrokers(context).map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack }))
}
