import { array, bytes, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * CreateDelegationToken (key 38): issues a delegation token (KIP-48).
 * v2 flexible · v3 a token for another owner (KIP-373).
 */
export const CreateDelegationTokenRequest = message(
  38,
  'CreateDelegationTokenRequest',
  { versions: '1-3', flexible: '2+' },
  {
    ownerPrincipalType: string('3+').nullable().default(''),
    ownerPrincipalName: string('3+').nullable().default(''),
    renewers: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
    }),
    maxLifetimeMs: int64('0+'),
  },
)
export type CreateDelegationTokenRequest = ValueOf<typeof CreateDelegationTokenRequest>

export const CreateDelegationTokenResponse = message(
  38,
  'CreateDelegationTokenResponse',
  { versions: '1-3', flexible: '2+' },
  {
    errorCode: int16('0+'),
    principalType: string('0+'),
    principalName: string('0+'),
    tokenRequesterPrincipalType: string('3+').default(''),
    tokenRequesterPrincipalName: string('3+').default(''),
    issueTimestampMs: int64('0+'),
    expiryTimestampMs: int64('0+'),
    maxTimestampMs: int64('0+'),
    tokenId: string('0+'),
    hmac: bytes('0+'),
    throttleTimeMs: int32('0+').default(0),
  },
)
export type CreateDelegationTokenResponse = ValueOf<typeof CreateDelegationTokenResponse>
