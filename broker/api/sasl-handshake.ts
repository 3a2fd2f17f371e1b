import { ErrorCode } from '../../protocol/errors.ts'
import {
  SaslHandshakeRequest,
  SaslHandshakeResponse,
} from '../../protocol/messages/sasl-handshake.ts'
import { api } from './api.ts'

/**
 * SaslHandshake (key 17) on a listener without authentication: ILLEGAL_SASL_STATE and no mechanism,
 * as Kafka answers there. The connection stays open.
 */
export const saslHandshake = api(
  SaslHandshakeRequest,
  SaslHandshakeResponse,
  { refuse: (_request, { errorCode }) => ({ errorCode, mechanisms: [] }) },
  () => ({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] }),
)
