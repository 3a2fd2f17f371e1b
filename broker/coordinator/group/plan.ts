/**
 * A decision about one group in the making: the draft it works on, and what it collects. Built,
 * filled and closed inside one call of `decide`; nothing of it is seen before it is closed.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Alarm, CallId, Decision, Note } from '../machine.ts'
import { type ClassicGroup, metadataOfGroup, rebalanceTimeoutMs } from './classic-group.ts'
import type { GroupCommand } from './command.ts'
import type { Member } from './member.ts'
import { NO_BYTES } from './member.ts'
import type { GroupRecord } from './record.ts'
import type { GroupReply, JoinReply, SyncReply } from './reply.ts'
import type { SoftChange } from './state.ts'

/** The bounds groups are held to. Milliseconds and counts; Infinity is no bound. */
export interface GroupLimits {
  readonly sessionTimeoutMsMin: number
  readonly sessionTimeoutMsMax: number
  /** group.max.size. */
  readonly membersMax: number
  /** group.initial.rebalance.delay.ms. */
  readonly initialDelayMs: number
  /** How long somebody who joined may take until the join is complete. */
  readonly newMemberTimeoutMs: number
  /** offset.metadata.max.bytes. */
  readonly metadataSizeMax: number
  /** offsets.retention.minutes. */
  readonly offsetsRetentionMs: number
  /** offsets.retention.check.interval.ms. */
  readonly expiryIntervalMs: number
  /** Records one decision of the shard's own making may hold; the rest comes in the next. */
  readonly sweepRecordsMax: number
}

export type GroupDecision = Decision<GroupRecord, SoftChange, GroupReply, GroupCommand>

export interface MutableDecision {
  records: GroupRecord[]
  soft: SoftChange[]
  replies: { call: CallId; reply: GroupReply }[]
  alarms: Alarm<GroupCommand>[]
  /** Made with the first note: heartbeats and commits have none. */
  notes?: Note[]
}

export function emptyDecision(): MutableDecision {
  return { records: [], soft: [], replies: [], alarms: [] }
}

/** A decision that is only an answer. */
export function justReply(call: CallId, reply: GroupReply): GroupDecision {
  return { ...emptyDecision(), replies: [{ call, reply }] }
}

export interface Plan {
  readonly group: ClassicGroup
  readonly limits: GroupLimits
  readonly nowMs: number
  readonly out: MutableDecision
}

export function reply(plan: Plan, call: CallId, answer: GroupReply): void {
  plan.out.replies.push({ call, reply: answer })
}

/** Puts a line about the group into the log; the message goes on after the group's name. */
export function note(plan: Plan, message: string, fields: Note['fields'] = {}): void {
  const { id: groupId, generation } = plan.group
  plan.out.notes ??= []
  plan.out.notes.push({
    message: `group ${groupId}: ${message}`,
    fields: { groupId, generation, ...fields },
  })
}

/** What the log tells of a member: ids, and where its client is. */
export function memberFields(member: Member): Note['fields'] {
  const { id: memberId, instanceId, clientId, clientHost } = member
  return { memberId, clientId, clientHost, ...(instanceId !== null && { instanceId }) }
}

/** The group as it is in the draft becomes what the log says of it. */
export function writeGroup(plan: Plan): void {
  const { group } = plan
  plan.out.records.push({ kind: 'group', groupId: group.id, value: metadataOfGroup(group) })
}

// ----------------------------------------------------------------------------------------- alarms

/** Restarts the session of a member: it was heard from. */
export function armSession(plan: Plan, member: Member, delayMs = member.sessionTimeoutMs): void {
  plan.out.alarms.push(sessionAlarm(plan.group.id, member.id, delayMs))
}

export function sessionAlarm(
  groupId: string,
  memberId: string,
  delayMs: number,
): Alarm<GroupCommand> {
  const command = { kind: 'member-expired', groupId, memberId } as const
  return { key: memberKey(groupId, memberId), delayMs, command, timer: 'client' }
}

export function armPending(plan: Plan, memberId: string, delayMs: number): void {
  const groupId = plan.group.id
  const command = { kind: 'pending-expired', groupId, memberId } as const
  plan.out.alarms.push({ key: memberKey(groupId, memberId), delayMs, command, timer: 'client' })
}

export function armInitialDelay(plan: Plan, delayMs: number, remainingMs: number): void {
  const groupId = plan.group.id
  const command = { kind: 'initial-delay-over', groupId, remainingMs } as const
  plan.out.alarms.push({ key: groupKey('join', groupId), delayMs, command })
}

export function armJoin(plan: Plan): void {
  const groupId = plan.group.id
  const command = { kind: 'join-timeout', groupId } as const
  const delayMs = rebalanceTimeoutMs(plan.group)
  plan.out.alarms.push({ key: groupKey('join', groupId), delayMs, command, timer: 'client' })
}

export function armSync(plan: Plan): void {
  const { id: groupId, generation } = plan.group
  const command = { kind: 'sync-timeout', groupId, generation } as const
  const delayMs = rebalanceTimeoutMs(plan.group)
  plan.out.alarms.push({ key: groupKey('sync', groupId), delayMs, command, timer: 'client' })
}

export function disarmMember(plan: Plan, memberId: string): void {
  const key = memberKey(plan.group.id, memberId)
  plan.out.alarms.push({ key, delayMs: null, command: null })
}

export function disarmGroup(plan: Plan, timer: 'join' | 'sync'): void {
  const key = groupKey(timer, plan.group.id)
  plan.out.alarms.push({ key, delayMs: null, command: null })
}

/** Ids may hold any character, so the group's length tells where the member begins. */
function memberKey(groupId: string, memberId: string): string {
  return `member ${groupId.length} ${groupId} ${memberId}`
}

function groupKey(timer: 'join' | 'sync', groupId: string): string {
  return `${timer} ${groupId}`
}

// ---------------------------------------------------------------------------------------- replies

export function joinError(errorCode: ErrorCode, memberId: string): JoinReply {
  return {
    kind: 'join',
    errorCode,
    generation: -1,
    protocolType: null,
    protocol: null,
    leader: '',
    memberId,
    skipsAssignment: false,
    members: [],
  }
}

export function syncError(errorCode: ErrorCode): SyncReply {
  return { kind: 'sync', errorCode, protocolType: null, protocol: null, assignment: NO_BYTES }
}

export function syncOk(group: ClassicGroup, member: Member): SyncReply {
  return {
    kind: 'sync',
    errorCode: ErrorCode.NONE,
    protocolType: group.protocolType,
    protocol: group.protocol,
    assignment: member.assignment,
  }
}
