import { ErrorCode } from '../../protocol/errors.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import type { TopicImage } from '../image/image.ts'
import type { Partition } from '../partition/partition.ts'
import type { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { mayOnTopic } from './authorize.ts'

/** A topic as a request names it: by name, or by id in the versions that have ids. */
export interface TopicReference {
  readonly name: string
  readonly topicId: string
}

/**
 * The name of the topic a request refers to, or why there is none for this principal: authorization
 * is asked before existence is told, and an id nobody knows is not found whatever one may do.
 */
export function authorizedTopic(
  context: RequestContext,
  operation: Operation,
  { name, topicId }: TopicReference,
  isById: boolean,
): string | ErrorCode {
  let topic = name
  if (isById) {
    const known = topicId === NO_UUID ? undefined : context.broker.image().topicsById.get(topicId)
    if (known === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
    topic = known.name
  }
  return mayOnTopic(context, operation, topic) ? topic : ErrorCode.TOPIC_AUTHORIZATION_FAILED
}

/** The partition if this broker leads it, or the code that says what is the matter. */
export function ledPartition(
  context: RequestContext,
  topic: string,
  index: number,
): Partition | ErrorCode {
  const { broker } = context
  const partition = broker.partitions.get(topic, index)
  if (partition?.isLeader) return partition
  const known = broker.image().topics.get(topic)?.partitions[index]
  if (known === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  // Its log could not be opened yet: there is no other leader to be found meanwhile.
  if (known.leader === broker.nodeId) return ErrorCode.KAFKA_STORAGE_ERROR
  return ErrorCode.NOT_LEADER_OR_FOLLOWER
}

/** The one client that Kafka lets write to the topics of its own. */
const ADMIN_CLIENT_ID = '__admin_client'

/**
 * Whether a client may write to a partition, or why not. Kafka keeps clients from the topics of its
 * own by name, whoever created them.
 */
export function writeFault(
  context: { readonly clientId: string },
  partition: Partition,
): ErrorCode {
  if (!partition.isInternal || context.clientId === ADMIN_CLIENT_ID) return ErrorCode.NONE
  return ErrorCode.INVALID_TOPIC_EXCEPTION
}

/** Who leads a partition, for the replies that tell it beside an error (KIP-951). */
export function currentLeader(
  context: RequestContext,
  topic: string,
  index: number,
): { leaderId: number; leaderEpoch: number } {
  const partition = context.broker.image().topics.get(topic)?.partitions[index]
  if (partition === undefined) return { leaderId: -1, leaderEpoch: -1 }
  return { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch }
}

/** Errors after which a client looks for another leader. */
export function isAboutLeader(errorCode: ErrorCode): boolean {
  return (
    errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH
  )
}

/** The replicas of a partition whose broker is not alive. */
export function offlineReplicas(
  context: RequestContext,
  topic: TopicImage,
  index: number,
): number[] {
  const { brokers } = context.broker.image()
  return (topic.partitions[index]?.replicas ?? []).filter(id => !brokers.has(id))
}
