import { array, bool, int8, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * WriteTxnMarkers (key 27): the transaction coordinator ends a transaction in partitions (KIP-98).
 * v1 flexible · v2 transaction version (KIP-1228).
 */
export const WriteTxnMarkersRequest = message(
  27,
  'WriteTxnMarkersRequest',
  { versions: '1-2', flexible: '1+' },
  {
    markers: array('0+', {
      producerId: int64('0+'),
      producerEpoch: int16('0+'),
      transactionResult: bool('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitionIndexes: array('0+', int32),
      }),
      coordinatorEpoch: int32('0+'),
      transactionVersion: int8('2+').default(0).ignorable(),
    }),
  },
)
export type WriteTxnMarkersRequest = ValueOf<typeof WriteTxnMarkersRequest>

export const WriteTxnMarkersResponse = message(
  27,
  'WriteTxnMarkersResponse',
  { versions: '1-2', flexible: '1+' },
  {
    markers: array('0+', {
      producerId: int64('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          errorCode: int16('0+'),
        }),
      }),
    }),
  },
)
export type WriteTxnMarkersResponse = ValueOf<typeof WriteTxnMarkersResponse>
