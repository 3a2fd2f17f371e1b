import { array, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * ListConfigResources (key 74): names of resources that have configuration (KIP-714).
 * v1 any resource type (KIP-1142); v0 is ListClientMetricsResources.
 */
export const ListConfigResourcesRequest = message(
  74,
  'ListConfigResourcesRequest',
  { versions: '0-1', flexible: '0+' },
  {
    resourceTypes: array('1+', int8).default([]),
  },
)
export type ListConfigResourcesRequest = ValueOf<typeof ListConfigResourcesRequest>

export const ListConfigResourcesResponse = message(
  74,
  'ListConfigResourcesResponse',
  { versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    configResources: array('0+', {
      resourceName: string('0+'),
      resourceType: int8('1+').default(16).ignorable(),
    }),
  },
)
export type ListConfigResourcesResponse = ValueOf<typeof ListConfigResourcesResponse>
