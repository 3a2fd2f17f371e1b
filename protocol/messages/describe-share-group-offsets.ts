import { array, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * DescribeShareGroupOffsets (key 90): start offsets of share groups (KIP-932).
 * v1 lag (KIP-1226).
 */
export const DescribeShareGroupOffsetsRequest = message(
  90,
  'DescribeShareGroupOffsetsRequest',
  { versions: '0-1', flexible: '0+' },
  {
    groups: array('0+', {
      groupId: string('0+'),
      topics: array('0+', {
        topicName: string('0+'),
        partitions: array('0+', int32),
      }).nullable(),
    }),
  },
)
export type DescribeShareGroupOffsetsRequest = ValueOf<typeof DescribeShareGroupOffsetsRequest>

export const DescribeShareGroupOffsetsResponse = message(
  90,
  'DescribeShareGroupOffsetsResponse',
  { versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    groups: array('0+', {
      groupId: string('0+'),
      topics: array('0+', {
        topicName: string('0+'),
        topicId: uuid('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          startOffset: int64('0+'),
          leaderEpoch: int32('0+'),
          lag: int64('1+').default(-1).ignorable(),
          errorCode: int16('0+'),
          errorMessage: string('0+').nullable().default(null),
        }),
      }),
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable().default(null),
    }),
  },
)
export type DescribeShareGroupOffsetsResponse = ValueOf<typeof DescribeShareGroupOffsetsResponse>
