import { ErrorCode, errorInfo } from '../../protocol/errors.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import type { ClusterImage, TopicImage } from '../image/image.ts'
import { storeKey } from '../image/values.ts'
import type { DeletedTopic, NamedResult, NewPartitions, TopicReference } from './commands.ts'
import { assignmentFault, candidatesOf, partitionCount } from './create-topics.ts'
import { placeReplicas } from './placement.ts'
import { type Authority, deleteTopicOperations, inStages, NO_PLAN, type Plan, put } from './plan.ts'

/** A reply, and what must be done in the store before it is true. */
export interface Decision<Reply> {
  readonly reply: Reply
  readonly plan: Plan
}

// -------------------------------------------------------------------------------- delete topics

export interface DeletionRules {
  /** delete.topic.enable. */
  readonly isEnabled: boolean
  readonly authority: Authority
}

/** Deletes topics by name or id; each by itself. One that is asked for twice stays. */
export function decideDeleteTopics(
  image: ClusterImage,
  topics: readonly TopicReference[],
  rules: DeletionRules,
): Decision<DeletedTopic>[] {
  const asked = Map.groupBy(topics, ({ name, topicId }) => {
    const found = findTopic(image, name, topicId)
    return typeof found === 'number' ? `${topicId}/${name}` : found.id
  })
  return [...asked.values()].map(references => {
    const name = references.find(reference => reference.name !== null)?.name ?? null
    const topicId = references.find(reference => reference.topicId !== NO_UUID)?.topicId ?? NO_UUID
    if (references.length === 1) return decideDeleteOne(image, { name, topicId }, rules)
    const why = 'The topic is named more than once.'
    return notDeleted(name, topicId, ErrorCode.INVALID_REQUEST, why)
  })
}

function decideDeleteOne(
  image: ClusterImage,
  { name, topicId }: TopicReference,
  rules: DeletionRules,
): Decision<DeletedTopic> {
  const found = findTopic(image, name, topicId)
  if (typeof found === 'number') return notDeleted(name, topicId, found)
  if (!rules.isEnabled) {
    const why = 'Topic deletion is disabled.'
    return notDeleted(name, topicId, ErrorCode.TOPIC_DELETION_DISABLED, why)
  }
  const reply = {
    name: found.name,
    topicId: found.id,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
  }
  return { reply, plan: deletionPlan(found, rules.authority) }
}

function findTopic(
  image: ClusterImage,
  name: string | null,
  topicId: string,
): TopicImage | ErrorCode {
  if (name !== null) {
    if (topicId !== NO_UUID) return ErrorCode.INVALID_REQUEST
    return image.topics.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }
  if (topicId === NO_UUID) return ErrorCode.INVALID_REQUEST
  return image.topicsById.get(topicId) ?? ErrorCode.UNKNOWN_TOPIC_ID
}

function deletionPlan({ id, name }: TopicImage, { compare }: Authority): Plan {
  return [[{ compare, operations: deleteTopicOperations(id, name) }]]
}

function notDeleted(
  name: string | null,
  topicId: string,
  errorCode: ErrorCode,
  errorMessage = errorInfo(errorCode).message,
): Decision<DeletedTopic> {
  return { reply: { name, topicId, errorCode, errorMessage }, plan: NO_PLAN }
}

// ----------------------------------------------------------------------------- create partitions

export interface PartitionRules {
  readonly partitionsMax: number
  readonly authority: Authority
}

/** Gives topics more partitions; each by itself. */
export function decideCreatePartitions(
  image: ClusterImage,
  topics: readonly NewPartitions[],
  rules: PartitionRules,
): Decision<NamedResult>[] {
  const seen = new Map<string, number>()
  for (const { name } of topics) seen.set(name, (seen.get(name) ?? 0) + 1)
  let total = partitionCount(image)
  return [...seen].map(([name, times]) => {
    if (times > 1) return failed(name, ErrorCode.INVALID_REQUEST, 'Duplicate topic in request.')
    const asked = topics.find(candidate => candidate.name === name) as NewPartitions
    const topic = image.topics.get(name)
    if (topic === undefined) return failed(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null)
    const refusal = countFault(topic, asked.count)
    if (refusal !== null) return failed(name, ErrorCode.INVALID_PARTITIONS, refusal)
    const added = asked.count - topic.partitions.length
    if (total + added > rules.partitionsMax) {
      const why = `The cluster would have more than ${rules.partitionsMax} partitions`
      return failed(name, ErrorCode.INVALID_PARTITIONS, why)
    }
    const decision = addPartitions(image, topic, asked, rules)
    if (decision.plan !== NO_PLAN) total += added
    return decision
  })
}

function countFault(topic: TopicImage, count: number): string | null {
  const current = topic.partitions.length
  if (count === current) return `Topic already has ${current} partition(s).`
  if (count > current) return null
  return (
    `The topic ${topic.name} currently has ${current} partition(s); ` +
    `${count} would not be an increase.`
  )
}

function addPartitions(
  image: ClusterImage,
  topic: TopicImage,
  asked: NewPartitions,
  rules: PartitionRules,
): Decision<NamedResult> {
  const first = topic.partitions.length
  const added = asked.count - first
  const wanted = topic.partitions[0]?.replicas.length ?? 1
  let replicas: readonly (readonly number[])[]
  if (asked.assignments === null) {
    const replicationFactor = Math.min(wanted, image.brokers.size)
    const candidates = candidatesOf(image)
    const seed = topic.partitions[0]?.leader ?? 0
    replicas = placeReplicas({
      candidates,
      replicationFactor,
      partitions: added,
      firstIndex: first,
      seed: Math.max(0, seed),
    })
  } else {
    replicas = asked.assignments.map(({ brokerIds }) => brokerIds)
    if (replicas.length !== added) {
      const why =
        `Attempted to add ${added} additional partition(s), but only ${replicas.length} ` +
        'assignment(s) were specified.'
      return failed(topic.name, ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
    }
    const fault = assignmentFault(image, replicas, wanted)
    if (fault !== null) return failed(topic.name, fault.errorCode, fault.message)
  }
  const parts = replicas.map((r, at) =>
    put('part', storeKey.part(topic.id, first + at), {
      r: [...r],
      isr: [...r],
      l: r[0] ?? -1,
      le: 0,
    }),
  )
  // The first added one comes last: without it, those behind it are not seen.
  const [gate, ...rest] = parts
  const plan = inStages(rules.authority, rest, {
    compare: [],
    operations: gate === undefined ? [] : [gate],
  })
  const reply = { name: topic.name, errorCode: ErrorCode.NONE, errorMessage: null }
  return { reply, plan }
}

function failed(
  name: string,
  errorCode: ErrorCode,
  errorMessage: string | null,
): Decision<NamedResult> {
  return { reply: { name, errorCode, errorMessage }, plan: NO_PLAN }
}
