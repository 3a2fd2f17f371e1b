import { bytes, int16, int32, int64, message, type ValueOf } from '../schema.ts'

/**
 * ExpireDelegationToken (key 40): ends a delegation token (KIP-48).
 * v2 flexible.
 */
export const ExpireDelegationTokenRequest = message(
  40,
  'ExpireDelegationTokenRequest',
  { versions: '1-2', flexible: '2+' },
  {
    hmac: bytes('0+'),
    expiryTimePeriodMs: int64('0+'),
  },
)
export type ExpireDelegationTokenRequest = ValueOf<typeof ExpireDelegationTokenRequest>

export const ExpireDelegationTokenResponse = message(
  40,
  'ExpireDelegationTokenResponse',
  { versions: '1-2', flexible: '2+' },
  {
    errorCode: int16('0+'),
    expiryTimestampMs: int64('0+'),
    throttleTimeMs: int32('0+').default(0),
  },
)
export type ExpireDelegationTokenResponse = ValueOf<typeof ExpireDelegationTokenResponse>
