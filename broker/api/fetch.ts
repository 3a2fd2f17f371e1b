import { ErrorCode } from '../../protocol/errors.ts'
import { FetchRequest, FetchResponse } from '../../protocol/messages/fetch.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import { DelayedFetch, type DelayedPart } from '../partition/delayed-fetch.ts'
import type { FetchContext, FetchEntry } from '../partition/fetch-session.ts'
import type { Isolation, PartitionRead } from '../partition/outcome.ts'
import type { Partition } from '../partition/partition.ts'
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

/** Clients fail on null records. */
const NO_RECORDS = Buffer.alloc(0)

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

/** An entry of the request, and what it found when it was read last. */
interface Found {
  readonly entry: FetchEntry
  readonly read: PartitionRead
  /** Null where an error was found instead. */
  readonly partition: Partition | null
}

/** One fetch, from its first look to its answer. */
class FetchCall {
  readonly #request: FetchRequest
  readonly #context: Context
  readonly #session: FetchContext
  readonly #isolation: Isolation
  readonly #maxBytes: number
  #hasFailed = false
  #hasMore = false
  #bytes = 0
  // The entry whose topic was authorized last, and what came of it.
  #asked: FetchEntry | null = null
  #topic: string | ErrorCode = ErrorCode.NONE

  constructor(request: FetchRequest, context: Context) {
    this.#request = request
    this.#context = context
    const { broker, apiVersion } = context
    const replicaId = followerId(request, context)
    this.#isolation = isolationOf(replicaId, request.isolationLevel)
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

  start(): undefined {
    const { errorCode, entries } = this.#session
    if (errorCode !== ErrorCode.NONE) {
      this.#context.reply({ throttleTimeMs: 0, errorCode, responses: [] })
      return undefined
    }
    const found = this.#read()
    const isEnough =
      this.#request.maxWaitMs <= 0 ||
      entries.length === 0 ||
      this.#bytes >= this.#request.minBytes ||
      this.#hasFailed ||
      this.#hasMore
    if (isEnough) this.#answer(found)
    else this.#wait(found)
    return undefined
  }

  #wait(found: readonly Found[]): void {
    const { minBytes, maxWaitMs } = this.#request
    const parts: DelayedPart[] = []
    for (const { entry, read, partition } of found) {
      if (partition === null) continue
      parts.push({
        source: partition,
        fetchOffset: entry.fetchOffset,
        maxBytes: entry.maxBytes,
        isolation: this.#isolation,
        readableBytes: read.range?.sizeBytes ?? 0,
      })
    }
    const { clock } = this.#context.broker.host
    const delayed = new DelayedFetch({ parts, minBytes, waitMs: maxWaitMs, clock }, () => {
      this.#answer(this.#read())
    })
    this.#context.onAbandoned = () => delayed.cancel()
    this.#context.onHurry = () => delayed.end()
  }

  #read(): Found[] {
    this.#hasFailed = false
    this.#hasMore = false
    this.#bytes = 0
    this.#asked = null
    return this.#session.entries.map(entry => this.#readOne(entry))
  }

  #readOne(entry: FetchEntry): Found {
    const located = this.#locate(entry)
    if (typeof located === 'number') {
      this.#hasFailed = true
      return { entry, read: failedRead(located), partition: null }
    }
    const left = Math.max(0, this.#maxBytes - this.#bytes)
    const read = located.fetch({
      fetchOffset: entry.fetchOffset,
      maxBytes: Math.min(entry.maxBytes, left),
      isolation: this.#isolation,
      currentLeaderEpoch: entry.currentLeaderEpoch,
      lastFetchedEpoch: entry.lastFetchedEpoch,
      atLeastOneBatch: this.#bytes === 0,
    })
    if (read.errorCode !== ErrorCode.NONE || read.divergingEpoch !== null) this.#hasFailed = true
    if (read.hasMore) this.#hasMore = true
    if (read.range !== null) this.#bytes += read.range.sizeBytes
    return { entry, read, partition: located }
  }

  #locate(entry: FetchEntry): Partition | ErrorCode {
    const asked = this.#asked
    // Once for all partitions of a topic, which stand together.
    if (asked === null || entry.topic !== asked.topic || entry.topicId !== asked.topicId) {
      this.#asked = entry
      this.#topic = this.#authorized(entry)
    }
    const topic = this.#topic
    return typeof topic === 'number' ? topic : ledPartition(this.#context, topic, entry.partition)
  }

  #authorized({ topic: name, topicId }: FetchEntry): string | ErrorCode {
    const isById = this.#context.apiVersion >= TOPIC_IDS_SINCE
    return authorizedTopic(this.#context, Operation.READ, { name, topicId }, isById)
  }

  #answer(found: readonly Found[]): void {
    const responses = new TopicAnswers()
    let tellsLeaders = false
    for (const { entry, read } of found) {
      if (!this.#session.tells(entry, read)) continue
      const answer = this.#answerOf(entry, read)
      if (answer.currentLeader !== undefined) tellsLeaders = true
      responses.add(entry, answer)
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

  #answerOf(entry: FetchEntry, read: PartitionRead): PartitionAnswer {
    const { errorCode, divergingEpoch } = read
    const answer: PartitionAnswer = {
      partitionIndex: entry.partition,
      errorCode,
      highWatermark: read.highWatermark,
      lastStableOffset: read.lastStableOffset,
      logStartOffset: read.logStartOffset,
      abortedTransactions: read.aborted,
      records: read.range ?? NO_RECORDS,
    }
    if (errorCode === ErrorCode.NONE && divergingEpoch === null) return answer
    const context = this.#context
    const isAboutUs = context.apiVersion >= CURRENT_LEADER_SINCE && isAboutLeader(errorCode)
    const { leaderEpoch: epoch = -1, nextOffset: endOffset = -1 } = divergingEpoch ?? {}
    return {
      ...answer,
      ...(divergingEpoch !== null && { divergingEpoch: { epoch, endOffset } }),
      ...(isAboutUs && {
        currentLeader: currentLeader(context, nameOf(context, entry), entry.partition),
      }),
    }
  }
}

/** What is told of a partition that could not even be found. */
function failedRead(errorCode: ErrorCode): PartitionRead {
  const isUnknown =
    errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || errorCode === ErrorCode.UNKNOWN_TOPIC_ID
  return {
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    divergingEpoch: null,
    // As Kafka has it.
    aborted: isUnknown ? [] : null,
    range: null,
    hasMore: false,
  }
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
