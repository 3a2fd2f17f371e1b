import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import { batchOf, fetchDraft, produceDraft } from '../support.ts'
import { CLUSTER_DENIED, code, type Example, GROUP_DENIED, TOPIC_DENIED } from './example.ts'

const { NONE } = ErrorCode

const member = { groupId: 'g', generationId: 1, memberId: 'm' }
const topicPartition = { topic: 't', partitions: [{ partition: 0, leaderEpoch: 0 }] }

/** APIs about records, offsets and groups. */
export const recordExamples: readonly (readonly [key: number, example: Example])[] = [
  [
    ApiKey.PRODUCE,
    {
      draft: (v, topicId) => produceDraft(v >= 13 ? { topicId } : { name: 't' }, batchOf(['a'])),
      answer: { responses: [{ partitionResponses: [code(NONE)] }] },
      denied: { responses: [{ partitionResponses: [code(TOPIC_DENIED)] }] },
    },
  ],
  [
    ApiKey.FETCH,
    {
      draft: (v, topicId) => fetchDraft(v >= 13 ? { topicId } : { topic: 't' }, 0),
      answer: { responses: [{ partitions: [{ errorCode: NONE, partitionIndex: 0 }] }] },
      denied: { responses: [{ partitions: [{ errorCode: TOPIC_DENIED, highWatermark: -1 }] }] },
    },
  ],
  [
    ApiKey.LIST_OFFSETS,
    {
      draft: () => ({
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
        timeoutMs: 1000,
      }),
      answer: { topics: [{ partitions: [{ errorCode: NONE, offset: 0 }] }] },
      denied: { topics: [{ partitions: [{ errorCode: TOPIC_DENIED, offset: -1 }] }] },
    },
  ],
  [
    ApiKey.METADATA,
    {
      draft: () => ({ topics: [{ name: 't' }] }),
      answer: { topics: [{ errorCode: NONE, name: 't', partitions: [{ leaderId: 1 }] }] },
      denied: {
        topics: [{ errorCode: TOPIC_DENIED, name: 't', topicId: NO_UUID, partitions: [] }],
      },
    },
  ],
  [
    ApiKey.OFFSET_COMMIT,
    {
      draft: (v, topicId) => ({
        groupId: 'committed',
        memberId: '',
        topics: [
          {
            ...(v >= 10 ? { topicId } : { name: 't' }),
            partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }],
          },
        ],
      }),
      answer: { topics: [{ partitions: [code(NONE)] }] },
      denied: { topics: [{ partitions: [code(GROUP_DENIED)] }] },
    },
  ],
  [
    ApiKey.OFFSET_FETCH,
    {
      draft: (v, topicId) => {
        const topic = { ...(v >= 10 ? { topicId } : { name: 't' }), partitionIndexes: [0] }
        return v >= 8
          ? { groups: [{ groupId: 'nobody', topics: [topic] }] }
          : { groupId: 'nobody', topics: [topic] }
      },
      answer: v => {
        const topics = [{ partitions: [{ errorCode: NONE, committedOffset: -1, metadata: '' }] }]
        return v >= 8 ? { groups: [{ errorCode: NONE, topics }] } : { topics }
      },
      denied: v => {
        if (v >= 8) return { groups: [code(GROUP_DENIED)] }
        return v >= 2
          ? code(GROUP_DENIED)
          : { topics: [{ partitions: [{ errorCode: GROUP_DENIED, committedOffset: -1 }] }] }
      },
    },
  ],
  [
    ApiKey.FIND_COORDINATOR,
    {
      draft: v => (v >= 4 ? { coordinatorKeys: ['g'] } : { key: 'g' }),
      answer: v => {
        const found = { errorCode: NONE, nodeId: 1, host: '127.0.0.1' }
        return v >= 4 ? { coordinators: [found] } : found
      },
      denied: v => {
        const refused = { errorCode: GROUP_DENIED, nodeId: -1, host: '', port: -1 }
        return v >= 4 ? { coordinators: [refused] } : refused
      },
    },
  ],
  [
    ApiKey.JOIN_GROUP,
    {
      draft: () => ({
        groupId: '',
        sessionTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from('x') }],
      }),
      answer: code(ErrorCode.INVALID_GROUP_ID),
      denied: code(ErrorCode.INVALID_GROUP_ID),
    },
  ],
  [
    ApiKey.HEARTBEAT,
    { draft: () => member, answer: code(ErrorCode.UNKNOWN_MEMBER_ID), denied: code(GROUP_DENIED) },
  ],
  [
    ApiKey.LEAVE_GROUP,
    {
      draft: v =>
        v >= 3 ? { groupId: 'g', members: [{ memberId: 'm' }] } : { groupId: 'g', memberId: 'm' },
      answer: v =>
        v >= 3
          ? { members: [code(ErrorCode.UNKNOWN_MEMBER_ID)] }
          : code(ErrorCode.UNKNOWN_MEMBER_ID),
      denied: code(GROUP_DENIED),
    },
  ],
  [
    ApiKey.SYNC_GROUP,
    {
      draft: () => ({
        ...member,
        protocolType: 'consumer',
        protocolName: 'range',
        assignments: [],
      }),
      answer: code(ErrorCode.UNKNOWN_MEMBER_ID),
      denied: code(GROUP_DENIED),
    },
  ],
  [
    ApiKey.DESCRIBE_GROUPS,
    {
      draft: () => ({ groups: ['nobody'] }),
      answer: v => ({ groups: [code(v >= 6 ? ErrorCode.GROUP_ID_NOT_FOUND : NONE)] }),
      denied: { groups: [{ errorCode: GROUP_DENIED, members: [] }] },
    },
  ],
  [
    ApiKey.LIST_GROUPS,
    { draft: () => ({}), answer: code(NONE), denied: { errorCode: NONE, groups: [] } },
  ],
  [
    ApiKey.DELETE_RECORDS,
    {
      draft: () => ({
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 0 }] }],
        timeoutMs: 1000,
      }),
      answer: { topics: [{ partitions: [{ errorCode: NONE, lowWatermark: 0 }] }] },
      denied: { topics: [{ partitions: [{ errorCode: TOPIC_DENIED, lowWatermark: -1 }] }] },
    },
  ],
  [
    ApiKey.INIT_PRODUCER_ID,
    {
      draft: () => ({ transactionalId: null, transactionTimeoutMs: 1000 }),
      answer: { errorCode: NONE, producerEpoch: 0 },
      denied: { errorCode: CLUSTER_DENIED, producerId: -1 },
    },
  ],
  [
    ApiKey.OFFSET_FOR_LEADER_EPOCH,
    {
      draft: () => ({ topics: [topicPartition] }),
      answer: { topics: [{ partitions: [{ errorCode: NONE, leaderEpoch: 0 }] }] },
      denied: { topics: [{ partitions: [{ errorCode: TOPIC_DENIED, endOffset: -1 }] }] },
    },
  ],
  [
    ApiKey.DELETE_GROUPS,
    {
      draft: () => ({ groupsNames: ['nobody'] }),
      answer: { results: [code(ErrorCode.GROUP_ID_NOT_FOUND)] },
      denied: { results: [code(GROUP_DENIED)] },
    },
  ],
  [
    ApiKey.OFFSET_DELETE,
    {
      draft: () => ({
        groupId: 'nobody',
        topics: [{ name: 't', partitions: [{ partitionIndex: 0 }] }],
      }),
      answer: code(ErrorCode.GROUP_ID_NOT_FOUND),
      denied: code(GROUP_DENIED),
    },
  ],
  [
    ApiKey.DESCRIBE_PRODUCERS,
    {
      draft: () => ({ topics: [{ name: 't', partitionIndexes: [0] }] }),
      answer: { topics: [{ partitions: [code(NONE)] }] },
      denied: { topics: [{ partitions: [{ errorCode: TOPIC_DENIED, activeProducers: [] }] }] },
    },
  ],
]
