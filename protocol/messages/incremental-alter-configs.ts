import { array, bool, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * IncrementalAlterConfigs (key 44): sets, deletes, appends to or subtracts from single
 * configurations (KIP-339).
 * v1 flexible.
 */
export const IncrementalAlterConfigsRequest = message(
  44,
  'IncrementalAlterConfigsRequest',
  { versions: '0-1', flexible: '1+' },
  {
    resources: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configs: array('0+', {
        name: string('0+'),
        /** 0: set · 1: delete · 2: append · 3: subtract. */
        configOperation: int8('0+'),
        value: string('0+').nullable(),
      }),
    }),
    validateOnly: bool('0+'),
  },
)
export type IncrementalAlterConfigsRequest = ValueOf<typeof IncrementalAlterConfigsRequest>

export const IncrementalAlterConfigsResponse = message(
  44,
  'IncrementalAlterConfigsResponse',
  { versions: '0-1', flexible: '1+' },
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
export type IncrementalAlterConfigsResponse = ValueOf<typeof IncrementalAlterConfigsResponse>
