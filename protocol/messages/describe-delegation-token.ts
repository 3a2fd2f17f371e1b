import { array, bytes, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeDelegationToken (key 41): lists delegation tokens (KIP-48).
 * v2 flexible · v3 who asked for the token (KIP-373).
 */
export const DescribeDelegationTokenRequest = message(
  41,
  'DescribeDelegationTokenRequest',
  { versions: '1-3', flexible: '2+' },
  {
    owners: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
    }).nullable(),
  },
)
export type DescribeDelegationTokenRequest = ValueOf<typeof DescribeDelegationTokenRequest>

export const DescribeDelegationTokenResponse = message(
  41,
  'DescribeDelegationTokenResponse',
  { versions: '1-3', flexible: '2+' },
  {
    errorCode: int16('0+'),
    tokens: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
      tokenRequesterPrincipalType: string('3+').default(''),
      tokenRequesterPrincipalName: string('3+').default(''),
      issueTimestamp: int64('0+'),
      expiryTimestamp: int64('0+'),
      maxTimestamp: int64('0+'),
      tokenId: string('0+'),
      hmac: bytes('0+'),
      renewers: array('0+', {
        principalType: string('0+'),
        principalName: string('0+'),
      }),
    }),
    throttleTimeMs: int32('0+').default(0),
  },
)
export type DescribeDelegationTokenResponse = ValueOf<typeof DescribeDelegationTokenResponse>
