import { array, bool, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * AlterConfigs (key 33): replaces the whole configuration of resources; IncrementalAlterConfigs is
 * the better way.
 * v2 flexible.
 */
export const AlterConfigsRequest = message(
  33,
  'AlterConfigsRequest',
  { versions: '0-2', flexible: '2+' },
  {
    resources: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+').nullable(),
      }),
    }),
    validateOnly: bool('0+'),
  },
)
export type AlterConfigsRequest = ValueOf<typeof AlterConfigsRequest>

export const AlterConfigsResponse = message(
  33,
  'AlterConfigsResponse',
  { versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    responses: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable(),
      resourceType: int8('0+'),
      resourceName: string('0+'),
    }),
  },
)
export type AlterConfigsResponse = ValueOf<typeof AlterConfigsResponse>
