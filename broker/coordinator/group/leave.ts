/** LeaveGroup, and the members nobody hears from. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { GroupState } from './classic-group.ts'
import type { LeaveCommand, MemberIdentity } from './command.ts'
import { disarmMember, type Plan, reply } from './plan.ts'
import { completeIfAllJoined, dropMember, prepareRebalance } from './rebalance.ts'
import { validateMember } from './validate-member.ts'

/** One or many (KIP-345); one rebalance for all of them. */
export function leaveGroup(plan: Plan, leave: LeaveCommand): void {
  const sizeBefore = plan.group.members.size
  const members = leave.members.map(({ memberId, instanceId, reason }) => ({
    memberId,
    instanceId,
    errorCode: removeOne(plan, { memberId, instanceId, reason }),
  }))
  reply(plan, leave.call, { kind: 'leave', members })
  if (plan.group.members.size < sizeBefore) goOnWithout(plan, 'members left')
  else goOnWithoutPending(plan)
}

function removeOne(plan: Plan, identity: MemberIdentity): ErrorCode {
  const { group } = plan
  const { memberId, instanceId, reason } = identity
  if (memberId === '') {
    // An administrator removes a static member by its instance.
    const owner = instanceId === null ? undefined : group.staticIds.get(instanceId)
    if (owner === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    dropMember(plan, group.members.get(owner)!, 'was removed by an administrator')
    return ErrorCode.NONE
  }
  if (group.pending.has(memberId)) {
    dropPending(plan, memberId)
    return ErrorCode.NONE
  }
  const errorCode = validateMember(group, identity)
  if (errorCode === ErrorCode.NONE) dropMember(plan, group.members.get(memberId)!, left(reason))
  return errorCode
}

/** Clients give a reason of their own from LeaveGroup version 5 on (KIP-800). */
function left(reason: string | null | undefined): string {
  return reason ? `left: ${reason.slice(0, REASON_LENGTH_MAX)}` : 'left'
}

/** Characters of a client's reason that the log tells. */
const REASON_LENGTH_MAX = 255

function dropPending(plan: Plan, memberId: string): void {
  plan.group.pending.delete(memberId)
  disarmMember(plan, memberId)
}

function goOnWithout(plan: Plan, reason: string): void {
  switch (plan.group.state) {
    case GroupState.EMPTY:
      break
    case GroupState.PREPARING_REBALANCE:
      completeIfAllJoined(plan)
      break
    case GroupState.COMPLETING_REBALANCE:
    case GroupState.STABLE:
      prepareRebalance(plan, reason)
      break
  }
}

/** The session timer. A parked member is alive, unless it is a newcomer whose time is over. */
export function expireMember(plan: Plan, memberId: string): void {
  const member = plan.group.members.get(memberId)
  if (member === undefined) return
  const isParked = member.joinCall !== null || member.syncCall !== null
  if (isParked && !member.isNew) return
  const what = isParked
    ? 'is dropped: its first join took too long'
    : `is dropped: nothing was heard from it for ${member.sessionTimeoutMs} ms`
  dropMember(plan, member, what)
  goOnWithout(plan, 'a member was not heard from')
}

/** The id given with MEMBER_ID_REQUIRED did not come back. */
export function expirePending(plan: Plan, memberId: string): void {
  if (plan.group.pending.delete(memberId)) goOnWithoutPending(plan)
}

function goOnWithoutPending(plan: Plan): void {
  if (plan.group.state === GroupState.PREPARING_REBALANCE) completeIfAllJoined(plan)
}
