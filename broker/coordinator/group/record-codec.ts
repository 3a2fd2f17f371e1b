/**
 * Records of `__consumer_offsets` to and from batches, in Apache Kafka's own formats
 * (protocol/internal/group-records.ts). Those of groups of other kinds are kept as their bytes.
 */
import type { Crc32c } from '../../../host/host.ts'
import { decodeGroupRecord, encodeGroupRecord } from '../../../protocol/internal/group-records.ts'
import type {
  GroupMetadataValue,
  OffsetCommitValue,
} from '../../../protocol/messages/records-group.ts'
import type { BatchView } from '../../../protocol/records/batch.ts'
import { BatchBuilder } from '../../../protocol/records/builder.ts'
import { ControlType, readControlRecord } from '../../../protocol/records/control.ts'
import { type LogRecord, readRecords } from '../../../protocol/records/reader.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import type { RecordCodec } from '../shard-log.ts'
import { foreignGroupIdOf, foreignTypeOf } from './foreign-group.ts'
import type { CommittedOffset, GroupMetadata, GroupRecord } from './record.ts'

/** Kafka's default max.message.bytes, which its own coordinator keeps to. */
const BATCH_BYTES_MAX = 1_048_588

/** See the file's head. */
export function groupRecordCodec(crc32c: Crc32c): RecordCodec<GroupRecord> {
  return {
    encode: (records, nowMs) => encodeAll(records, nowMs, crc32c),
    decode: decodeBatch,
  }
}

// ---------------------------------------------------------------------------------------- writing

function encodeAll(records: readonly GroupRecord[], nowMs: number, crc32c: Crc32c): Buffer | null {
  const builder = new BatchBuilder()
  for (const record of records) {
    builder.append({ timestamp: nowMs, ...encodeRecord(record) })
    if (builder.sizeBytes > BATCH_BYTES_MAX) return null
  }
  return builder.build({ crc32c })
}

/** Key and value of a record as stored. Markers are written by the transaction coordinator. */
export function encodeRecord(record: GroupRecord): { key: Buffer; value: Buffer | null } {
  switch (record.kind) {
    case 'group': {
      const { groupId: group, value } = record
      return encodeGroupRecord({ kind: 'group', group, value: value && groupValue(value) })
    }
    case 'offset': {
      const { groupId: group, topic, partition, value } = record
      const names = { kind: 'offset', group, topic, partition } as const
      return encodeGroupRecord({ ...names, value: value && offsetValue(value) })
    }
    case 'foreign':
      return { key: record.key, value: record.value }
    case 'transaction-end':
      throw new Error('a marker is no record of the group coordinator')
  }
}

function groupValue(value: GroupMetadata): GroupMetadataValue {
  return {
    protocolType: value.protocolType,
    generation: value.generation,
    protocol: value.protocol,
    leader: value.leader,
    currentStateTimestamp: value.stateTimestampMs,
    members: value.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.subscription,
      assignment: member.assignment,
    })),
  }
}

function offsetValue(value: CommittedOffset): OffsetCommitValue {
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestamp: value.commitTimestampMs,
    expireTimestamp: value.expireTimestampMs,
    topicId: value.topicId ?? NO_UUID,
  }
}

// ---------------------------------------------------------------------------------------- reading

function decodeBatch(
  batch: BatchView,
  onUnreadable: (offset: number, reason: string) => void,
): GroupRecord[] {
  if (batch.isControl) return decodeMarker(batch)
  const records: GroupRecord[] = []
  const producerId = batch.isTransactional ? batch.producerId : -1
  try {
    for (const stored of readRecords(batch)) {
      try {
        const record = decodeRecord(stored, producerId)
        if (record !== null) records.push(record)
      } catch (error) {
        onUnreadable(stored.offset, (error as Error).message)
      }
    }
  } catch (error) {
    onUnreadable(batch.baseOffset, (error as Error).message)
  }
  return records
}

function decodeMarker(batch: BatchView): GroupRecord[] {
  const control = readControlRecord(batch)
  const isEnd = control?.type === ControlType.COMMIT || control?.type === ControlType.ABORT
  if (!isEnd) return []
  const isCommit = control.type === ControlType.COMMIT
  return [{ kind: 'transaction-end', producerId: batch.producerId, isCommit }]
}

/**
 * A stored record; null for types that are none of the groups'. The result keeps no view of the
 * bytes it was read from. Throws what the codecs throw for bytes that are not what they claim.
 */
export function decodeRecord(
  { key, value }: Pick<LogRecord, 'key' | 'value'>,
  producerId: number,
): GroupRecord | null {
  if (key === null) throw new Error('a record without a key')
  const stored = decodeGroupRecord(key, value)
  switch (stored.kind) {
    case 'group':
      return { kind: 'group', groupId: stored.group, value: stored.value && groupOf(stored.value) }
    case 'offset': {
      const { group: groupId, topic, partition } = stored
      const value = stored.value && offsetOf(stored.value)
      return { kind: 'offset', groupId, topic, partition, producerId, value }
    }
    case 'other':
      return decodeForeign(stored.type, key, value)
  }
}

function decodeForeign(keyType: number, key: Buffer, value: Buffer | null): GroupRecord | null {
  const type = foreignTypeOf(keyType)
  if (type === null) return null
  const groupId = foreignGroupIdOf(key)
  if (groupId === null) throw new Error(`a key of type ${keyType} names no group`)
  const copies = { key: Buffer.from(key), value: value && Buffer.from(value) }
  return { kind: 'foreign', type, groupId, ...copies }
}

function offsetOf(stored: OffsetCommitValue): CommittedOffset {
  return {
    offset: stored.offset,
    leaderEpoch: stored.leaderEpoch,
    metadata: stored.metadata,
    commitTimestampMs: stored.commitTimestamp,
    expireTimestampMs: stored.expireTimestamp,
    topicId: stored.topicId === NO_UUID ? null : stored.topicId,
  }
}

function groupOf(stored: GroupMetadataValue): GroupMetadata {
  return {
    protocolType: stored.protocolType,
    generation: stored.generation,
    protocol: stored.protocol,
    leader: stored.leader,
    stateTimestampMs: stored.currentStateTimestamp,
    members: stored.members.map(member => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      // v0 has one timeout for both.
      rebalanceTimeoutMs:
        member.rebalanceTimeout < 0 ? member.sessionTimeout : member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      subscription: Buffer.from(member.subscription),
      assignment: Buffer.from(member.assignment),
    })),
  }
}
