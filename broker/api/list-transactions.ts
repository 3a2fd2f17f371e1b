import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  ListTransactionsRequest,
  ListTransactionsResponse,
} from '../../protocol/messages/list-transactions.ts'
import { api } from './api.ts'

/** The states a transaction can be in, as filters name them. */
const STATES: ReadonlySet<string> = new Set([
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
])

/**
 * ListTransactions (key 66): the transactions this broker coordinates (KIP-664). None can begin, so
 * the list is empty; what is wrong with the filters is told all the same.
 */
export const listTransactions = api(
  ListTransactionsRequest,
  ListTransactionsResponse,
  {
    refuse: (_request, { errorCode }) => ({
      throttleTimeMs: 0,
      errorCode,
      unknownStateFilters: [],
      transactionStates: [],
    }),
  },
  ({ stateFilters, transactionalIdPattern }) => {
    if (transactionalIdPattern !== null && !isPattern(transactionalIdPattern)) {
      throw new KafkaError(ErrorCode.INVALID_REGULAR_EXPRESSION)
    }
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      unknownStateFilters: stateFilters.filter(state => !STATES.has(state)),
      transactionStates: [],
    }
  },
)

/** Whether it can be read; nothing is matched with it. */
function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u')
    return true
  } catch {
    return false
  }
}
