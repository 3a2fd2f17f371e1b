import { array, bool, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * AlterPartitionReassignments (key 45): starts or cancels moves of replicas (KIP-455).
 * v1 may forbid changes of the replication factor (KIP-860).
 */
export const AlterPartitionReassignmentsRequest = message(
  45,
  'AlterPartitionReassignmentsRequest',
  { versions: '0-1', flexible: '0+' },
  {
    timeoutMs: int32('0+').default(60000),
    allowReplicationFactorChange: bool('1+').default(true),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        replicas: array('0+', int32).nullable().default(null),
      }),
    }),
  },
)
export type AlterPartitionReassignmentsRequest = ValueOf<typeof AlterPartitionReassignmentsRequest>

export const AlterPartitionReassignmentsResponse = message(
  45,
  'AlterPartitionReassignmentsResponse',
  { versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    allowReplicationFactorChange: bool('1+').default(true).ignorable(),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable(),
    responses: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable(),
      }),
    }),
  },
)
export type AlterPartitionReassignmentsResponse = ValueOf<
  typeof AlterPartitionReassignmentsResponse
>
