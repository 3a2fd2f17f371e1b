/**
 * The rebalance: gathering the members (join timers), choosing a generation, and what happens
 * when one of them goes.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import {
  type ClassicGroup,
  enter,
  GroupState,
  parkedCount,
  rebalanceTimeoutMs,
  selectProtocol,
} from './classic-group.ts'
import { type Member, metadataFor, NO_BYTES } from './member.ts'
import {
  armInitialDelay,
  armJoin,
  armSession,
  armSync,
  disarmGroup,
  disarmMember,
  joinError,
  memberFields,
  note,
  type Plan,
  reply,
  syncError,
  writeGroup,
} from './plan.ts'
import type { JoinedMember } from './reply.ts'

/**
 * A member came, went or changed: begins a rebalance, or looks whether the running rebalance is
 * done. `reason` is for the log.
 */
export function rebalance(plan: Plan, reason: string): void {
  if (plan.group.state === GroupState.PREPARING_REBALANCE) completeIfAllJoined(plan)
  else prepareRebalance(plan, reason)
}

/** From Empty, Stable or CompletingRebalance. */
export function prepareRebalance(plan: Plan, reason: string): void {
  const { group, limits } = plan
  note(plan, `a rebalance begins, because ${reason}`, { reason, members: group.members.size })
  if (group.state !== GroupState.COMPLETING_REBALANCE) group.rebalanceStartMs = plan.nowMs
  if (group.state === GroupState.COMPLETING_REBALANCE) abandonSyncs(plan)
  disarmGroup(plan, 'sync')
  group.pendingSync.clear()
  group.isInitialDelay = group.state === GroupState.EMPTY
  group.hasNewcomer = false
  enter(group, GroupState.PREPARING_REBALANCE, plan.nowMs)
  if (group.isInitialDelay) {
    // KIP-134: others are likely about to join too.
    const remainingMs = Math.max(rebalanceTimeoutMs(group) - limits.initialDelayMs, 0)
    armInitialDelay(plan, limits.initialDelayMs, remainingMs)
  } else if (hasAllJoined(group)) {
    completeJoin(plan)
  } else {
    armJoin(plan)
  }
}

/** In PreparingRebalance. The initial delay never ends early. */
export function completeIfAllJoined(plan: Plan): void {
  if (!plan.group.isInitialDelay && hasAllJoined(plan.group)) completeJoin(plan)
}

function hasAllJoined(group: ClassicGroup): boolean {
  return group.pending.size === 0 && parkedCount(group) === group.members.size
}

/** A part of the initial delay is over. */
export function endInitialDelay(plan: Plan, remainingMs: number): void {
  const { group, limits } = plan
  if (group.state !== GroupState.PREPARING_REBALANCE) return
  if (group.hasNewcomer && remainingMs > 0) {
    group.hasNewcomer = false
    const delayMs = Math.min(limits.initialDelayMs, remainingMs)
    armInitialDelay(plan, delayMs, Math.max(remainingMs - delayMs, 0))
  } else {
    completeJoin(plan)
  }
}

/** In PreparingRebalance: whoever is in makes the next generation. */
export function completeJoin(plan: Plan): void {
  const { group } = plan
  disarmGroup(plan, 'join')
  group.isInitialDelay = false
  group.hasNewcomer = false
  for (const member of [...group.members.values()]) {
    if (member.joinCall === null && member.instanceId === null) {
      dropMember(plan, member, 'did not join again within the rebalance timeout')
    }
  }
  if (group.members.size === 0) becomeEmpty(plan)
  // Only static members may be left and none of them be here: their sessions decide.
  else if (electJoinedLeader(group)) beginGeneration(plan)
  else armJoin(plan)
}

function beginGeneration(plan: Plan): void {
  const { group } = plan
  group.generation++
  group.protocol = selectProtocol(group)
  enter(group, GroupState.COMPLETING_REBALANCE, plan.nowMs)
  group.pendingSync = new Set(group.members.keys())
  answerJoins(plan)
  armSync(plan)
}

