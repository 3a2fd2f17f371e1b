import type { JoinReply } from '../../broker/coordinator/group/reply.ts'
import type { GroupCall, ReplyTo } from '../../broker/coordinator/group-coordinators.ts'
import type { CallId } from '../../broker/coordinator/machine.ts'
import type { Clock, Random } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { GroupChecker } from './groups-checker.ts'

export const PARTITIONS = 12
export const REBALANCE_TIMEOUT_MS = 30_000

/** The way to the coordinator: rejects when it cannot be reached or refuses the call. */
export interface Link {
  call<C extends GroupCall>(group: string, make: (call: CallId) => C): Promise<ReplyTo<C>>
}

export interface MemberParts {
  readonly clock: Clock
  readonly random: Random
  readonly link: Link
  readonly checker: GroupChecker
  /** Nothing untoward happens any more. */
  isCalm(): boolean
}

/** A consumer as clients write them: joins, assigns if it leads, heartbeats, commits, leaves. */
export class SimMember {
  readonly name: string
  readonly group: string
  readonly instanceId: string | null
  readonly #parts: MemberParts
  readonly #sessionTimeoutMs: number
  #memberId = ''
  #pausedUntilMs = 0
  #end: 'running' | 'leaving' | 'dead' = 'running'
  /** Set while it believes to be in a generation. */
  assignment: { generation: number; partitions: number[] } | null = null

  constructor(name: string, group: string, instanceId: string | null, parts: MemberParts) {
    this.name = name
    this.group = group
    this.instanceId = instanceId
    this.#parts = parts
    this.#sessionTimeoutMs = 10_000 + parts.random.below(20_000)
  }

  get isRunning(): boolean {
    return this.#end === 'running'
  }

  /** It does nothing for a while, then goes on as if nothing had been. */
  pause(ms: number): void {
    this.#pausedUntilMs = this.#parts.clock.monotonicMs() + ms
  }

  leave(): void {
    this.#end = 'leaving'
  }

  die(): void {
    this.#end = 'dead'
  }

  async run(): Promise<void> {
    while (this.#end === 'running') {
      try {
        await this.#once()
      } catch {
        // The coordinator cannot be reached, or says to come again.
        await this.#sleep(200 + this.#parts.random.below(800))
      }
    }
    this.assignment = null
    if (this.#end === 'leaving' && this.instanceId === null) await this.#sayGoodbye()
  }

  async #once(): Promise<void> {
    const joined = await this.#join()
    if (joined === null || !this.isRunning) return
    const partitions = await this.#sync(joined)
    if (partitions === null || !this.isRunning) return
    this.assignment = { generation: joined.generation, partitions }
    try {
      await this.#consume(joined.generation, partitions)
    } finally {
      this.assignment = null
    }
  }

