import { array, int16, int32, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * DeleteShareGroupOffsets (key 92): forgets start offsets of share groups (KIP-932).
 */
export const DeleteShareGroupOffsetsRequest = message(
  92,
  'DeleteShareGroupOffsetsRequest',
  { versions: '0', flexible: '0+' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      topicName: string('0+'),
    }),
  },
)
export type DeleteShareGroupOffsetsRequest = ValueOf<typeof DeleteShareGroupOffsetsRequest>

export const DeleteShareGroupOffsetsResponse = message(
  92,
  'DeleteShareGroupOffsetsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().default(null),
    responses: array('0+', {
      topicName: string('0+'),
      topicId: uuid('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable().default(null),
    }),
  },
)
export type DeleteShareGroupOffsetsResponse = ValueOf<typeof DeleteShareGroupOffsetsResponse>
