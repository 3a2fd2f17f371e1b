import {
  array,
  bool,
  int8,
  int16,
  int32,
  message,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts'

const topicPartitions = {
  topicId: uuid('0+'),
  topicName: string('0+'),
  partitions: array('0+', int32),
}

const assignment = {
  topicPartitions: array('0+', topicPartitions),
}

/**
 * ConsumerGroupDescribe (key 69): groups of the consumer protocol with their members (KIP-848).
 * v1 member type (KIP-1099).
 */
export const ConsumerGroupDescribeRequest = message(
  69,
  'ConsumerGroupDescribeRequest',
  { versions: '0-1', flexible: '0+' },
  {
    groupIds: array('0+', string),
    includeAuthorizedOperations: bool('0+'),
  },
)
export type ConsumerGroupDescribeRequest = ValueOf<typeof ConsumerGroupDescribeRequest>

export const ConsumerGroupDescribeResponse = message(
  69,
  'ConsumerGroupDescribeResponse',
  { versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable().default(null),
      groupId: string('0+'),
      groupState: string('0+'),
      groupEpoch: int32('0+'),
      assignmentEpoch: int32('0+'),
      assignorName: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        instanceId: string('0+').nullable().default(null),
        rackId: string('0+').nullable().default(null),
        memberEpoch: int32('0+'),
        clientId: string('0+'),
        clientHost: string('0+'),
        subscribedTopicNames: array('0+', string),
        subscribedTopicRegex: string('0+').nullable().default(null),
        assignment: struct('0+', assignment),
        targetAssignment: struct('0+', assignment),
        memberType: int8('1+').default(-1).ignorable(),
      }),
      authorizedOperations: int32('0+').default(-0x8000_0000),
    }),
  },
)
export type ConsumerGroupDescribeResponse = ValueOf<typeof ConsumerGroupDescribeResponse>
