import {
  array,
  bool,
  int16,
  int32,
  message,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts'

/**
 * DescribeTopicPartitions (key 75): topics and partitions, page by page (KIP-966).
 */
export const DescribeTopicPartitionsRequest = message(
  75,
  'DescribeTopicPartitionsRequest',
  { versions: '0', flexible: '0+' },
  {
    topics: array('0+', {
      name: string('0+'),
    }),
    responsePartitionLimit: int32('0+').default(2000),
    cursor: struct('0+', {
      topicName: string('0+'),
      partitionIndex: int32('0+'),
    })
      .nullable()
      .default(null),
  },
)
export type DescribeTopicPartitionsRequest = ValueOf<typeof DescribeTopicPartitionsRequest>

export const DescribeTopicPartitionsResponse = message(
  75,
  'DescribeTopicPartitionsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0).ignorable(),
    topics: array('0+', {
      errorCode: int16('0+'),
      name: string('0+').nullable(),
      topicId: uuid('0+').ignorable(),
      isInternal: bool('0+').default(false).ignorable(),
      partitions: array('0+', {
        errorCode: int16('0+'),
        partitionIndex: int32('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+').default(-1).ignorable(),
        replicaNodes: array('0+', int32),
        isrNodes: array('0+', int32),
        eligibleLeaderReplicas: array('0+', int32).nullable().default(null),
        lastKnownElr: array('0+', int32).nullable().default(null),
        offlineReplicas: array('0+', int32).ignorable(),
      }),
      topicAuthorizedOperations: int32('0+').default(-0x8000_0000),
    }),
    nextCursor: struct('0+', {
      topicName: string('0+'),
      partitionIndex: int32('0+'),
    })
      .nullable()
      .default(null),
  },
)
export type DescribeTopicPartitionsResponse = ValueOf<typeof DescribeTopicPartitionsResponse>
