import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import { CLUSTER_DENIED, code, type Example, TOPIC_DENIED } from './example.ts'

const { NONE, SECURITY_DISABLED, ILLEGAL_SASL_STATE } = ErrorCode

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
const tooLong = 'x'.repeat(250)

/** APIs about the cluster, its topics and what they are allowed. */
export const adminExamples: readonly (readonly [key: number, example: Example])[] = [
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
    ApiKey.ALTER_PARTITION_REASSIGNMENTS,
    {
      draft: () => ({
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, replicas: [1] }] }],
      }),
      answer: { errorCode: NONE, responses: [{ name: 't', partitions: [code(NONE)] }] },
      denied: { errorCode: CLUSTER_DENIED, responses: [] },
    },
  ],
  [
    ApiKey.ALTER_REPLICA_LOG_DIRS,
    {
      draft: () => ({ dirs: [{ path: '/elsewhere', topics: [{ name: 't', partitions: [0] }] }] }),
      answer: { results: [{ topicName: 't', partitions: [code(ErrorCode.LOG_DIR_NOT_FOUND)] }] },
      denied: { results: [{ topicName: 't', partitions: [code(CLUSTER_DENIED)] }] },
    },
  ],
  [
    ApiKey.DESCRIBE_CLIENT_QUOTAS,
    {
      draft: () => ({ components: [], strict: false }),
      answer: { errorCode: NONE, entries: [] },
      denied: { errorCode: CLUSTER_DENIED, entries: null },
    },
  ],
  [
    ApiKey.ALTER_CLIENT_QUOTAS,
    {
      draft: () => ({
        entries: [
          {
            entity: [{ entityType: 'user', entityName: 'u' }],
            ops: [{ key: 'producer_byte_rate', value: 1, remove: false }],
          },
        ],
        validateOnly: true,
      }),
      answer: { entries: [code(NONE)] },
      denied: { entries: [code(CLUSTER_DENIED)] },
    },
  ],
  [
    ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS,
    {
      draft: () => ({ users: [{ name: 'u' }] }),
      answer: { errorCode: NONE, results: [code(ErrorCode.RESOURCE_NOT_FOUND)] },
      denied: { errorCode: CLUSTER_DENIED, results: [] },
    },
  ],
  [
    ApiKey.DESCRIBE_QUORUM,
    {
      draft: () => ({
        topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
      }),
      answer: {
        errorCode: NONE,
        topics: [
          { partitions: [{ errorCode: NONE, leaderId: 1, currentVoters: [{ replicaId: 1 }] }] },
        ],
      },
      denied: { errorCode: CLUSTER_DENIED, topics: [] },
    },
  ],
  [
    ApiKey.UNREGISTER_BROKER,
    {
      draft: () => ({ brokerId: 7 }),
      answer: { errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED },
      denied: { errorCode: CLUSTER_DENIED },
    },
  ],
  [
    ApiKey.LIST_TRANSACTIONS,
    {
      draft: () => ({ stateFilters: ['Ongoing', 'Nonsense'], producerIdFilters: [] }),
      answer: { errorCode: NONE, unknownStateFilters: ['Nonsense'], transactionStates: [] },
      // Kafka leaves out what may not be seen, and refuses nothing.
      denied: { errorCode: NONE, transactionStates: [] },
    },
  ],
  [
    ApiKey.LIST_PARTITION_REASSIGNMENTS,
    { draft: () => ({}), answer: { topics: [] }, denied: code(CLUSTER_DENIED) },
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
]
