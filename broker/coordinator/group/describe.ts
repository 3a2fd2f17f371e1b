/** What is told of groups: to admin clients, and to whoever reads a transcript. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { type ClassicGroup, GroupState } from './classic-group.ts'
import { foreignStateOf } from './foreign-group.ts'
import { metadataFor, NO_BYTES } from './member.ts'
import type { DescribeReply, ListedGroup } from './reply.ts'
import type { GroupShardState } from './state.ts'

/** DescribeGroups: classic groups only, others are not found by it (as with Kafka). */
export function describeGroup(state: GroupShardState, groupId: string): DescribeReply {
  const group = state.groups.get(groupId)
  if (group === undefined) return notFound(groupId, state.foreign.has(groupId))
  const isStable = group.state === GroupState.STABLE
  return {
    kind: 'describe',
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    state: group.state,
    protocolType: group.protocolType ?? '',
    protocol: isStable ? (group.protocol ?? '') : '',
    members: [...group.members.values()].map(member => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: isStable ? metadataFor(member, group.protocol) : NO_BYTES,
      assignment: member.assignment,
    })),
  }
}

function notFound(groupId: string, isForeign: boolean): DescribeReply {
  return {
    kind: 'describe',
    errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
    errorMessage: isForeign
      ? `Group ${groupId} is not a classic group.`
      : `Group ${groupId} not found.`,
    state: GroupState.DEAD,
    protocolType: '',
    protocol: '',
    members: [],
  }
}

/** ListGroups: every kind there is. */
export function listGroups(state: GroupShardState): ListedGroup[] {
  const listed: ListedGroup[] = []
  for (const group of state.groups.values()) {
    listed.push({
      groupId: group.id,
      protocolType: group.protocolType ?? '',
      state: group.state,
      type: 'classic',
    })
  }
  for (const group of state.foreign.values()) {
    const { id: groupId, type } = group
    listed.push({ groupId, protocolType: type, state: foreignStateOf(group), type })
  }
  return listed
}

/** A line a group: `orders Stable generation=3 range leader=a members=[a b*] pending=[c]`. */
export function describeState(state: GroupShardState): string {
  const lines = [...state.groups.values()].map(describeClassic)
  for (const group of state.foreign.values()) {
    lines.push(`${group.id} ${group.type} ${foreignStateOf(group)}`)
  }
  return lines.join('\n')
}

/** A star marks a parked JoinGroup, a plus a parked SyncGroup. */
function describeClassic(group: ClassicGroup): string {
  const members = [...group.members.values()].map(member => {
    const instance = member.instanceId === null ? '' : `(${member.instanceId})`
    const join = member.joinCall === null ? '' : '*'
    const sync = member.syncCall === null ? '' : '+'
    return `${member.id}${instance}${join}${sync}`
  })
  const parts = [`${group.id} ${group.state} generation=${group.generation}`]
  if (group.protocol !== null) parts.push(`protocol=${group.protocol}`)
  if (group.leader !== null) parts.push(`leader=${group.leader}`)
  if (members.length > 0) parts.push(`members=[${members.join(' ')}]`)
  if (group.pending.size > 0) parts.push(`pending=[${[...group.pending].join(' ')}]`)
  if (group.isInitialDelay) parts.push('initial-delay')
  return parts.join(' ')
}