function becomeEmpty(plan: Plan): void {
  const { group } = plan
  group.generation++
  group.protocol = null
  group.leader = null
  group.pendingSync.clear()
  enter(group, GroupState.EMPTY, plan.nowMs)
  note(plan, 'has no members any more')
  writeGroup(plan)
}

/** The leader stays if it is here, else anybody who is. */
function electJoinedLeader(group: ClassicGroup): boolean {
  const leader = group.leader === null ? undefined : group.members.get(group.leader)
  if (leader !== undefined && leader.joinCall !== null) return true
  for (const member of group.members.values()) {
    if (member.joinCall === null) continue
    group.leader = member.id
    return true
  }
  return false
}

function answerJoins(plan: Plan): void {
  const { group } = plan
  const rows = memberRows(group)
  for (const member of [...group.members.values()]) {
    if (member.joinCall !== null) answerJoin(plan, member, rows)
    const settled = { ...member, joinCall: null, isNew: false }
    group.members.set(member.id, settled)
    armSession(plan, settled)
  }
}

/** Tells a member the generation; the leader learns who the others are. */
export function answerJoin(plan: Plan, member: Member, rows: readonly JoinedMember[]): void {
  const { group } = plan
  reply(plan, member.joinCall!, {
    kind: 'join',
    errorCode: ErrorCode.NONE,
    generation: group.generation,
    protocolType: group.protocolType,
    protocol: group.protocol,
    leader: group.leader!,
    memberId: member.id,
    skipsAssignment: false,
    members: group.leader === member.id ? rows : [],
  })
}

/** What the leader computes the assignment from. */
export function memberRows(group: ClassicGroup): JoinedMember[] {
  return [...group.members.values()].map(member => ({
    memberId: member.id,
    instanceId: member.instanceId,
    metadata: metadataFor(member, group.protocol),
  }))
}

/** A generation that never got its assignment: its members are told to join again. */
function abandonSyncs(plan: Plan): void {
  const { group } = plan
  for (const member of [...group.members.values()]) {
    if (member.syncCall !== null) {
      reply(plan, member.syncCall, syncError(ErrorCode.REBALANCE_IN_PROGRESS))
    }
    const reset = { ...member, assignment: NO_BYTES, syncCall: null }
    group.members.set(member.id, reset)
    // One whose JoinGroup is parked is new or rejoins: that timer is set already.
    if (member.joinCall === null) armSession(plan, reset)
  }
}

/** The sync timer: who has not asked for his assignment is gone. */
export function expireSyncs(plan: Plan, generation: number): void {
  const { group } = plan
  if (generation !== group.generation || group.pendingSync.size === 0) return
  if (group.state !== GroupState.COMPLETING_REBALANCE && group.state !== GroupState.STABLE) {
    return
  }
  for (const id of [...group.pendingSync]) {
    const member = group.members.get(id)
    if (member !== undefined) {
      dropMember(plan, member, 'did not ask for its assignment within the rebalance timeout')
    }
  }
  prepareRebalance(plan, 'members did not ask for their assignments')
}

/**
 * Takes a member and its timer out of the group, answering its parked calls with
 * UNKNOWN_MEMBER_ID. `what` the member did or did not do is for the log.
 */
export function dropMember(plan: Plan, member: Member, what: string): void {
  const { group } = plan
  note(plan, `member ${member.id} ${what}`, memberFields(member))
  releaseCalls(plan, member, ErrorCode.UNKNOWN_MEMBER_ID)
  group.members.delete(member.id)
  group.pendingSync.delete(member.id)
  if (member.instanceId !== null) group.staticIds.delete(member.instanceId)
  if (group.leader === member.id) group.leader = group.members.keys().next().value ?? null
  disarmMember(plan, member.id)
}

/** Answers what is parked of a member with an error. */
export function releaseCalls(plan: Plan, member: Member, errorCode: ErrorCode): void {
  const memberId = errorCode === ErrorCode.UNKNOWN_MEMBER_ID ? '' : member.id
  if (member.joinCall !== null) reply(plan, member.joinCall, joinError(errorCode, memberId))
  if (member.syncCall !== null) reply(plan, member.syncCall, syncError(errorCode))
}
