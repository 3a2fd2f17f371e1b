import { array, int16, int32, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * DeleteShareGroupState (key 86): deletes the state of share partitions (KIP-932); between
 * brokers.
 */
export const DeleteShareGroupStateRequest = message(
  86,
  'DeleteShareGroupStateRequest',
  { versions: '0', flexible: '0+' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
      }),
    }),
  },
)
export type DeleteShareGroupStateRequest = ValueOf<typeof DeleteShareGroupStateRequest>

export const DeleteShareGroupStateResponse = message(
  86,
  'DeleteShareGroupStateResponse',
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
export type DeleteShareGroupStateResponse = ValueOf<typeof DeleteShareGroupStateResponse>
