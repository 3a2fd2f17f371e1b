import { array, bytes, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * AlterUserScramCredentials (key 51): sets and removes users' SCRAM credentials (KIP-554).
 */
export const AlterUserScramCredentialsRequest = message(
  51,
  'AlterUserScramCredentialsRequest',
  { versions: '0', flexible: '0+' },
  {
    deletions: array('0+', {
      name: string('0+'),
      mechanism: int8('0+'),
    }),
    upsertions: array('0+', {
      name: string('0+'),
      /** 1: SCRAM-SHA-256 · 2: SCRAM-SHA-512. */
      mechanism: int8('0+'),
      iterations: int32('0+'),
      salt: bytes('0+'),
      saltedPassword: bytes('0+'),
    }),
  },
)
export type AlterUserScramCredentialsRequest = ValueOf<typeof AlterUserScramCredentialsRequest>

export const AlterUserScramCredentialsResponse = message(
  51,
  'AlterUserScramCredentialsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    results: array('0+', {
      user: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable(),
    }),
  },
)
export type AlterUserScramCredentialsResponse = ValueOf<typeof AlterUserScramCredentialsResponse>
