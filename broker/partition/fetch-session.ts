import { ErrorCode } from '../../protocol/errors.ts'
import type { PartitionRead } from './outcome.ts'

/** A fetch without a session, and what a declined one answers. */
export const NO_SESSION_ID = 0
/** Epoch of a request that wants everything, and maybe a session. */
export const INITIAL_EPOCH = 0
/** Epoch of a request that ends its session, or wants none. */
export const FINAL_EPOCH = -1

const EPOCH_MAX = 2147483647

/** One partition that a request asks for, or that a session remembers. */
export interface FetchEntry {
  readonly partition: number
  fetchOffset: number
  partitionMaxBytes: number
  /** -1: not checked. */
  currentLeaderEpoch: number
  /** -1: not checked. */
  lastFetchedEpoch: number
  /** A follower's log start; -1 from a consumer. */
  logStartOffset: number
}

export interface TopicReference {
  /** '' where the request names topics by id. */
  readonly topic: string
  /** NO_UUID where the request names topics by name. */
  readonly topicId: string
}

/** Partitions of one topic, together as in a request. */
export interface AskedTopic extends TopicReference {
  readonly partitions: readonly FetchEntry[]
}

/** A topic's partition that a request takes out of its session. */
export interface ForgottenPartition extends TopicReference {
  readonly partition: number
}

/** What a fetch request says about its session. */
export interface FetchSessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: readonly AskedTopic[]
  readonly forgotten: readonly ForgottenPartition[]
  /** Fetch 13 and above. */
  readonly usesTopicIds: boolean
  readonly isFollower: boolean
  /** Monotonic. */
  readonly nowMs: number
}

/** The partitions to read, and how to answer. */
export interface FetchContext {
  readonly errorCode: ErrorCode
  /** For the answer. */
  readonly sessionId: number
  /** In the order in which they are to be read; a topic may be there more than once. */
  readonly topics: readonly AskedTopic[]
  /** There is nothing to remember: `tells` need not be called, the answer holds all. */
  readonly tellsAll: boolean
  /**
   * Whether the answer must hold this partition: always outside of a session; in one when it has
   * records, an error, or something moved since it was last told. Call once an entry, with what
   * is going to be sent: it is remembered as told.
   */
  tells(topic: TopicReference, entry: FetchEntry, read: PartitionRead): boolean
}

export interface FetchSessionsOptions {
  /** max.incremental.fetch.session.cache.slots, as of now. */
  readonly slots: () => number
  /** Uniform in [1, 2^31). */
  readonly newSessionId: () => number
  /** A session unused for this long makes room for another. Default 2 minutes. */
  readonly evictionMs?: number
  /** Partitions that all sessions together remember. Default a million: some 200 MB. */
  readonly partitionsMax?: number
}

interface SessionEntry extends FetchEntry, TopicReference {
  toldHighWatermark: number
  toldLogStart: number
}

interface Session {
  readonly id: number
  /** The epoch the next request must have. */
  epoch: number
  readonly usesTopicIds: boolean
  readonly isPrivileged: boolean
  readonly createdMs: number
  usedMs: number
  readonly entries: Map<string, SessionEntry>
}

const EVICTION_MS = 120_000
const PARTITIONS_MAX = 1_000_000
const NO_TOPICS: readonly AskedTopic[] = []

/**
 * FetchSessions: what incremental fetches let a broker remember, so that a reader of many
 * partitions names only those that changed (KIP-227).
 *
 *   (0, -1) sessionless -> (0, 0) full, session made -> (id, 1) (id, 2) ... incremental
 *                                                    -> (id, -1) closed -> (id, 0) made anew
 *
 * Invariants:
 *   (1) At most `slots` sessions, of `partitionsMax` partitions. When all are taken, one unused for
 *       `evictionMs` gives way, or a consumer's to a follower's, or a smaller one that old to a
 *       larger; else none is made, which is a valid answer.
 *   (2) An epoch is accepted once: a request answered twice would lose what changed in between.
 *
 * Nothing of it survives a restart: readers are told FETCH_SESSION_ID_NOT_FOUND and start over.
 */
export class FetchSessions {
  readonly #options: FetchSessionsOptions
  /** Least recently used first. */
  readonly #sessions = new Map<number, Session>()
  readonly #partitionsMax: number
  #partitionCount = 0

