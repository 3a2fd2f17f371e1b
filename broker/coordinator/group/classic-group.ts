/**
 * A classic consumer group: its states, and what may follow which.
 *
 *            join, leave, expiry of a member
 *   ┌──────────────────────────────────────────────┐
 *   │                                              │
 * Empty ──join──> PreparingRebalance ──all in──> CompletingRebalance ──leader's sync──> Stable
 *   ^                  │      ^                          │                                │
 *   └──no one is left──┘      └──────────────────────────┴────────────────────────────────┘
 *
 * Dead is a group that is not here: deleting takes it out of its shard, and losing the partition
 * drops the shard whole.
 *
 * Invariants:
 *   (1) `leader` is a member, or null when there are none.
 *   (2) `staticIds` maps exactly the instance ids of the members.
 *   (3) Only in PreparingRebalance is a JoinGroup parked; only in CompletingRebalance a SyncGroup.
 *   (4) A generation's assignments are handed out only after its group record was written, so no
 *       generation has two different assignments, whatever crashes.
 *
 * Crash story: what was last written (Stable or Empty) is read back; members that were in the
 * middle of a rebalance find their generation refused and join again.
 */
import assert from 'node:assert'
import { type Member, NO_BYTES } from './member.ts'
import type { GroupMetadata } from './record.ts'

/** Kafka's names, as DescribeGroups and ListGroups tell them. */
export const GroupState = {
  EMPTY: 'Empty',
  PREPARING_REBALANCE: 'PreparingRebalance',
  COMPLETING_REBALANCE: 'CompletingRebalance',
  STABLE: 'Stable',
  DEAD: 'Dead',
} as const
export type GroupState = (typeof GroupState)[keyof typeof GroupState]

/** A state a group in a shard can be in. */
export type LiveState = Exclude<GroupState, 'Dead'>

const PREVIOUS: Readonly<Record<LiveState, readonly LiveState[]>> = {
  Empty: [GroupState.PREPARING_REBALANCE],
  PreparingRebalance: [GroupState.EMPTY, GroupState.COMPLETING_REBALANCE, GroupState.STABLE],
  CompletingRebalance: [GroupState.PREPARING_REBALANCE],
  Stable: [GroupState.COMPLETING_REBALANCE],
}

/** Treated as a value once decided on: `draftOf` copies it before anything is changed. */
export interface ClassicGroup {
  readonly id: string
  state: LiveState
  /** Null for a group that only holds offsets ("simple"). */
  protocolType: string | null
  /** Rises with each completed join; -1 is never a group's. */
  generation: number
  /** The chosen protocol, from the completed join on. */
  protocol: string | null
  leader: string | null
  /** When `state` was entered: the age of an empty group. */
  stateTimestampMs: number
  /** Start time of the current rebalance, or of the last one if none is under way. */
  rebalanceStartMs: number
  /** In PreparingRebalance after Empty: the initial delay runs and nothing completes early. */
  isInitialDelay: boolean
  /** Someone joined in the running part of the initial delay. */
  hasNewcomer: boolean
  members: Map<string, Member>
  staticIds: Map<string, string>
  /** Ids given out with MEMBER_ID_REQUIRED and not used yet (KIP-394). */
  pending: Set<string>
  /** Members of the current generation that have not asked for their assignment. */
  pendingSync: Set<string>
}

/** A group without members. */
export function emptyGroup(id: string, stateTimestampMs: number): ClassicGroup {
  return {
    id,
    state: GroupState.EMPTY,
    protocolType: null,
    generation: 0,
    protocol: null,
    leader: null,
    stateTimestampMs,
    rebalanceStartMs: stateTimestampMs,
    isInitialDelay: false,
    hasNewcomer: false,
    members: new Map(),
    staticIds: new Map(),
    pending: new Set(),
    pendingSync: new Set(),
  }
}

/** A copy to be changed while deciding; members are values and shared. */
export function draftOf(group: ClassicGroup): ClassicGroup {
  return {
    ...group,
    members: new Map(group.members),
    staticIds: new Map(group.staticIds),
    pending: new Set(group.pending),
    pendingSync: new Set(group.pendingSync),
  }
}

/** Moves a draft on; the table above says from where. */
export function enter(group: ClassicGroup, state: LiveState, nowMs: number): void {
  assert(PREVIOUS[state].includes(group.state))
  group.state = state
  group.stateTimestampMs = nowMs
}

/** The longest rebalance timeout of the members, 0 without members. */
export function rebalanceTimeoutMs(group: ClassicGroup): number {
  let longestMs = 0
  for (const member of group.members.values()) {
    longestMs = Math.max(longestMs, member.rebalanceTimeoutMs)
  }
  return longestMs
}

/** How many members have a parked JoinGroup. */
export function parkedCount(group: ClassicGroup): number {
  let count = 0
  for (const member of group.members.values()) if (member.joinCall !== null) count++
  return count
}

/** The protocols every member speaks, in the first member's order. */
export function commonProtocols(group: ClassicGroup): string[] {
  const counts = new Map<string, number>()
  for (const member of group.members.values()) {
    for (const { name } of member.protocols) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].filter(([, count]) => count === group.members.size).map(([name]) => name)
}

/** Each member votes for the first common protocol of its list; most votes win. */
export function selectProtocol(group: ClassicGroup): string {
  const candidates = new Set(commonProtocols(group))
  const votes = new Map<string, number>()
  for (const member of group.members.values()) {
    const choice = member.protocols.find(p => candidates.has(p.name))
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let winner: string | null = null
  for (const [name, count] of votes) {
    if (winner === null || count > votes.get(winner)!) winner = name
  }
  assert(winner !== null)
  return winner
}

/** The group a record of the log describes: Stable with its members, or Empty. */
export function groupOfMetadata(id: string, stored: GroupMetadata): ClassicGroup {
  const group = emptyGroup(id, stored.stateTimestampMs)
  group.protocolType = stored.protocolType
  group.generation = stored.generation
  if (stored.members.length === 0) return group
  group.state = GroupState.STABLE
  group.protocol = stored.protocol
  group.leader = stored.leader
  for (const member of stored.members) {
    const protocols = [{ name: stored.protocol ?? '', metadata: member.subscription }]
    const { memberId, subscription: _, ...kept } = member
    group.members.set(memberId, {
      ...kept,
      id: memberId,
      protocols,
      isNew: false,
      joinCall: null,
      syncCall: null,
    })
    if (member.instanceId !== null) group.staticIds.set(member.instanceId, memberId)
  }
  if (group.leader === null || !group.members.has(group.leader)) {
    group.leader = group.members.keys().next().value ?? null
  }
  return group
}

/** What the log keeps of a group in Stable or Empty. */
export function metadataOfGroup(group: ClassicGroup): GroupMetadata {
  return {
    protocolType: group.protocolType ?? '',
    generation: group.generation,
    protocol: group.protocol,
    leader: group.leader,
    stateTimestampMs: group.stateTimestampMs,
    members: [...group.members.values()].map(member => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
      subscription: member.protocols.find(p => p.name === group.protocol)?.metadata ?? NO_BYTES,
      assignment: member.assignment,
    })),
  }
}
