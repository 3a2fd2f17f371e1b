import { array, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts'

const topicPartitions = {
  topicId: uuid('0+'),
  partitions: array('0+', int32),
}

/**
 * ConsumerGroupHeartbeat (key 68): joins, stays in and leaves a group whose assignment the broker
 * makes (KIP-848).
 * v1 subscription by regular expression; the member makes its own id (KIP-1082).
 */
export const ConsumerGroupHeartbeatRequest = message(
  68,
  'ConsumerGroupHeartbeatRequest',
  { versions: '0-1', flexible: '0+' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
    /** 0 joins · -1 leaves · -2 leaves as a static member that will be back. */
    memberEpoch: int32('0+'),
    instanceId: string('0+').nullable().default(null),
    rackId: string('0+').nullable().default(null),
    /** -1 if it has not changed since the last heartbeat. */
    rebalanceTimeoutMs: int32('0+').default(-1),
    /** Null if they have not changed. */
    subscribedTopicNames: array('0+', string).nullable().default(null),
    subscribedTopicRegex: string('1+').nullable().default(null),
    serverAssignor: string('0+').nullable().default(null),
    /** What the member owns; null if it has not changed. */
    topicPartitions: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', int32),
    })
      .nullable()
      .default(null),
  },
)
export type ConsumerGroupHeartbeatRequest = ValueOf<typeof ConsumerGroupHeartbeatRequest>

export const ConsumerGroupHeartbeatResponse = message(
  68,
  'ConsumerGroupHeartbeatResponse',
  { versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().default(null),
    memberId: string('0+').nullable().default(null),
    memberEpoch: int32('0+'),
    heartbeatIntervalMs: int32('0+'),
    /** Null if it has not changed. */
    assignment: struct('0+', {
      topicPartitions: array('0+', topicPartitions),
    })
      .nullable()
      .default(null),
  },
)
export type ConsumerGroupHeartbeatResponse = ValueOf<typeof ConsumerGroupHeartbeatResponse>
