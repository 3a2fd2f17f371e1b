import { array, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * ListTransactions (key 66): transactions of the broker asked (KIP-664).
 * v1 by duration (KIP-994) · v2 by a pattern of their ids (KIP-1152).
 */
export const ListTransactionsRequest = message(
  66,
  'ListTransactionsRequest',
  { versions: '0-2', flexible: '0+' },
  {
    stateFilters: array('0+', string),
    producerIdFilters: array('0+', int64),
    durationFilter: int64('1+').default(-1),
    transactionalIdPattern: string('2+').nullable().default(null),
  },
)
export type ListTransactionsRequest = ValueOf<typeof ListTransactionsRequest>

export const ListTransactionsResponse = message(
  66,
  'ListTransactionsResponse',
  { versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    unknownStateFilters: array('0+', string),
    transactionStates: array('0+', {
      transactionalId: string('0+'),
      producerId: int64('0+'),
      transactionState: string('0+'),
    }),
  },
)
export type ListTransactionsResponse = ValueOf<typeof ListTransactionsResponse>
