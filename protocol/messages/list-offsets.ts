import { array, int8, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * ListOffsets (key 2): offsets by timestamp, or by one of the special timestamps below zero.
 * v2 isolation level (KIP-98) · v4 leader epochs (KIP-320) · v5 OFFSET_NOT_AVAILABLE (KIP-207) ·
 * v6 flexible · v7 -3 is the record with the largest timestamp (KIP-734) · v8 -4 is the local
 * log's start (KIP-405) · v9 -5 is the last tiered offset · v10 timeout (KIP-1075) · v11 -6 is the
 * first offset not yet tiered (KIP-1023).
 */
export const ListOffsetsRequest = message(
  2,
  'ListOffsetsRequest',
  { versions: '1-11', flexible: '6+' },
  {
    replicaId: int32('0+'),
    isolationLevel: int8('2+').default(0),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        currentLeaderEpoch: int32('4+').default(-1).ignorable(),
        /** In ms; below 0: -1 latest · -2 earliest · -3 largest timestamp · -4, -5, -6 tiering. */
        timestamp: int64('0+'),
      }),
    }),
    timeoutMs: int32('10+').default(0).ignorable(),
  },
)
export type ListOffsetsRequest = ValueOf<typeof ListOffsetsRequest>

export const ListOffsetsResponse = message(
  2,
  'ListOffsetsResponse',
  { versions: '1-11', flexible: '6+' },
  {
    throttleTimeMs: int32('2+').default(0).ignorable(),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        timestamp: int64('1+').default(-1),
        offset: int64('1+').default(-1),
        leaderEpoch: int32('4+').default(-1),
      }),
    }),
  },
)
export type ListOffsetsResponse = ValueOf<typeof ListOffsetsResponse>
