/**
 * Records of `__consumer_offsets` as Apache Kafka 4.3 writes them: a key is an int16 type and the
 * body of that type's key message, a value an int16 version and the body. Written are
 * OffsetCommitValue v4 (v1 where an old client set an expiry, which no other version holds) and
 * GroupMetadataValue v3; all versions are read.
 */
import type { Crc32c } from '../../../host/host.ts'
import {
  GroupMetadataKey,
  GroupMetadataValue,
  LegacyOffsetCommitKey,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../../../protocol/messages/records-group.ts'
import type { BatchView } from '../../../protocol/records/batch.ts'
import { BatchBuilder } from '../../../protocol/records/builder.ts'
import { ControlType, readControlRecord } from '../../../protocol/records/control.ts'
import { type LogRecord, readRecords } from '../../../protocol/records/reader.ts'
import type { Message, ValueOf } from '../../../protocol/schema.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import { WireReader, WireWriter } from '../../../protocol/wire.ts'
import type { RecordCodec } from '../shard-log.ts'
import { foreignGroupIdOf, foreignTypeOf } from './foreign-group.ts'
import type { CommittedOffset, GroupMetadata, GroupRecord, OffsetRecord } from './record.ts'

/** Below Kafka's default max.message.bytes, so that its own tools and followers take a batch. */
const BATCH_BYTES_MAX = 900_000

const GROUP_VALUE_VERSION = 3
const OFFSET_VALUE_VERSION = 4
const OFFSET_VALUE_VERSION_WITH_EXPIRY = 1

/** See the file's head. */
export function groupRecordCodec(crc32c: Crc32c): RecordCodec<GroupRecord> {
  return {
    encode: (records, nowMs) => encodeAll(records, nowMs, crc32c),
    decode: decodeBatch,
  }
}

// ---------------------------------------------------------------------------------------- writing

function encodeAll(records: readonly GroupRecord[], nowMs: number, crc32c: Crc32c) {
  const batches: { batch: Buffer; records: GroupRecord[] }[] = []
  let builder = new BatchBuilder()
  let held: GroupRecord[] = []
  const close = () => {
    if (held.length > 0) batches.push({ batch: builder.build({ crc32c }), records: held })
    builder = new BatchBuilder()
    held = []
  }
  for (const record of records) {
    const draft = { timestamp: nowMs, ...encodeRecord(record) }
    if (builder.sizeBytes + builder.sizeOf(draft) > BATCH_BYTES_MAX) close()
    builder.append(draft)
    held.push(record)
  }
  close()
  return batches
}

/** Key and value of a record as stored. Markers are written by the transaction coordinator. */
export function encodeRecord(record: GroupRecord): { key: Buffer; value: Buffer | null } {
  switch (record.kind) {
    case 'group':
      return {
        key: prefixed(GroupMetadataKey, GroupMetadataKey.key, 0, { group: record.groupId }),
        value: record.value === null ? null : groupValue(record.value),
      }
    case 'offset':
      return {
        key: prefixed(OffsetCommitKey, OffsetCommitKey.key, 0, {
          group: record.groupId,
          topic: record.topic,
          partition: record.partition,
        }),
        value: record.value === null ? null : offsetValue(record.value),
      }
    case 'foreign':
      return { key: record.key, value: record.value }
    case 'transaction-end':
      throw new Error('a marker is no record of the group coordinator')
  }
}

function groupValue(value: GroupMetadata): Buffer {
  return prefixed(GroupMetadataValue, GROUP_VALUE_VERSION, GROUP_VALUE_VERSION, {
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
  })
}

function offsetValue(value: CommittedOffset): Buffer {
  const hasExpiry = value.expireTimestampMs >= 0
  const version = hasExpiry ? OFFSET_VALUE_VERSION_WITH_EXPIRY : OFFSET_VALUE_VERSION
  return prefixed(OffsetCommitValue, version, version, {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestamp: value.commitTimestampMs,
    expireTimestamp: value.expireTimestampMs,
    topicId: value.topicId ?? NO_UUID,
  })
}

function prefixed<M extends Message>(
  declaration: M,
  prefix: number,
  version: number,
  draft: Parameters<M['encode']>[2],
): Buffer {
  const writer = new WireWriter()
  writer.int16(prefix)
  declaration.encode(writer, version, draft)
  return Buffer.concat(writer.pieces() as Buffer[])
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
  if (key === null || key.length < 2) throw new Error('a record without a key')
  const type = key.readInt16BE(0)
  if (type === OffsetCommitKey.key || type === LegacyOffsetCommitKey.key) {
    return decodeOffset(key, value, producerId)
  }
  if (type === GroupMetadataKey.key) {
    const { group } = body(GroupMetadataKey, key, 0)
    return { kind: 'group', groupId: group, value: value && decodeGroup(value) }
  }
  const foreignType = foreignTypeOf(type)
  if (foreignType === null) return null
  const groupId = foreignGroupIdOf(key)
  if (groupId === null) throw new Error(`a key of type ${type} names no group`)
  const copies = { key: Buffer.from(key), value: value && Buffer.from(value) }
  return { kind: 'foreign', type: foreignType, groupId, ...copies }
}

function decodeOffset(key: Buffer, value: Buffer | null, producerId: number): OffsetRecord {
  const { group: groupId, topic, partition } = body(OffsetCommitKey, key, 0)
  const base = { kind: 'offset', groupId, topic, partition, producerId } as const
  if (value === null) return { ...base, value: null }
  const stored = body(OffsetCommitValue, value, value.readInt16BE(0))
  return {
    ...base,
    value: {
      offset: stored.offset,
      leaderEpoch: stored.leaderEpoch,
      metadata: stored.metadata,
      commitTimestampMs: stored.commitTimestamp,
      expireTimestampMs: stored.expireTimestamp,
      topicId: stored.topicId === NO_UUID ? null : stored.topicId,
    },
  }
}

function decodeGroup(value: Buffer): GroupMetadata {
  const stored = body(GroupMetadataValue, value, value.readInt16BE(0))
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

function body<M extends Message>(declaration: M, bytes: Buffer, version: number): ValueOf<M> {
  const { min, max } = declaration.versions
  if (version < min || version > max) throw new Error(`${declaration.name} v${version} is unknown`)
  return declaration.decode(new WireReader(bytes, 2), version) as ValueOf<M>
}
