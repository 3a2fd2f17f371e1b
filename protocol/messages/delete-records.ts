import { array, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * DeleteRecords (key 21): raises the log start offsets of partitions (KIP-107).
 * v2 flexible.
 */
export const DeleteRecordsRequest = message(
  21,
  'DeleteRecordsRequest',
  { versions: '0-2', flexible: '2+' },
  {
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        /** Exclusive; -1 is the high watermark. */
        offset: int64('0+'),
      }),
    }),
    timeoutMs: int32('0+'),
  },
)
export type DeleteRecordsRequest = ValueOf<typeof DeleteRecordsRequest>

export const DeleteRecordsResponse = message(
  21,
  'DeleteRecordsResponse',
  { versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        lowWatermark: int64('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
)
export type DeleteRecordsResponse = ValueOf<typeof DeleteRecordsResponse>
