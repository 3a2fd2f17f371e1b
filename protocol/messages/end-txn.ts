import { bool, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * EndTxn (key 26): commits or aborts a transaction (KIP-98).
 * v2 PRODUCER_FENCED · v3 flexible · v4 TRANSACTION_ABORTABLE · v5 every transaction bumps the
 * epoch (KIP-890).
 */
export const EndTxnRequest = message(
  26,
  'EndTxnRequest',
  { versions: '0-5', flexible: '3+' },
  {
    transactionalId: string('0+'),
    producerId: int64('0+'),
    producerEpoch: int16('0+'),
    /** False aborts. */
    committed: bool('0+'),
  },
)
export type EndTxnRequest = ValueOf<typeof EndTxnRequest>

export const EndTxnResponse = message(
  26,
  'EndTxnResponse',
  { versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    producerId: int64('5+').default(-1).ignorable(),
    producerEpoch: int16('5+').default(-1).ignorable(),
  },
)
export type EndTxnResponse = ValueOf<typeof EndTxnResponse>
