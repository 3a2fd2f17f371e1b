import { ErrorCode } from '../../protocol/errors.ts'
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from '../../protocol/messages/offset-for-leader-epoch.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnCluster, mayOnTopic } from './authorize.ts'
import { ledPartition } from './locate.ts'

type Asked = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number]

/**
 * OffsetForLeaderEpoch (key 23): where an epoch's records end, so that a reader notices that the
 * log it read from was cut (KIP-101, KIP-320).
 */
export const offsetForLeaderEpoch = api(
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
  {
    refuse: (request, { errorCode }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
      })),
    }),
  },
  (request, context) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(asked => epochEnd(topic, asked, context)),
    })),
  }),
)

function epochEnd(topic: string, asked: Asked, context: RequestContext) {
  const { partition: index, currentLeaderEpoch, leaderEpoch } = asked
  // As in Kafka either will do, whoever asks: at first it was a request of brokers only.
  const isAllowed =
    mayOnCluster(context, Operation.CLUSTER_ACTION) ||
    mayOnTopic(context, Operation.DESCRIBE, topic)
  if (!isAllowed) return { partition: index, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }
  const partition = ledPartition(context, topic, index)
  if (typeof partition === 'number') return { partition: index, errorCode: partition }
  const found = partition.endOffsetForEpoch(leaderEpoch, currentLeaderEpoch)
  return { partition: index, ...found }
}
