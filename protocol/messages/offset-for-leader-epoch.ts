import { array, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * OffsetForLeaderEpoch (key 23): where a leader epoch ends: how followers and consumers notice
 * truncation (KIP-101).
 * v2 current leader epoch (KIP-320) · v3 replica id · v4 flexible.
 */
export const OffsetForLeaderEpochRequest = message(
  23,
  'OffsetForLeaderEpochRequest',
  { versions: '2-4', flexible: '4+' },
  {
    replicaId: int32('3+').default(-2).ignorable(),
    topics: array('0+', {
      topic: string('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        currentLeaderEpoch: int32('2+').default(-1).ignorable(),
        leaderEpoch: int32('0+'),
      }),
    }),
  },
)
export type OffsetForLeaderEpochRequest = ValueOf<typeof OffsetForLeaderEpochRequest>

export const OffsetForLeaderEpochResponse = message(
  23,
  'OffsetForLeaderEpochResponse',
  { versions: '2-4', flexible: '4+' },
  {
    throttleTimeMs: int32('2+').default(0).ignorable(),
    topics: array('0+', {
      topic: string('0+'),
      partitions: array('0+', {
        errorCode: int16('0+'),
        partition: int32('0+'),
        leaderEpoch: int32('1+').default(-1).ignorable(),
        /** Exclusive; -1 if the epoch is unknown. */
        endOffset: int64('0+').default(-1),
      }),
    }),
  },
)
export type OffsetForLeaderEpochResponse = ValueOf<typeof OffsetForLeaderEpochResponse>
