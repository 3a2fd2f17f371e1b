/** DeleteGroups, OffsetDelete, deleted topics, and offsets that grew too old. */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Alarm } from '../machine.ts'
import { type ClassicGroup, GroupState } from './classic-group.ts'
import type { DeleteGroupCommand, DeleteOffsetsCommand, GroupCommand } from './command.ts'
import { membersOf } from './foreign-group.ts'
import {
  emptyDecision,
  type GroupDecision,
  type GroupLimits,
  justReply,
  type MutableDecision,
} from './plan.ts'
import type { CommittedOffset, OffsetRecord } from './record.ts'
import { type GroupOffsets, type GroupShardState, hasUndecided } from './state.ts'
import { subscribedTopics, usesConsumerProtocol } from './subscription.ts'

// ---------------------------------------------------------------------------------- whole groups

/** Only an empty group can go; its offsets go with it. */
export function deleteGroup(state: GroupShardState, command: DeleteGroupCommand): GroupDecision {
  const { groupId, call } = command
  const errorCode = deletionRefusal(state, groupId)
  const reply = { kind: 'delete-group', errorCode } as const
  if (errorCode !== ErrorCode.NONE) return justReply(call, reply)
  const decision = emptyDecision()
  decision.records.push(...offsetTombstones(state, groupId), ...groupTombstones(state, groupId))
  decision.replies.push({ call, reply })
  decision.notes = [{ message: `group ${groupId}: is deleted`, fields: { groupId } }]
  return decision
}

