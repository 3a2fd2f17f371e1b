import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../protocol/messages/init-producer-id.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnCluster, mayOnTopic, mayOnTransaction } from './authorize.ts'
import { transactionsRefusal } from './no-transactions.ts'

/**
 * InitProducerId (key 22): an id for an idempotent producer (KIP-98), epoch 0. A request that
 * already has an id gets a fresh one as well: without a transactional id there is nothing to fence.
 *
 * Transactions are not served. A transactional id is refused by a code that its client takes as
 * final (no-transactions.ts); COORDINATOR_NOT_AVAILABLE would be tried again until the client's own
 * patience ends.
 */
export const initProducerId = api(
  InitProducerIdRequest,
  InitProducerIdResponse,
  {
    refuse: (_request, { errorCode }) => ({
      throttleTimeMs: 0,
      errorCode,
      producerId: -1,
      producerEpoch: -1,
    }),
  },
  async (request, context) => {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId !== null) {
      if (transactionalId === '') throw new KafkaError(ErrorCode.INVALID_REQUEST)
      throw new KafkaError(
        mayOnTransaction(context, Operation.WRITE, transactionalId)
          ? transactionsRefusal(context)
          : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      )
    }
    if (!mayBeIdempotent(context)) throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    if ((producerId === -1) !== (producerEpoch === -1)) {
      throw new KafkaError(ErrorCode.INVALID_REQUEST)
    }
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      producerId: await context.broker.producerIds.next(),
      producerEpoch: 0,
    }
  },
)

/** KIP-679: who may write to some topic may do so idempotently. */
function mayBeIdempotent(context: RequestContext): boolean {
  if (mayOnCluster(context, Operation.IDEMPOTENT_WRITE)) return true
  for (const topic of context.broker.image().topics.keys()) {
    if (mayOnTopic(context, Operation.WRITE, topic)) return true
  }
  return false
}
