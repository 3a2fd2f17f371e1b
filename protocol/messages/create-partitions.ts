import { array, bool, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * CreatePartitions (key 37): adds partitions to topics (KIP-195).
 * v2 flexible · v3 quotas (KIP-599).
 */
export const CreatePartitionsRequest = message(
  37,
  'CreatePartitionsRequest',
  { versions: '0-3', flexible: '2+' },
  {
    topics: array('0+', {
      name: string('0+'),
      /** Partitions in all, not those to add. */
      count: int32('0+'),
      assignments: array('0+', {
        brokerIds: array('0+', int32),
      }).nullable(),
    }),
    timeoutMs: int32('0+'),
    validateOnly: bool('0+'),
  },
)
export type CreatePartitionsRequest = ValueOf<typeof CreatePartitionsRequest>

export const CreatePartitionsResponse = message(
  37,
  'CreatePartitionsResponse',
  { versions: '0-3', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    results: array('0+', {
      name: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable().default(null),
    }),
  },
)
export type CreatePartitionsResponse = ValueOf<typeof CreatePartitionsResponse>
