import { ErrorCode } from '../../protocol/errors.ts'
import { MetadataRequest, MetadataResponse } from '../../protocol/messages/metadata.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import type { TopicImage } from '../image/image.ts'
import { topicNameFault } from '../image/topic-names.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api, type Reply } from './api.ts'
import { clusterOperations, mayOnCluster, mayOnTopic, topicOperations } from './authorize.ts'
import { createOnDemand } from './create-on-demand.ts'
import { endpointFor, liveBrokers } from './endpoint.ts'
import { errorForVersion } from './error-versions.ts'
import { offlineReplicas } from './locate.ts'

type Answer = Exclude<Reply<typeof MetadataResponse>, symbol>
type TopicAnswer = Answer['topics'][number]
type AskedTopic = NonNullable<MetadataRequest['topics']>[number]

/** Since which version topics may be asked for by id. */
const LOOKUP_BY_ID_SINCE = 12

/**
 * Metadata (key 3): the brokers, and topics with their leaders. A topic that is not there and may
 * be created is created, and answered with its leader in the same reply: kafkajs drops a reply
 * that has any error in it, and its consumers do not ask again.
 */
export const metadata = api(
  MetadataRequest,
  MetadataResponse,
  {
    refuse: (request, { errorCode, apiVersion }) => ({
      throttleTimeMs: 0,
      brokers: [],
      topics: (request.topics ?? []).map(({ name, topicId }) =>
        failed({ name, topicId }, errorCode, apiVersion),
      ),
      errorCode,
    }),
  },
  (request, context) => {
    const asked = askedTopics(request, context.apiVersion)
    if (asked === null) return answer(request, context, everyTopic(request, context))
    const missing = missingNames(asked, request, context)
    if (missing.length === 0) return answer(request, context, namedTopics(asked, request, context))
    return createOnDemand(context, missing).then(errors =>
      answer(request, context, namedTopics(asked, request, context, errors)),
    )
  },
)

/** The topics asked for, each once; null for all there are. */
function askedTopics({ topics }: MetadataRequest, version: number): AskedTopic[] | null {
  if (topics === null || (version === 0 && topics.length === 0)) return null
  const byReference = new Map(topics.map(topic => [`${topic.topicId}/${topic.name}`, topic]))
  return [...byReference.values()]
}

function answer(
  request: MetadataRequest,
  context: RequestContext,
  topics: readonly TopicAnswer[],
): Answer {
  const image = context.broker.image()
  const isAsked = request.includeClusterAuthorizedOperations
  return {
    throttleTimeMs: 0,
    brokers: liveBrokers(context).map(({ id, host, port, rack }) => ({
      nodeId: id,
      host,
      port,
      rack,
    })),
    clusterId: image.clusterId,
    controllerId: image.controllerId,
    topics,
    ...(isAsked && { clusterAuthorizedOperations: clusterOperations(context, true) }),
    errorCode: ErrorCode.NONE,
  }
}

/** All topics the principal may know of; the others are left out without a word. */
function everyTopic(request: MetadataRequest, context: RequestContext): TopicAnswer[] {
  const topics = [...context.broker.image().topics.values()]
  return topics
    .filter(({ name }) => mayOnTopic(context, Operation.DESCRIBE, name))
    .map(topic => described(topic, request, context))
}

/** Names that are asked for, do not exist, and may be created by this request. */
function missingNames(
  asked: readonly AskedTopic[],
  request: MetadataRequest,
  context: RequestContext,
): string[] {
  const { broker } = context
  if (!request.allowAutoTopicCreation || !broker.config.get('auto.create.topics.enable')) return []
  const { topics } = broker.image()
  const names: string[] = []
  for (const { name, topicId } of asked) {
    if (name === null || topicId !== NO_UUID || topics.has(name) || topicNameFault(name) !== null)
      continue
    if (mayOnTopic(context, Operation.DESCRIBE, name) && mayCreate(context, name)) names.push(name)
  }
  return names
}

function mayCreate(context: RequestContext, name: string): boolean {
  return mayOnCluster(context, Operation.CREATE) || mayOnTopic(context, Operation.CREATE, name)
}

function namedTopics(
  asked: readonly AskedTopic[],
  request: MetadataRequest,
  context: RequestContext,
  creationErrors: ReadonlyMap<string, ErrorCode> = new Map(),
): TopicAnswer[] {
  return asked.map(reference => {
    const found = find(reference, request, context, creationErrors)
    return typeof found === 'number'
      ? failed(reference, found, context.apiVersion)
      : described(found, request, context)
  })
}

/** The topic, or the code that says why this principal does not get it. */
function find(
  { name, topicId }: AskedTopic,
  request: MetadataRequest,
  context: RequestContext,
  creationErrors: ReadonlyMap<string, ErrorCode>,
): TopicImage | ErrorCode {
  const { apiVersion, broker } = context
  const image = broker.image()
  if (topicId !== NO_UUID) {
    if (apiVersion < LOOKUP_BY_ID_SINCE) return ErrorCode.INVALID_REQUEST
    // Whatever name stands beside it.
    const topic = image.topicsById.get(topicId)
    if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
    // An id is not a secret: whoever has it may know that it is not for them.
    return mayOnTopic(context, Operation.DESCRIBE, topic.name)
      ? topic
      : ErrorCode.TOPIC_AUTHORIZATION_FAILED
  }
  if (name === null) {
    return apiVersion < LOOKUP_BY_ID_SINCE ? ErrorCode.INVALID_REQUEST : ErrorCode.UNKNOWN_TOPIC_ID
  }
  if (!mayOnTopic(context, Operation.DESCRIBE, name)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
  const topic = image.topics.get(name)
  if (topic !== undefined) return topic
  if (topicNameFault(name) !== null) return ErrorCode.INVALID_TOPIC_EXCEPTION
  const creationError = creationErrors.get(name)
  if (creationError !== undefined) return creationError
  const isRefused =
    request.allowAutoTopicCreation &&
    broker.config.get('auto.create.topics.enable') &&
    !mayCreate(context, name)
  return isRefused ? ErrorCode.TOPIC_AUTHORIZATION_FAILED : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

function failed(
  { name, topicId }: { readonly name: string | null; readonly topicId: string },
  errorCode: ErrorCode,
  version: number,
): TopicAnswer {
  // Only what was asked for: an id with a name, or a name with an id, would tell more.
  const byId = topicId === NO_UUID ? name : null
  const shownName = version < LOOKUP_BY_ID_SINCE ? (name ?? '') : byId
  return { errorCode, name: shownName, topicId, partitions: [] }
}

function described(
  topic: TopicImage,
  request: MetadataRequest,
  context: RequestContext,
): TopicAnswer {
  const isAsked = request.includeTopicAuthorizedOperations
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: topic.partitions.map(({ index, leader, leaderEpoch, replicas, isr }) => ({
      errorCode: leaderError(context, leader),
      partitionIndex: index,
      leaderId: leader,
      leaderEpoch,
      replicaNodes: replicas,
      isrNodes: isr,
      offlineReplicas: offlineReplicas(context, topic, index),
    })),
    ...(isAsked && { topicAuthorizedOperations: topicOperations(context, true, topic.name) }),
  }
}

function leaderError(context: RequestContext, leader: number): ErrorCode {
  const { apiKey, apiVersion, broker } = context
  if (leader < 0 || !broker.image().brokers.has(leader)) return ErrorCode.LEADER_NOT_AVAILABLE
  if (endpointFor(context, leader) !== null) return ErrorCode.NONE
  return errorForVersion(apiKey, apiVersion, ErrorCode.LISTENER_NOT_FOUND)
}
