/** One shard of groups as a machine: routes commands to what decides about them. */
import assert from 'node:assert'
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Machine } from '../machine.ts'
import { type ClassicGroup, draftOf, emptyGroup, GroupState } from './classic-group.ts'
import type { AlarmCommand, GroupCommand, JoinCommand } from './command.ts'
import {
  deleteGroup,
  deleteOffsets,
  dropTopics,
  expireOffsets,
  expiryAlarm,
  groupTombstones,
} from './deletion.ts'
import { describeGroup, describeState, listGroups } from './describe.ts'
import { membersOf } from './foreign-group.ts'
import { heartbeat } from './heartbeat.ts'
import { joinGroup } from './join.ts'
import { expireMember, expirePending, leaveGroup } from './leave.ts'
import { commitOffsets, fetchOffsets } from './offsets.ts'
import {
  emptyDecision,
  type GroupDecision,
  type GroupLimits,
  joinError,
  justReply,
  type Plan,
  sessionAlarm,
  syncError,
} from './plan.ts'
import { completeJoin, endInitialDelay, expireSyncs, prepareRebalance } from './rebalance.ts'
import { ForeignType, type GroupRecord } from './record.ts'
import type { GroupReply } from './reply.ts'
import {
  applyChange,
  emptyState,
  type GroupShardState,
  hasUndecided,
  recordsOfState,
  type SoftChange,
} from './state.ts'
import { syncGroup } from './sync.ts'

export type GroupMachine = Machine<
  GroupShardState,
  GroupCommand,
  GroupRecord,
  SoftChange,
  GroupReply
>

/** A machine holding its groups to `limits`, asked anew for each decision: they may change. */
export function groupMachine(limits: () => GroupLimits): GroupMachine {
  return {
    empty: emptyState,
    decide: (state, command, nowMs) => decide(state, command, { limits: limits(), nowMs }),
    apply: applyChange,
    loaded: () => ({ kind: 'loaded' }),
    recordsOf: recordsOfState,
    describe: describeState,
  }
}

interface Surroundings {
  readonly limits: GroupLimits
  readonly nowMs: number
}

function decide(state: GroupShardState, command: GroupCommand, at: Surroundings): GroupDecision {
  switch (command.kind) {
    case 'join':
      return decideJoin(state, command, at)
    case 'sync':
    case 'heartbeat':
    case 'leave':
      return decideCall(state, command, at)
    case 'commit':
      return commitOffsets(state, command, at.limits, at.nowMs)
    case 'fetch-offsets':
      return fetchOffsets(state, command)
    case 'describe':
      return justReply(command.call, describeGroup(state, command.groupId))
    case 'list':
      return justReply(command.call, { kind: 'list', groups: listGroups(state) })
    case 'delete-group':
      return deleteGroup(state, command)
    case 'delete-offsets':
      return deleteOffsets(state, command)
    case 'drop-topics':
      return dropTopics(state, command.topics, at.limits)
    case 'expire-offsets':
      return expireOffsets(state, at.limits, at.nowMs)
    case 'loaded':
      return decideLoaded(state, at)
    default:
      return decideAlarm(state, command, at)
  }
}

// --------------------------------------------------------------------------------- calls to groups

function decideJoin(state: GroupShardState, join: JoinCommand, at: Surroundings): GroupDecision {
  const refused = joinRefusal(state, join, at.limits)
  if (refused !== ErrorCode.NONE) return justReply(join.call, joinError(refused, join.memberId))
  const tombstones = state.foreign.has(join.groupId) ? groupTombstones(state, join.groupId) : []
  const group = state.groups.get(join.groupId) ?? emptyGroup(join.groupId, at.nowMs)
  const plan = planFor(group, at)
  plan.out.records.push(...tombstones)
  joinGroup(plan, join)
  return closed(state, plan)
}

function joinRefusal(state: GroupShardState, join: JoinCommand, limits: GroupLimits): ErrorCode {
  if (join.groupId === '') return ErrorCode.INVALID_GROUP_ID
  const { sessionTimeoutMs } = join
  if (
    sessionTimeoutMs < limits.sessionTimeoutMsMin ||
    sessionTimeoutMs > limits.sessionTimeoutMsMax
  ) {
    return ErrorCode.INVALID_SESSION_TIMEOUT
  }
  const foreign = state.foreign.get(join.groupId)
  if (foreign !== undefined) {
    // An empty KIP-848 group becomes a classic one; all else speaks another protocol.
    const isFree = foreign.type === ForeignType.CONSUMER && membersOf(foreign).size === 0
    if (!isFree) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
  }
  const isKnown = state.groups.has(join.groupId)
  return isKnown || join.memberId === '' ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
}

