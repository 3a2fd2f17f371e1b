import { array, int8, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * ReadShareGroupState (key 84): reads the state of share partitions (KIP-932); between brokers.
 */
export const ReadShareGroupStateRequest = message(
  84,
  'ReadShareGroupStateRequest',
  { versions: '0', flexible: '0+' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        leaderEpoch: int32('0+'),
      }),
    }),
  },
)
export type ReadShareGroupStateRequest = ValueOf<typeof ReadShareGroupStateRequest>

export const ReadShareGroupStateResponse = message(
  84,
  'ReadShareGroupStateResponse',
  { versions: '0', flexible: '0+' },
  {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable().default(null),
        stateEpoch: int32('0+'),
        startOffset: int64('0+'),
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
export type ReadShareGroupStateResponse = ValueOf<typeof ReadShareGroupStateResponse>
