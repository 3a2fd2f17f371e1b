/**
 * A consumer's place in its group: the classic protocol, eager rebalances (all is given up, then
 * shared out afresh).
 *
 * ```
 *   outside --join--> member --heartbeat: REBALANCE_IN_PROGRESS--> must rejoin --join--> member
 *      ^                 |-----the group went on without us------> lost --------join--> member
 *      '------leave------'
 * ```
 *
 * Invariants:
 * 1. Heartbeats go out only between a completed join and whatever ends that membership.
 * 2. Commits carry the generation they were read in: the coordinator refuses those of another.
 */
import type { Timer } from '../host/host.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { JoinGroupResponse } from '../protocol/messages/join-group.ts'
import * as api from './apis.ts'
import { ASSIGNORS, type AssignorName } from './assignors.ts'
import type { Cluster, Lane } from './cluster.ts'
import type { ConsumerSettings } from './consumer-options.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts'
import { BrokerError, ClosedError, MembershipLost } from './errors.ts'
import type { TopicPartition } from './offsets.ts'

/** Who a commit comes from. */
export interface MemberIdentity {
  /** -1 outside a group's membership. */
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

const PROTOCOL_TYPE = 'consumer'
/** A JoinGroup may be parked for the rebalance timeout; the answer needs a little longer. */
const JOIN_GRACE_MS = 5_000
const NO_GENERATION = -1

/** The group goes on, or looks us up afresh, when the join is tried again. */
const REJOIN: ReadonlySet<number> = new Set([
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.MEMBER_ID_REQUIRED,
])

export class Membership {
  readonly groupId: string
  /** A parked JoinGroup must hold up nobody else. */
  readonly lane: Lane
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #onChange: () => void
  #topics: readonly string[] = []
  #memberId = ''
  #generationId = NO_GENERATION
  #owned: readonly TopicPartition[] = []
  #mustRejoin = false
  #isLost = false
  #failure: Error | null = null
  #isStopped = false
  #isJoining = false
  #isPolling = false
  #heartbeat: Timer | null = null
  #lastPollMs: number
  /** As leader: the partition counts that the assignment was made for. */
  #assignedFor: ReadonlyMap<string, number> | null = null

  /** `onChange` is called when the consumer should look at `mustRejoin` again. */
  constructor(cluster: Cluster, groupId: string, settings: ConsumerSettings, onChange: () => void) {
    this.#cluster = cluster
    this.groupId = groupId
    this.lane = cluster.openLane('group')
    this.#settings = settings
    this.#onChange = onChange
    this.#lastPollMs = cluster.host.clock.monotonicMs()
  }

