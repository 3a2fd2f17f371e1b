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
  const members = leave.members.map(({ memberId, instanceId }) => ({
    memberId,
    instanceId,
    errorCode: removeOne(plan, { memberId, instanceId }),
  }))
  reply(plan, leave.call, { kind: 'leave', members })
  if (plan.group.members.size < sizeBefore) goOnWithout(plan)
  else goOnWithoutPending(plan)
}

function removeOne(plan: Plan, identity: MemberIdentity): ErrorCode {
  const { group } = plan
  const { memberId, instanceId } = identity
  if (memberId === '') {
    // An administrator removes a static member by its instance.
    const owner = instanceId === null ? undefined : group.staticIds.get(instanceId)
    if (owner === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    dropMember(plan, group.members.get(owner)!)
    return ErrorCode.NONE
  }
  if (group.pending.has(memberId)) {
    dropPending(plan, memberId)
    return ErrorCode.NONE
  }
  const errorCode = validateMember(group, identity)
  if (errorCode === ErrorCode.NONE) dropMember(plan, group.members.get(memberId)!)
  return errorCode
}

function dropPending(plan: Plan, memberId: string): void {
  plan.group.pending.delete(memberId)
  disarmMember(plan, memberId)
}

function goOnWithout(plan: Plan): void {
  switch (plan.group.state) {
    case GroupState.EMPTY:
      break
    case GroupState.PREPARING_REBALANCE:
      completeIfAllJoined(plan)
      break
    case GroupState.COMPLETING_REBALANCE:
    case GroupState.STABLE:
      prepareRebalance(plan)
      break
  }
}

/** The session timer. A parked member is alive, unless it is a newcomer whose time is over. */
export function expireMember(plan: Plan, memberId: string): void {
  const member = plan.group.members.get(memberId)
  if (member === undefined) return
  const isParked = member.joinCall !== null || member.syncCall !== null
  if (isParked && !member.isNew) return
  dropMember(plan, member)
  goOnWithout(plan)
}

/** The id given with MEMBER_ID_REQUIRED did not come back. */
export function expirePending(plan: Plan, memberId: string): void {
  if (plan.group.pending.delete(memberId)) goOnWithoutPending(plan)
}

function goOnWithoutPending(plan: Plan): void {
  if (plan.group.state === GroupState.PREPARING_REBALANCE) completeIfAllJoined(plan)
}
