import { array, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * ListPartitionReassignments (key 46): moves of replicas in progress (KIP-455).
 */
export const ListPartitionReassignmentsRequest = message(
  46,
  'ListPartitionReassignmentsRequest',
  { versions: '0', flexible: '0+' },
  {
    timeoutMs: int32('0+').default(60000),
    topics: array('0+', {
      name: string('0+'),
      partitionIndexes: array('0+', int32),
    })
      .nullable()
      .default(null),
  },
)
export type ListPartitionReassignmentsRequest = ValueOf<typeof ListPartitionReassignmentsRequest>

export const ListPartitionReassignmentsResponse = message(
  46,
  'ListPartitionReassignmentsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable(),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        replicas: array('0+', int32),
        addingReplicas: array('0+', int32),
        removingReplicas: array('0+', int32),
      }),
    }),
  },
)
export type ListPartitionReassignmentsResponse = ValueOf<typeof ListPartitionReassignmentsResponse>
