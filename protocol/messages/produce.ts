import { ProtocolViolation } from '../errors.ts'
import {
  array,
  int16,
  int32,
  int64,
  message,
  records,
  type StructDraft,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts'
import { NO_UUID } from '../uuid.ts'
import type { WireReader } from '../wire-reader.ts'
import type { WireWriter } from '../wire-writer.ts'

const partitionData = array('0+', {
  index: int32('0+'),
  /** One batch of format 2, left as bytes: the broker stores what the producer sent. */
  records: records('0+').nullable(),
})
type PartitionData = (typeof partitionData.value)[number]

const topicData = array('0+', {
  /** By version, exactly one of name and topicId names the topic. */
  name: string('0-12').default('').ignorable(),
  topicId: uuid('13+').default(NO_UUID).ignorable(),
  partitionData,
})
type TopicData = (typeof topicData.value)[number]

const FLEXIBLE_SINCE = 9
const TOPIC_IDS_SINCE = 13

function readRequest(version: number) {
  const isFlexible = version >= FLEXIBLE_SINCE
  const isById = version >= TOPIC_IDS_SINCE
  const topicBytesMin = isById ? 18 : isFlexible ? 3 : 6
  const partitionBytesMin = isFlexible ? 6 : 8

  function readString(reader: WireReader): string | null {
    const sizeBytes = isFlexible ? reader.compactLength() : reader.stringLength()
    return sizeBytes < 0 ? null : reader.text(sizeBytes)
  }

  function readCount(reader: WireReader, bytesMin: number): number {
    const count = isFlexible ? reader.compactArrayLength(bytesMin) : reader.arrayLength(bytesMin)
    if (count < 0) throw new ProtocolViolation('a list of what to produce is null')
    return count
  }

  function readPartition(reader: WireReader): PartitionData {
    const index = reader.int32()
    const sizeBytes = isFlexible ? reader.compactLength() : reader.bytesLength()
    const batch = sizeBytes < 0 ? null : reader.view(sizeBytes)
    if (isFlexible) reader.skipTaggedFields()
    return { index, records: batch }
  }

  function readTopic(reader: WireReader): TopicData {
    const name = isById ? '' : readString(reader)
    if (name === null) throw new ProtocolViolation('a topic to produce to has no name')
    const topicId = isById ? reader.uuid() : NO_UUID
    const count = readCount(reader, partitionBytesMin)
    const partitions = count === 1 ? [readPartition(reader)] : []
    while (partitions.length < count) partitions.push(readPartition(reader))
    if (isFlexible) reader.skipTaggedFields()
    return { name, topicId, partitionData: partitions }
  }

  return (reader: WireReader) => {
    const transactionalId = readString(reader)
    const acks = reader.int16()
    const timeoutMs = reader.int32()
    const count = readCount(reader, topicBytesMin)
    const topics = count === 1 ? [readTopic(reader)] : []
    while (topics.length < count) topics.push(readTopic(reader))
    return { transactionalId, acks, timeoutMs, topicData: topics }
  }
}

/**
 * Produce (key 0): append record batches to partitions the receiver leads.
 * v3 batches of format 2, transactional ids (KIP-98) · v5 log start offset · v7 zstd (KIP-110) ·
 * v8 record errors and messages (KIP-467) · v9 flexible (KIP-482) · v10 current leader and its
 * endpoint (KIP-951) · v11 TRANSACTION_ABORTABLE · v12 partitions join the transaction implicitly
 * (KIP-890) · v13 topic ids instead of names (KIP-516). Listed from 0, because librdkafka looks
 * for it (KAFKA-18659).
 */
export const ProduceRequest = message(
  0,
  'ProduceRequest',
  { versions: '3-13', flexible: '9+' },
  {
    /** Null unless the producer is transactional. */
    transactionalId: string('3+').nullable().default(null),
    /** 0: send no response · 1: the leader has it · -1: every in-sync replica has. */
    acks: int16('0+'),
    timeoutMs: int32('0+'),
    topicData,
  },
  null,
  { read: readRequest },
)
export type ProduceRequest = ValueOf<typeof ProduceRequest>

const answeredTopic = {
  name: string('0-12').default('').ignorable(),
  topicId: uuid('13+').default(NO_UUID).ignorable(),
  partitionResponses: array('0+', {
    index: int32('0+'),
    errorCode: int16('0+'),
    /** Offset of the first record of the batch; -1 on errors. */
    baseOffset: int64('0+'),
    /** -1 unless the topic's timestamps are log append times. */
    logAppendTimeMs: int64('2+').default(-1).ignorable(),
    logStartOffset: int64('5+').default(-1).ignorable(),
    /** The records at fault, by their index in the batch (KIP-467). */
    recordErrors: array('8+', {
      batchIndex: int32('8+'),
      batchIndexErrorMessage: string('8+').nullable().default(null),
    })
      .default([])
      .ignorable(),
    errorMessage: string('8+').nullable().default(null).ignorable(),
    /** Sent with NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH (KIP-951). */
    currentLeader: struct('10+', {
      leaderId: int32('10+').default(-1),
      leaderEpoch: int32('10+').default(-1),
    }).tag(0),
  }),
}
type AnsweredTopic = StructDraft<typeof answeredTopic>
type AnsweredPartition = AnsweredTopic['partitionResponses'][number]

/** Nothing to explain: no record at fault, no message, no other leader. */
function isPlain(partition: AnsweredPartition): boolean {
  const { recordErrors, errorMessage, currentLeader } = partition
  return (
    (recordErrors === undefined || recordErrors.length === 0) &&
    (errorMessage === undefined || errorMessage === null) &&
    currentLeader === undefined
  )
}

/** A response whose partitions are all answered plainly. */
function writePlainResponse(version: number) {
  const isFlexible = version >= FLEXIBLE_SINCE
  const isById = version >= TOPIC_IDS_SINCE
  const hasLogStart = version >= 5
  const hasRecordErrors = version >= 8
  function writePartition(writer: WireWriter, partition: AnsweredPartition): void {
    writer.int32(partition.index)
    writer.int16(partition.errorCode)
    writer.int64(partition.baseOffset)
    writer.int64(partition.logAppendTimeMs ?? -1)
    if (hasLogStart) writer.int64(partition.logStartOffset ?? -1)
    if (isFlexible) {
      // One more than no errors, null for a message, no tagged fields.
      writer.int8(1)
      writer.int8(0)
      writer.int8(0)
    } else if (hasRecordErrors) {
      writer.int32(0)
      writer.int16(-1)
    }
  }
  function writeCount(writer: WireWriter, count: number): void {
    if (isFlexible) writer.uvarint(count + 1)
    else writer.int32(count)
  }
  function writeTopic(writer: WireWriter, topic: AnsweredTopic): void {
    const { name, topicId, partitionResponses } = topic
    if (isById) writer.uuid(topicId ?? NO_UUID)
    else if (isFlexible) writer.compactString(name ?? '')
    else writer.string(name ?? '')
    writeCount(writer, partitionResponses.length)
    for (const partition of partitionResponses) writePartition(writer, partition)
    if (isFlexible) writer.int8(0)
  }
  return (writer: WireWriter, response: ResponseDraft): boolean => {
    const { responses, throttleTimeMs, nodeEndpoints } = response
    if (nodeEndpoints !== undefined && nodeEndpoints.length > 0) return false
    for (const topic of responses) {
      for (const partition of topic.partitionResponses) if (!isPlain(partition)) return false
    }
    writeCount(writer, responses.length)
    for (const topic of responses) writeTopic(writer, topic)
    writer.int32(throttleTimeMs ?? 0)
    if (isFlexible) writer.int8(0)
    return true
  }
}

const responseFields = {
  responses: array('0+', answeredTopic),
  throttleTimeMs: int32('1+').default(0).ignorable(),
  /** Where the current leaders named above are to be found (KIP-951). */
  nodeEndpoints: array('10+', {
    nodeId: int32('10+'),
    host: string('10+'),
    port: int32('10+'),
    rack: string('10+').nullable().default(null),
  }).tag(0),
}
type ResponseDraft = StructDraft<typeof responseFields>

export const ProduceResponse = message(
  0,
  'ProduceResponse',
  { versions: '3-13', flexible: '9+' },
  responseFields,
  null,
  { write: writePlainResponse },
)
export type ProduceResponse = ValueOf<typeof ProduceResponse>
