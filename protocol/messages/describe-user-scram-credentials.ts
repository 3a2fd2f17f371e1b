import { array, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeUserScramCredentials (key 50): lists users' SCRAM mechanisms and iterations, never
 * secrets (KIP-554).
 */
export const DescribeUserScramCredentialsRequest = message(
  50,
  'DescribeUserScramCredentialsRequest',
  { versions: '0', flexible: '0+' },
  {
    users: array('0+', {
      name: string('0+'),
    }).nullable(),
  },
)
export type DescribeUserScramCredentialsRequest = ValueOf<
  typeof DescribeUserScramCredentialsRequest
>

export const DescribeUserScramCredentialsResponse = message(
  50,
  'DescribeUserScramCredentialsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable(),
    results: array('0+', {
      user: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable(),
      credentialInfos: array('0+', {
        mechanism: int8('0+'),
        iterations: int32('0+'),
      }),
    }),
  },
)
export type DescribeUserScramCredentialsResponse = ValueOf<
  typeof DescribeUserScramCredentialsResponse
>
