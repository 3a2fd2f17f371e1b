import { array, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * AlterShareGroupOffsets (key 91): sets start offsets of share groups (KIP-932).
 */
export const AlterShareGroupOffsetsRequest = message(
  91,
  'AlterShareGroupOffsetsRequest',
  { versions: '0', flexible: '0+' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        startOffset: int64('0+'),
      }),
    }),
  },
)
export type AlterShareGroupOffsetsRequest = ValueOf<typeof AlterShareGroupOffsetsRequest>

export const AlterShareGroupOffsetsResponse = message(
  91,
  'AlterShareGroupOffsetsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().default(null),
    responses: array('0+', {
      topicName: string('0+'),
      topicId: uuid('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable().default(null),
      }),
    }),
  },
)
export type AlterShareGroupOffsetsResponse = ValueOf<typeof AlterShareGroupOffsetsResponse>
