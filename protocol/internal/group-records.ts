/** Records of `__consumer_offsets` that offsets and classic groups leave, as Apache Kafka does. */
import {
  GroupMetadataKey,
  GroupMetadataValue,
  LegacyOffsetCommitKey,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../messages/records-group.ts'
import { decodeKey, decodeValue, encodeKey, encodeValue, prefixOf } from './stored-record.ts'

/** A committed offset; a null value forgets it. */
export interface OffsetCommitRecord {
  readonly kind: 'offset'
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly value: OffsetCommitValue | null
}

/** A classic group; a null value forgets it. */
export interface GroupMetadataRecord {
  readonly kind: 'group'
  readonly group: string
  readonly value: GroupMetadataValue | null
}

/** A record of another kind: of consumer, share or streams groups, or of a later Kafka. */
export interface OtherGroupRecord {
  readonly kind: 'other'
  readonly type: number
}

export type GroupRecord = OffsetCommitRecord | GroupMetadataRecord | OtherGroupRecord

/** The value versions that Apache Kafka 4.3 writes. */
const OFFSET_VERSION = 4
const OFFSET_VERSION_WITH_EXPIRY = 1
const GROUP_VERSION = 3

/** Key and value as stored. An expiry time, which old clients set, only fits version 1. */
export function encodeGroupRecord(record: OffsetCommitRecord | GroupMetadataRecord): {
  readonly key: Buffer
  readonly value: Buffer | null
} {
  const { group } = record
  if (record.kind === 'group') {
    const key = encodeKey(GroupMetadataKey, { group })
    const { value } = record
    return { key, value: value && encodeValue(GroupMetadataValue, GROUP_VERSION, value) }
  }
  const { topic, partition, value } = record
  const key = encodeKey(OffsetCommitKey, { group, topic, partition })
  if (value === null) return { key, value }
  const version = value.expireTimestamp < 0 ? OFFSET_VERSION : OFFSET_VERSION_WITH_EXPIRY
  return { key, value: encodeValue(OffsetCommitValue, version, value) }
}

/** The opposite. Throws `UnknownRecord`, or ProtocolViolation for malformed bytes. */
export function decodeGroupRecord(key: Buffer, value: Buffer | null): GroupRecord {
  const type = prefixOf(key)
  if (type === OffsetCommitKey.key || type === LegacyOffsetCommitKey.key) {
    const names = decodeKey(OffsetCommitKey, key)
    return { kind: 'offset', ...names, value: value && decodeValue(OffsetCommitValue, value) }
  }
  if (type === GroupMetadataKey.key) {
    const { group } = decodeKey(GroupMetadataKey, key)
    return { kind: 'group', group, value: value && decodeValue(GroupMetadataValue, value) }
  }
  return { kind: 'other', type }
}
