import { array, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * OffsetDelete (key 47): deletes committed positions of a group (KIP-496); never flexible.
 */
export const OffsetDeleteRequest = message(
  47,
  'OffsetDeleteRequest',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
      }),
    }),
  },
)
export type OffsetDeleteRequest = ValueOf<typeof OffsetDeleteRequest>

export const OffsetDeleteResponse = message(
  47,
  'OffsetDeleteResponse',
  { versions: '0', flexible: 'none' },
  {
    errorCode: int16('0+'),
    throttleTimeMs: int32('0+').default(0).ignorable(),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
)
export type OffsetDeleteResponse = ValueOf<typeof OffsetDeleteResponse>
