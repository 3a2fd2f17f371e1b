import { ErrorCode } from '../../protocol/errors.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import {
  type AlterRefusal,
  type AlterScope,
  isAlterRefusal,
  replaceOverrides,
} from '../config/alter.ts'
import {
  type ClusterImage,
  type ConfigOverrides,
  INTERNAL_TOPICS,
  NO_OVERRIDES,
} from '../image/image.ts'
import { collisionKey, topicNameFault } from '../image/topic-names.ts'
import { storeKey } from '../image/values.ts'
import type { CreatedTopic, NewTopic } from './commands.ts'
import { type Candidate, placeReplicas } from './placement.ts'
import { type Authority, absent, inStages, NO_PLAN, type Plan, put } from './plan.ts'

/** What Kafka calls the log of its controllers: no client can have a topic of that name. */
const METADATA_TOPIC = '__cluster_metadata'

/** What creating topics depends on beside the image. */
export interface CreationRules {
  readonly defaultPartitions: number
  readonly defaultReplicationFactor: number
  /** In the whole cluster. */
  readonly partitionsMax: number
  readonly topicScope: AlterScope
  readonly newTopicId: () => string
  /** Where the leaders of a topic begin: any whole number, from 0. */
  readonly placementSeed: () => number
  /** What a topic of Kafka's own has where its creator did not say otherwise. */
  readonly internalConfigs: (topic: string) => ConfigOverrides
  readonly authority: Authority
}

/** A topic's fate, and what is to be done about it. */
export interface CreationDecision {
  readonly reply: CreatedTopic
  readonly plan: Plan
}

/** Decides each topic by itself, against the image and those before it in the request. */
export function decideCreateTopics(
  image: ClusterImage,
  topics: readonly NewTopic[],
  rules: CreationRules,
): CreationDecision[] {
  const asked = new Map<string, number>()
  for (const { name } of topics) asked.set(name, (asked.get(name) ?? 0) + 1)
  const taken = new Map([...image.topics.keys()].map(name => [collisionKey(name), name]))
  let partitions = partitionCount(image)
  const decisions: CreationDecision[] = []
  for (const [name, count] of asked) {
    const topic = topics.find(candidate => candidate.name === name) as NewTopic
    const decision =
      count > 1
        ? refused(name, ErrorCode.INVALID_REQUEST, `Topic "${name}" is named more than once`)
        : decideOne(image, topic, { ...rules, taken, partitions })
    decisions.push(decision)
    if (decision.plan === NO_PLAN) continue
    taken.set(collisionKey(name), name)
    partitions += decision.reply.partitions
  }
  return decisions
}

interface Context extends CreationRules {
  /** Collision key -> the name that has it. */
  readonly taken: ReadonlyMap<string, string>
  /** Partitions there are. */
  readonly partitions: number
}

