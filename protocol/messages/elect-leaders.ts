import { array, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * ElectLeaders (key 43): elects preferred or unclean leaders (KIP-183).
 * v1 election type (KIP-460) · v2 flexible.
 */
export const ElectLeadersRequest = message(
  43,
  'ElectLeadersRequest',
  { versions: '0-2', flexible: '2+' },
  {
    /** 0: preferred · 1: unclean. */
    electionType: int8('1+').default(0),
    topicPartitions: array('0+', {
      topic: string('0+'),
      partitions: array('0+', int32),
    }).nullable(),
    timeoutMs: int32('0+').default(60000),
  },
)
export type ElectLeadersRequest = ValueOf<typeof ElectLeadersRequest>

export const ElectLeadersResponse = message(
  43,
  'ElectLeadersResponse',
  { versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('1+').default(0),
    replicaElectionResults: array('0+', {
      topic: string('0+'),
      partitionResult: array('0+', {
        partitionId: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable(),
      }),
    }),
  },
)
export type ElectLeadersResponse = ValueOf<typeof ElectLeadersResponse>
