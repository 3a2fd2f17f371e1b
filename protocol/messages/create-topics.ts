import { array, bool, int8, int16, int32, message, string, uuid, type ValueOf } from '../schema.ts'
import { NO_UUID } from '../uuid.ts'

/**
 * CreateTopics (key 19): creates topics.
 * v2 throttle time · v4 -1 asks for the broker's defaults (KIP-464) · v5 flexible, what was
 * created in the answer (KIP-525) · v6 quotas (KIP-599) · v7 topic ids (KIP-516).
 */
export const CreateTopicsRequest = message(
  19,
  'CreateTopicsRequest',
  { versions: '2-7', flexible: '5+' },
  {
    topics: array('0+', {
      name: string('0+'),
      /** -1 for the broker's default, or when assignments are given. */
      numPartitions: int32('0+'),
      /** -1 for the broker's default, or when assignments are given. */
      replicationFactor: int16('0+'),
      assignments: array('0+', {
        partitionIndex: int32('0+'),
        brokerIds: array('0+', int32),
      }),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+').nullable(),
      }),
    }),
    timeoutMs: int32('0+').default(60000),
    validateOnly: bool('1+').default(false),
  },
)
export type CreateTopicsRequest = ValueOf<typeof CreateTopicsRequest>

export const CreateTopicsResponse = message(
  19,
  'CreateTopicsResponse',
  { versions: '2-7', flexible: '5+' },
  {
    throttleTimeMs: int32('2+').default(0).ignorable(),
    topics: array('0+', {
      name: string('0+'),
      topicId: uuid('7+').default(NO_UUID).ignorable(),
      errorCode: int16('0+'),
      errorMessage: string('1+').nullable().ignorable(),
      /** Why configs is null: the client may not see them (KIP-525). */
      topicConfigErrorCode: int16('5+').tag(0).ignorable(),
      numPartitions: int32('5+').default(-1).ignorable(),
      replicationFactor: int16('5+').default(-1).ignorable(),
      configs: array('5+', {
        name: string('5+'),
        value: string('5+').nullable(),
        readOnly: bool('5+'),
        configSource: int8('5+').default(-1).ignorable(),
        isSensitive: bool('5+'),
      })
        .nullable()
        .default([])
        .ignorable(),
    }),
  },
)
export type CreateTopicsResponse = ValueOf<typeof CreateTopicsResponse>
