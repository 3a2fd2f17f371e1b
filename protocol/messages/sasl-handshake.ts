import { array, int16, message, string, type ValueOf } from '../schema.ts'

/**
 * SaslHandshake (key 17): names the SASL mechanism to use; never flexible.
 * v0 raw tokens follow · v1 SaslAuthenticate follows (KIP-152).
 */
export const SaslHandshakeRequest = message(
  17,
  'SaslHandshakeRequest',
  { versions: '0-1', flexible: 'none' },
  {
    mechanism: string('0+'),
  },
)
export type SaslHandshakeRequest = ValueOf<typeof SaslHandshakeRequest>

export const SaslHandshakeResponse = message(
  17,
  'SaslHandshakeResponse',
  { versions: '0-1', flexible: 'none' },
  {
    errorCode: int16('0+'),
    mechanisms: array('0+', string),
  },
)
export type SaslHandshakeResponse = ValueOf<typeof SaslHandshakeResponse>
