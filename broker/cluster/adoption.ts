import type { FoundFolder } from '../../storage/log-directory.ts'
import { type ConfigOverrides, INTERNAL_TOPICS } from '../image/image.ts'
import { splitKey, storeKey } from '../image/values.ts'
import type { StoreOperation } from '../metadata/store.ts'
import { ConfigResourceType } from './commands.ts'
import { isDamagedCopy } from './folders.ts'
import type { KraftMetadata } from './kraft-records.ts'
import { put } from './plan.ts'

/** A topic that the folders of a data folder make up. */
export interface FoundTopic {
  readonly id: string
  readonly name: string
  readonly partitions: ReadonlySet<number>
}

/** Which folders of a data folder without metadata are served again, and why others are not. */
export interface AdoptionPlan {
  readonly topics: readonly FoundTopic[]
  /** By folder name: the id under which the folder's log is opened. */
  readonly adopted: ReadonlyMap<string, string>
  /** By folder name: why it is set aside. */
  readonly refused: ReadonlyMap<string, string>
}

/** What an opened log adds to what the metadata of Kafka says. */
export interface LogFacts {
  /** -1: the log has no epoch. */
  readonly latestEpoch: number
  /** Greatest producer id that wrote here; -1: none did. */
  readonly producerIdMax: number
}

export interface AdoptionSources {
  readonly kraft: KraftMetadata
  readonly nodeId: number
  /** Null for a log that could not be opened. */
  readonly factsOf: (topic: string, partition: number) => LogFacts | null
  /** What an internal topic has where its own metadata is lost; empty for other topics. */
  readonly internalConfigs: (topic: string) => ConfigOverrides
}

const PRODUCER_ID_BLOCK = 1000

/** Where the configs of a topic are lost, retention must not remove what nobody meant to lose. */
export const KEEP_EVERYTHING: ConfigOverrides = new Map([
  ['retention.bytes', '-1'],
  ['retention.ms', '-1'],
])

/**
 * Decides, before any log is opened, which folders become topics again: under the ids that they
 * carry. A folder whose id is missing or damaged takes the one id that its topic has in Kafka's
 * metadata, or else in the other folders of its topic.
 */
export function planAdoption(folders: readonly FoundFolder[], kraft: KraftMetadata): AdoptionPlan {
  const refused = new Map<string, string>()
  const idsOfName = idsByName(folders, kraft)
  const topics = new Map<string, { name: string; folders: Map<number, FoundFolder> }>()
  for (const folder of folders) {
    const { name, topic, partition } = folder
    const id = idFor(folder, idsOfName.get(topic) ?? [], kraft)
    if (typeof id !== 'string') {
      refused.set(name, id.reason)
      continue
    }
    const found = topics.get(id) ?? { name: topic, folders: new Map() }
    found.folders.set(partition, folder)
    topics.set(id, found)
  }
  const adopted = new Map<string, string>()
  for (const [id, { name, folders: parts }] of topics) {
    dropBehindGap(name, parts, refused)
    for (const folder of parts.values()) adopted.set(folder.name, id)
    if (parts.size === 0) topics.delete(id)
  }
  const found = [...topics].map(([id, { name, folders: parts }]) => {
    return { id, name, partitions: new Set(parts.keys()) }
  })
  return { topics: found, adopted, refused }
}

/** The ids that a topic's name may stand for: Kafka's metadata goes before the folders. */
function idsByName(
  folders: readonly FoundFolder[],
  kraft: KraftMetadata,
): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>()
  const add = (name: string, id: string) => {
    const known = ids.get(name)
    if (known === undefined) ids.set(name, [id])
    else if (!known.includes(id)) known.push(id)
  }
  for (const { id, name } of kraft.topics.values()) add(name, id)
  if (kraft.topics.size > 0) return ids
  for (const { topic, topicId } of folders) if (topicId !== null) add(topic, topicId)
  return ids
}

function idFor(
  { topicId }: FoundFolder,
  known: readonly string[],
  kraft: KraftMetadata,
): string | { readonly reason: string } {
  const [first] = known
  if (topicId === null) {
    if (known.length === 1) return first as string
    return { reason: 'its topic id is unreadable, and nothing else says what it was' }
  }
  if (topicId === first) return topicId
  if (first !== undefined && isDamagedCopy(topicId, first)) return first
  if (kraft.topics.size > 0) {
    return { reason: `Kafka's metadata knows no topic with its topic id, ${topicId}` }
  }
  return { reason: `its topic id, ${topicId}, is not that of the topic's other folders` }
}

/** Partitions are dense: what comes behind one that another broker has cannot be shown. */
function dropBehindGap(
  topic: string,
  parts: Map<number, FoundFolder>,
  refused: Map<string, string>,
): void {
  let first = 0
  while (parts.has(first)) first++
  for (const [index, { name }] of [...parts]) {
    if (index < first) continue
    parts.delete(index)
    refused.set(name, `it cannot be served while ${topic}-${first} is not in this folder`)
  }
}

/**
 * What to write into an empty store so that the logs of a Kafka folder (or of a broker whose
 * metadata was lost) are served again: topics with this broker as the only replica, and the
 * configs, quotas and producer ids that Kafka's metadata log has. A topic of which no metadata tell
 * has no retention, for nobody knows the one it had. In any order and any number of
 * transactions: seen only once all are there.
 */
export function adoptionOperations(
  topics: readonly FoundTopic[],
  { kraft, nodeId, factsOf, internalConfigs }: AdoptionSources,
): StoreOperation[] {
  const operations: StoreOperation[] = []
  let next = kraft.nextProducerId
  for (const { id, name, partitions } of topics) {
    const leaderEpochs = kraft.topics.get(id)?.leaderEpochs
    for (const index of partitions) {
      const { latestEpoch, producerIdMax } = factsOf(name, index) ?? NO_FACTS
      const le = Math.max(0, latestEpoch, leaderEpochs?.get(index) ?? 0)
      next = Math.max(next, producerIdMax + 1)
      const part = { r: [nodeId], isr: [nodeId], l: nodeId, le }
      operations.push(put('part', storeKey.part(id, index), part))
    }
    const internal = INTERNAL_TOPICS.has(name)
    const configs = kraft.configs.get(`${ConfigResourceType.TOPIC}/${name}`)
    const isLost = kraft.topics.size === 0 && !internal
    const basis = isLost ? KEEP_EVERYTHING : internalConfigs(name)
    const overrides = new Map([...basis, ...(configs ?? [])])
    if (overrides.size > 0) {
      operations.push(put('cfg', storeKey.topicConfig(id), { c: [...overrides] }))
    }
    operations.push(put('name', storeKey.name(name), { id }))
    operations.push(put('topic', storeKey.topic(id), { name, state: 'active', internal }))
  }
  operations.push(...otherConfigOperations(kraft))
  operations.push(...quotaOperations(kraft))
  next = Math.ceil(next / PRODUCER_ID_BLOCK) * PRODUCER_ID_BLOCK
  if (next > 0) operations.push(put('pid', storeKey.nextProducerId, { next }))
  return operations
}

const NO_FACTS: LogFacts = { latestEpoch: -1, producerIdMax: -1 }

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

/** Kafka stores limits that are no numbers, and they limit nothing: those are left behind. */
function quotaOperations({ quotas }: KraftMetadata): StoreOperation[] {
  return quotas
    .filter(({ value }) => Number.isFinite(value))
    .map(({ entity, key, value }) => {
      const pairs = entity.map(([type, name]): [string, string | null] => [type, name])
      return put('quota', storeKey.quota(entity, key), { entity: pairs, key, value })
    })
}
