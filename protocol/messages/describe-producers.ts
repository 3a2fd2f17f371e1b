import { array, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeProducers (key 61): active producers of partitions (KIP-664).
 */
export const DescribeProducersRequest = message(
  61,
  'DescribeProducersRequest',
  { versions: '0', flexible: '0+' },
  {
    topics: array('0+', {
      name: string('0+'),
      partitionIndexes: array('0+', int32),
    }),
  },
)
export type DescribeProducersRequest = ValueOf<typeof DescribeProducersRequest>

export const DescribeProducersResponse = message(
  61,
  'DescribeProducersResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable().default(null),
        activeProducers: array('0+', {
          producerId: int64('0+'),
          producerEpoch: int32('0+'),
          lastSequence: int32('0+').default(-1),
          lastTimestamp: int64('0+').default(-1),
          coordinatorEpoch: int32('0+'),
          currentTxnStartOffset: int64('0+').default(-1),
        }),
      }),
    }),
  },
)
export type DescribeProducersResponse = ValueOf<typeof DescribeProducersResponse>
