import { ErrorCode } from '../../protocol/errors.ts'
import { FetchRequest, FetchResponse } from '../../protocol/messages/fetch.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import { DelayedFetch, type DelayedPart } from '../partition/delayed-fetch.ts'
import type { FetchContext, FetchEntry } from '../partition/fetch-session.ts'
import { failedRead, type Isolation, type PartitionRead } from '../partition/outcome.ts'
import type { FetchAllowance, Partition } from '../partition/partition.ts'
import { Operation } from '../security/authorizer.ts'
import { type HotContext, hotApi, type Reply } from './api.ts'
import { mayOnCluster } from './authorize.ts'
import { liveBrokers } from './endpoint.ts'
import { fetchEntries, forgottenPartitions } from './fetch-entries.ts'
import { isolationOf, REPLICA_NONE } from './isolation.ts'
import { authorizedTopic, currentLeader, isAboutLeader, ledPartition } from './locate.ts'

type Context = HotContext<typeof FetchResponse>
type Answer = Exclude<Reply<typeof FetchResponse>, symbol>
type TopicAnswer = Answer['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

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
  // The entry whose topic was looked up last, and what came of it.
  #asked: FetchEntry | null = null
  #topic: string | ErrorCode = ErrorCode.NONE
  #partitions: readonly (Partition | undefined)[] = []

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
      entries: fetchEntries(request),
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

  start(): undefined {
    const { errorCode, entries } = this.#session
    if (errorCode !== ErrorCode.NONE) {
      this.#context.reply({ throttleTimeMs: 0, errorCode, responses: [] })
      return undefined
    }
    const reads = this.#read()
    const isEnough =
      this.#request.maxWaitMs <= 0 ||
      entries.length === 0 ||
      this.#bytes >= this.#request.minBytes ||
      this.#hasFailed ||
      this.#hasMore
    if (isEnough) this.#answer(reads)
    else this.#wait(reads)
    return undefined
  }

  #wait(reads: readonly PartitionRead[]): void {
    const { minBytes, maxWaitMs } = this.#request
    const parts: DelayedPart[] = []
    for (const [at, entry] of this.#session.entries.entries()) {
      const source = this.#locate(entry)
      if (typeof source === 'number') continue
      parts.push({
        source,
        fetchOffset: entry.fetchOffset,
        maxBytes: entry.maxBytes,
        isolation: this.isolation,
        readableBytes: reads[at]!.recordBytes,
      })
    }
    const { clock } = this.#context.broker.host
    const delayed = new DelayedFetch({ parts, minBytes, waitMs: maxWaitMs, clock }, () => {
      this.#answer(this.#read())
    })
    this.#context.onAbandoned = () => delayed.cancel()
    this.#context.onHurry = () => delayed.end()
  }

  /** What each entry finds now, in their order. */
  #read(): PartitionRead[] {
    this.#hasFailed = false
    this.#hasMore = false
    this.#bytes = 0
    this.#asked = null
    return this.#session.entries.map(entry => this.#readOne(entry))
  }

  #readOne(entry: FetchEntry): PartitionRead {
    const located = this.#locate(entry)
    const read =
      typeof located === 'number'
        ? failedRead(entry.partition, located)
        : located.fetch(entry, this)
    if (!isUsual(read)) this.#hasFailed = true
    if (read.hasMore) this.#hasMore = true
    this.#bytes += read.recordBytes
    return read
  }

  #locate(entry: FetchEntry): Partition | ErrorCode {
    const asked = this.#asked
    // Once for all partitions of a topic, which stand together.
    if (asked === null || entry.topic !== asked.topic || entry.topicId !== asked.topicId) {
      this.#asked = entry
      this.#lookUp(entry)
    }
    const topic = this.#topic
    if (typeof topic === 'number') return topic
    const partition = this.#partitions[entry.partition]
    if (partition?.isLeader) return partition
    return ledPartition(this.#context, topic, entry.partition)
  }

  #lookUp(entry: FetchEntry): void {
    const topic = this.#authorized(entry)
    this.#topic = topic
    if (typeof topic === 'string') this.#partitions = this.#context.broker.partitions.ofTopic(topic)
  }

  #authorized({ topic: name, topicId }: FetchEntry): string | ErrorCode {
    const isById = this.#context.apiVersion >= TOPIC_IDS_SINCE
    return authorizedTopic(this.#context, Operation.READ, { name, topicId }, isById)
  }

  #answer(reads: readonly PartitionRead[]): void {
    const { entries } = this.#session
    const responses = new TopicAnswers()
    let tellsLeaders = false
    for (let at = 0; at < reads.length; at++) {
      const entry = entries[at] as FetchEntry
      const read = reads[at] as PartitionRead
      if (!this.#session.tells(entry, read)) continue
      if (this.#tellsLeader(read)) {
        tellsLeaders = true
        responses.add(entry, { ...read, currentLeader: this.#leaderOf(entry) })
      } else responses.add(entry, read)
    }
    const withEndpoints = tellsLeaders && this.#context.apiVersion >= NODE_ENDPOINTS_SINCE
    this.#context.reply({
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      sessionId: this.#session.sessionId,
      responses: responses.list,
      ...(withEndpoints && { nodeEndpoints: nodeEndpoints(this.#context) }),
    })
  }

  #tellsLeader({ errorCode }: PartitionRead): boolean {
    if (errorCode === ErrorCode.NONE) return false
    return this.#context.apiVersion >= CURRENT_LEADER_SINCE && isAboutLeader(errorCode)
  }

  #leaderOf(entry: FetchEntry): PartitionAnswer['currentLeader'] {
    const context = this.#context
    return currentLeader(context, nameOf(context, entry), entry.partition)
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

  add({ topic, topicId }: FetchEntry, answer: PartitionAnswer): void {
    const last = this.list.at(-1)
    if (last !== undefined && last.topic === topic && last.topicId === topicId) {
      last.partitions.push(answer)
      return
    }
    const key = topic === '' ? topicId : topic
    const at = this.#byTopic.get(key)
    if (at !== undefined) {
      this.list[at]!.partitions.push(answer)
      return
    }
    this.#byTopic.set(key, this.list.length)
    this.list.push({ topic, topicId, partitions: [answer] })
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

function nameOf(context: Context, { topic, topicId }: FetchEntry): string {
  if (topicId === NO_UUID) return topic
  return context.broker.image().topicsById.get(topicId)?.name ?? topic
}

function nodeEndpoints(context: Context) {
  return liveBrokers(context).map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack }))
}
