import { array, bool, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

const addPartitionsToTxnTopic = {
  name: string('0+'),
  partitions: array('0+', int32),
}

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32('0+'),
  partitionErrorCode: int16('0+'),
}

const addPartitionsToTxnTopicResult = {
  name: string('0+'),
  resultsByPartition: array('0+', addPartitionsToTxnPartitionResult),
}

/**
 * AddPartitionsToTxn (key 24): partitions join a transaction (KIP-98).
 * v2 PRODUCER_FENCED · v3 flexible · v4 many transactions, verification only (KIP-890) · v5
 * TRANSACTION_ABORTABLE.
 */
export const AddPartitionsToTxnRequest = message(
  24,
  'AddPartitionsToTxnRequest',
  { versions: '0-5', flexible: '3+' },
  {
    transactions: array('4+', {
      transactionalId: string('4+'),
      producerId: int64('4+'),
      producerEpoch: int16('4+'),
      /** Ask whether the partitions are in the transaction, and add nothing. */
      verifyOnly: bool('4+').default(false),
      topics: array('4+', addPartitionsToTxnTopic),
    }).default([]),
    v3AndBelowTransactionalId: string('0-3').default(''),
    v3AndBelowProducerId: int64('0-3').default(0),
    v3AndBelowProducerEpoch: int16('0-3').default(0),
    v3AndBelowTopics: array('0-3', addPartitionsToTxnTopic).default([]),
  },
)
export type AddPartitionsToTxnRequest = ValueOf<typeof AddPartitionsToTxnRequest>

export const AddPartitionsToTxnResponse = message(
  24,
  'AddPartitionsToTxnResponse',
  { versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('4+').default(0).ignorable(),
    resultsByTransaction: array('4+', {
      transactionalId: string('4+'),
      topicResults: array('4+', addPartitionsToTxnTopicResult),
    }).default([]),
    resultsByTopicV3AndBelow: array('0-3', addPartitionsToTxnTopicResult).default([]),
  },
)
export type AddPartitionsToTxnResponse = ValueOf<typeof AddPartitionsToTxnResponse>
