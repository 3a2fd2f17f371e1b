/** Looks up offsets by time or by name, each at the leader of its partition. */
import { ErrorCode } from '../protocol/errors.ts'
import { LIST_OFFSETS } from './apis.ts'
import type { Cluster } from './cluster.ts'
import { BrokerError } from './errors.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** By name, or the first record at or after a time in milliseconds. */
export type OffsetSpec = 'earliest' | 'latest' | 'max-timestamp' | number

/** What was found. Both are -1 where there is no such record. */
export interface FoundOffset extends TopicPartition {
  readonly offset: number
  readonly timestamp: number
}

type Wanted = TopicPartition & { readonly spec: OffsetSpec }

const SPECIAL = { earliest: -2, latest: -1, 'max-timestamp': -3 } as const
const CONSUMER = -1

export class OffsetLookup {
  readonly #cluster: Cluster
  readonly #isolationLevel: 0 | 1

  /** With isolation level 1, 'latest' is the end of what is committed. */
  constructor(cluster: Cluster, isolationLevel: 0 | 1) {
    this.#cluster = cluster
    this.#isolationLevel = isolationLevel
  }

  /** In the order asked. Retries until all are found or `timeoutMs` have passed. */
  async find(
    wanted: readonly Wanted[],
    timeoutMs: number,
    isFinal?: (error: unknown) => boolean,
  ): Promise<FoundOffset[]> {
    const found = new Map<Wanted, FoundOffset>()
    const look = async () => {
      const missing = wanted.filter(one => !found.has(one))
      if (missing.length === 0) return
      await this.#refreshUnknown(missing)
      await Promise.all(
        [...this.#byLeader(missing)].map(([leaderId, list]) => this.#ask(leaderId, list, found)),
      )
    }
    await this.#cluster.retrying('look up offsets', timeoutMs, look, isFinal)
    return wanted.map(one => found.get(one)!)
  }

  async #refreshUnknown(missing: readonly Wanted[]): Promise<void> {
    const topics = new Set(missing.map(({ topic }) => topic))
    const unknown = [...topics].filter(topic => this.#cluster.cachedTopic(topic) === null)
    if (unknown.length > 0) await this.#cluster.refresh(unknown)
  }

  #byLeader(missing: readonly Wanted[]): Map<number, Wanted[]> {
    const byLeader = new Map<number, Wanted[]>()
    for (const one of missing) {
      const leaderId = this.#cluster.leaderOf(one.topic, one.partition)
      if (leaderId < 0) throw this.#failed(one, this.#noLeader(one))
      if (!byLeader.get(leaderId)?.push(one)) byLeader.set(leaderId, [one])
    }
    return byLeader
  }

  /** A partition that the topic does not have will not come by waiting. */
  #noLeader({ topic, partition }: TopicPartition): number {
    const partitions = this.#cluster.cachedTopic(topic)?.partitions ?? []
    const exists = partitions.some(one => one.partition === partition)
    return exists ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }

  async #ask(leaderId: number, list: readonly Wanted[], found: Map<Wanted, FoundOffset>) {
    const topics = new Map<string, Wanted[]>()
    for (const one of list) {
      if (!topics.get(one.topic)?.push(one)) topics.set(one.topic, [one])
    }
    const answer = await this.#cluster.requestNode(leaderId, LIST_OFFSETS, {
      replicaId: CONSUMER,
      isolationLevel: this.#isolationLevel,
      topics: [...topics].map(([name, places]) => ({
        name,
        partitions: places.map(({ partition, spec }) => ({
          partitionIndex: partition,
          timestamp: typeof spec === 'number' ? spec : SPECIAL[spec],
        })),
      })),
    })
    for (const one of list) {
      const row = answer.topics
        .find(({ name }) => name === one.topic)
        ?.partitions.find(({ partitionIndex }) => partitionIndex === one.partition)
      const code = row?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      if (row === undefined || code !== 0) throw this.#failed(one, code)
      const { topic, partition } = one
      found.set(one, { topic, partition, offset: row.offset, timestamp: row.timestamp })
    }
  }

  #failed({ topic, partition }: TopicPartition, code: number): BrokerError {
    this.#cluster.forgetTopic(topic)
    return new BrokerError(`look up offsets of ${topic} partition ${partition}`, code)
  }
}
