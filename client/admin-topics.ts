/** Topics to create, and what came of it. */
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../protocol/messages/create-topics.ts'
import { BrokerError } from './errors.ts'

/** A topic to create. */
export interface NewTopic {
  readonly topic: string
  /** The broker's default if absent. */
  readonly partitions?: number
  /** The broker's default if absent. */
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}

/** A topic as it was created. Brokers older than Kafka 2.4 leave both numbers at -1. */
export interface CreatedTopic {
  readonly topic: string
  readonly partitions: number
  readonly replicationFactor: number
}

/** The request for topics; a name alone is a topic with the broker's defaults. */
export function createTopicsRequest(
  topics: readonly (NewTopic | string)[],
  validateOnly: boolean,
  timeoutMs: number,
): CreateTopicsRequest {
  const specs = topics.map(topic => (typeof topic === 'string' ? { topic } : topic))
  return {
    timeoutMs,
    validateOnly,
    topics: specs.map(({ topic, partitions, replicationFactor, configs }) => ({
      name: topic,
      numPartitions: partitions ?? -1,
      replicationFactor: replicationFactor ?? -1,
      assignments: [],
      configs: Object.entries(configs ?? {}).map(([name, value]) => ({ name, value })),
    })),
  }
}

/** What the answer tells. Throws BrokerError for the first topic that was refused. */
export function createdTopics({ topics }: CreateTopicsResponse): CreatedTopic[] {
  return topics.map(({ name, errorCode, errorMessage, numPartitions, replicationFactor }) => {
    if (errorCode !== 0) throw new BrokerError(`create topic ${name}`, errorCode, errorMessage)
    return { topic: name, partitions: numPartitions, replicationFactor }
  })
}
