/** SyncGroup: the leader brings the assignments, everybody fetches his own. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { type ClassicGroup, enter, GroupState } from './classic-group.ts'
import type { SyncCommand } from './command.ts'
import { NO_BYTES } from './member.ts'
import {
  armSession,
  disarmGroup,
  note,
  type Plan,
  reply,
  syncError,
  syncOk,
  writeGroup,
} from './plan.ts'
import { validateMember } from './validate-member.ts'

export function syncGroup(plan: Plan, sync: SyncCommand): void {
  const errorCode = refusalOf(plan.group, sync)
  if (errorCode === ErrorCode.NONE) accept(plan, sync)
  else reply(plan, sync.call, syncError(errorCode))
}

function accept(plan: Plan, sync: SyncCommand): void {
  arrive(plan, sync.memberId)
  const { group } = plan
  if (group.state === GroupState.COMPLETING_REBALANCE) {
    park(plan, sync)
    if (sync.memberId === group.leader) becomeStable(plan, sync)
  } else {
    // Asked again, or after the leader: the assignment stands.
    const member = group.members.get(sync.memberId)!
    reply(plan, sync.call, syncOk(group, member))
    armSession(plan, member)
  }
}

function refusalOf(group: ClassicGroup, sync: SyncCommand): ErrorCode {
  const errorCode = validateMember(group, sync)
  if (errorCode !== ErrorCode.NONE) return errorCode
  if (sync.generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  const isOtherType = sync.protocolType !== null && sync.protocolType !== group.protocolType
  const isOtherName = sync.protocolName !== null && sync.protocolName !== group.protocol
  if (isOtherType || isOtherName) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
  if (group.state === GroupState.EMPTY) return ErrorCode.UNKNOWN_MEMBER_ID
  if (group.state === GroupState.PREPARING_REBALANCE) return ErrorCode.REBALANCE_IN_PROGRESS
  return ErrorCode.NONE
}

/** The sync timer waits for one fewer. */
function arrive(plan: Plan, memberId: string): void {
  const { pendingSync } = plan.group
  if (pendingSync.delete(memberId) && pendingSync.size === 0) disarmGroup(plan, 'sync')
}

function park(plan: Plan, sync: SyncCommand): void {
  const { members } = plan.group
  const member = members.get(sync.memberId)!
  if (member.syncCall !== null) {
    reply(plan, member.syncCall, syncError(ErrorCode.REBALANCE_IN_PROGRESS))
  }
  members.set(member.id, { ...member, syncCall: sync.call })
}

/** Members the leader forgot get an empty assignment; strangers it names are ignored. */
function becomeStable(plan: Plan, sync: SyncCommand): void {
  const { group } = plan
  const assignments = new Map(sync.assignments.map(a => [a.memberId, a.assignment]))
  for (const member of [...group.members.values()]) {
    const assigned = { ...member, assignment: assignments.get(member.id) ?? NO_BYTES }
    if (member.syncCall !== null) reply(plan, member.syncCall, syncOk(group, assigned))
    const settled = { ...assigned, syncCall: null }
    group.members.set(member.id, settled)
    armSession(plan, settled)
  }
  enter(group, GroupState.STABLE, plan.nowMs)
  const durationMs = plan.nowMs - group.rebalanceStartMs
  const members = group.members.size
  note(
    plan,
    `the rebalance is done: generation ${group.generation}, ${members} members, ${durationMs} ms`,
    { members, durationMs, protocol: group.protocol, leader: group.leader },
  )
  writeGroup(plan)
}
