import { array, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * ReadShareGroupStateSummary (key 87): start offsets of share partitions, without their batches
 * (KIP-932); between brokers.
 * v1 count of completed deliveries (KIP-1226).
 */
export const ReadShareGroupStateSummaryRequest = message(
  87,
  'ReadShareGroupStateSummaryRequest',
  { versions: '0-1', flexible: '0+' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        leaderEpoch: int32('0+'),
      }),
    }),
  },
)
export type ReadShareGroupStateSummaryRequest = ValueOf<typeof ReadShareGroupStateSummaryRequest>

export const ReadShareGroupStateSummaryResponse = message(
  87,
  'ReadShareGroupStateSummaryResponse',
  { versions: '0-1', flexible: '0+' },
  {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable().default(null),
        stateEpoch: int32('0+'),
        leaderEpoch: int32('0+'),
        startOffset: int64('0+'),
        deliveryCompleteCount: int32('1+').default(-1).ignorable(),
      }),
    }),
  },
)
export type ReadShareGroupStateSummaryResponse = ValueOf<typeof ReadShareGroupStateSummaryResponse>
