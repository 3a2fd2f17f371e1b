import { int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * AddOffsetsToTxn (key 25): a group's offsets join a transaction (KIP-98).
 * v2 PRODUCER_FENCED · v3 flexible · v4 TRANSACTION_ABORTABLE.
 */
export const AddOffsetsToTxnRequest = message(
  25,
  'AddOffsetsToTxnRequest',
  { versions: '0-4', flexible: '3+' },
  {
    transactionalId: string('0+'),
    producerId: int64('0+'),
    producerEpoch: int16('0+'),
    groupId: string('0+'),
  },
)
export type AddOffsetsToTxnRequest = ValueOf<typeof AddOffsetsToTxnRequest>

export const AddOffsetsToTxnResponse = message(
  25,
  'AddOffsetsToTxnResponse',
  { versions: '0-4', flexible: '3+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
  },
)
export type AddOffsetsToTxnResponse = ValueOf<typeof AddOffsetsToTxnResponse>
