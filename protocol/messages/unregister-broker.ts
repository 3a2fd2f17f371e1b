import { int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * UnregisterBroker (key 64): forgets a broker that is gone (KIP-631).
 */
export const UnregisterBrokerRequest = message(
  64,
  'UnregisterBrokerRequest',
  { versions: '0', flexible: '0+' },
  {
    brokerId: int32('0+'),
  },
)
export type UnregisterBrokerRequest = ValueOf<typeof UnregisterBrokerRequest>

export const UnregisterBrokerResponse = message(
  64,
  'UnregisterBrokerResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable(),
  },
)
export type UnregisterBrokerResponse = ValueOf<typeof UnregisterBrokerResponse>
