import { array, bool, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeCluster (key 60): brokers and controller of the cluster (KIP-700).
 * v1 asks controllers too (KIP-919) · v2 fenced brokers (KIP-1073).
 */
export const DescribeClusterRequest = message(
  60,
  'DescribeClusterRequest',
  { versions: '0-2', flexible: '0+' },
  {
    includeClusterAuthorizedOperations: bool('0+'),
    endpointType: int8('1+').default(1),
    includeFencedBrokers: bool('2+').default(false),
  },
)
export type DescribeClusterRequest = ValueOf<typeof DescribeClusterRequest>

export const DescribeClusterResponse = message(
  60,
  'DescribeClusterResponse',
  { versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().default(null),
    endpointType: int8('1+').default(1),
    clusterId: string('0+'),
    controllerId: int32('0+').default(-1),
    brokers: array('0+', {
      brokerId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('0+').nullable().default(null),
      isFenced: bool('2+').default(false),
    }),
    clusterAuthorizedOperations: int32('0+').default(-0x8000_0000),
  },
)
export type DescribeClusterResponse = ValueOf<typeof DescribeClusterResponse>
