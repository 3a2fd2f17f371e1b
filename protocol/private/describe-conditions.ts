import { array, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeConditions (key 10001, Ottla's own): what is wrong with the broker that is asked.
 */
export const DescribeConditionsRequest = message(
  10001,
  'DescribeConditionsRequest',
  { versions: '0', flexible: '0+' },
  {},
)
export type DescribeConditionsRequest = ValueOf<typeof DescribeConditionsRequest>

export const DescribeConditionsResponse = message(
  10001,
  'DescribeConditionsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().default(null),
    conditions: array('0+', {
      kind: string('0+'),
      subject: string('0+'),
      severity: string('0+'),
      message: string('0+'),
      sinceMs: int64('0+'),
    }),
  },
)
export type DescribeConditionsResponse = ValueOf<typeof DescribeConditionsResponse>