type MemberCall = Extract<GroupCommand, { kind: 'sync' | 'heartbeat' | 'leave' }>

function decideCall(state: GroupShardState, call: MemberCall, at: Surroundings): GroupDecision {
  const group = state.groups.get(call.groupId)
  if (group === undefined) return justReply(call.call, unknownGroup(call))
  if (call.kind === 'heartbeat') {
    // Frequent, and changes nothing but an alarm: no draft is made for it.
    const plan = { group, ...at, out: emptyDecision() }
    heartbeat(plan, call)
    return plan.out
  }
  const plan = planFor(group, at)
  if (call.kind === 'sync') syncGroup(plan, call)
  else leaveGroup(plan, call)
  return closed(state, plan)
}

function unknownGroup(call: MemberCall): GroupReply {
  const errorCode = ErrorCode.UNKNOWN_MEMBER_ID
  switch (call.kind) {
    case 'sync':
      return syncError(errorCode)
    case 'heartbeat':
      return { kind: 'heartbeat', errorCode }
    case 'leave':
      return { kind: 'leave', members: call.members.map(member => ({ ...member, errorCode })) }
  }
}

// ----------------------------------------------------------------------------------------- alarms

type GroupAlarm = Exclude<AlarmCommand, { kind: 'expire-offsets' }>

function decideAlarm(state: GroupShardState, alarm: GroupAlarm, at: Surroundings): GroupDecision {
  const group = state.groups.get(alarm.groupId)
  if (group === undefined) return emptyDecision()
  const plan = planFor(group, at)
  switch (alarm.kind) {
    case 'member-expired':
      expireMember(plan, alarm.memberId)
      break
    case 'pending-expired':
      expirePending(plan, alarm.memberId)
      break
    case 'initial-delay-over':
      endInitialDelay(plan, alarm.remainingMs)
      break
    case 'join-timeout':
      if (plan.group.state === GroupState.PREPARING_REBALANCE) completeJoin(plan)
      break
    case 'sync-timeout':
      expireSyncs(plan, alarm.generation)
      break
  }
  return closed(state, plan)
}

/** A group that nobody got into: of that nothing is kept. */
function isTrace(state: GroupShardState, group: ClassicGroup): boolean {
  return (
    group.state === GroupState.EMPTY &&
    group.generation === 0 &&
    group.pending.size === 0 &&
    !state.metadata.has(group.id) &&
    !state.offsets.has(group.id) &&
    !hasUndecided(state, group.id)
  )
}

/** Every member is given a whole session to be heard from. */
function decideLoaded(state: GroupShardState, at: Surroundings): GroupDecision {
  const decision = emptyDecision()
  for (const group of state.groups.values()) {
    if (group.members.size > at.limits.membersMax) {
      // The limit was lowered: whoever joins first stays.
      const plan = planFor(group, at)
      prepareRebalance(plan, 'group.max.size is lower than before')
      const { soft, alarms, notes } = closed(state, plan)
      decision.notes = [...(decision.notes ?? []), ...(notes ?? [])]
      decision.soft.push(...soft)
      decision.alarms.push(...alarms)
    }
    for (const { id, sessionTimeoutMs } of group.members.values()) {
      decision.alarms.push(sessionAlarm(group.id, id, sessionTimeoutMs))
    }
  }
  decision.alarms.push(expiryAlarm(at.limits.expiryIntervalMs))
  return decision
}

// ------------------------------------------------------------------------------------------ plans

function planFor(group: ClassicGroup, at: Surroundings): Plan {
  return { group: draftOf(group), ...at, out: emptyDecision() }
}

function closed(state: GroupShardState, { group, out }: Plan): GroupDecision {
  checkInvariants(group)
  const change: SoftChange = isTrace(state, group)
    ? { kind: 'forget-group', groupId: group.id }
    : { kind: 'set-group', group }
  return { ...out, soft: [change] }
}

function checkInvariants(group: ClassicGroup): void {
  const hasMembers = group.members.size > 0
  assert(group.leader === null ? !hasMembers : group.members.has(group.leader))
  if (group.state !== GroupState.PREPARING_REBALANCE) {
    assert(hasMembers === (group.state !== GroupState.EMPTY))
  }
}
