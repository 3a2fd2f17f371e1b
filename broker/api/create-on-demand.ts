import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { INTERNAL_TOPICS } from '../image/image.ts'
import type { RequestContext } from '../services.ts'

/** Kafka's topic of groups, which has properties of its own. */
const GROUP_TOPIC = '__consumer_offsets'

/**
 * Creates topics that were asked for and are not there, with the broker's defaults
 * (auto.create.topics.enable). Resolves when they can be written to, with what went wrong by name.
 */
export async function createOnDemand(
  context: RequestContext,
  names: readonly string[],
): Promise<ReadonlyMap<string, ErrorCode>> {
  const { controller, groups } = context.broker
  const errors = new Map<string, ErrorCode>()
  if (names.includes(GROUP_TOPIC)) {
    await groups.ensureTopic().catch(error => {
      if (!(error instanceof KafkaError)) throw error
      errors.set(GROUP_TOPIC, ErrorCode.LEADER_NOT_AVAILABLE)
    })
  }
  const plain = names.filter(name => !INTERNAL_TOPICS.has(name))
  if (plain.length === 0) return errors
  const topics = plain.map(name => ({
    name,
    partitions: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
  }))
  for (const { name, errorCode } of await controller.createTopics(topics, {
    validateOnly: false,
  })) {
    // Somebody else was faster: it is there, and that is what was wanted.
    const isThere = errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS
    if (!isThere) errors.set(name, errorCode)
  }
  return errors
}
