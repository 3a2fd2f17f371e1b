import {
  array,
  bool,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts'

/**
 * ShareAcknowledge (key 79): acknowledges records of share partitions (KIP-932).
 * v2 lock renewal (KIP-1222).
 */
export const ShareAcknowledgeRequest = message(
  79,
  'ShareAcknowledgeRequest',
  { versions: '1-2', flexible: '0+' },
  {
    groupId: string('0+').nullable().default(null),
    memberId: string('0+').nullable(),
    shareSessionEpoch: int32('0+'),
    isRenewAck: bool('2+').default(false),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        acknowledgementBatches: array('0+', {
          firstOffset: int64('0+'),
          lastOffset: int64('0+'),
          acknowledgeTypes: array('0+', int8),
        }),
      }),
    }),
  },
)
export type ShareAcknowledgeRequest = ValueOf<typeof ShareAcknowledgeRequest>

export const ShareAcknowledgeResponse = message(
  79,
  'ShareAcknowledgeResponse',
  { versions: '1-2', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().default(null),
    acquisitionLockTimeoutMs: int32('2+').default(0).ignorable(),
    responses: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable().default(null),
        currentLeader: struct('0+', {
          leaderId: int32('0+'),
          leaderEpoch: int32('0+'),
        }),
      }),
    }),
    nodeEndpoints: array('0+', {
      nodeId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('0+').nullable().default(null),
    }),
  },
)
export type ShareAcknowledgeResponse = ValueOf<typeof ShareAcknowledgeResponse>
