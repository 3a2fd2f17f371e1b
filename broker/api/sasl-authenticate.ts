import { ErrorCode } from '../../protocol/errors.ts'
import {
  SaslAuthenticateRequest,
  SaslAuthenticateResponse,
} from '../../protocol/messages/sasl-authenticate.ts'
import { api } from './api.ts'

const NO_TOKEN = Buffer.alloc(0)

/** SaslAuthenticate (key 36) on a listener without authentication: ILLEGAL_SASL_STATE. */
export const saslAuthenticate = api(
  SaslAuthenticateRequest,
  SaslAuthenticateResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      errorCode,
      errorMessage,
      authBytes: NO_TOKEN,
    }),
  },
  () => ({
    errorCode: ErrorCode.ILLEGAL_SASL_STATE,
    errorMessage: 'This listener does not authenticate.',
    authBytes: NO_TOKEN,
  }),
)
