import {
  array,
  bool,
  float64,
  int8,
  int16,
  int32,
  message,
  string,
  type ValueOf,
} from '../schema.ts'

/**
 * DescribeClientQuotas (key 48): lists quotas (KIP-546).
 * v1 flexible.
 */
export const DescribeClientQuotasRequest = message(
  48,
  'DescribeClientQuotasRequest',
  { versions: '0-1', flexible: '1+' },
  {
    components: array('0+', {
      entityType: string('0+'),
      /** 0: exactly `match` · 1: the default entity · 2: any. */
      matchType: int8('0+'),
      match: string('0+').nullable(),
    }),
    strict: bool('0+'),
  },
)
export type DescribeClientQuotasRequest = ValueOf<typeof DescribeClientQuotasRequest>

export const DescribeClientQuotasResponse = message(
  48,
  'DescribeClientQuotasResponse',
  { versions: '0-1', flexible: '1+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable(),
    entries: array('0+', {
      entity: array('0+', {
        entityType: string('0+'),
        entityName: string('0+').nullable(),
      }),
      values: array('0+', {
        key: string('0+'),
        value: float64('0+'),
      }),
    }).nullable(),
  },
)
export type DescribeClientQuotasResponse = ValueOf<typeof DescribeClientQuotasResponse>
