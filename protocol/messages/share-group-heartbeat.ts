import { array, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts'

const topicPartitions = {
  topicId: uuid('0+'),
  partitions: array('0+', int32),
}

/**
 * ShareGroupHeartbeat (key 76): joins, stays in and leaves a share group (KIP-932).
 */
export const ShareGroupHeartbeatRequest = message(
  76,
  'ShareGroupHeartbeatRequest',
  { versions: '1', flexible: '0+' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    rackId: string('0+').nullable().default(null),
    subscribedTopicNames: array('0+', string).nullable().default(null),
  },
)
export type ShareGroupHeartbeatRequest = ValueOf<typeof ShareGroupHeartbeatRequest>

export const ShareGroupHeartbeatResponse = message(
  76,
  'ShareGroupHeartbeatResponse',
  { versions: '1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().default(null),
    memberId: string('0+').nullable().default(null),
    memberEpoch: int32('0+'),
    heartbeatIntervalMs: int32('0+'),
    assignment: struct('0+', {
      topicPartitions: array('0+', topicPartitions),
    })
      .nullable()
      .default(null),
  },
)
export type ShareGroupHeartbeatResponse = ValueOf<typeof ShareGroupHeartbeatResponse>