  constructor(options: FetchSessionsOptions) {
    this.#options = options
    this.#partitionsMax = options.partitionsMax ?? PARTITIONS_MAX
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Partitions remembered by all sessions. */
  get partitionCount(): number {
    return this.#partitionCount
  }

  begin(request: FetchSessionRequest): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === FINAL_EPOCH || sessionEpoch === INITIAL_EPOCH) {
      this.#drop(sessionId)
      const session = sessionEpoch === INITIAL_EPOCH ? this.#create(request) : null
      return new FullContext(request.topics, session)
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return failed(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    if (session.epoch !== sessionEpoch) return failed(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    if (session.usesTopicIds !== request.usesTopicIds) {
      return failed(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    }
    return this.#continue(session, request)
  }

  #continue(session: Session, request: FetchSessionRequest): FetchContext {
    session.epoch = nextEpoch(session.epoch)
    session.usedMs = request.nowMs
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
    const before = session.entries.size
    for (const topic of request.topics) {
      for (const entry of topic.partitions) {
        const key = keyOf(topic, entry.partition)
        const known = session.entries.get(key)
        if (known === undefined) session.entries.set(key, untold(topic, entry))
        else update(known, entry)
      }
    }
    // After what is added: as in Kafka, one that is both is forgotten.
    for (const forgotten of request.forgotten) {
      session.entries.delete(keyOf(forgotten, forgotten.partition))
    }
    const grownBy = session.entries.size - before
    this.#partitionCount += grownBy
    if (grownBy > 0 && this.#partitionCount > this.#partitionsMax) {
      // The reader starts over, and may have to do without.
      this.#drop(session.id)
      return failed(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    }
    if (session.entries.size > 0) return new IncrementalContext(session)
    // Nothing is left to fetch: the slot is given back.
    this.#drop(session.id)
    return new FullContext(NO_TOPICS, null)
  }

  #drop(sessionId: number): void {
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return
    this.#sessions.delete(sessionId)
    this.#partitionCount -= session.entries.size
  }

  #create(request: FetchSessionRequest): Session | null {
    if (partitionCount(request) === 0) return null
    if (!this.#makeRoom(request)) return null
    let id = this.#options.newSessionId()
    while (id === NO_SESSION_ID || this.#sessions.has(id)) id = this.#options.newSessionId()
    const session: Session = {
      id,
      epoch: 1,
      usesTopicIds: request.usesTopicIds,
      isPrivileged: request.isFollower,
      createdMs: request.nowMs,
      usedMs: request.nowMs,
      entries: entriesOf(request.topics),
    }
    this.#sessions.set(id, session)
    this.#partitionCount += session.entries.size
    return session
  }

  #makeRoom(request: FetchSessionRequest): boolean {
    const slots = this.#options.slots()
    const count = partitionCount(request)
    const hasRoom = () => this.#partitionCount + count <= this.#partitionsMax
    if (this.#sessions.size < slots && hasRoom()) return true
    if (slots === 0 || count > this.#partitionsMax) return false
    const victim = this.#victim(request)
    if (victim === null) return false
    this.#drop(victim.id)
    return hasRoom()
  }

  /** The session that gives way to the one that a request wants, if one may. */
  #victim(request: FetchSessionRequest): Session | null {
    const { nowMs, isFollower } = request
    const count = partitionCount(request)
    const evictionMs = this.#options.evictionMs ?? EVICTION_MS
    const [stalest] = this.#sessions.values()
    if (stalest !== undefined && nowMs - stalest.usedMs > evictionMs) return stalest
    let smallest: Session | null = null
    for (const session of this.#sessions.values()) {
      if (session.isPrivileged && !isFollower) continue
      const yields = isFollower && !session.isPrivileged
      if (!yields && nowMs - session.createdMs <= evictionMs) continue
      if (!yields && session.entries.size >= count) continue
      if (smallest === null || session.entries.size < smallest.entries.size) smallest = session
    }
    return smallest
  }
}

class FullContext implements FetchContext {
  readonly errorCode = ErrorCode.NONE
  readonly sessionId: number
  readonly topics: readonly AskedTopic[]
  readonly tellsAll: boolean
  readonly #session: Session | null

  constructor(topics: readonly AskedTopic[], session: Session | null) {
    this.topics = topics
    this.tellsAll = session === null
    this.#session = session
    this.sessionId = session?.id ?? NO_SESSION_ID
  }

  tells(topic: TopicReference, entry: FetchEntry, read: PartitionRead): boolean {
    const known = this.#session?.entries.get(keyOf(topic, entry.partition))
    if (known !== undefined) remember(known, read)
    return true
  }
}

class IncrementalContext implements FetchContext {
  readonly errorCode = ErrorCode.NONE
  readonly sessionId: number
  readonly topics: readonly AskedTopic[]
  readonly tellsAll = false
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
    this.sessionId = session.id
    this.topics = byTopic(session.entries.values())
  }

  tells(topic: TopicReference, entry: FetchEntry, read: PartitionRead): boolean {
    const known = entry as SessionEntry
    const hasRecords = read.recordBytes > 0
    const isTold =
      hasRecords ||
      read.errorCode !== ErrorCode.NONE ||
      read.divergingEpoch !== undefined ||
      read.highWatermark !== known.toldHighWatermark ||
      read.logStartOffset !== known.toldLogStart
    if (!isTold) return false
    remember(known, read)
    // What got records moves behind the others, so that none is starved by the size limit.
    if (hasRecords) {
      const key = keyOf(topic, known.partition)
      if (this.#session.entries.delete(key)) this.#session.entries.set(key, known)
    }
    return true
  }
}

function failed(errorCode: ErrorCode): FetchContext {
  return {
    errorCode,
    sessionId: NO_SESSION_ID,
    topics: NO_TOPICS,
    tellsAll: false,
    tells: () => false,
  }
}

function nextEpoch(epoch: number): number {
  return epoch === EPOCH_MAX ? 1 : epoch + 1
}

function keyOf({ topic, topicId }: TopicReference, partition: number): string {
  return `${topicId}/${topic}/${partition}`
}

function partitionCount({ topics }: FetchSessionRequest): number {
  let count = 0
  for (const { partitions } of topics) count += partitions.length
  return count
}

function entriesOf(topics: readonly AskedTopic[]): Map<string, SessionEntry> {
  const entries = new Map<string, SessionEntry>()
  for (const topic of topics) {
    for (const entry of topic.partitions) {
      entries.set(keyOf(topic, entry.partition), untold(topic, entry))
    }
  }
  return entries
}

/** Neighbours of one topic together; the order stays. */
function byTopic(entries: Iterable<SessionEntry>): AskedTopic[] {
  const topics: { topic: string; topicId: string; partitions: SessionEntry[] }[] = []
  for (const entry of entries) {
    const last = topics.at(-1)
    if (last?.topic === entry.topic && last.topicId === entry.topicId) last.partitions.push(entry)
    else topics.push({ topic: entry.topic, topicId: entry.topicId, partitions: [entry] })
  }
  return topics
}

function untold({ topic, topicId }: TopicReference, entry: FetchEntry): SessionEntry {
  return {
    topic,
    topicId,
    partition: entry.partition,
    fetchOffset: entry.fetchOffset,
    partitionMaxBytes: entry.partitionMaxBytes,
    currentLeaderEpoch: entry.currentLeaderEpoch,
    lastFetchedEpoch: entry.lastFetchedEpoch,
    logStartOffset: entry.logStartOffset,
    toldHighWatermark: -1,
    toldLogStart: -1,
  }
}

function update(known: SessionEntry, entry: FetchEntry): void {
  known.fetchOffset = entry.fetchOffset
  known.partitionMaxBytes = entry.partitionMaxBytes
  known.currentLeaderEpoch = entry.currentLeaderEpoch
  known.lastFetchedEpoch = entry.lastFetchedEpoch
  known.logStartOffset = entry.logStartOffset
}

function remember(known: SessionEntry, read: PartitionRead): void {
  // An error is told again each time: it may mean something else by then.
  const failed = read.errorCode !== ErrorCode.NONE
  known.toldHighWatermark = failed ? -1 : read.highWatermark
  known.toldLogStart = failed ? -1 : read.logStartOffset
}
