import { bytes, int16, int32, int64, message, type ValueOf } from '../schema.ts'

/**
 * RenewDelegationToken (key 39): prolongs a delegation token (KIP-48).
 * v2 flexible.
 */
export const RenewDelegationTokenRequest = message(
  39,
  'RenewDelegationTokenRequest',
  { versions: '1-2', flexible: '2+' },
  {
    hmac: bytes('0+'),
    renewPeriodMs: int64('0+'),
  },
)
export type RenewDelegationTokenRequest = ValueOf<typeof RenewDelegationTokenRequest>

export const RenewDelegationTokenResponse = message(
  39,
  'RenewDelegationTokenResponse',
  { versions: '1-2', flexible: '2+' },
  {
    errorCode: int16('0+'),
    expiryTimestampMs: int64('0+'),
    throttleTimeMs: int32('0+').default(0),
  },
)
export type RenewDelegationTokenResponse = ValueOf<typeof RenewDelegationTokenResponse>
