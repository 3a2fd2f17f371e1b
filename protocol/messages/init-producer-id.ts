import { bool, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * InitProducerId (key 22): a producer's id and epoch (KIP-98).
 * v2 flexible · v3 bumps the epoch of a given producer (KIP-360) · v4 PRODUCER_FENCED · v5
 * TRANSACTION_ABORTABLE · v6 two-phase commit (KIP-939), unstable and not listed.
 */
export const InitProducerIdRequest = message(
  22,
  'InitProducerIdRequest',
  { versions: '0-6', flexible: '2+', latestListed: 5 },
  {
    transactionalId: string('0+').nullable(),
    transactionTimeoutMs: int32('0+'),
    producerId: int64('3+').default(-1),
    producerEpoch: int16('3+').default(-1),
    enable2Pc: bool('6+').default(false),
    keepPreparedTxn: bool('6+').default(false),
  },
)
export type InitProducerIdRequest = ValueOf<typeof InitProducerIdRequest>

export const InitProducerIdResponse = message(
  22,
  'InitProducerIdResponse',
  { versions: '0-6', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0).ignorable(),
    errorCode: int16('0+'),
    /** -1 on errors. */
    producerId: int64('0+').default(-1),
    producerEpoch: int16('0+'),
    ongoingTxnProducerId: int64('6+').default(-1),
    ongoingTxnProducerEpoch: int16('6+').default(-1),
  },
)
export type InitProducerIdResponse = ValueOf<typeof InitProducerIdResponse>
