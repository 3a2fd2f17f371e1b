/** JoinGroup: who may come in, as whom, and what it sets off. Steps as in the protocol's order. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { type ClassicGroup, commonProtocols, GroupState, parkedCount } from './classic-group.ts'
import type { JoinCommand } from './command.ts'
import { type Member, NO_BYTES, sameProtocols } from './member.ts'
import { armPending, armSession, joinError, memberFields, note, type Plan, reply } from './plan.ts'
import { answerJoin, dropMember, memberRows, rebalance } from './rebalance.ts'
import { replaceStaticMember } from './static-member.ts'
import { updated } from './updated-member.ts'
import { validateMember } from './validate-member.ts'

/** Fills the plan for a group that exists; the group may have been made for this call. */
export function joinGroup(plan: Plan, join: JoinCommand): void {
  const { group } = plan
  if (!hasRoomFor(plan, join.memberId)) {
    const member = group.members.get(join.memberId)
    reply(plan, join.call, joinError(ErrorCode.GROUP_MAX_SIZE_REACHED, ''))
    if (member !== undefined) {
      dropMember(plan, member, 'is dropped: the group has group.max.size members')
      rebalance(plan, 'a member was dropped')
    }
  } else if (!supportsProtocols(group, join)) {
    refuse(plan, join, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  } else if (join.memberId === '') {
    joinWithoutId(plan, join)
  } else if (group.pending.has(join.memberId)) {
    // Only a dynamic member is ever pending.
    if (join.instanceId === null) addMember(plan, join, join.memberId)
    else refuse(plan, join, ErrorCode.UNKNOWN_MEMBER_ID)
  } else {
    const errorCode = validateMember(group, join)
    if (errorCode === ErrorCode.NONE) rejoin(plan, join, group.members.get(join.memberId)!)
    else refuse(plan, join, errorCode)
  }
}

function refuse(plan: Plan, join: JoinCommand, errorCode: ErrorCode): void {
  reply(plan, join.call, joinError(errorCode, join.memberId))
}

/** KIP-389: whoever is parked keeps his place; an empty group takes anybody. */
function hasRoomFor(plan: Plan, memberId: string): boolean {
  const { group, limits } = plan
  const member = group.members.get(memberId)
  switch (group.state) {
    case GroupState.EMPTY:
      return true
    case GroupState.PREPARING_REBALANCE:
      if (member !== undefined && member.joinCall !== null) return true
      return parkedCount(group) < limits.membersMax
    case GroupState.COMPLETING_REBALANCE:
    case GroupState.STABLE:
      return member !== undefined || group.members.size < limits.membersMax
  }
}

function supportsProtocols(group: ClassicGroup, join: JoinCommand): boolean {
  if (group.state === GroupState.EMPTY) {
    return join.protocolType !== '' && join.protocols.length > 0
  }
  if (group.protocolType !== join.protocolType) return false
  if (group.members.size === 0) return join.protocols.length > 0
  const common = new Set(commonProtocols(group))
  return join.protocols.some(protocol => common.has(protocol.name))
}

function joinWithoutId(plan: Plan, join: JoinCommand): void {
  const { group } = plan
  if (join.instanceId !== null) {
    const owner = group.staticIds.get(join.instanceId)
    if (owner === undefined) addMember(plan, join, join.newMemberId)
    else replaceStaticMember(plan, join, group.members.get(owner)!)
  } else if (join.mustKnowItsId) {
    // KIP-394: the id comes back in a second request, so a lost answer leaves no member behind.
    group.pending.add(join.newMemberId)
    armPending(plan, join.newMemberId, join.sessionTimeoutMs)
    reply(plan, join.call, joinError(ErrorCode.MEMBER_ID_REQUIRED, join.newMemberId))
  } else {
    addMember(plan, join, join.newMemberId)
  }
}

function addMember(plan: Plan, join: JoinCommand, memberId: string): void {
  const { group, limits } = plan
  const member: Member = {
    id: memberId,
    instanceId: join.instanceId,
    clientId: join.clientId,
    clientHost: join.clientHost,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    sessionTimeoutMs: join.sessionTimeoutMs,
    protocols: join.protocols,
    assignment: NO_BYTES,
    isNew: true,
    joinCall: join.call,
    syncCall: null,
  }
  if (group.members.size === 0) {
    group.protocolType = join.protocolType
    group.leader = memberId
  }
  group.members.set(memberId, member)
  group.pending.delete(memberId)
  if (join.instanceId !== null) group.staticIds.set(join.instanceId, memberId)
  if (group.isInitialDelay) group.hasNewcomer = true
  armSession(plan, member, limits.newMemberTimeoutMs)
  note(plan, `member ${memberId} joins`, memberFields(member))
  rebalance(plan, 'a member joined')
}

function rejoin(plan: Plan, join: JoinCommand, member: Member): void {
  const { group } = plan
  const isUnchanged = sameProtocols(member.protocols, join.protocols)
  switch (group.state) {
    case GroupState.PREPARING_REBALANCE:
      park(plan, join, member)
      break
    case GroupState.COMPLETING_REBALANCE:
      // Its answer may have been lost: the same again.
      if (isUnchanged) repeatAnswer(plan, join, member)
      else park(plan, join, member)
      break
    case GroupState.STABLE:
      // A leader joins again to have the assignment computed anew.
      if (isUnchanged && group.leader !== member.id) repeatAnswer(plan, join, member)
      else park(plan, join, member)
      break
    case GroupState.EMPTY:
      refuse(plan, join, ErrorCode.UNKNOWN_MEMBER_ID)
  }
}

function park(plan: Plan, join: JoinCommand, member: Member): void {
  plan.group.members.set(member.id, updated(plan, join, member))
  rebalance(plan, `member ${member.id} joined again`)
}

function repeatAnswer(plan: Plan, join: JoinCommand, member: Member): void {
  const rows = plan.group.leader === member.id ? memberRows(plan.group) : []
  answerJoin(plan, { ...member, joinCall: join.call }, rows)
}
