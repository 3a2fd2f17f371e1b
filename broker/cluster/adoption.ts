import { INTERNAL_TOPICS } from '../image/image.ts'
import { splitKey, storeKey } from '../image/values.ts'
import type { StoreOperation } from '../metadata/store.ts'
import { ConfigResourceType } from './commands.ts'
import type { KraftMetadata } from './kraft-records.ts'
import { put } from './plan.ts'

/** A log found in a folder this broker has no metadata of. */
export interface FoundLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  /** -1: it has none. */
  readonly latestEpoch: number
  /** Greatest producer id that wrote here; -1: none did. */
  readonly producerIdMax: number
}

export interface AdoptionPlan {
  /** In any order and any number of transactions: seen only once all are there. */
  readonly operations: readonly StoreOperation[]
  readonly topics: number
  readonly partitions: number
  /** One sentence each: what could not be taken over. */
  readonly findings: readonly string[]
}

const PRODUCER_ID_BLOCK = 1000

/**
 * What to write into an empty store so that the logs of a Kafka folder (or of a broker whose
 * metadata was lost) are served again: topics under the ids their partitions carry, with this
 * broker as the only replica, and the configs, quotas and producer ids Kafka's metadata log has.
 */
export function planAdoption(
  logs: readonly FoundLog[],
  kraft: KraftMetadata,
  nodeId: number,
): AdoptionPlan {
  const findings: string[] = []
  const topics = groupByTopic(logs, kraft, findings)
  const operations: StoreOperation[] = []
  let partitions = 0
  for (const [topicId, { name, logs: parts }] of topics) {
    const leaderEpochs = kraft.topics.get(topicId)?.leaderEpochs
    for (const { partition, latestEpoch } of parts.values()) {
      const le = Math.max(0, latestEpoch, leaderEpochs?.get(partition) ?? 0)
      const replicas = [nodeId]
      operations.push(
        put('part', storeKey.part(topicId, partition), {
          r: replicas,
          isr: replicas,
          l: nodeId,
          le,
        }),
      )
      partitions++
    }
    const internal = INTERNAL_TOPICS.has(name)
    const configs = kraft.configs.get(`${ConfigResourceType.TOPIC}/${name}`)
    if (configs !== undefined && configs.size > 0) {
      operations.push(put('cfg', storeKey.topicConfig(topicId), { c: [...configs] }))
    }
    operations.push(put('name', storeKey.name(name), { id: topicId }))
    operations.push(put('topic', storeKey.topic(topicId), { name, state: 'active', internal }))
  }
  operations.push(...otherConfigOperations(kraft))
  for (const [index, { entity, key, value }] of kraft.quotas.entries()) {
    const pairs = entity.map(([type, name]): [string, string | null] => [type, name])
    operations.push(put('quota', storeKey.quota(index), { entity: pairs, key, value }))
  }
  const next = nextProducerId(logs, kraft)
  if (next > 0) operations.push(put('pid', storeKey.nextProducerId, { next }))
  return { operations, topics: topics.size, partitions, findings }
}

interface FoundTopic {
  readonly name: string
  readonly logs: Map<number, FoundLog>
}

function groupByTopic(
  logs: readonly FoundLog[],
  kraft: KraftMetadata,
  findings: string[],
): Map<string, FoundTopic> {
  const topics = new Map<string, FoundTopic>()
  const idOfName = new Map<string, string>()
  for (const log of logs) {
    const { topic: name, partition, topicId } = log
    if (topicId === '') {
      findings.push(`${name}-${partition} carries no topic id`)
      continue
    }
    if ((idOfName.get(name) ?? topicId) !== topicId) {
      findings.push(`${name}-${partition} carries another topic id than the rest of ${name}`)
      continue
    }
    if (kraft.topics.size > 0 && !kraft.topics.has(topicId)) {
      findings.push(`${name}-${partition} belongs to a topic its cluster had deleted`)
      continue
    }
    idOfName.set(name, topicId)
    const found = topics.get(topicId) ?? { name, logs: new Map() }
    found.logs.set(partition, log)
    topics.set(topicId, found)
  }
  for (const { name, logs: parts } of topics.values()) dropBehindGap(name, parts, findings)
  return topics
}

/** Partitions are dense: what comes behind one that another broker has cannot be shown. */
function dropBehindGap(name: string, parts: Map<number, FoundLog>, findings: string[]): void {
  let first = 0
  while (parts.has(first)) first++
  for (const index of [...parts.keys()]) {
    if (index < first) continue
    parts.delete(index)
    findings.push(`${name}-${index} cannot be served: ${name}-${first} is not in this folder`)
  }
}

function otherConfigOperations(kraft: KraftMetadata): StoreOperation[] {
  const operations: StoreOperation[] = []
  for (const [key, configs] of kraft.configs) {
    const { kind, rest: name } = splitKey(key)
    const to = configKey(Number(kind), name)
    if (to !== null && configs.size > 0) operations.push(put('cfg', to, { c: [...configs] }))
  }
  return operations
}

/** Where the configs of a resource are kept, topics aside. */
function configKey(resourceType: number, name: string): string | null {
  switch (resourceType) {
    case ConfigResourceType.BROKER:
      return name === '' ? storeKey.brokerDefaults : storeKey.brokerConfig(name)
    case ConfigResourceType.CLIENT_METRICS:
      return storeKey.clientMetricsConfig(name)
    case ConfigResourceType.GROUP:
      return storeKey.groupConfig(name)
    default:
      return null
  }
}

function nextProducerId(logs: readonly FoundLog[], kraft: KraftMetadata): number {
  let next = kraft.nextProducerId
  for (const { producerIdMax } of logs) next = Math.max(next, producerIdMax + 1)
  return Math.ceil(next / PRODUCER_ID_BLOCK) * PRODUCER_ID_BLOCK
}
