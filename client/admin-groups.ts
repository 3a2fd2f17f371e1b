import type { DescribeGroupsResponse } from '../protocol/messages/describe-groups.ts'
import { decodeAssignment } from './consumer-protocol.ts'
import type { TopicPartition } from './offsets.ts'

/** A group as `listGroups` shows it. Older brokers leave `state` and `type` empty. */
export interface GroupListing {
  readonly groupId: string
  readonly protocolType: string
  readonly state: string
  readonly type: string
}

/** A group and its members. */
export interface GroupDescription {
  readonly groupId: string
  /** Empty, PreparingRebalance, CompletingRebalance, Stable or Dead. */
  readonly state: string
  readonly protocolType: string
  /** The assignor in use; empty unless Stable. */
  readonly protocol: string
  readonly members: readonly MemberDescription[]
}

/** A member of a group. */
export interface MemberDescription {
  readonly memberId: string
  /** Null unless it is a static member (KIP-345). */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** What it is assigned; empty where that is no consumer's. */
  readonly assignment: readonly TopicPartition[]
}

/** A row of DescribeGroups; null for a group that there is not. */
export function describedGroup(
  groupId: string,
  group: DescribeGroupsResponse['groups'][number] | null,
): GroupDescription {
  if (group === null) {
    return { groupId, state: 'Dead', protocolType: '', protocol: '', members: [] }
  }
  const isConsumer = group.protocolType === 'consumer'
  return {
    groupId,
    state: group.groupState,
    protocolType: group.protocolType,
    protocol: group.protocolData,
    members: group.members.map(member => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      assignment: isConsumer ? decodeAssignment(member.memberAssignment) : [],
    })),
  }
}
