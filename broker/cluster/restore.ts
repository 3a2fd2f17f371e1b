import type { Stray } from '../../storage/strays.ts'
import { type ClusterImage, type ConfigOverrides, INTERNAL_TOPICS } from '../image/image.ts'
import { topicNameFault } from '../image/topic-names.ts'
import { storeKey } from '../image/values.ts'
import type { StoreOperation } from '../metadata/store.ts'
import { KEEP_EVERYTHING } from './adoption.ts'
import { isDamagedCopy } from './folders.ts'
import { type Authority, absent, inStages, type Plan, put } from './plan.ts'

export interface RestoreSources {
  readonly image: ClusterImage
  readonly nodeId: number
  /** What stands where the stray's folder would be, for the name its topic has. */
  readonly occupantOf: (topic: string) => 'nothing' | 'empty log' | 'records'
  /** What Kafka gives a topic of its own; empty for other topics. */
  readonly internalConfigs: (topic: string) => ConfigOverrides
  readonly transactionSizeMax: number
}

/** How a stray is taken back, or one sentence why it is not. */
export type Restoration =
  | { readonly refusal: string }
  | {
      readonly topic: string
      readonly topicId: string
      /** The topic is in no metadata and made again under the stray's id. */
      readonly isTopicMade: boolean
      readonly plan: Plan
    }

/** A folder's name is cut at this length, and the topic's name with it. */
const FOLDER_LENGTH_MAX = 255

/**
 * Decides how a stray becomes a partition's log again:
 *
 *   a topic of its name, the partition assigned here, no records in its place   its log
 *   a topic of its name and id with fewer partitions                           they are added
 *   no topic of its name nor of its id, and an id that is readable             the topic is made
 *   anything else                                                              refused
 */
export function planRestore(stray: Stray, sources: RestoreSources): Restoration {
  const { image, occupantOf } = sources
  const { name, partition, topicId } = stray
  const byId = topicId === null ? undefined : image.topicsById.get(topicId)
  if (name.length === FOLDER_LENGTH_MAX && byId === undefined) {
    return { refusal: `${name} no longer says its topic's whole name` }
  }
  const topicName = byId?.name ?? stray.topic
  const fault = topicNameFault(topicName)
  if (fault !== null) return { refusal: fault }
  const topic = image.topics.get(topicName)
  const place = `${topicName}-${partition}`
  if (occupantOf(topicName) === 'records') {
    return { refusal: `${place} has records of its own: move one of the two elsewhere first` }
  }
  if (topic === undefined) {
    if (topicId !== null) return { ...made(stray, topicName, topicId, sources), isTopicMade: true }
    const why = `${name} has no readable topic id, and there is no topic ${topicName}`
    return { refusal: `${why}: create the topic first` }
  }
  const assigned = topic.partitions[partition]
  if (assigned === undefined) {
    if (topicId === null || !isDamagedCopy(topicId, topic.id)) {
      return { refusal: `${topicName} has no partition ${partition}: add partitions first` }
    }
    return { ...made(stray, topicName, topic.id, sources), isTopicMade: false }
  }
  if (!assigned.replicas.includes(sources.nodeId)) {
    return { refusal: `the metadata assigns ${place} to other brokers` }
  }
  const leaderEpoch = Math.max(assigned.leaderEpoch, stray.latestEpoch) + 1
  const { replicas, isr, leader } = assigned
  const value = { r: [...replicas], isr: [...isr], l: leader, le: leaderEpoch }
  const operations = [put('part', storeKey.part(topic.id, partition), value)]
  const plan: Plan = [[{ compare: [], operations }]]
  return { topic: topicName, topicId: topic.id, isTopicMade: false, plan }
}

/** Takes back that a topic was deleted, so that no start ends that deletion. */
export function forgetDeletion(topicId: string): StoreOperation {
  return { kind: 'delete', key: storeKey.gone(topicId) }
}

/** The operations that give a topic, made if need be, its partitions up to the stray's. */
function made(stray: Stray, topic: string, topicId: string, sources: RestoreSources) {
  const { image, nodeId, transactionSizeMax } = sources
  const known = image.topicsById.get(topicId)
  const parts: StoreOperation[] = []
  for (let index = known?.partitions.length ?? 0; index <= stray.partition; index++) {
    const le = index === stray.partition ? stray.latestEpoch + 1 : 0
    const part = { r: [nodeId], isr: [nodeId], l: nodeId, le }
    parts.push(put('part', storeKey.part(topicId, index), part))
  }
  const authority: Authority = { compare: [], transactionSizeMax }
  if (known !== undefined) {
    const [gate, ...rest] = parts
    const operations = gate === undefined ? [] : [gate]
    return { topic, topicId, plan: inStages(authority, rest, { compare: [], operations }) }
  }
  const internal = INTERNAL_TOPICS.has(topic)
  const configs = internal ? sources.internalConfigs(topic) : KEEP_EVERYTHING
  const operations = [
    put('cfg', storeKey.topicConfig(topicId), { c: [...configs] }),
    put('topic', storeKey.topic(topicId), { name: topic, state: 'active', internal }),
    put('name', storeKey.name(topic), { id: topicId }),
  ]
  const compare = [absent(storeKey.name(topic))]
  return { topic, topicId, plan: inStages(authority, parts, { compare, operations }) }
}