  /** Whether `join` is due. Throws what ended the membership for good. */
  get mustRejoin(): boolean {
    if (this.#failure !== null) throw this.#failure
    return this.#mustRejoin
  }

  /** Whether what is owned has gone to others already. */
  get isLost(): boolean {
    return this.#isLost
  }

  get identity(): MemberIdentity {
    const groupInstanceId = this.#settings.instanceId
    return { generationId: this.#generationId, memberId: this.#memberId, groupInstanceId }
  }

  /** Wants these topics from the next join on. */
  subscribe(topics: readonly string[]): void {
    this.#topics = [...topics].sort()
    this.#mustRejoin = true
    this.#onChange()
  }

  /** Whether the application waits for records: it is alive then, and for a while after. */
  set isPolling(isPolling: boolean) {
    this.#isPolling = isPolling
    this.#lastPollMs = this.#cluster.host.clock.monotonicMs()
  }

  /** Joins, again if need be, until the group agrees; resolves to what is ours. */
  async join(): Promise<readonly TopicPartition[]> {
    this.#heartbeat?.cancel()
    this.#isJoining = true
    const what = `join group ${this.groupId}`
    const join = async () => {
      for (;;) {
        if (this.#isStopped) throw new ClosedError('consumer')
        const joined = await this.#join()
        const owned = joined === null ? null : await this.#sync(joined)
        if (owned === null) continue
        this.#owned = owned
        this.#isLost = false
        return owned
      }
    }
    try {
      const owned = await this.#cluster.retrying(what, Number.POSITIVE_INFINITY, join)
      this.#scheduleHeartbeat()
      return owned
    } finally {
      this.#isJoining = false
    }
  }

  /**
   * As leader: whether topics have got more or fewer partitions since they were shared out; the
   * group then rejoins.
   */
  async checkPartitions(): Promise<void> {
    if (this.#assignedFor === null || this.#mustRejoin) return
    const counts = await this.#partitionCounts([...this.#assignedFor.keys()])
    const before = this.#assignedFor
    const isSame = [...counts].every(([topic, count]) => before?.get(topic) === count)
    if (!isSame) this.#rejoin()
  }

  /** Whether a topic somebody subscribes to does not exist (known to the leader only). */
  get lacksTopics(): boolean {
    return this.#assignedFor !== null && [...this.#assignedFor.values()].includes(0)
  }

  /** Gives up the membership; static members stay in the group's books (KIP-345). */
  async leave(): Promise<void> {
    const memberId = this.#memberId
    const isJoining = this.#isJoining
    this.#heartbeat?.cancel()
    this.#reset()
    if (memberId === '' || this.#settings.instanceId !== null) return
    const request = { groupId: this.groupId, members: [{ memberId }] }
    // While a join is parked on the member's own lane, nothing behind it would be answered.
    await this.#cluster.requestCoordinator(this.groupId, api.LEAVE_GROUP, request, {
      lane: isJoining ? 'main' : this.lane,
    })
  }

  /** Joins no more. */
  stop(): void {
    this.#isStopped = true
    this.#heartbeat?.cancel()
  }

  /** What a commit refused with this code means for the membership. */
  onRefusedCommit(code: number): void {
    if (code === ErrorCode.REBALANCE_IN_PROGRESS) this.#rejoin()
    else this.#lose(code)
  }

  // --------------------------------------------------------------------------------------- joining

  /** Null when it is to be tried again at once. */
  async #join(): Promise<JoinGroupResponse | null> {
    this.#mustRejoin = false
    const { sessionTimeoutMs, rebalanceTimeoutMs, instanceId, assignors } = this.#settings
    const metadata = encodeSubscription({
      topics: this.#topics,
      owned: assignors.includes('sticky') ? this.#owned : [],
      userData: null,
    })
    const request = {
      groupId: this.groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupInstanceId: instanceId,
      protocolType: PROTOCOL_TYPE,
      protocols: assignors.map(name => ({ name, metadata })),
    }
    const { lane } = this
    const timeoutMs = rebalanceTimeoutMs + JOIN_GRACE_MS
    const answer = await this.#ask(() =>
      this.#cluster.requestCoordinator(this.groupId, api.JOIN_GROUP, request, { lane, timeoutMs }),
    )
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.#memberId = answer.memberId
    if (!this.#passes('join', answer.errorCode)) return null
    this.#memberId = answer.memberId
    this.#generationId = answer.generationId
    return answer
  }

  async #sync(joined: JoinGroupResponse): Promise<readonly TopicPartition[] | null> {
    const isLeader = joined.leader === joined.memberId
    this.#assignedFor = null
    const assignments = isLeader ? await this.#share(joined) : []
    const request = {
      groupId: this.groupId,
      generationId: this.#generationId,
      memberId: this.#memberId,
      groupInstanceId: this.#settings.instanceId,
      protocolType: PROTOCOL_TYPE,
      protocolName: joined.protocolName,
      assignments,
    }
    const { lane } = this
    const timeoutMs = this.#settings.rebalanceTimeoutMs + JOIN_GRACE_MS
    const answer = await this.#ask(() =>
      this.#cluster.requestCoordinator(this.groupId, api.SYNC_GROUP, request, { lane, timeoutMs }),
    )
    if (!this.#passes('join', answer.errorCode)) return null
    return decodeAssignment(answer.assignment)
  }

  /** As leader: what each member gets. None if a static leader is to keep what there is (v9). */
  async #share(joined: JoinGroupResponse): Promise<{ memberId: string; assignment: Buffer }[]> {
    const members = joined.members.map(({ memberId, groupInstanceId, metadata }) => {
      const { topics, owned } = decodeSubscription(metadata)
      return { memberId, instanceId: groupInstanceId, topics, owned }
    })
    const topics = [...new Set(members.flatMap(member => member.topics))]
    const counts = await this.#partitionCounts(topics)
    this.#assignedFor = counts
    if (joined.skipAssignment) return []
    const existing = new Map([...counts].filter(([, count]) => count > 0))
    const assign = ASSIGNORS[joined.protocolName as AssignorName]
    return [...assign(members, existing)].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeAssignment(partitions),
    }))
  }

  /** Partitions in each topic; 0 for one that does not exist. */
  async #partitionCounts(topics: readonly string[]): Promise<Map<string, number>> {
    if (topics.length > 0) await this.#cluster.refreshSome(topics)
    return new Map(
      topics.map(topic => [topic, this.#cluster.cachedTopic(topic)?.partitions.length ?? 0]),
    )
  }

  // ------------------------------------------------------------------------------------ heartbeats

  #scheduleHeartbeat(): void {
    const { clock, loop } = this.#cluster.host
    this.#heartbeat?.cancel()
    this.#heartbeat = clock.schedule(this.#settings.heartbeatIntervalMs, () => {
      loop.spawn('heartbeat', this.#beat())
    })
  }

  async #beat(): Promise<void> {
    const { rebalanceTimeoutMs } = this.#settings
    const generationId = this.#generationId
    const sincePollMs = this.#cluster.host.clock.monotonicMs() - this.#lastPollMs
    if (!this.#isPolling && sincePollMs > rebalanceTimeoutMs) {
      // Others may read what this member does not get around to.
      await this.leave().catch(() => {})
      this.#isLost = true
      return
    }
    try {
      const { groupId } = this
      const request = { groupId, ...this.identity }
      const answer = await this.#ask(() =>
        this.#cluster.requestCoordinator(groupId, api.HEARTBEAT, request, { lane: this.lane }),
      )
      // The answer to a beat of before: the join under way heeds it already.
      if (generationId !== this.#generationId || this.#isJoining) return
      if (answer.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) this.#rejoin()
      else if (answer.errorCode !== 0) this.#lose(answer.errorCode)
    } catch {
      // The coordinator is looked up again for the next one; the session bears a few misses.
    }
    const isMember = generationId === this.#generationId && !this.#isLost && !this.#isStopped
    if (isMember && !this.#isJoining) this.#scheduleHeartbeat()
  }

  // ----------------------------------------------------------------------------------------- state

  /** Throws for what waiting or another coordinator may cure. */
  async #ask<T extends { readonly errorCode: number }>(request: () => Promise<T>): Promise<T> {
    const answer = await request()
    const { errorCode } = answer
    const isElsewhere =
      errorCode === ErrorCode.NOT_COORDINATOR || errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE
    if (isElsewhere) this.#cluster.forgetCoordinator(this.groupId)
    if (isElsewhere || errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
      throw new BrokerError(`reach the coordinator of ${this.groupId}`, errorCode)
    return answer
  }

  /** Whether a join or sync went through; if not, what to forget before the next. */
  #passes(what: string, code: number): boolean {
    if (code === 0) return true
    if (!REJOIN.has(code)) throw new BrokerError(`${what} group ${this.groupId}`, code)
    if (code === ErrorCode.UNKNOWN_MEMBER_ID || code === ErrorCode.ILLEGAL_GENERATION) {
      this.#reset()
    }
    return false
  }

  #rejoin(): void {
    this.#mustRejoin = true
    this.#onChange()
  }

  #lose(code: number): void {
    this.#heartbeat?.cancel()
    this.#isLost = true
    if (!REJOIN.has(code)) this.#failure = new BrokerError(`stay in group ${this.groupId}`, code)
    if (code === ErrorCode.UNKNOWN_MEMBER_ID) this.#memberId = ''
    this.#generationId = NO_GENERATION
    this.#rejoin()
  }

  #reset(): void {
    this.#memberId = ''
    this.#generationId = NO_GENERATION
    this.#assignedFor = null
    this.#mustRejoin = true
    this.#onChange()
  }
}

/** Whether a commit refused with this code says that the membership is over. */
export function isLostMembership(code: number): boolean {
  return (
    code === ErrorCode.ILLEGAL_GENERATION ||
    code === ErrorCode.UNKNOWN_MEMBER_ID ||
    code === ErrorCode.FENCED_INSTANCE_ID
  )
}

/** The error for the application, of a commit refused so. */
export function refusedCommit(groupId: string, code: number): Error {
  const error = new BrokerError(`commit offsets for group ${groupId}`, code)
  return isLostMembership(code) ? new MembershipLost(groupId, error) : error
}
