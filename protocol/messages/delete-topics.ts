import { array, int16, int32, message, string, uuid, type ValueOf } from '../schema.ts'
import { NO_UUID } from '../uuid.ts'

/**
 * DeleteTopics (key 20): deletes topics.
 * v1 throttle time · v3 TOPIC_DELETION_DISABLED · v4 flexible · v5 error message, quotas (KIP-599)
 * · v6 by topic id (KIP-516).
 */
export const DeleteTopicsRequest = message(
  20,
  'DeleteTopicsRequest',
  { versions: '1-6', flexible: '4+' },
  {
    topics: array('6+', {
      name: string('6+').nullable().default(null),
      topicId: uuid('6+'),
    }).default([]),
    topicNames: array('0-5', string).default([]).ignorable(),
    timeoutMs: int32('0+'),
  },
)
export type DeleteTopicsRequest = ValueOf<typeof DeleteTopicsRequest>

export const DeleteTopicsResponse = message(
  20,
  'DeleteTopicsResponse',
  { versions: '1-6', flexible: '4+' },
  {
    throttleTimeMs: int32('1+').default(0).ignorable(),
    responses: array('0+', {
      name: string('0+').nullable('6+'),
      topicId: uuid('6+').default(NO_UUID).ignorable(),
      errorCode: int16('0+'),
      errorMessage: string('5+').nullable().default(null).ignorable(),
    }),
  },
)
export type DeleteTopicsResponse = ValueOf<typeof DeleteTopicsResponse>
