import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { RequestContext } from '../services.ts'

/** The sentence that tells a user why a transactional producer cannot begin. */
export const NO_TRANSACTIONS = 'This broker serves no transactions.'

/** From these versions on only clients ask that take UNSUPPORTED_VERSION as final. */
const UNSUPPORTED_IS_FINAL_SINCE: ReadonlyMap<number, number> = new Map([
  [ApiKey.FIND_COORDINATOR, 4],
  [ApiKey.INIT_PRODUCER_ID, 5],
])

/**
 * The code that refuses a transactional producer so that its client gives up at once. Java's
 * producer and franz-go take UNSUPPORTED_VERSION as final. librdkafka, which asks in older
 * versions, tries again on every code but the authorization ones and two that would be lies; with
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED it ends at once and shows the sentence of FindCoordinator.
 */
export function transactionsRefusal({ apiKey, apiVersion }: RequestContext): ErrorCode {
  const since = UNSUPPORTED_IS_FINAL_SINCE.get(apiKey) ?? 0
  return apiVersion >= since
    ? ErrorCode.UNSUPPORTED_VERSION
    : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
}
