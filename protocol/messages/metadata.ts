import { array, bool, int16, int32, message, string, uuid, type ValueOf } from '../schema.ts'
import { NO_UUID } from '../uuid.ts'

/**
 * Metadata (key 3): the brokers of the cluster, and its topics with their leaders.
 * v0 an empty list asks for all topics, from v1 on null does · v1 controller, racks · v2 cluster
 * id · v4 auto-creation can be declined · v5 offline replicas (KIP-112) · v7 leader epochs
 * (KIP-320) · v8 authorized operations (KIP-430) · v9 flexible · v10 topic ids (KIP-516) · v11 no
 * cluster operations (KIP-700) · v12 lookup by id · v13 REBOOTSTRAP_REQUIRED (KIP-1102).
 */
export const MetadataRequest = message(
  3,
  'MetadataRequest',
  { versions: '0-13', flexible: '9+' },
  {
    /** Null asks for all topics; in v0 an empty list does. */
    topics: array('0+', {
      topicId: uuid('10+').default(NO_UUID).ignorable(),
      name: string('0+').nullable('10+'),
    }).nullable('1+'),
    allowAutoTopicCreation: bool('4+').default(true),
    includeClusterAuthorizedOperations: bool('8-10').default(false),
    includeTopicAuthorizedOperations: bool('8+').default(false),
  },
)
export type MetadataRequest = ValueOf<typeof MetadataRequest>

export const MetadataResponse = message(
  3,
  'MetadataResponse',
  { versions: '0-13', flexible: '9+' },
  {
    throttleTimeMs: int32('3+').default(0).ignorable(),
    brokers: array('0+', {
      nodeId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('1+').nullable().default(null).ignorable(),
    }),
    clusterId: string('2+').nullable().default(null).ignorable(),
    /** -1 if there is none. */
    controllerId: int32('1+').default(-1).ignorable(),
    topics: array('0+', {
      errorCode: int16('0+'),
      name: string('0+').nullable('12+'),
      topicId: uuid('10+').default(NO_UUID).ignorable(),
      isInternal: bool('1+').default(false).ignorable(),
      partitions: array('0+', {
        errorCode: int16('0+'),
        partitionIndex: int32('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('7+').default(-1).ignorable(),
        replicaNodes: array('0+', int32),
        isrNodes: array('0+', int32),
        offlineReplicas: array('5+', int32).default([]).ignorable(),
      }),
      /** Bits of operations (KIP-430); the default says they were not asked for. */
      topicAuthorizedOperations: int32('8+').default(-0x8000_0000),
    }),
    clusterAuthorizedOperations: int32('8-10').default(-0x8000_0000),
    errorCode: int16('13+').default(0).ignorable(),
  },
)
export type MetadataResponse = ValueOf<typeof MetadataResponse>
