import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { servedApis } from '../../../broker/api/index.ts'
import { denying } from '../../../broker/security/authorizer.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { messages } from '../../../protocol/messages/index.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import {
  batchOf,
  brokerAndClient,
  createTopic,
  fetchDraft,
  type Pair,
  produceDraft,
} from '../support.ts'

/** A request that makes sense, and what both a broker and one that denies all must answer. */
interface Example {
  draft(version: number, topicId: string): object
  /** Part of the answer; a function where it depends on the version. */
  answer: object | ((version: number, topicId: string) => object)
  denied: object | ((version: number) => object)
}

const { NONE, SECURITY_DISABLED, ILLEGAL_SASL_STATE } = ErrorCode
const TOPIC_DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED
const GROUP_DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED
const CLUSTER_DENIED = ErrorCode.CLUSTER_AUTHORIZATION_FAILED

const code = (errorCode: number) => ({ errorCode })
const member = { groupId: 'g', generationId: 1, memberId: 'm' }
const acl = {
  resourceType: 2,
  resourceName: 'a',
  principal: 'User:a',
  host: '*',
  operation: 3,
  permissionType: 3,
}
const aclFilter = {
  resourceTypeFilter: 2,
  resourceNameFilter: 'a',
  principalFilter: null,
  hostFilter: null,
  operation: 3,
  permissionType: 3,
}
const topicPartition = { topic: 't', partitions: [{ partition: 0, leaderEpoch: 0 }] }
const tooLong = 'x'.repeat(250)

