/**
 * Groups of kinds this coordinator does not run (KIP-848 consumers, share, streams), as found in a
 * folder of Apache Kafka: their records are kept, listed, and deleted with the group.
 *
 * Of their values only the leading numbers are read; they have not moved since version 0:
 *
 *   every value       int16 version
 *   group metadata    int32 epoch
 *   target metadata   int32 assignment epoch
 *   current member    int32 member epoch · int32 previous epoch · int8 state (0 is stable)
 */
import { type ForeignRecord, ForeignType } from './record.ts'

export interface ForeignGroup {
  readonly id: string
  readonly type: ForeignType
  /** By the key's bytes as text. */
  readonly records: Map<string, ForeignRecord>
}

/** Which kinds of record tell what, for each type of group: the key's leading int16. */
const KEYS = {
  consumer: { group: 3, member: 5, target: 6, current: 8 },
  share: { group: 11, member: 10, target: 12, current: 14 },
  streams: { group: 17, member: 19, target: 20, current: 22 },
} as const

/** The type of group a key belongs to; null if it is none of theirs. */
export function foreignTypeOf(keyType: number): ForeignType | null {
  if ((keyType >= 3 && keyType <= 8) || keyType === 16) return ForeignType.CONSUMER
  if (keyType >= 9 && keyType <= 15) return ForeignType.SHARE
  if (keyType >= 17 && keyType <= 23) return ForeignType.STREAMS
  return null
}

/** The two strings a key may begin with: the group, and a member. */
function stringsOf(key: Buffer): string[] {
  const strings: string[] = []
  for (let at = 2; at + 2 <= key.length; ) {
    const end = at + 2 + key.readInt16BE(at)
    if (end < at + 2 || end > key.length) break
    strings.push(key.toString('utf8', at + 2, end))
    at = end
  }
  return strings
}

/** The group a foreign key names; null if it cannot be read. */
export function foreignGroupIdOf(key: Buffer): string | null {
  return stringsOf(key)[0] ?? null
}

/** Keeps the record, or drops what a tombstone names. */
export function applyForeign(groups: Map<string, ForeignGroup>, record: ForeignRecord): void {
  const keyText = record.key.toString('latin1')
  let group = groups.get(record.groupId)
  if (record.value === null) {
    group?.records.delete(keyText)
    if (group?.records.size === 0) groups.delete(record.groupId)
    return
  }
  if (group === undefined || group.type !== record.type) {
    group = { id: record.groupId, type: record.type, records: new Map() }
    groups.set(record.groupId, group)
  }
  group.records.set(keyText, record)
}

/** Member ids with their epochs (-1 before the first assignment). */
export function membersOf(group: ForeignGroup): Map<string, number> {
  const members = new Map<string, number>()
  for (const { key } of ofType(group, KEYS[group.type].member)) {
    members.set(stringsOf(key)[1] ?? '', -1)
  }
  for (const { key, value } of ofType(group, KEYS[group.type].current)) {
    const id = stringsOf(key)[1] ?? ''
    if (members.has(id)) members.set(id, int32At(value, 2))
  }
  return members
}

/** Kafka's word for where the group stands, as far as its records tell. */
export function foreignStateOf(group: ForeignGroup): string {
  const members = membersOf(group)
  if (members.size === 0) return 'Empty'
  if (group.type === ForeignType.SHARE) return 'Stable'
  const epoch = epochOf(group, KEYS[group.type].group)
  const targetEpoch = epochOf(group, KEYS[group.type].target)
  if (epoch > targetEpoch) return 'Assigning'
  for (const memberEpoch of members.values()) {
    if (memberEpoch !== targetEpoch) return 'Reconciling'
  }
  for (const { value } of ofType(group, KEYS[group.type].current)) {
    if (value !== null && value.length > 10 && value[10] !== 0) return 'Reconciling'
  }
  return 'Stable'
}

function epochOf(group: ForeignGroup, keyType: number): number {
  for (const { value } of ofType(group, keyType)) return int32At(value, 2)
  return -1
}

function* ofType(group: ForeignGroup, keyType: number): Iterable<ForeignRecord> {
  for (const record of group.records.values()) {
    if (record.key.readInt16BE(0) === keyType) yield record
  }
}

function int32At(value: Buffer | null, at: number): number {
  return value !== null && value.length >= at + 4 ? value.readInt32BE(at) : -1
}
