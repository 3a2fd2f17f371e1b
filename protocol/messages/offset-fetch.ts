import { array, bool, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'
import { NO_UUID } from '../uuid.ts'

/**
 * OffsetFetch (key 9): committed positions of groups.
 * v2 null asks for all topics, an error for the whole group · v5 leader epoch (KIP-320) · v6
 * flexible · v7 only stable offsets (KIP-447) · v8 many groups in one request (KIP-709) · v9
 * member id and epoch (KIP-848) · v10 topic ids.
 */
export const OffsetFetchRequest = message(
  9,
  'OffsetFetchRequest',
  { versions: '1-10', flexible: '6+' },
  {
    groupId: string('0-7').default(''),
    topics: array('0-7', {
      name: string('0-7'),
      partitionIndexes: array('0-7', int32),
    })
      .nullable('2-7')
      .default([]),
    groups: array('8+', {
      groupId: string('8+'),
      memberId: string('9+').nullable().default(null).ignorable(),
      memberEpoch: int32('9+').default(-1).ignorable(),
      topics: array('8+', {
        name: string('8-9').default('').ignorable(),
        topicId: uuid('10+').default(NO_UUID).ignorable(),
        partitionIndexes: array('8+', int32),
      }).nullable(),
    }).default([]),
    /** UNSTABLE_OFFSET_COMMIT while a transaction may still change an offset (KIP-447). */
    requireStable: bool('7+').default(false),
  },
)
export type OffsetFetchRequest = ValueOf<typeof OffsetFetchRequest>

export const OffsetFetchResponse = message(
  9,
  'OffsetFetchResponse',
  { versions: '1-10', flexible: '6+' },
  {
    throttleTimeMs: int32('3+').default(0).ignorable(),
    topics: array('0-7', {
      name: string('0-7'),
      partitions: array('0-7', {
        partitionIndex: int32('0-7'),
        /** -1 if there is none. */
        committedOffset: int64('0-7'),
        committedLeaderEpoch: int32('5-7').default(-1).ignorable(),
        metadata: string('0-7').nullable(),
        errorCode: int16('0-7'),
      }),
    }).default([]),
    errorCode: int16('2-7').default(0).ignorable(),
    groups: array('8+', {
      groupId: string('8+'),
      topics: array('8+', {
        name: string('8-9').default('').ignorable(),
        topicId: uuid('10+').default(NO_UUID).ignorable(),
        partitions: array('8+', {
          partitionIndex: int32('8+'),
          committedOffset: int64('8+'),
          committedLeaderEpoch: int32('8+').default(-1).ignorable(),
          metadata: string('8+').nullable(),
          errorCode: int16('8+'),
        }),
      }),
      errorCode: int16('8+').default(0),
    }).default([]),
  },
)
export type OffsetFetchResponse = ValueOf<typeof OffsetFetchResponse>