  async #join(): Promise<JoinReply | null> {
    const reply = await this.#call(call => ({
      ...this.#identity('join', call),
      newMemberId: `${this.name}-${this.#parts.random.below(1e9)}`,
      clientId: this.name,
      clientHost: '/10.0.0.1',
      sessionTimeoutMs: this.#sessionTimeoutMs,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from(this.name) }],
      mustKnowItsId: true,
      canSkipAssignment: true,
    }))
    if (reply.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.#memberId = reply.memberId
    if (reply.errorCode !== ErrorCode.NONE) {
      await this.#refused(reply.errorCode)
      return null
    }
    this.#memberId = reply.memberId
    return reply
  }

  async #sync(joined: JoinReply): Promise<number[] | null> {
    const isLeader = joined.leader === this.#memberId && !joined.skipsAssignment
    const reply = await this.#call(call => ({
      ...this.#identity('sync', call),
      generation: joined.generation,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: isLeader ? assign(joined.members.map(({ memberId }) => memberId)) : [],
    }))
    if (reply.errorCode !== ErrorCode.NONE) {
      await this.#refused(reply.errorCode)
      return null
    }
    const text = reply.assignment.toString()
    const partitions = text === '' ? [] : text.split(' ').map(Number)
    const who = this.instanceId ?? this.#memberId
    this.#parts.checker.assigned(this.group, joined.generation, who, partitions)
    return partitions
  }

  async #consume(generation: number, partitions: readonly number[]): Promise<void> {
    const positions = await this.#positions(partitions)
    while (this.isRunning) {
      await this.#sleep(2000 + this.#parts.random.below(2000))
      if (!this.isRunning) return
      const beat = await this.#call(call => ({
        ...this.#identity('heartbeat', call),
        generation,
      }))
      const isRebalancing = beat.errorCode === ErrorCode.REBALANCE_IN_PROGRESS
      if (beat.errorCode === ErrorCode.NONE || isRebalancing) {
        if (this.#parts.random.below(2) === 0) await this.#commit(generation, positions)
        // A thread that has not noticed: it must be refused.
        if (this.#parts.random.below(30) === 0)
          await this.#commit(generation - 1, new Map(positions))
        if (isRebalancing) return
      } else {
        await this.#refused(beat.errorCode)
        return
      }
    }
  }

  async #positions(partitions: readonly number[]): Promise<Map<number, number>> {
    const reply = await this.#call(call => ({
      ...this.#identity('fetch-offsets', call),
      memberEpoch: -1,
      topics: [{ topic: 'orders', partitions }],
      mustBeStable: true,
    }))
    const fetched = reply.topics[0]?.partitions ?? []
    return new Map(fetched.map(({ partition, offset }) => [partition, Math.max(0, offset)]))
  }

  async #commit(generation: number, positions: Map<number, number>): Promise<void> {
    const { checker, random } = this.#parts
    const offsets = [...positions].map(([partition, position]) => {
      const offset = position + 1 + random.below(100)
      positions.set(partition, offset)
      const rest = { topic: 'orders', topicId: null, leaderEpoch: 0, metadata: '' }
      return { ...rest, partition, offset }
    })
    if (offsets.length === 0) return
    // Between hearing that all is well and committing, a program may stand still.
    if (!this.#parts.isCalm() && random.below(20) === 0) await this.#sleep(random.below(50_000))
    await this.#awake()
    const attempts = offsets.map(({ partition, offset }) =>
      checker.begin(this.group, partition, offset, generation),
    )
    const reply = await this.#parts.link.call(this.group, call => ({
      ...this.#identity('commit', call),
      generation,
      retentionMs: -1,
      offsets,
    }))
    const isDone = reply.errorCode === ErrorCode.NONE
    for (const attempt of attempts) isDone ? checker.acked(attempt) : checker.refused(attempt)
  }

  async #refused(errorCode: ErrorCode): Promise<void> {
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.#memberId = ''
    if (errorCode === ErrorCode.FENCED_INSTANCE_ID) this.die()
    if (errorCode !== ErrorCode.MEMBER_ID_REQUIRED) await this.#sleep(100)
  }

  async #sayGoodbye(): Promise<void> {
    const members = [{ memberId: this.#memberId, instanceId: null }]
    try {
      await this.#call(call => ({ kind: 'leave', call, groupId: this.group, members }))
    } catch {
      // Then its session ends.
    }
  }

  #identity<K extends GroupCall['kind']>(kind: K, call: CallId) {
    const { group: groupId, instanceId } = this
    return { kind, call, groupId, instanceId, memberId: this.#memberId }
  }

  async #call<C extends GroupCall>(make: (call: CallId) => C): Promise<ReplyTo<C>> {
    await this.#awake()
    const reply = await this.#parts.link.call(this.group, make)
    await this.#awake()
    return reply
  }

  async #awake(): Promise<void> {
    const restMs = this.#pausedUntilMs - this.#parts.clock.monotonicMs()
    if (restMs > 0) await this.#sleep(restMs)
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.#parts.clock.schedule(ms, resolve))
  }
}

/** Partitions dealt out in turn. */
function assign(members: readonly string[]): { memberId: string; assignment: Buffer }[] {
  return members.toSorted().map((memberId, at) => {
    const partitions = [...Array(PARTITIONS).keys()].filter(p => p % members.length === at)
    return { memberId, assignment: Buffer.from(partitions.join(' ')) }
  })
}
