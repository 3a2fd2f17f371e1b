import { bytes, int16, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * SaslAuthenticate (key 36): one token of the SASL exchange (KIP-152).
 * v1 session lifetime (KIP-368) · v2 flexible.
 */
export const SaslAuthenticateRequest = message(
  36,
  'SaslAuthenticateRequest',
  { versions: '0-2', flexible: '2+' },
  {
    authBytes: bytes('0+'),
  },
)
export type SaslAuthenticateRequest = ValueOf<typeof SaslAuthenticateRequest>

export const SaslAuthenticateResponse = message(
  36,
  'SaslAuthenticateResponse',
  { versions: '0-2', flexible: '2+' },
  {
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable(),
    authBytes: bytes('0+'),
    sessionLifetimeMs: int64('1+').default(0).ignorable(),
  },
)
export type SaslAuthenticateResponse = ValueOf<typeof SaslAuthenticateResponse>