function deletionRefusal(state: GroupShardState, groupId: string): ErrorCode {
  const group = state.groups.get(groupId)
  const foreign = state.foreign.get(groupId)
  if (group === undefined && foreign === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
  if (group !== undefined && group.state !== GroupState.EMPTY) return ErrorCode.NON_EMPTY_GROUP
  if (foreign !== undefined && membersOf(foreign).size > 0) return ErrorCode.NON_EMPTY_GROUP
  return ErrorCode.NONE
}

function offsetTombstones(state: GroupShardState, groupId: string): OffsetRecord[] {
  const records: OffsetRecord[] = []
  for (const [topic, partitions] of state.offsets.get(groupId) ?? []) {
    for (const partition of partitions.keys()) records.push(tombstone(groupId, topic, partition))
  }
  return records
}

/** What makes a group of any kind be no more. */
export function groupTombstones(
  state: GroupShardState,
  groupId: string,
): GroupDecision['records'][number][] {
  const foreign = state.foreign.get(groupId)
  if (foreign === undefined) return [{ kind: 'group', groupId, value: null }]
  return [...foreign.records.values()].map(record => ({ ...record, value: null }))
}

function tombstone(groupId: string, topic: string, partition: number): OffsetRecord {
  return { kind: 'offset', groupId, topic, partition, value: null, producerId: -1 }
}

// ---------------------------------------------------------------------------------------- offsets

/** OffsetDelete (KIP-496): not for topics the group is consuming. */
export function deleteOffsets(
  state: GroupShardState,
  command: DeleteOffsetsCommand,
): GroupDecision {
  const { groupId, call } = command
  const errorCode = offsetDeletionRefusal(state, groupId)
  const group = state.groups.get(groupId)
  const isConsumed = (topic: string) => group !== undefined && consumes(group, topic)
  const decision = emptyDecision()
  const topics = (errorCode === ErrorCode.NONE ? command.topics : []).map(
    ({ topic, partitions }) => {
      const isRefused = isConsumed(topic)
      const stored = state.offsets.get(groupId)?.get(topic)
      for (const partition of isRefused ? [] : partitions) {
        if (stored?.has(partition)) decision.records.push(tombstone(groupId, topic, partition))
      }
      const code = isRefused ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE
      return { topic, partitions: partitions.map(partition => ({ partition, errorCode: code })) }
    },
  )
  decision.replies.push({ call, reply: { kind: 'delete-offsets', errorCode, topics } })
  return decision
}

function offsetDeletionRefusal(state: GroupShardState, groupId: string): ErrorCode {
  const group = state.groups.get(groupId)
  const foreign = state.foreign.get(groupId)
  if (group === undefined && foreign === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
  if (foreign !== undefined) {
    return membersOf(foreign).size > 0 ? ErrorCode.NON_EMPTY_GROUP : ErrorCode.NONE
  }
  // Of a group that speaks something else nobody can say what it consumes.
  const isReadable = group!.state === GroupState.EMPTY || usesConsumerProtocol(group!)
  return isReadable ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP
}

/** Whether somebody in the group subscribes to the topic, or might. */
function consumes(group: ClassicGroup, topic: string): boolean {
  const topics = subscribedTopics(group)
  return topics === null || topics.has(topic)
}

/**
 * A deleted topic's offsets mean nothing, least of all to a later topic of its name. In parts of
 * `sweepRecordsMax`: what is left comes back as the same command.
 */
export function dropTopics(
  state: GroupShardState,
  topics: ReadonlySet<string>,
  limits: GroupLimits,
): GroupDecision {
  const part = new Part(limits)
  dropFrom(state, topics, part)
  if (part.isFull) {
    const command = { kind: 'drop-topics', topics } as const
    part.decision.alarms.push({ key: `drop ${[...topics].join(' ')}`, delayMs: 0, command })
  }
  return part.decision
}

function dropFrom(state: GroupShardState, topics: ReadonlySet<string>, part: Part): void {
  for (const [groupId, offsets] of state.offsets) {
    for (const topic of topics) {
      for (const partition of offsets.get(topic)?.keys() ?? []) {
        if (part.isFull) return
        part.add(tombstone(groupId, topic, partition))
      }
    }
  }
}

// ----------------------------------------------------------------------------------------- expiry

/** Bytes of a part's records, by a generous estimate: far less than one batch may hold. */
const PART_BYTES_MAX = 500_000
/** A tombstone's bytes without its names. */
const TOMBSTONE_BYTES = 64
/** What a UTF-16 unit takes as UTF-8, at most. */
const UTF8_BYTES_MAX = 3

/** A decision of tombstones that is surely one batch: what does not fit waits for the next. */
class Part {
  readonly decision: MutableDecision = emptyDecision()
  readonly #recordsMax: number
  #bytes = 0

  constructor(limits: GroupLimits) {
    this.#recordsMax = limits.sweepRecordsMax
  }

  get isFull(): boolean {
    return this.decision.records.length >= this.#recordsMax || this.#bytes >= PART_BYTES_MAX
  }

  add(record: OffsetRecord): void {
    this.decision.records.push(record)
    const { groupId, topic } = record
    this.#bytes += TOMBSTONE_BYTES + UTF8_BYTES_MAX * (groupId.length + topic.length)
  }
}

/** One round over the shard, in parts of `sweepRecordsMax`. */
export function expireOffsets(
  state: GroupShardState,
  limits: GroupLimits,
  nowMs: number,
): GroupDecision {
  const part = new Part(limits)
  const ids = new Set([...state.offsets.keys(), ...state.groups.keys()])
  for (const groupId of ids) {
    if (part.isFull) break
    expireGroup(state, groupId, { limits, nowMs, part })
  }
  part.decision.alarms.push(expiryAlarm(part.isFull ? 0 : limits.expiryIntervalMs))
  return part.decision
}

/** The one timer that belongs to a shard and not to a group. */
export function expiryAlarm(delayMs: number): Alarm<GroupCommand> {
  return { key: 'expiry', delayMs, command: { kind: 'expire-offsets' }, timer: 'upkeep' }
}

interface Sweep {
  readonly limits: GroupLimits
  readonly nowMs: number
  readonly part: Part
}

function expireGroup(state: GroupShardState, groupId: string, sweep: Sweep): void {
  const { part } = sweep
  const group = state.groups.get(groupId)
  const offsets = state.offsets.get(groupId) ?? new Map()
  const keptCount = expireOffsetsOf(state, groupId, offsets, sweep)
  const isOver = keptCount === 0 && !hasUndecided(state, groupId)
  // A group with members or ids on their way lives without offsets, and one of another kind too.
  if (!isOver || group?.state !== GroupState.EMPTY || group.pending.size > 0) return
  part.decision.records.push(...groupTombstones(state, groupId))
  const message = `group ${groupId}: is deleted: it has neither members nor offsets any more`
  part.decision.notes ??= []
  part.decision.notes.push({ message, fields: { groupId } })
}

/** How many offsets are kept; those for which this part has no room are kept until the next. */
function expireOffsetsOf(
  state: GroupShardState,
  groupId: string,
  offsets: GroupOffsets,
  sweep: Sweep,
): number {
  const group = state.groups.get(groupId)
  const foreign = state.foreign.get(groupId)
  const topicsInUse = group === undefined ? new Set<string>() : subscribedTopics(group)
  const isForeignInUse = foreign !== undefined && membersOf(foreign).size > 0
  let keptCount = 0
  for (const [topic, partitions] of offsets) {
    const isInUse = isForeignInUse || topicsInUse === null || topicsInUse.has(topic)
    for (const [partition, { value }] of partitions) {
      if (isInUse || sweep.part.isFull || !isExpired(value, group, sweep)) keptCount++
      else sweep.part.add(tombstone(groupId, topic, partition))
    }
  }
  return keptCount
}

/** KIP-211: time runs from when the group became empty; for who never joined, from the commit. */
function isExpired(
  value: CommittedOffset,
  group: ClassicGroup | undefined,
  { limits, nowMs }: Sweep,
): boolean {
  if (value.expireTimestampMs >= 0) return nowMs >= value.expireTimestampMs
  const isAbandoned = group?.state === GroupState.EMPTY && group.protocolType !== null
  const emptySinceMs = isAbandoned ? group.stateTimestampMs : -1
  const sinceMs = Math.max(value.commitTimestampMs, emptySinceMs)
  return nowMs - sinceMs >= limits.offsetsRetentionMs
}
