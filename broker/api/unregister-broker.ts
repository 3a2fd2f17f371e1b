import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
} from '../../protocol/messages/unregister-broker.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/**
 * UnregisterBroker (key 64): a broker is registered while it is alive, so there is nothing to
 * forget of one that is gone, and one that is alive would register again.
 */
export const unregisterBroker = api(
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
    }),
  },
  ({ brokerId }, context) => {
    if (!mayOnCluster(context, Operation.ALTER)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    if (context.broker.image().brokers.has(brokerId)) {
      const why = `Broker ${brokerId} is running; its registration ends when it stops.`
      throw new KafkaError(ErrorCode.INVALID_REQUEST, why)
    }
    const why = `Broker ID ${brokerId} is not currently registered`
    throw new KafkaError(ErrorCode.BROKER_ID_NOT_REGISTERED, why)
  },
)