const EXAMPLES = new Map<number, Example>([
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
    ApiKey.SASL_HANDSHAKE,
    {
      draft: () => ({ mechanism: 'PLAIN' }),
      answer: { errorCode: ILLEGAL_SASL_STATE, mechanisms: [] },
      denied: code(ILLEGAL_SASL_STATE),
    },
  ],
  [
    ApiKey.API_VERSIONS,
    {
      draft: () => ({ clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }),
      answer: code(NONE),
      denied: code(NONE),
    },
  ],
  [
    ApiKey.CREATE_TOPICS,
    {
      draft: () => ({
        topics: [
          { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
        ],
      }),
      answer: { topics: [{ name: 't', errorCode: ErrorCode.TOPIC_ALREADY_EXISTS }] },
      denied: { topics: [{ name: 't', errorCode: TOPIC_DENIED, topicId: NO_UUID }] },
    },
  ],
  [
    ApiKey.DELETE_TOPICS,
    {
      draft: v =>
        v >= 6
          ? { topics: [{ name: 'none', topicId: NO_UUID }], timeoutMs: 1000 }
          : { topicNames: ['none'], timeoutMs: 1000 },
      answer: { responses: [{ name: 'none', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }] },
      denied: { responses: [{ name: 'none', errorCode: TOPIC_DENIED }] },
    },
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
    ApiKey.DESCRIBE_ACLS,
    { draft: () => aclFilter, answer: code(SECURITY_DISABLED), denied: code(CLUSTER_DENIED) },
  ],
  [
    ApiKey.CREATE_ACLS,
    {
      draft: () => ({ creations: [acl] }),
      answer: { results: [code(SECURITY_DISABLED)] },
      denied: { results: [code(CLUSTER_DENIED)] },
    },
  ],
  [
    ApiKey.DELETE_ACLS,
    {
      draft: () => ({ filters: [aclFilter] }),
      answer: { filterResults: [code(SECURITY_DISABLED)] },
      denied: { filterResults: [code(CLUSTER_DENIED)] },
    },
  ],
  [
    ApiKey.DESCRIBE_CONFIGS,
    {
      draft: () => ({
        resources: [
          { resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms'] },
          { resourceType: 4, resourceName: '1', configurationKeys: null },
        ],
      }),
      answer: { results: [{ errorCode: NONE, configs: [{ value: '604800000' }] }, code(NONE)] },
      denied: {
        results: [
          { errorCode: TOPIC_DENIED, configs: [] },
          { errorCode: CLUSTER_DENIED, configs: [] },
        ],
      },
    },
  ],
  [
    ApiKey.ALTER_CONFIGS,
    {
      draft: () => ({
        resources: [
          {
            resourceType: 2,
            resourceName: 't',
            configs: [{ name: 'retention.bytes', value: '1000000' }],
          },
        ],
        validateOnly: true,
      }),
      answer: { responses: [code(NONE)] },
      denied: { responses: [code(TOPIC_DENIED)] },
    },
  ],
  [
    ApiKey.INCREMENTAL_ALTER_CONFIGS,
    {
      draft: () => ({
        resources: [
          {
            resourceType: 4,
            resourceName: '',
            configs: [{ name: 'message.max.bytes', configOperation: 0, value: '1000' }],
          },
        ],
        validateOnly: true,
      }),
      answer: { responses: [code(NONE)] },
      denied: { responses: [code(CLUSTER_DENIED)] },
    },
  ],
  [
    ApiKey.DESCRIBE_LOG_DIRS,
    {
      draft: () => ({ topics: null }),
      answer: { results: [code(NONE)] },
      denied: v => (v >= 3 ? { errorCode: CLUSTER_DENIED, results: [] } : { results: [] }),
    },
  ],
  [
    ApiKey.SASL_AUTHENTICATE,
    {
      draft: () => ({ authBytes: Buffer.from('x') }),
      answer: code(ILLEGAL_SASL_STATE),
      denied: code(ILLEGAL_SASL_STATE),
    },
  ],
  [
    ApiKey.CREATE_PARTITIONS,
    {
      draft: () => ({
        topics: [{ name: 't', count: 1, assignments: null }],
        timeoutMs: 1000,
        validateOnly: false,
      }),
      answer: { results: [{ name: 't', errorCode: ErrorCode.INVALID_PARTITIONS }] },
      denied: { results: [{ name: 't', errorCode: TOPIC_DENIED }] },
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
    ApiKey.ELECT_LEADERS,
    {
      draft: () => ({ electionType: 0, topicPartitions: [{ topic: 't', partitions: [0] }] }),
      answer: {
        replicaElectionResults: [{ partitionResult: [code(ErrorCode.ELECTION_NOT_NEEDED)] }],
      },
      denied: v => ({
        ...(v >= 1 && code(CLUSTER_DENIED)),
        replicaElectionResults: [{ partitionResult: [code(CLUSTER_DENIED)] }],
      }),
    },
  ],
  [
    ApiKey.LIST_PARTITION_REASSIGNMENTS,
    { draft: () => ({}), answer: { topics: [] }, denied: code(CLUSTER_DENIED) },
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
    ApiKey.DESCRIBE_CLUSTER,
    {
      draft: () => ({ includeClusterAuthorizedOperations: true }),
      answer: { errorCode: NONE, controllerId: 1, brokers: [{ brokerId: 1 }] },
      // As with Kafka, whoever may connect may know the brokers, and that nothing else is allowed.
      denied: { errorCode: NONE, clusterAuthorizedOperations: 0 },
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
  [
    ApiKey.LIST_CONFIG_RESOURCES,
    {
      draft: v => (v >= 1 ? { resourceTypes: [2] } : {}),
      answer: { errorCode: NONE },
      denied: { errorCode: CLUSTER_DENIED, configResources: [] },
    },
  ],
  [
    ApiKey.DESCRIBE_TOPIC_PARTITIONS,
    {
      draft: () => ({ topics: [{ name: 't' }, { name: tooLong }] }),
      answer: {
        topics: [
          { name: 't', errorCode: NONE, partitions: [{ leaderId: 1 }] },
          { name: tooLong, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
        ],
      },
      denied: {
        topics: [
          { name: 't', errorCode: TOPIC_DENIED, topicId: NO_UUID, partitions: [] },
          { name: tooLong, errorCode: TOPIC_DENIED },
        ],
      },
    },
  ],
])

let open: Pair
let closed: Pair
let topicId: string
let deniedTopicId: string

beforeAll(async () => {
  open = await brokerAndClient()
  topicId = await createTopic(open.client, 't')
  let denies = false
  closed = await brokerAndClient({ authorizer: denying(() => denies) })
  deniedTopicId = await createTopic(closed.client, 't')
  denies = true
})

afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await closed[Symbol.asyncDispose]()
})

describe('every API that is served', () => {
  test('has an example here', () => {
    const keys = servedApis.map(({ key }) => key).sort((a, b) => a - b)
    expect([...EXAMPLES.keys()].sort((a, b) => a - b)).toEqual(keys)
  })

  for (const { key, name, versions } of servedApis) {
    const example = EXAMPLES.get(key)
    if (example === undefined) continue
    for (let version = versions.min; version <= versions.max; version++) {
      test(`${name} ${version} is answered`, async () => {
        const answer = await open.client.ask(key, version, example.draft(version, topicId))
        const { answer: expected } = example
        expect(answer).toMatchObject(
          typeof expected === 'function' ? expected(version, topicId) : expected,
        )
      })

      test(`${name} ${version} tells nothing to whom nothing is allowed`, async () => {
        const answer = await closed.client.ask(key, version, example.draft(version, deniedTopicId))
        const { denied } = example
        expect(answer).toMatchObject(typeof denied === 'function' ? denied(version) : denied)
      })
    }
  }

  test('lists what Kafka 4.3 lists of it', () => {
    for (const { key, listed } of servedApis) {
      expect({ key, ...listed }).toEqual({ key, ...messages.get(key)!.listed })
    }
  })
})
