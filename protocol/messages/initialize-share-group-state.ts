import { array, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * InitializeShareGroupState (key 83): creates the state of share partitions (KIP-932); between
 * brokers.
 */
export const InitializeShareGroupStateRequest = message(
  83,
  'InitializeShareGroupStateRequest',
  { versions: '0', flexible: '0+' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        stateEpoch: int32('0+'),
        startOffset: int64('0+'),
      }),
    }),
  },
)
export type InitializeShareGroupStateRequest = ValueOf<typeof InitializeShareGroupStateRequest>

export const InitializeShareGroupStateResponse = message(
  83,
  'InitializeShareGroupStateResponse',
  { versions: '0', flexible: '0+' },
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
export type InitializeShareGroupStateResponse = ValueOf<typeof InitializeShareGroupStateResponse>
