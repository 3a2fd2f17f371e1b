import { array, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeTransactions (key 65): state of transactions (KIP-664).
 */
export const DescribeTransactionsRequest = message(
  65,
  'DescribeTransactionsRequest',
  { versions: '0', flexible: '0+' },
  {
    transactionalIds: array('0+', string),
  },
)
export type DescribeTransactionsRequest = ValueOf<typeof DescribeTransactionsRequest>

export const DescribeTransactionsResponse = message(
  65,
  'DescribeTransactionsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    transactionStates: array('0+', {
      errorCode: int16('0+'),
      transactionalId: string('0+'),
      transactionState: string('0+'),
      transactionTimeoutMs: int32('0+'),
      /** -1 if none is open. */
      transactionStartTimeMs: int64('0+'),
      producerId: int64('0+'),
      producerEpoch: int16('0+'),
      topics: array('0+', {
        topic: string('0+'),
        partitions: array('0+', int32),
      }),
    }),
  },
)
export type DescribeTransactionsResponse = ValueOf<typeof DescribeTransactionsResponse>
