import { array, int8, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * WriteShareGroupState (key 85): writes the state of share partitions (KIP-932); between brokers.
 * v1 count of completed deliveries (KIP-1226).
 */
export const WriteShareGroupStateRequest = message(
  85,
  'WriteShareGroupStateRequest',
  { versions: '0-1', flexible: '0+' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        stateEpoch: int32('0+'),
        leaderEpoch: int32('0+'),
        startOffset: int64('0+'),
        deliveryCompleteCount: int32('1+').default(-1).ignorable(),
        stateBatches: array('0+', {
          firstOffset: int64('0+'),
          lastOffset: int64('0+'),
          deliveryState: int8('0+'),
          deliveryCount: int16('0+'),
        }),
      }),
    }),
  },
)
export type WriteShareGroupStateRequest = ValueOf<typeof WriteShareGroupStateRequest>

export const WriteShareGroupStateResponse = message(
  85,
  'WriteShareGroupStateResponse',
  { versions: '0-1', flexible: '0+' },
  {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable().default(null),
      }),
    }),
  },
)
export type WriteShareGroupStateResponse = ValueOf<typeof WriteShareGroupStateResponse>
