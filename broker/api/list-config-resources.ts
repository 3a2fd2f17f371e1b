import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  ListConfigResourcesRequest,
  ListConfigResourcesResponse,
} from '../../protocol/messages/list-config-resources.ts'
import { ConfigResourceType } from '../cluster/commands.ts'
import type { ClusterImage } from '../image/image.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/** Version 0 knew no types: it lists subscriptions to metrics of clients. */
const TYPED_SINCE = 1

const EVERY_TYPE: readonly number[] = Object.values(ConfigResourceType)

/** ListConfigResources (key 74): what has properties; no type named means all (KIP-1142). */
export const listConfigResources = api(
  ListConfigResourcesRequest,
  ListConfigResourcesResponse,
  {
    refuse: (_request, { errorCode }) => ({ throttleTimeMs: 0, errorCode, configResources: [] }),
  },
  (request, context) => {
    if (!mayOnCluster(context, Operation.DESCRIBE_CONFIGS)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const types =
      context.apiVersion < TYPED_SINCE
        ? [ConfigResourceType.CLIENT_METRICS]
        : request.resourceTypes.length > 0
          ? new Set(request.resourceTypes)
          : EVERY_TYPE
    const image = context.broker.image()
    const configResources = []
    for (const resourceType of types) {
      if (!EVERY_TYPE.includes(resourceType)) throw new KafkaError(ErrorCode.UNSUPPORTED_VERSION)
      for (const resourceName of namesOf(image, resourceType)) {
        configResources.push({ resourceName, resourceType })
      }
    }
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, configResources }
  },
)

function namesOf(image: ClusterImage, resourceType: number): Iterable<string> {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return image.topics.keys()
    case ConfigResourceType.BROKER:
    case ConfigResourceType.BROKER_LOGGER:
      return [...image.brokers.keys()].map(String)
    case ConfigResourceType.GROUP:
      return image.groupConfigs.keys()
    case ConfigResourceType.CLIENT_METRICS:
      return image.clientMetricsConfigs.keys()
    default:
      return []
  }
}
