import { ErrorCode } from '../../protocol/errors.ts'
import {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from '../../protocol/messages/describe-configs.ts'
import { ConfigResourceType } from '../cluster/commands.ts'
import {
  type DescribedConfig,
  describeBroker,
  describeBrokerDefaults,
  describeTopic,
} from '../config/describe.ts'
import { NO_OVERRIDES } from '../image/image.ts'
import { topicNameFault } from '../image/topic-names.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api, type Reply } from './api.ts'
import { refusedConfigAccess } from './config-access.ts'

type Resource = DescribeConfigsRequest['resources'][number]
type Answer = Exclude<Reply<typeof DescribeConfigsResponse>, symbol>
type ResourceAnswer = Answer['results'][number]

/** DescribeConfigs (key 32): effective properties, where each comes from, and what it means. */
export const describeConfigs = api(
  DescribeConfigsRequest,
  DescribeConfigsResponse,
  {
    refuse: (request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      results: request.resources.map(resource => failed(resource, errorCode, errorMessage)),
    }),
  },
  (request, context) => ({
    throttleTimeMs: 0,
    results: request.resources.map(resource => describeOne(resource, request, context)),
  }),
)

function describeOne(
  resource: Resource,
  request: DescribeConfigsRequest,
  context: RequestContext,
): ResourceAnswer {
  const { resourceType, resourceName } = resource
  const refused = refusedConfigAccess(context, Operation.DESCRIBE_CONFIGS, resource)
  if (refused !== ErrorCode.NONE) return failed(resource, refused, null)
  // kafkajs and librdkafka say "all" with an empty list.
  const names = resource.configurationKeys?.length ? resource.configurationKeys : null
  const found = find(resource, names, context)
  if (!Array.isArray(found)) return failed(resource, found.errorCode, found.errorMessage)
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    resourceType,
    resourceName,
    configs: found.map(config => ({
      name: config.name,
      value: config.value,
      readOnly: config.isReadOnly,
      configSource: config.source,
      isSensitive: config.isSensitive,
      synonyms: request.includeSynonyms ? config.synonyms : [],
      configType: config.type,
      documentation: request.includeDocumentation ? config.documentation : null,
    })),
  }
}

interface Failure {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

function find(
  { resourceType, resourceName }: Resource,
  names: readonly string[] | null,
  context: RequestContext,
): DescribedConfig[] | Failure {
  const { broker } = context
  switch (resourceType) {
    case ConfigResourceType.TOPIC: {
      const topic = broker.image().topics.get(resourceName)
      if (topic !== undefined) return describeTopic(broker.config, topic.configs, names)
      return topicNameFault(resourceName) === null
        ? { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null }
        : { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: null }
    }
    case ConfigResourceType.BROKER: {
      if (resourceName === '') {
        const overrides = broker.image().brokerConfigs.get('') ?? NO_OVERRIDES
        return describeBrokerDefaults(overrides, names)
      }
      if (resourceName === String(broker.nodeId)) return describeBroker(broker.config, names)
      const errorMessage =
        `Unexpected broker id, expected ${broker.nodeId} or empty string, ` +
        `but received ${resourceName}`
      return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
    }
    default: {
      const errorMessage = `Unsupported resource type: ${resourceType}`
      return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
    }
  }
}

function failed(
  { resourceType, resourceName }: Resource,
  errorCode: ErrorCode,
  errorMessage: string | null,
): ResourceAnswer {
  return { errorCode, errorMessage, resourceType, resourceName, configs: [] }
}
