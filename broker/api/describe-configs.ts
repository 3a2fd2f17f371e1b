import { ErrorCode } from '../../protocol/errors.ts'
import {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from '../../protocol/messages/describe-configs.ts'
import { brokerIdOf, ConfigResourceType } from '../cluster/commands.ts'
import {
  type DescribedConfig,
  describeBroker,
  describeBrokerDefaults,
  describeClientMetrics,
  describeGroup,
  describeLoggers,
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

type Names = readonly string[] | null

function find(
  { resourceType, resourceName }: Resource,
  names: Names,
  { broker }: RequestContext,
): DescribedConfig[] | Failure {
  const image = broker.image()
  switch (resourceType) {
    case ConfigResourceType.TOPIC: {
      const topic = image.topics.get(resourceName)
      if (topic !== undefined) return describeTopic(broker.config, topic.configs, names)
      const errorMessage = topicNameFault(resourceName)
      return errorMessage === null
        ? { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage }
        : { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage }
    }
    case ConfigResourceType.BROKER: {
      if (resourceName === '') {
        return describeBrokerDefaults(image.brokerConfigs.get('') ?? NO_OVERRIDES, names)
      }
      return otherBroker(resourceName, broker) ?? describeBroker(broker.config, names)
    }
    case ConfigResourceType.BROKER_LOGGER:
      return (
        otherBroker(resourceName, broker) ?? describeLoggers(broker.host.logLevels.all(), names)
      )
    case ConfigResourceType.CLIENT_METRICS: {
      if (resourceName === '') return invalid('A subscription to client metrics has a name.')
      const overrides = image.clientMetricsConfigs.get(resourceName) ?? NO_OVERRIDES
      return describeClientMetrics(overrides, names)
    }
    case ConfigResourceType.GROUP: {
      if (resourceName === '') return invalid('Group name must not be empty.')
      const overrides = image.groupConfigs.get(resourceName) ?? NO_OVERRIDES
      return describeGroup(broker.config, overrides, names)
    }
    default:
      return invalid(`Unsupported resource type: ${resourceType}`)
  }
}

function otherBroker(name: string, { nodeId }: RequestContext['broker']): Failure | null {
  if (brokerIdOf(name) === nodeId) return null
  return invalid(`Unexpected broker id, expected ${nodeId}, but received ${name}`)
}

function invalid(errorMessage: string): Failure {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
}

function failed(
  { resourceType, resourceName }: Resource,
  errorCode: ErrorCode,
  errorMessage: string | null,
): ResourceAnswer {
  return { errorCode, errorMessage, resourceType, resourceName, configs: [] }
}
