import {
  array,
  int8,
  int16,
  int32,
  int64,
  message,
  records,
  type StructDraft,
  type StructValue,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts'
import { NO_UUID } from '../uuid.ts'
import type { WireReader } from '../wire-reader.ts'
import type { WireWriter } from '../wire-writer.ts'

const replicaState = struct('15+', {
  replicaId: int32('15+').default(-1),
  replicaEpoch: int64('15+').default(-1),
}).tag(1)

const askedPartition = {
  partition: int32('0+'),
  /** The leader epoch the client knows of; -1 skips the check (KIP-320). */
  currentLeaderEpoch: int32('9+').default(-1).ignorable(),
  fetchOffset: int64('0+'),
  lastFetchedEpoch: int32('12+').default(-1),
  /** Of the follower; -1 from consumers. */
  logStartOffset: int64('5+').default(-1).ignorable(),
  partitionMaxBytes: int32('0+'),
  replicaDirectoryId: uuid('17+').tag(0).ignorable(),
  highWatermark: int64('18+').tag(1).default(Number.POSITIVE_INFINITY).ignorable(),
}

function readAskedPartition(version: number) {
  const hasLeaderEpoch = version >= 9
  const hasFetchedEpoch = version >= 12
  const hasLogStart = version >= 5
  return (reader: WireReader): StructValue<typeof askedPartition> => ({
    partition: reader.int32(),
    currentLeaderEpoch: hasLeaderEpoch ? reader.int32() : -1,
    fetchOffset: reader.int64(),
    lastFetchedEpoch: hasFetchedEpoch ? reader.int32() : -1,
    logStartOffset: hasLogStart ? reader.int64() : -1,
    partitionMaxBytes: reader.int32(),
    replicaDirectoryId: NO_UUID,
    highWatermark: Number.POSITIVE_INFINITY,
  })
}

const askedPartitions = array('0+', askedPartition, null, { read: readAskedPartition })

const topics = array(
  '0+',
  {
    topic: string('0-12').default('').ignorable(),
    topicId: uuid('13+').default(NO_UUID).ignorable(),
    partitions: askedPartitions,
  },
  at => ({
    topic: at[0] as string,
    topicId: at[1] as string,
    partitions: at[2] as typeof askedPartitions.value,
  }),
)

/** Partitions to drop from the session (KIP-227). */
const forgottenTopicsData = array('7+', {
  topic: string('7-12').default('').ignorable(),
  topicId: uuid('13+').default(NO_UUID).ignorable(),
  partitions: array('7+', int32),
}).default([])

/**
 * Fetch (key 1): read record batches from partitions, waiting until there are enough bytes.
 * v4 isolation level, last stable offset, aborted transactions (KIP-98) · v5 log start offset · v7
 * sessions (KIP-227) · v9 leader epoch (KIP-320) · v10 zstd · v11 rack, preferred replica
 * (KIP-392) · v12 flexible, diverging epoch (KIP-595) · v13 topic ids (KIP-516) · v14
 * OFFSET_MOVED_TO_TIERED_STORAGE · v15 replica state (KIP-903) · v16 node endpoints (KIP-951) ·
 * v17 replica directory (KIP-853) · v18 the follower's high watermark (KIP-1166).
 */
export const FetchRequest = message(
  1,
  'FetchRequest',
  { versions: '4-18', flexible: '12+' },
  {
    /** Null from clients; a replica names its cluster. */
    clusterId: string('12+').nullable().tag(0).default(null).ignorable(),
    /** -1 from consumers, else the id of the following broker. */
    replicaId: int32('0-14').default(-1),
    replicaState,
    /** How long to wait for minBytes. */
    maxWaitMs: int32('0+'),
    minBytes: int32('0+'),
    /** Of the whole response; the first batch is sent even if it is larger (KIP-74). */
    maxBytes: int32('3+').default(0x7fff_ffff).ignorable(),
    /** 0: read uncommitted · 1: read committed. */
    isolationLevel: int8('4+').default(0).ignorable(),
    /** 0 asks for a session, or for none (KIP-227). */
    sessionId: int32('7+').default(0).ignorable(),
    /** -1: no session · 0: start one · else the next request of it. */
    sessionEpoch: int32('7+').default(-1).ignorable(),
    topics,
    forgottenTopicsData,
    rackId: string('11+').default('').ignorable(),
  },
  at => ({
    clusterId: at[0] as string | null,
    replicaId: at[1] as number,
    replicaState: at[2] as typeof replicaState.value,
    maxWaitMs: at[3] as number,
    minBytes: at[4] as number,
    maxBytes: at[5] as number,
    isolationLevel: at[6] as number,
    sessionId: at[7] as number,
    sessionEpoch: at[8] as number,
    topics: at[9] as typeof topics.value,
    forgottenTopicsData: at[10] as typeof forgottenTopicsData.value,
    rackId: at[11] as string,
  }),
)
export type FetchRequest = ValueOf<typeof FetchRequest>

const answeredPartition = {
  partitionIndex: int32('0+'),
  errorCode: int16('0+'),
  highWatermark: int64('0+'),
  /** No transaction below it is still open. */
  lastStableOffset: int64('4+').default(-1).ignorable(),
  logStartOffset: int64('5+').default(-1).ignorable(),
  /** Where the follower's log parts from the leader's (KIP-595). */
  divergingEpoch: struct('12+', {
    epoch: int32('12+').default(-1),
    endOffset: int64('12+').default(-1),
  }).tag(0),
  currentLeader: struct('12+', {
    leaderId: int32('12+').default(-1),
    leaderEpoch: int32('12+').default(-1),
  }).tag(1),
  snapshotId: struct('12+', {
    endOffset: int64('0+').default(-1),
    epoch: int32('0+').default(-1),
  }).tag(2),
  /** What a read-committed consumer must leave out; null for the others. */
  abortedTransactions: array('4+', {
    producerId: int64('4+'),
    firstOffset: int64('4+'),
  })
    .nullable()
    .ignorable(),
  preferredReadReplica: int32('11+').default(-1),
  /** Whole batches; the first may start before the offset asked for. */
  records: records('0+').nullable(),
}

/** Of a partition with nothing out of the way: no redirection, no aborted transactions. */
function writeUsualPartition(version: number) {
  const isFlexible = version >= 12
  const hasLogStart = version >= 5
  const hasReplica = version >= 11
  return (writer: WireWriter, draft: StructDraft<typeof answeredPartition>): boolean => {
    const { abortedTransactions: aborted, preferredReadReplica: replica } = draft
    const isUsual =
      draft.divergingEpoch === undefined &&
      draft.currentLeader === undefined &&
      draft.snapshotId === undefined &&
      (aborted === null || aborted.length === 0) &&
      (replica === undefined || hasReplica)
    if (!isUsual) return false
    writer.int32(draft.partitionIndex)
    writer.int16(draft.errorCode)
    writer.int64(draft.highWatermark)
    writer.int64(draft.lastStableOffset ?? -1)
    if (hasLogStart) writer.int64(draft.logStartOffset ?? -1)
    if (isFlexible) writer.uvarint(aborted === null ? 0 : 1)
    else writer.int32(aborted === null ? -1 : 0)
    if (hasReplica) writer.int32(replica ?? -1)
    if (isFlexible) {
      writer.compactBytes(draft.records)
      writer.int8(0)
    } else writer.sizedBytes(draft.records)
    return true
  }
}

export const FetchResponse = message(
  1,
  'FetchResponse',
  { versions: '4-18', flexible: '12+' },
  {
    throttleTimeMs: int32('1+').default(0).ignorable(),
    /** Of the session, not of a partition. */
    errorCode: int16('7+').default(0).ignorable(),
    sessionId: int32('7+').default(0),
    responses: array('0+', {
      topic: string('0-12').default('').ignorable(),
      topicId: uuid('13+').default(NO_UUID).ignorable(),
      partitions: array('0+', answeredPartition, null, { write: writeUsualPartition }),
    }),
    nodeEndpoints: array('16+', {
      nodeId: int32('16+'),
      host: string('16+'),
      port: int32('16+'),
      rack: string('16+').nullable().default(null),
    }).tag(0),
  },
)
export type FetchResponse = ValueOf<typeof FetchResponse>
