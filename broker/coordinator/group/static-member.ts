/** KIP-345: a known instance that comes back without a member id takes its old place. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { GroupState, selectProtocol } from './classic-group.ts'
import type { JoinCommand } from './command.ts'
import type { Member } from './member.ts'
import {
  armSession,
  disarmMember,
  memberFields,
  note,
  type Plan,
  reply,
  writeGroup,
} from './plan.ts'
import { completeIfAllJoined, memberRows, prepareRebalance, releaseCalls } from './rebalance.ts'
import { updated } from './updated-member.ts'

/** Whoever holds the old id is fenced from here on. */
export function replaceStaticMember(plan: Plan, join: JoinCommand, old: Member): void {
  const { group } = plan
  const formerLeader = group.leader
  const member = takePlace(plan, join, old)
  armSession(plan, member)
  note(plan, `static member ${join.instanceId} comes back as ${member.id}`, memberFields(member))
  switch (group.state) {
    case GroupState.STABLE:
      if (selectProtocol(group) !== group.protocol)
        prepareRebalance(plan, 'the protocol changes with a static member')
      else resume(plan, join, member, formerLeader)
      break
    case GroupState.COMPLETING_REBALANCE:
      prepareRebalance(plan, 'a static member came back')
      break
    case GroupState.PREPARING_REBALANCE:
      completeIfAllJoined(plan)
      break
    case GroupState.EMPTY:
      throw new Error('an empty group has no static members')
  }
}

function takePlace(plan: Plan, join: JoinCommand, old: Member): Member {
  const { group } = plan
  releaseCalls(plan, old, ErrorCode.FENCED_INSTANCE_ID)
  disarmMember(plan, old.id)
  const released = { ...old, id: join.newMemberId, joinCall: null, syncCall: null }
  const member = updated(plan, join, released)
  // In the same place of the order, so that a group reads the same but for the id.
  group.members = new Map(
    [...group.members].map(([id, other]) => (id === old.id ? [member.id, member] : [id, other])),
  )
  group.staticIds.set(join.instanceId!, member.id)
  if (group.leader === old.id) group.leader = member.id
  if (group.pendingSync.delete(old.id)) group.pendingSync.add(member.id)
  return member
}

/** The generation goes on as it is: no rebalance for a restart. */
function resume(plan: Plan, join: JoinCommand, member: Member, formerLeader: string | null): void {
  const { group } = plan
  group.members.set(member.id, { ...member, joinCall: null, isNew: false })
  writeGroup(plan)
  const isLeader = group.leader === member.id
  reply(plan, join.call, {
    kind: 'join',
    errorCode: ErrorCode.NONE,
    generation: group.generation,
    protocolType: group.protocolType,
    protocol: group.protocol,
    // KIP-814: a client that cannot be told to skip the assignment must not think it leads.
    leader: (join.canSkipAssignment ? group.leader : formerLeader) ?? '',
    memberId: member.id,
    skipsAssignment: join.canSkipAssignment && isLeader,
    members: join.canSkipAssignment && isLeader ? memberRows(group) : [],
  })
}
