import { ErrorCode } from '../../protocol/errors.ts'
import {
  type AlterScope,
  alterOverrides,
  isAlterRefusal,
  replaceOverrides,
} from '../config/alter.ts'
import type { AlterScopes } from '../config/alter-scopes.ts'
import { type ClusterImage, type ConfigOverrides, NO_OVERRIDES } from '../image/image.ts'
import { topicNameFault } from '../image/topic-names.ts'
import { storeKey } from '../image/values.ts'
import {
  brokerIdOf,
  type ConfigChanges,
  ConfigResourceType,
  type ConfigResult,
} from './commands.ts'
import type { Decision } from './controller.ts'
import { type Authority, NO_PLAN, put } from './plan.ts'

/** What altering configs depends on beside the image. */
export interface AlterRules {
  readonly scopes: AlterScopes
  readonly authority: Authority
}

/** Changes the overrides of resources; each by itself. One that is named twice stays as it is. */
export function decideAlterConfigs(
  image: ClusterImage,
  resources: readonly ConfigChanges[],
  rules: AlterRules,
): Decision<ConfigResult>[] {
  const times = new Map<string, number>()
  for (const resource of resources) times.set(idOf(resource), (times.get(idOf(resource)) ?? 0) + 1)
  return resources.map(changes => {
    if ((times.get(idOf(changes)) ?? 0) > 1) {
      const why = 'Each resource must appear at most once.'
      return unaltered(changes, ErrorCode.INVALID_REQUEST, why)
    }
    return decideOne(image, changes, rules)
  })
}

function idOf({ resourceType, resourceName }: ConfigChanges): string {
  return `${resourceType}/${resourceName}`
}

function decideOne(
  image: ClusterImage,
  changes: ConfigChanges,
  rules: AlterRules,
): Decision<ConfigResult> {
  const { resourceType, resourceName } = changes
  const { scopes } = rules
  if (resourceType === ConfigResourceType.TOPIC) return alterTopic(image, changes, rules)
  if (resourceType === ConfigResourceType.BROKER) return alterBroker(image, changes, rules)
  const isGroup = resourceType === ConfigResourceType.GROUP
  if (!isGroup && resourceType !== ConfigResourceType.CLIENT_METRICS) {
    const why = `Configs of resource type ${resourceType} cannot be altered`
    return unaltered(changes, ErrorCode.INVALID_REQUEST, why)
  }
  if (resourceName === '') {
    return unaltered(changes, ErrorCode.INVALID_REQUEST, 'The resource must have a name.')
  }
  return isGroup
    ? alter(changes, rules, {
        scope: scopes.group,
        current: image.groupConfigs.get(resourceName) ?? NO_OVERRIDES,
        key: storeKey.groupConfig(resourceName),
      })
    : alter(changes, rules, {
        scope: scopes.clientMetrics,
        current: image.clientMetricsConfigs.get(resourceName) ?? NO_OVERRIDES,
        key: storeKey.clientMetricsConfig(resourceName),
      })
}

function alterTopic(
  image: ClusterImage,
  changes: ConfigChanges,
  rules: AlterRules,
): Decision<ConfigResult> {
  const { resourceName } = changes
  if (resourceName === '') {
    const why = 'Default topic resources are not allowed.'
    return unaltered(changes, ErrorCode.INVALID_REQUEST, why)
  }
  const topic = image.topics.get(resourceName)
  if (topic === undefined) {
    const fault = topicNameFault(resourceName)
    if (fault !== null) return unaltered(changes, ErrorCode.INVALID_TOPIC_EXCEPTION, fault)
    const why = `The topic '${resourceName}' does not exist.`
    return unaltered(changes, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, why)
  }
  return alter(changes, rules, {
    scope: rules.scopes.topic,
    current: topic.configs,
    key: storeKey.topicConfig(topic.id),
  })
}

function alterBroker(
  image: ClusterImage,
  changes: ConfigChanges,
  rules: AlterRules,
): Decision<ConfigResult> {
  const { resourceName } = changes
  const { scopes } = rules
  if (resourceName === '') {
    return alter(changes, rules, {
      scope: scopes.brokerDefaults,
      current: image.brokerConfigs.get('') ?? NO_OVERRIDES,
      key: storeKey.brokerDefaults,
    })
  }
  const nodeId = brokerIdOf(resourceName)
  if (!image.brokers.has(nodeId)) {
    const why = `Unexpected broker id, expected one of the cluster's, but received ${resourceName}`
    return unaltered(changes, ErrorCode.INVALID_REQUEST, why)
  }
  const name = String(nodeId)
  return alter(changes, rules, {
    scope: scopes.broker,
    current: image.brokerConfigs.get(name) ?? NO_OVERRIDES,
    key: storeKey.brokerConfig(name),
  })
}

interface Target {
  readonly scope: AlterScope
  readonly current: ConfigOverrides
  /** Where the overrides are kept. */
  readonly key: string
}

function alter(
  changes: ConfigChanges,
  { authority }: AlterRules,
  { scope, current, key }: Target,
): Decision<ConfigResult> {
  const next =
    changes.mode === 'replace'
      ? replaceOverrides(changes.changes, scope)
      : alterOverrides(current, changes.changes, scope)
  if (isAlterRefusal(next)) {
    const isConfig = next.kind === 'invalid-config'
    const errorCode = isConfig ? ErrorCode.INVALID_CONFIG : ErrorCode.INVALID_REQUEST
    return unaltered(changes, errorCode, next.message)
  }
  const operation =
    next.size === 0 ? ({ kind: 'delete', key } as const) : put('cfg', key, { c: [...next] })
  const { resourceType, resourceName } = changes
  return {
    reply: { resourceType, resourceName, errorCode: ErrorCode.NONE, errorMessage: null },
    plan: [[{ compare: authority.compare, operations: [operation] }]],
  }
}

function unaltered(
  { resourceType, resourceName }: ConfigChanges,
  errorCode: ErrorCode,
  errorMessage: string | null,
): Decision<ConfigResult> {
  return { reply: { resourceType, resourceName, errorCode, errorMessage }, plan: NO_PLAN }
}
