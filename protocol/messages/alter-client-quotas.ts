import { array, bool, float64, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * AlterClientQuotas (key 49): sets and removes quotas (KIP-546).
 * v1 flexible.
 */
export const AlterClientQuotasRequest = message(
  49,
  'AlterClientQuotasRequest',
  { versions: '0-1', flexible: '1+' },
  {
    entries: array('0+', {
      entity: array('0+', {
        entityType: string('0+'),
        entityName: string('0+').nullable(),
      }),
      ops: array('0+', {
        key: string('0+'),
        value: float64('0+'),
        remove: bool('0+'),
      }),
    }),
    validateOnly: bool('0+'),
  },
)
export type AlterClientQuotasRequest = ValueOf<typeof AlterClientQuotasRequest>

export const AlterClientQuotasResponse = message(
  49,
  'AlterClientQuotasResponse',
  { versions: '0-1', flexible: '1+' },
  {
    throttleTimeMs: int32('0+').default(0),
    entries: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable(),
      entity: array('0+', {
        entityType: string('0+'),
        entityName: string('0+').nullable(),
      }),
    }),
  },
)
export type AlterClientQuotasResponse = ValueOf<typeof AlterClientQuotasResponse>
