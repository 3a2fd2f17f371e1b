import {
  array,
  int16,
  int32,
  int64,
  message,
  records,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts'
import { NO_UUID } from '../uuid.ts'

const partitionData = array(
  '0+',
  {
    index: int32('0+'),
    /** One batch of format 2, left as bytes: the broker stores what the producer sent. */
    records: records('0+').nullable(),
  },
  at => ({ index: at[0] as number, records: at[1] as Buffer | null }),
)

const topicData = array(
  '0+',
  {
    /** By version, exactly one of name and topicId names the topic. */
    name: string('0-12').default('').ignorable(),
    topicId: uuid('13+').default(NO_UUID).ignorable(),
    partitionData,
  },
  at => ({
    name: at[0] as string,
    topicId: at[1] as string,
    partitionData: at[2] as typeof partitionData.value,
  }),
)

/**
 * Produce (key 0): append record batches to partitions the receiver leads.
 * v3 batches of format 2, transactional ids (KIP-98) · v5 log start offset · v7 zstd (KIP-110) ·
 * v8 record errors and messages (KIP-467) · v9 flexible (KIP-482) · v10 current leader and its
 * endpoint (KIP-951) · v11 TRANSACTION_ABORTABLE · v12 partitions join the transaction implicitly
 * (KIP-890) · v13 topic ids instead of names (KIP-516). Listed from 0, because librdkafka looks
 * for it (KAFKA-18659).
 */
export const ProduceRequest = message(
  0,
  'ProduceRequest',
  { versions: '3-13', flexible: '9+' },
  {
    /** Null unless the producer is transactional. */
    transactionalId: string('3+').nullable().default(null),
    /** 0: send no response · 1: the leader has it · -1: every in-sync replica has. */
    acks: int16('0+'),
    timeoutMs: int32('0+'),
    topicData,
  },
  at => ({
    transactionalId: at[0] as string | null,
    acks: at[1] as number,
    timeoutMs: at[2] as number,
    topicData: at[3] as typeof topicData.value,
  }),
)
export type ProduceRequest = ValueOf<typeof ProduceRequest>

export const ProduceResponse = message(
  0,
  'ProduceResponse',
  { versions: '3-13', flexible: '9+' },
  {
    responses: array('0+', {
      name: string('0-12').default('').ignorable(),
      topicId: uuid('13+').default(NO_UUID).ignorable(),
      partitionResponses: array('0+', {
        index: int32('0+'),
        errorCode: int16('0+'),
        /** Offset of the first record of the batch; -1 on errors. */
        baseOffset: int64('0+'),
        /** -1 unless the topic's timestamps are log append times. */
        logAppendTimeMs: int64('2+').default(-1).ignorable(),
        logStartOffset: int64('5+').default(-1).ignorable(),
        /** The records at fault, by their index in the batch (KIP-467). */
        recordErrors: array('8+', {
          batchIndex: int32('8+'),
          batchIndexErrorMessage: string('8+').nullable().default(null),
        })
          .default([])
          .ignorable(),
        errorMessage: string('8+').nullable().default(null).ignorable(),
        /** Sent with NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH (KIP-951). */
        currentLeader: struct('10+', {
          leaderId: int32('10+').default(-1),
          leaderEpoch: int32('10+').default(-1),
        }).tag(0),
      }),
    }),
    throttleTimeMs: int32('1+').default(0).ignorable(),
    /** Where the current leaders named above are to be found (KIP-951). */
    nodeEndpoints: array('10+', {
      nodeId: int32('10+'),
      host: string('10+'),
      port: int32('10+'),
      rack: string('10+').nullable().default(null),
    }).tag(0),
  },
)
export type ProduceResponse = ValueOf<typeof ProduceResponse>
