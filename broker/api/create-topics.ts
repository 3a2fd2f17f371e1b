import { ErrorCode } from '../../protocol/errors.ts'
import { CreateTopicsRequest, CreateTopicsResponse } from '../../protocol/messages/create-topics.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import type { CreatedTopic, NewTopic } from '../cluster/commands.ts'
import { describeTopic } from '../config/describe.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api, type Reply } from './api.ts'
import { mayOnCluster, mayOnTopic } from './authorize.ts'

type Answer = Exclude<Reply<typeof CreateTopicsResponse>, symbol>
type TopicAnswer = Answer['topics'][number]

/**
 * CreateTopics (key 19): answered when the topics can be written to, so that the next Metadata of
 * any client has them with their leaders.
 */
export const createTopics = api(
  CreateTopicsRequest,
  CreateTopicsResponse,
  {
    refuse: (request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name }) => failed(name, errorCode, errorMessage)),
    }),
  },
  async (request, context) => {
    const answers = new Map<string, TopicAnswer>()
    const wanted: NewTopic[] = []
    for (const topic of request.topics) {
      const { name } = topic
      if (!mayCreate(context, name)) {
        answers.set(
          name,
          failed(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'Authorization failed.'),
        )
      } else {
        answers.set(name, failed(name, ErrorCode.UNKNOWN_SERVER_ERROR, null))
        wanted.push(newTopic(topic))
      }
    }
    if (wanted.length > 0) {
      const { validateOnly } = request
      const created = await context.broker.controller.createTopics(wanted, { validateOnly })
      for (const topic of created) answers.set(topic.name, answerOf(topic, context))
    }
    return { throttleTimeMs: 0, topics: [...answers.values()] }
  },
)

function mayCreate(context: RequestContext, name: string): boolean {
  return mayOnCluster(context, Operation.CREATE) || mayOnTopic(context, Operation.CREATE, name)
}

function newTopic(topic: CreateTopicsRequest['topics'][number]): NewTopic {
  const { name, numPartitions, replicationFactor, assignments, configs } = topic
  return { name, partitions: numPartitions, replicationFactor, assignments, configs }
}

function failed(name: string, errorCode: ErrorCode, errorMessage: string | null): TopicAnswer {
  // No configs (null) would make Java clients complain, and only with an error may they be empty.
  return { name, topicId: NO_UUID, errorCode, errorMessage, configs: [] }
}

function answerOf(created: CreatedTopic, context: RequestContext): TopicAnswer {
  const { name, errorCode, errorMessage, topicId } = created
  if (errorCode !== ErrorCode.NONE) return failed(name, errorCode, errorMessage)
  const answer = { name, topicId, errorCode, errorMessage: null }
  // KIP-525: the effective properties, for whoever may read them.
  if (!mayOnTopic(context, Operation.DESCRIBE_CONFIGS, name)) {
    const topicConfigErrorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    return { ...answer, topicConfigErrorCode, configs: [] }
  }
  return {
    ...answer,
    numPartitions: created.partitions,
    replicationFactor: created.replicationFactor,
    configs: describeTopic(context.broker.config, created.configs, null).map(config => ({
      name: config.name,
      value: config.value,
      readOnly: config.isReadOnly,
      configSource: config.source,
      isSensitive: config.isSensitive,
    })),
  }
}
