import { array, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'
import { NO_UUID } from '../uuid.ts'

/**
 * OffsetCommit (key 8): a group's positions, kept until it is deleted or they expire.
 * v2-4 retention · v5 retention is the broker's (KIP-211) · v6 leader epoch (KIP-320) · v7 static
 * members (KIP-345) · v8 flexible · v9 members of the consumer protocol (KIP-848) · v10 topic ids.
 */
export const OffsetCommitRequest = message(
  8,
  'OffsetCommitRequest',
  { versions: '2-10', flexible: '8+' },
  {
    groupId: string('0+'),
    /** -1 from consumers that are no members (KIP-848 renamed it). */
    generationIdOrMemberEpoch: int32('1+').default(-1).ignorable(),
    memberId: string('1+').ignorable(),
    groupInstanceId: string('7+').nullable().default(null),
    retentionTimeMs: int64('2-4').default(-1).ignorable(),
    topics: array('0+', {
      name: string('0-9').default('').ignorable(),
      topicId: uuid('10+').default(NO_UUID).ignorable(),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        committedOffset: int64('0+'),
        committedLeaderEpoch: int32('6+').default(-1).ignorable(),
        committedMetadata: string('0+').nullable(),
      }),
    }),
  },
)
export type OffsetCommitRequest = ValueOf<typeof OffsetCommitRequest>

export const OffsetCommitResponse = message(
  8,
  'OffsetCommitResponse',
  { versions: '2-10', flexible: '8+' },
  {
    throttleTimeMs: int32('3+').default(0).ignorable(),
    topics: array('0+', {
      name: string('0-9').default('').ignorable(),
      topicId: uuid('10+').default(NO_UUID).ignorable(),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
)
export type OffsetCommitResponse = ValueOf<typeof OffsetCommitResponse>
