import { ErrorCode } from '../../protocol/errors.ts'
import { DeleteTopicsRequest, DeleteTopicsResponse } from '../../protocol/messages/delete-topics.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import type { TopicReference } from '../cluster/commands.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api, type Reply } from './api.ts'
import { mayOnCluster, mayOnTopic } from './authorize.ts'
import { errorForVersion } from './error-versions.ts'

type Answer = Exclude<Reply<typeof DeleteTopicsResponse>, symbol>
type TopicAnswer = Answer['responses'][number]

/** Since which version topics are a list of names or ids. */
const REFERENCES_SINCE = 6

/** DeleteTopics (key 20): by name, or by id since version 6 (KIP-516). */
export const deleteTopics = api(
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  {
    refuse: (request, { errorCode, errorMessage, apiVersion }) => ({
      throttleTimeMs: 0,
      responses: references(request, apiVersion).map(reference => ({
        ...reference,
        errorCode,
        errorMessage,
      })),
    }),
  },
  async (request, context) => {
    const { apiKey, apiVersion, broker } = context
    const responses: TopicAnswer[] = []
    const wanted: TopicReference[] = []
    for (const reference of references(request, apiVersion)) {
      const refused = refusal(reference, context)
      if (refused === null) wanted.push(reference)
      else responses.push(refused)
    }
    const deleted = wanted.length === 0 ? [] : await broker.controller.deleteTopics(wanted)
    for (const { name, topicId, errorCode, errorMessage } of deleted) {
      const code = errorForVersion(apiKey, apiVersion, errorCode)
      responses.push({ name, topicId, errorCode: code, errorMessage })
    }
    return { throttleTimeMs: 0, responses }
  },
)

function references(request: DeleteTopicsRequest, version: number): TopicReference[] {
  if (version < REFERENCES_SINCE) {
    return request.topicNames.map(name => ({ name, topicId: NO_UUID }))
  }
  return request.topics.map(({ name, topicId }) => ({ name, topicId }))
}

/** Why a topic is not deleted before anybody looks for it; null if nothing speaks against it. */
function refusal({ name, topicId }: TopicReference, context: RequestContext): TopicAnswer | null {
  const isById = topicId !== NO_UUID
  if ((name !== null) === isById) {
    const errorMessage = isById
      ? 'You may not specify both topic name and topic id.'
      : 'Neither topic name nor id were specified.'
    return { name, topicId, errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
  }
  if (mayOnCluster(context, Operation.DELETE)) return null
  const { topics, topicsById } = context.broker.image()
  const topic = isById ? topicsById.get(topicId)?.name : name
  if (topic === undefined || topic === null) return null
  const mayKnow = mayOnTopic(context, Operation.DESCRIBE, topic)
  // A name is first to be seen; who may see it may know that there is nothing to delete.
  const maySay = isById || mayKnow
  if (maySay && (!topics.has(topic) || mayOnTopic(context, Operation.DELETE, topic))) return null
  return {
    // The name behind an id is told only to those who may see it.
    name: !isById || mayKnow ? topic : null,
    topicId,
    errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    errorMessage: 'Topic authorization failed.',
  }
}
