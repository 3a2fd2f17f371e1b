import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from '../../protocol/messages/describe-topic-partitions.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import type { TopicImage } from '../image/image.ts'
import { topicNameFault } from '../image/topic-names.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api, type Reply } from './api.ts'
import { mayOnTopic, topicOperations } from './authorize.ts'
import { offlineReplicas } from './locate.ts'

type Answer = Exclude<Reply<typeof DescribeTopicPartitionsResponse>, symbol>
type TopicAnswer = Answer['topics'][number]

/**
 * DescribeTopicPartitions (key 75): topics in ascending order of their names, a page at a time
 * (KIP-966). No topic named means all. The cursor names the first partition of the next page.
 */
export const describeTopicPartitions = api(
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
  {
    refuse: (request, { errorCode }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name }) => failed(name, errorCode)),
    }),
  },
  (request, context) => {
    const { cursor, responsePartitionLimit } = request
    if (cursor !== null && !isValidCursor(cursor, request)) {
      throw new KafkaError(ErrorCode.INVALID_REQUEST)
    }
    const limit = context.broker.config.get('max.request.partition.size.limit')
    let left = Math.max(1, Math.min(responsePartitionLimit, limit))
    const topics: TopicAnswer[] = []
    for (const name of namesInOrder(request, context)) {
      const isCursor = name === cursor?.topicName
      if (cursor !== null && name < cursor.topicName) continue
      const first = isCursor ? cursor.partitionIndex : 0
      if (left === 0) return page(topics, name, first)
      const found = find(name, context)
      if (typeof found === 'number') {
        topics.push(failed(name, found))
        continue
      }
      const next = Math.min(found.partitions.length, first + left)
      topics.push(described(found, first, next, context))
      left -= Math.max(0, next - first)
      if (next < found.partitions.length) return page(topics, name, next)
    }
    return { throttleTimeMs: 0, topics, nextCursor: null }
  },
)

/** A page that goes on somewhere goes on at one of the topics asked for. */
function isValidCursor(
  { topicName, partitionIndex }: NonNullable<DescribeTopicPartitionsRequest['cursor']>,
  { topics }: DescribeTopicPartitionsRequest,
): boolean {
  if (partitionIndex < 0) return false
  return topics.length === 0 || topics.some(({ name }) => name === topicName)
}

function page(topics: TopicAnswer[], topicName: string, partitionIndex: number): Answer {
  return { throttleTimeMs: 0, topics, nextCursor: { topicName, partitionIndex } }
}

function namesInOrder(request: DescribeTopicPartitionsRequest, context: RequestContext): string[] {
  if (request.topics.length > 0) return [...new Set(request.topics.map(t => t.name))].sort()
  return [...context.broker.image().topics.keys()]
    .filter(name => mayOnTopic(context, Operation.DESCRIBE, name))
    .sort()
}

function find(name: string, context: RequestContext): TopicImage | ErrorCode {
  if (!mayOnTopic(context, Operation.DESCRIBE, name)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
  const topic = context.broker.image().topics.get(name)
  if (topic !== undefined) return topic
  return topicNameFault(name) === null
    ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    : ErrorCode.INVALID_TOPIC_EXCEPTION
}

function failed(name: string, errorCode: ErrorCode): TopicAnswer {
  return { errorCode, name, topicId: NO_UUID, partitions: [] }
}

function described(
  topic: TopicImage,
  first: number,
  next: number,
  context: RequestContext,
): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: topic.partitions.slice(first, next).map(partition => ({
      errorCode: partition.leader < 0 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
      partitionIndex: partition.index,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: offlineReplicas(context, topic, partition.index),
    })),
    topicAuthorizedOperations: topicOperations(context, true, topic.name),
  }
}
