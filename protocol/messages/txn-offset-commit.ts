import { array, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * TxnOffsetCommit (key 28): a group's positions, committed with the transaction (KIP-98).
 * v2 leader epoch · v3 flexible, member and generation (KIP-447) · v4 TRANSACTION_ABORTABLE · v5
 * joins the transaction implicitly (KIP-890).
 */
export const TxnOffsetCommitRequest = message(
  28,
  'TxnOffsetCommitRequest',
  { versions: '0-5', flexible: '3+' },
  {
    transactionalId: string('0+'),
    groupId: string('0+'),
    producerId: int64('0+'),
    producerEpoch: int16('0+'),
    generationId: int32('3+').default(-1),
    memberId: string('3+').default(''),
    groupInstanceId: string('3+').nullable().default(null),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        committedOffset: int64('0+'),
        committedLeaderEpoch: int32('2+').default(-1).ignorable(),
        committedMetadata: string('0+').nullable(),
      }),
    }),
  },
)
export type TxnOffsetCommitRequest = ValueOf<typeof TxnOffsetCommitRequest>

export const TxnOffsetCommitResponse = message(
  28,
  'TxnOffsetCommitResponse',
  { versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32('0+').default(0),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
)
export type TxnOffsetCommitResponse = ValueOf<typeof TxnOffsetCommitResponse>
