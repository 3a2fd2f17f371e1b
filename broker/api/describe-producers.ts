import { ErrorCode } from '../../protocol/errors.ts'
import {
  DescribeProducersRequest,
  DescribeProducersResponse,
} from '../../protocol/messages/describe-producers.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnTopic } from './authorize.ts'
import { ledPartition } from './locate.ts'

/** DescribeProducers (key 61): the idempotent producers a partition remembers (KIP-664). */
export const describeProducers = api(
  DescribeProducersRequest,
  DescribeProducersResponse,
  {
    refuse: (request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partitionIndex => ({
          partitionIndex,
          errorCode,
          errorMessage,
          activeProducers: [],
        })),
      })),
    }),
  },
  (request, context) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map(index => describeOne(context, name, index)),
    })),
  }),
)

function describeOne(context: RequestContext, topic: string, partitionIndex: number) {
  const refused = (errorCode: ErrorCode) => ({ partitionIndex, errorCode, activeProducers: [] })
  if (!mayOnTopic(context, Operation.READ, topic)) {
    return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  }
  const partition = ledPartition(context, topic, partitionIndex)
  if (typeof partition === 'number') return refused(partition)
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    activeProducers: partition.log.activeProducers().map(producer => ({
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      lastSequence: producer.lastSequence,
      lastTimestamp: producer.lastTimestampMs,
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTxnStartOffset: producer.currentTransactionFirstOffset,
    })),
  }
}
