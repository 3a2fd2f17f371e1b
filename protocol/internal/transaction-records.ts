/** Records of `__transaction_state`, as Apache Kafka writes them: one type, the state of an id. */
import { TransactionLogKey, TransactionLogValue } from '../messages/records-transaction.ts'
import {
  decodeKey,
  decodeValue,
  encodeKey,
  encodeValue,
  prefixOf,
  UnknownRecord,
} from './stored-record.ts'

/** `transactionStatus`: where a transactional id stands. */
export const TransactionStatus = {
  EMPTY: 0,
  ONGOING: 1,
  PREPARE_COMMIT: 2,
  PREPARE_ABORT: 3,
  COMPLETE_COMMIT: 4,
  COMPLETE_ABORT: 5,
  DEAD: 6,
  PREPARE_EPOCH_FENCE: 7,
} as const
export type TransactionStatus = (typeof TransactionStatus)[keyof typeof TransactionStatus]

/** What is known of a transactional id; a null value forgets it. */
export interface TransactionRecord {
  readonly transactionalId: string
  readonly value: TransactionLogValue | null
}

/** Key and value as stored. Version 1 holds what KIP-890 needs and is read since Kafka 3.8. */
export function encodeTransactionRecord(
  record: TransactionRecord,
  version: 0 | 1,
): { readonly key: Buffer; readonly value: Buffer | null } {
  const key = encodeKey(TransactionLogKey, { transactionalId: record.transactionalId })
  const { value } = record
  return { key, value: value === null ? null : encodeValue(TransactionLogValue, version, value) }
}

/** The opposite. Throws `UnknownRecord`, or ProtocolViolation for malformed bytes. */
export function decodeTransactionRecord(key: Buffer, value: Buffer | null): TransactionRecord {
  if (prefixOf(key) !== TransactionLogKey.key) {
    throw new UnknownRecord('no record of a transactional id')
  }
  const { transactionalId } = decodeKey(TransactionLogKey, key)
  return { transactionalId, value: value === null ? null : decodeValue(TransactionLogValue, value) }
}
