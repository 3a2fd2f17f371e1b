/** Offsets a group committed: who may commit, and what a fetch is told. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { type ClassicGroup, GroupState } from './classic-group.ts'
import type { CommitCommand, FetchOffsetsCommand, OffsetToCommit } from './command.ts'
import { type ForeignGroup, membersOf } from './foreign-group.ts'
import {
  emptyDecision,
  type GroupDecision,
  type GroupLimits,
  justReply,
  sessionAlarm,
} from './plan.ts'
import { ForeignType, type OffsetRecord } from './record.ts'
import type { FetchedOffset, OffsetsReply } from './reply.ts'
import { type GroupShardState, type StoredOffset, storedOffset } from './state.ts'
import { validateMember } from './validate-member.ts'

/** OffsetCommit. What is refused of it is refused offset by offset only for its metadata. */
export function commitOffsets(
  state: GroupShardState,
  commit: CommitCommand,
  limits: GroupLimits,
  nowMs: number,
): GroupDecision {
  const errorCode = commitRefusal(state, commit)
  if (errorCode !== ErrorCode.NONE) {
    return justReply(commit.call, { kind: 'commit', errorCode, errorCodes: [] })
  }
  const decision = emptyDecision()
  const errorCodes = commit.offsets.map(offset => {
    if (offset.metadata.length > limits.metadataSizeMax) return ErrorCode.OFFSET_METADATA_TOO_LARGE
    decision.records.push(offsetRecord(commit, offset, nowMs))
    return ErrorCode.NONE
  })
  const reply = { kind: 'commit', errorCode: ErrorCode.NONE, errorCodes } as const
  decision.replies.push({ call: commit.call, reply })
  const member = state.groups.get(commit.groupId)?.members.get(commit.memberId)
  if (member !== undefined && !member.isNew) {
    decision.alarms.push(sessionAlarm(commit.groupId, member.id, member.sessionTimeoutMs))
  }
  return decision
}

function offsetRecord(commit: CommitCommand, offset: OffsetToCommit, nowMs: number): OffsetRecord {
  return {
    kind: 'offset',
    groupId: commit.groupId,
    topic: offset.topic,
    partition: offset.partition,
    producerId: -1,
    value: {
      offset: offset.offset,
      leaderEpoch: offset.leaderEpoch,
      metadata: offset.metadata,
      commitTimestampMs: nowMs,
      expireTimestampMs: commit.retentionMs < 0 ? -1 : nowMs + commit.retentionMs,
      topicId: offset.topicId,
    },
  }
}

function commitRefusal(state: GroupShardState, commit: CommitCommand): ErrorCode {
  const group = state.groups.get(commit.groupId)
  if (group !== undefined) return classicRefusal(group, commit)
  const foreign = state.foreign.get(commit.groupId)
  if (foreign !== undefined) return foreignRefusal(foreign, commit)
  // Nobody has to join a group to keep offsets in it.
  return commit.generation < 0 ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND
}

function classicRefusal(group: ClassicGroup, commit: CommitCommand): ErrorCode {
  const isEmpty = group.state === GroupState.EMPTY
  if (commit.generation < 0 && isEmpty) return ErrorCode.NONE
  if (commit.generation >= 0 || commit.memberId !== '' || commit.instanceId !== null) {
    const errorCode = validateMember(group, commit)
    if (errorCode !== ErrorCode.NONE) return errorCode
    if (commit.generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  } else if (!isEmpty) {
    return ErrorCode.UNKNOWN_MEMBER_ID
  }
  // Whoever commits has yet to learn his assignment: what he commits may be another's by now.
  return group.state === GroupState.COMPLETING_REBALANCE
    ? ErrorCode.REBALANCE_IN_PROGRESS
    : ErrorCode.NONE
}

/** KIP-848 groups: the members' epochs take the place of the generation. */
function foreignRefusal(group: ForeignGroup, commit: CommitCommand): ErrorCode {
  if (group.type === ForeignType.SHARE) return ErrorCode.GROUP_ID_NOT_FOUND
  const members = membersOf(group)
  if (commit.generation < 0 && members.size === 0) return ErrorCode.NONE
  return epochRefusal(members, commit.memberId, commit.generation)
}

function epochRefusal(
  members: ReadonlyMap<string, number>,
  memberId: string,
  memberEpoch: number,
): ErrorCode {
  const epoch = members.get(memberId)
  if (epoch === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
  return epoch === memberEpoch ? ErrorCode.NONE : ErrorCode.STALE_MEMBER_EPOCH
}

/** OffsetFetch. A group or partition nobody committed for is no error: its offset is -1. */
export function fetchOffsets(state: GroupShardState, fetch: FetchOffsetsCommand): GroupDecision {
  const errorCode = fetchRefusal(state, fetch)
  if (errorCode !== ErrorCode.NONE) {
    return justReply(fetch.call, { kind: 'fetch-offsets', errorCode, topics: [] })
  }
  const unstable = fetch.mustBeStable ? undecidedOf(state, fetch.groupId) : NONE_UNDECIDED
  const topics = fetch.topics === null ? allOffsets(state, fetch.groupId) : fetch.topics
  const answers: OffsetsReply['topics'] = topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(partition => {
      const isUnstable = unstable.get(topic)?.has(partition) === true
      if (isUnstable) return noOffset(partition, ErrorCode.UNSTABLE_OFFSET_COMMIT)
      return fetchedOffset(partition, storedOffset(state, fetch.groupId, topic, partition))
    }),
  }))
  return justReply(fetch.call, { kind: 'fetch-offsets', errorCode, topics: answers })
}

const NONE_UNDECIDED: ReadonlyMap<string, ReadonlySet<number>> = new Map()

function fetchRefusal(state: GroupShardState, fetch: FetchOffsetsCommand): ErrorCode {
  const foreign = state.foreign.get(fetch.groupId)
  if (foreign === undefined || fetch.memberEpoch < 0) return ErrorCode.NONE
  return epochRefusal(membersOf(foreign), fetch.memberId ?? '', fetch.memberEpoch)
}

function allOffsets(state: GroupShardState, groupId: string) {
  const topics = state.offsets.get(groupId) ?? new Map<string, Map<number, StoredOffset>>()
  return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }))
}

/** By topic: the partitions a transaction that has not ended commits for (KIP-447). */
function undecidedOf(state: GroupShardState, groupId: string): Map<string, Set<number>> {
  const undecided = new Map<string, Set<number>>()
  for (const list of state.undecided.values()) {
    for (const { record } of list) {
      if (record.groupId !== groupId) continue
      const partitions = undecided.get(record.topic) ?? new Set()
      undecided.set(record.topic, partitions.add(record.partition))
    }
  }
  return undecided
}

function fetchedOffset(partition: number, stored: StoredOffset | undefined): FetchedOffset {
  if (stored === undefined) return noOffset(partition, ErrorCode.NONE)
  const { offset, leaderEpoch, metadata, topicId } = stored.value
  return { partition, offset, leaderEpoch, metadata, errorCode: ErrorCode.NONE, topicId }
}

/** How "there is none" is told. */
export function noOffset(partition: number, errorCode: ErrorCode): FetchedOffset {
  return { partition, offset: -1, leaderEpoch: -1, metadata: '', errorCode, topicId: null }
}
