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

const topicPartitions = {
  topicId: uuid('0+'),
  topicName: string('0+'),
  partitions: array('0+', int32),
}

const assignment = {
  topicPartitions: array('0+', topicPartitions),
}

/**
 * ShareGroupDescribe (key 77): share groups with their members (KIP-932).
 */
export const ShareGroupDescribeRequest = message(
  77,
  'ShareGroupDescribeRequest',
  { versions: '1', flexible: '0+' },
  {
    groupIds: array('0+', string),
    includeAuthorizedOperations: bool('0+'),
  },
)
export type ShareGroupDescribeRequest = ValueOf<typeof ShareGroupDescribeRequest>

export const ShareGroupDescribeResponse = message(
  77,
  'ShareGroupDescribeResponse',
  { versions: '1', flexible: '0+' },
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
        rackId: string('0+').nullable().default(null),
        memberEpoch: int32('0+'),
        clientId: string('0+'),
        clientHost: string('0+'),
        subscribedTopicNames: array('0+', string),
        assignment: struct('0+', assignment),
      }),
      authorizedOperations: int32('0+').default(-0x8000_0000),
    }),
  },
)
export type ShareGroupDescribeResponse = ValueOf<typeof ShareGroupDescribeResponse>