function decideOne(image: ClusterImage, topic: NewTopic, context: Context): CreationDecision {
  const { name } = topic
  const fault = topicNameFault(name)
  if (fault !== null) return refused(name, ErrorCode.INVALID_TOPIC_EXCEPTION, fault)
  if (name === METADATA_TOPIC) {
    const why = `Creation of internal topic ${name} is prohibited.`
    return refused(name, ErrorCode.INVALID_REQUEST, why)
  }
  const other = context.taken.get(collisionKey(name))
  if (other === name) {
    return refused(name, ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
  }
  if (other !== undefined) {
    const why = `Topic '${name}' collides with existing topic: ${other}`
    return refused(name, ErrorCode.INVALID_TOPIC_EXCEPTION, why)
  }
  const configs = topicConfigs(topic, context)
  if (isAlterRefusal(configs)) return refused(name, ErrorCode.INVALID_CONFIG, configs.message)
  const placed = replicasOf(image, topic, context)
  if (!Array.isArray(placed)) return refused(name, placed.errorCode, placed.message)
  if (context.partitions + placed.length > context.partitionsMax) {
    const why = `The cluster would have more than ${context.partitionsMax} partitions`
    return refused(name, ErrorCode.INVALID_PARTITIONS, why)
  }
  return created(name, placed, configs, context)
}

function topicConfigs(topic: NewTopic, rules: CreationRules): ConfigOverrides | AlterRefusal {
  const own = rules.internalConfigs(topic.name)
  if (topic.configs.length === 0) return own
  // Of a name that is given twice the last value counts, as with Kafka.
  const last = new Map(topic.configs.map(({ name, value }) => [name, value]))
  const wanted = replaceOverrides(
    Array.from(last, ([name, value]) => ({ name, value, operation: 0 })),
    rules.topicScope,
  )
  if (isAlterRefusal(wanted)) return { ...wanted, kind: 'invalid-config' }
  return own.size === 0 ? wanted : new Map([...own, ...wanted])
}

interface Fault {
  readonly errorCode: ErrorCode
  readonly message: string
}

function fault(errorCode: ErrorCode, message: string): Fault {
  return { errorCode, message }
}

function replicasOf(image: ClusterImage, topic: NewTopic, context: Context): number[][] | Fault {
  if (topic.assignments.length > 0) return assigned(image, topic)
  const { partitions, replicationFactor } = topic
  if (replicationFactor === 0 || replicationFactor < -1) {
    const why = 'Replication factor was set to an invalid non-positive value.'
    return fault(ErrorCode.INVALID_REPLICATION_FACTOR, why)
  }
  if (partitions === 0 || partitions < -1) {
    const why = 'Number of partitions was set to an invalid non-positive value.'
    return fault(ErrorCode.INVALID_PARTITIONS, why)
  }
  const count = partitions === -1 ? context.defaultPartitions : partitions
  if (count > context.partitionsMax) {
    const why = `The cluster would have more than ${context.partitionsMax} partitions`
    return fault(ErrorCode.INVALID_PARTITIONS, why)
  }
  const factor = replicationFactor === -1 ? context.defaultReplicationFactor : replicationFactor
  const unplaceable = replicationFault(image, factor)
  if (unplaceable !== null) return unplaceable
  return placeReplicas({
    candidates: candidatesOf(image),
    replicationFactor: factor,
    partitions: count,
    firstIndex: 0,
    seed: context.placementSeed(),
  })
}

/** Whether there are brokers for so many replicas. */
export function replicationFault(image: ClusterImage, replicationFactor: number): Fault | null {
  const brokers = image.brokers.size
  if (replicationFactor <= brokers) return null
  return fault(
    ErrorCode.INVALID_REPLICATION_FACTOR,
    `Unable to replicate the partition ${replicationFactor} time(s): The target replication ` +
      `factor of ${replicationFactor} cannot be reached because only ${brokers} broker(s) are ` +
      'registered.',
  )
}

/** Brokers that may hold replicas. */
export function candidatesOf(image: ClusterImage): Candidate[] {
  return Array.from(image.brokers.values(), ({ id, rack }) => ({ id, rack }))
}

function assigned(image: ClusterImage, topic: NewTopic): number[][] | Fault {
  if (topic.partitions !== -1 || topic.replicationFactor !== -1) {
    const why = 'A manual partition assignment was specified, but the numbers were not -1.'
    return fault(ErrorCode.INVALID_REQUEST, why)
  }
  const byIndex = new Map(topic.assignments.map(a => [a.partitionIndex, a.brokerIds]))
  const replicas: number[][] = []
  for (let index = 0; index < topic.assignments.length; index++) {
    const brokerIds = byIndex.get(index)
    if (brokerIds === undefined) {
      const why = 'partitions should be a consecutive 0-based integer sequence'
      return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
    }
    replicas.push([...brokerIds])
  }
  const wrong = assignmentFault(image, replicas, replicas[0]?.length ?? 0)
  return wrong ?? replicas
}

/** What is wrong with replicas somebody chose, each partition to have `replicationFactor`. */
export function assignmentFault(
  image: ClusterImage,
  replicas: readonly (readonly number[])[],
  replicationFactor: number,
): Fault | null {
  const invalid = (message: string) => fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
  for (const brokerIds of replicas) {
    const wrong = replicasFault(image, brokerIds)
    if (wrong !== null) return invalid(wrong)
    if (brokerIds.length !== replicationFactor) {
      return invalid(
        `The manual partition assignment includes a partition with ${brokerIds.length} ` +
          'replica(s), but this is not consistent with previous partitions, which have ' +
          `${replicationFactor} replica(s).`,
      )
    }
  }
  return null
}

/** Why a partition cannot be on these brokers, in Kafka's words; null if it can. */
export function replicasFault(image: ClusterImage, brokerIds: readonly number[]): string | null {
  const manual = 'The manual partition assignment includes'
  if (brokerIds.length === 0) return `${manual} an empty replica list.`
  const sorted = brokerIds.toSorted((a, b) => a - b)
  for (const [at, id] of sorted.entries()) {
    if (!image.brokers.has(id)) {
      return `${manual} broker ${id}, but no such broker is registered.`
    }
    if (id === sorted[at - 1]) return `${manual} the broker ${id} more than once.`
  }
  return null
}

function created(
  name: string,
  replicas: readonly number[][],
  configs: ConfigOverrides,
  context: Context,
): CreationDecision {
  const topicId = context.newTopicId()
  const internal = INTERNAL_TOPICS.has(name)
  const parts = replicas.map((r, index) =>
    put('part', storeKey.part(topicId, index), { r, isr: r, l: r[0] ?? -1, le: 0 }),
  )
  const operations = [
    put('topic', storeKey.topic(topicId), { name, state: 'active', internal }),
    put('name', storeKey.name(name), { id: topicId }),
  ]
  if (configs.size > 0) {
    operations.push(put('cfg', storeKey.topicConfig(topicId), { c: [...configs] }))
  }
  const plan = inStages(context.authority, parts, {
    compare: [absent(storeKey.name(name))],
    operations,
  })
  const reply: CreatedTopic = {
    name,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    topicId,
    partitions: replicas.length,
    replicationFactor: replicas[0]?.length ?? 0,
    configs,
  }
  return { reply, plan }
}

function refused(name: string, errorCode: ErrorCode, errorMessage: string): CreationDecision {
  return { reply: refusedCreation(name, errorCode, errorMessage), plan: NO_PLAN }
}

/** The reply for a topic that was not created. */
export function refusedCreation(
  name: string,
  errorCode: ErrorCode,
  errorMessage: string | null,
): CreatedTopic {
  return {
    name,
    errorCode,
    errorMessage,
    topicId: NO_UUID,
    partitions: -1,
    replicationFactor: -1,
    configs: NO_OVERRIDES,
  }
}

/** Partitions in the whole cluster. */
export function partitionCount(image: ClusterImage): number {
  let count = 0
  for (const { partitions } of image.topics.values()) count += partitions.length
  return count
}
