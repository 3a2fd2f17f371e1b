/**
 * The client library: what a user imports.
 *
 *     await using client = new Client({ bootstrapServers: '127.0.0.1:9092' })
 *     const producer = client.producer()
 *     await producer.send({ topic: 'greetings', key: 'en', value: 'hello' })
 *     for await (const record of client.consumer({ groupId: 'readers', topics: ['greetings'] })) {
 *       console.log(record.offset, record.value?.toString())
 *     }
 *
 * One Client holds the connections; its producers, consumers and admins share what is known of the
 * cluster, and end with it. It speaks Kafka's protocol and needs nothing of Ottla's broker.
 */
import { NodeClock } from '../host/node/clock.ts'
import { nodeHost } from '../host/node/host.ts'
import { Admin, type AdminOptions } from './admin.ts'
import { type BackoffRules, DEFAULT_BACKOFF } from './backoff.ts'
import { parseBootstrapServers } from './bootstrap.ts'
import type { ClientHost } from './client-host.ts'
import { Cluster } from './cluster.ts'
import { Consumer } from './consumer.ts'
import type { ConsumerOptions } from './consumer-options.ts'
import { Producer } from './producer.ts'
import type { ProducerOptions } from './producer-options.ts'

export type { AdminOptions } from './admin.ts'
export { Admin, type ClusterDescription } from './admin.ts'
export type { BrokerCondition } from './admin-conditions.ts'
export type { ConfigChange, ConfigEntry, ConfigResource, ConfigSource } from './admin-configs.ts'
export type { GroupDescription, GroupListing, MemberDescription } from './admin-groups.ts'
export type { CreatedTopic, NewTopic } from './admin-topics.ts'
export type { BackoffRules } from './backoff.ts'
export type { Address, ClientHost } from './client-host.ts'
export type { BrokerNode, PartitionMetadata, TopicMetadata } from './cluster.ts'
export type { CommittedOffset, OffsetToCommit } from './commits.ts'
export { Consumer, type SeekTarget } from './consumer.ts'
export type { ConsumerOptions, RebalanceListener } from './consumer-options.ts'
export {
  BrokerError,
  ClientError,
  ClosedError,
  ConnectionError,
  MembershipLost,
  TimeoutError,
  UnsupportedError,
  UsageError,
} from './errors.ts'
export type { ConsumerRecord } from './fetcher.ts'
export type { FoundOffset, OffsetSpec, TopicPartition } from './offsets.ts'
export type { HeaderList, Payload } from './payload.ts'
export { Producer, type ProducerRecord, type RecordMetadata } from './producer.ts'
export type { ProducerOptions } from './producer-options.ts'

/** How to reach a cluster. */
export interface ClientOptions {
  /** `host:port`, several separated by commas or as a list. One that answers is enough. */
  readonly bootstrapServers: string | readonly string[]
  /** Shown in brokers' logs and in groups. Default 'ottla'. */
  readonly clientId?: string
  /** Default 10,000. */
  readonly connectTimeoutMs?: number
  /** For an answer to one request. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** Unused connections are closed after so long. Default 540,000. */
  readonly connectionIdleMs?: number
  /** What is known of topics is asked for again after so long. Default 300,000. */
  readonly metadataMaxAgeMs?: number
  /** Between attempts. Default: 100 ms, doubled up to 1 s. */
  readonly backoff?: BackoffRules
  /**
   * The world; the real one by default. The timers of its clock must keep the process alive (those
   * of `nodeHost()` do not): a program that only waits for the next attempt would end in between.
   */
  readonly host?: ClientHost
}

/** Requests in flight on one connection; what a producer may have is its own, lower limit. */
const IN_FLIGHT_MAX = 100

/** The way to a cluster. Makes producers, consumers and admins. Connects when first used. */
export class Client {
  readonly #cluster: Cluster
  readonly #parts = new Set<{ close(): Promise<void> }>()

  /** Throws UsageError for addresses that are none. */
  constructor(options: ClientOptions) {
    this.#cluster = new Cluster({
      host: options.host ?? realHost(),
      bootstrap: parseBootstrapServers(options.bootstrapServers),
      clientId: options.clientId ?? 'ottla',
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      inFlightMax: IN_FLIGHT_MAX,
      idleMs: options.connectionIdleMs ?? 540_000,
      metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
      backoff: options.backoff ?? DEFAULT_BACKOFF,
    })
  }

  producer(options: ProducerOptions = {}): Producer {
    return this.#keep(new Producer(this.#cluster, options))
  }

  consumer(options: ConsumerOptions = {}): Consumer {
    return this.#keep(new Consumer(this.#cluster, options))
  }

  admin(options: AdminOptions = {}): Admin {
    return new Admin(this.#cluster, options)
  }

  /** Closes its producers (delivering what is under way) and consumers, then all connections. */
  async close(): Promise<void> {
    const parts = [...this.#parts]
    this.#parts.clear()
    await Promise.allSettled(parts.map(part => part.close()))
    this.#cluster.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #keep<T extends { close(): Promise<void> }>(part: T): T {
    this.#parts.add(part)
    return part
  }
}

/** The real world: no system calls of the broker's kind, and timers that a program may wait for. */
function realHost(): ClientHost {
  return { ...nodeHost({ native: 'off', nativeCrc: 'on' }), clock: new NodeClock('foreground') }
}
