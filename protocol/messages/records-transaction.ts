/**
 * Records of `__transaction_state`, and the control records that end transactions in partitions.
 * A stored key or value is an int16 and a body. A key's int16 is the record's type, `key` here; a
 * value's is its version. A control record's key is ControlRecordTypeSchema after its version; the
 * value of a marker is EndTxnMarker after its version.
 */
import { array, int8, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/** One transactional id. */
export const TransactionLogKey = message(
  0,
  'TransactionLogKey',
  { versions: '0', flexible: 'none' },
  {
    transactionalId: string('0'),
  },
)
export type TransactionLogKey = ValueOf<typeof TransactionLogKey>

/** v1 flexible: ids and epochs of the previous and next producer (KIP-890), client version. */
export const TransactionLogValue = message(
  0,
  'TransactionLogValue',
  { versions: '0-1', flexible: '1+' },
  {
    producerId: int64('0+'),
    previousProducerId: int64('1+').tag(0).default(-1),
    nextProducerId: int64('1+').tag(1).default(-1),
    producerEpoch: int16('0+'),
    nextProducerEpoch: int16('1+').tag(3).default(-1),
    transactionTimeoutMs: int32('0+'),
    transactionStatus: int8('0+'),
    transactionPartitions: array('0+', {
      topic: string('0+'),
      partitionIds: array('0+', int32),
    }).nullable(),
    transactionLastUpdateTimestampMs: int64('0+'),
    transactionStartTimestampMs: int64('0+'),
    clientTransactionVersion: int16('1+').tag(2).default(0),
  },
)
export type TransactionLogValue = ValueOf<typeof TransactionLogValue>

/** What a control record is: 0 abort · 1 commit · 2 leader change · 3, 4 snapshot. */
export const ControlRecordTypeSchema = message(
  -1,
  'ControlRecordTypeSchema',
  { versions: '0', flexible: 'none' },
  {
    type: int16('0+'),
  },
)
export type ControlRecordTypeSchema = ValueOf<typeof ControlRecordTypeSchema>

/** The value of a commit or abort marker; its type is in the key. */
export const EndTxnMarker = message(
  -1,
  'EndTxnMarker',
  { versions: '0', flexible: 'none' },
  {
    coordinatorEpoch: int32('0+'),
  },
)
export type EndTxnMarker = ValueOf<typeof EndTxnMarker>
