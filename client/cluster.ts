/**
 * What the client knows of the cluster, and its connections.
 *
 * Brokers, topics and coordinators are cached until an error says they are stale or they are older
 * than `metadataMaxAgeMs`. Connections are kept per broker and lane: brokers answer a connection's
 * requests in order, so a fetch that waits for data, or a JoinGroup that is parked, must not share
 * one with anything that it would hold up.
 *
 * Invariants:
 * 1. One connection, or one attempt at it, per (broker, lane).
 * 2. One Metadata request at a time; whoever asks meanwhile for the same shares its answer.
 * 3. After `close` nothing is sent and every call rejects with ClosedError.
 */

import type { MetadataResponse } from '../protocol/messages/metadata.ts'
import type { Fields, StructValue } from '../protocol/schema.ts'
import { type Api, FIND_COORDINATOR, METADATA } from './apis.ts'
import { type BackoffRules, backoffMs } from './backoff.ts'
import { type Address, addressText, type ClientHost, delay } from './client-host.ts'
import { BrokerConnection, type Draft } from './connection.ts'
import { BrokerError, ClosedError, isRetriable, isStale, TimeoutError } from './errors.ts'

/** Whose connections: shared ('main'), or one user's own, by a name that `openLane` made. */
export type Lane = string

const MAIN: Lane = 'main'

/** A topic as the cluster has it. */
export interface TopicMetadata {
  readonly name: string
  readonly topicId: string
  readonly isInternal: boolean
  readonly partitions: readonly PartitionMetadata[]
}

export interface PartitionMetadata {
  readonly partition: number
  /** -1 while there is none. */
  readonly leaderId: number
  /** -1 where the broker does not tell. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
}

/** A broker of the cluster. */
export interface BrokerNode extends Address {
  readonly nodeId: number
  readonly rack: string | null
}

export interface ClusterOptions {
  readonly host: ClientHost
  readonly bootstrap: readonly Address[]
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly inFlightMax: number
  readonly idleMs: number
  readonly metadataMaxAgeMs: number
  readonly backoff: BackoffRules
}

interface CachedTopic {
  readonly topic: TopicMetadata
  readonly fetchedMs: number
}

export class Cluster {
  readonly host: ClientHost
  readonly options: ClusterOptions
  readonly #nodes = new Map<number, BrokerNode>()
  readonly #topics = new Map<string, CachedTopic>()
  readonly #coordinators = new Map<string, number>()
  readonly #connections = new Map<string, Promise<BrokerConnection>>()
  readonly #open = new Map<BrokerConnection, Lane>()
  readonly #refreshes = new Map<string, Promise<MetadataResponse>>()
  #controllerId = -1
  #clusterId: string | null = null
  #nextBootstrap = 0
  #connectFailure: Error | null = null
  #laneCount = 0
  #isClosed = false

  constructor(options: ClusterOptions) {
    this.options = options
    this.host = options.host
    this.#nextBootstrap = options.host.random.below(options.bootstrap.length)
  }

  /** Why the last attempt to connect failed; null once one succeeds. */
  get connectFailure(): Error | null {
    return this.#connectFailure
  }

  get clusterId(): string | null {
    return this.#clusterId
  }

  get controllerId(): number {
    return this.#controllerId
  }

  get nodes(): readonly BrokerNode[] {
    return [...this.#nodes.values()]
  }

  // ------------------------------------------------------------------------------------- metadata

  /** What is known of a topic, without asking. Null if nothing is, or if it is too old. */
  cachedTopic(name: string): TopicMetadata | null {
    const cached = this.#topics.get(name)
    if (cached === undefined) return null
    const ageMs = this.host.clock.monotonicMs() - cached.fetchedMs
    return ageMs < this.options.metadataMaxAgeMs ? cached.topic : null
  }

  /** A topic's partitions, asked for if need be. Rejects if it does not exist in time. */
  async topic(name: string, o: { create: boolean; timeoutMs: number }): Promise<TopicMetadata> {
    const cached = this.cachedTopic(name)
    if (cached !== null) return cached
    return this.retrying(`find topic ${name}`, o.timeoutMs, async () => {
      await this.refresh([name], o.create)
      const topic = this.cachedTopic(name)
      if (topic === null) throw new BrokerError(`find topic ${name}`, 3)
      return topic
    })
  }

  /**
   * Asks any broker about topics (null: all; empty: brokers only) and caches the answer. Throws for
   * a topic that has an error, unless the list is null.
   */
  async refresh(topics: readonly string[] | null, create = false): Promise<MetadataResponse> {
    const answer = await this.refreshSome(topics, create)
    const failed = topics === null ? undefined : answer.topics.find(({ errorCode }) => errorCode)
    if (failed !== undefined) throw new BrokerError(`find topic ${failed.name}`, failed.errorCode)
    return answer
  }

  /** The same, but topics with an error are only forgotten. */
  async refreshSome(topics: readonly string[] | null, create = false): Promise<MetadataResponse> {
    const key = topics === null ? '*' : `${create}:${topics.join(',')}`
    const running = this.#refreshes.get(key)
    if (running !== undefined) return running
    const refresh = this.#refresh(topics, create).finally(() => this.#refreshes.delete(key))
    this.#refreshes.set(key, refresh)
    return refresh
  }

  /** Forgets where a topic's leaders are. */
  forgetTopic(name: string): void {
    this.#topics.delete(name)
  }

  /** The leader's broker id by what is known; -1 if nobody leads. */
  leaderOf(topic: string, partition: number): number {
    const partitions = this.#topics.get(topic)?.topic.partitions
    return partitions?.find(one => one.partition === partition)?.leaderId ?? -1
  }

  async #refresh(topics: readonly string[] | null, create: boolean): Promise<MetadataResponse> {
    const answer = await this.requestAny(METADATA, {
      topics: topics === null ? null : topics.map(name => ({ name })),
      allowAutoTopicCreation: create,
    })
    this.#nodes.clear()
    for (const { nodeId, host, port, rack } of answer.brokers) {
      this.#nodes.set(nodeId, { nodeId, host, port, rack })
    }
    this.#controllerId = answer.controllerId
    this.#clusterId = answer.clusterId
    for (const topic of answer.topics) {
      if (topic.name === null) continue
      if (topic.errorCode === 0) this.#topics.set(topic.name, this.#cached(topic.name, topic))
      else this.#topics.delete(topic.name)
    }
    return answer
  }

  #cached(name: string, topic: MetadataResponse['topics'][number]): CachedTopic {
    const partitions = topic.partitions.map(one => ({
      partition: one.partitionIndex,
      leaderId: one.leaderId,
      leaderEpoch: one.leaderEpoch,
      replicas: one.replicaNodes,
      inSyncReplicas: one.isrNodes,
    }))
    partitions.sort((a, b) => a.partition - b.partition)
    const { topicId, isInternal } = topic
    const fetchedMs = this.host.clock.monotonicMs()
    return { topic: { name, topicId, isInternal, partitions }, fetchedMs }
  }

  // ------------------------------------------------------------------------------------- requests

  /** Asks the broker with this id. */
  async requestNode<Q extends Fields, R extends Fields>(
    nodeId: number,
    api: Api<Q, R>,
    draft: Draft<Q>,
    o: { lane?: Lane; timeoutMs?: number } = {},
  ): Promise<StructValue<R>> {
    const connection = await this.connectionTo(nodeId, o.lane)
    return connection.request(api, draft, o.timeoutMs)
  }

  /** Asks whichever broker can be reached first. */
  async requestAny<Q extends Fields, R extends Fields>(
    api: Api<Q, R>,
    draft: Draft<Q>,
  ): Promise<StructValue<R>> {
    const connection = await this.#anyConnection()
    return connection.request(api, draft)
  }

  /** Asks the controller, or who passes for it. */
  async requestController<Q extends Fields, R extends Fields>(
    api: Api<Q, R>,
    draft: Draft<Q>,
    timeoutMs?: number,
  ): Promise<StructValue<R>> {
    if (!this.#nodes.has(this.#controllerId)) await this.refresh([])
    const known = this.#nodes.has(this.#controllerId)
    const connection = await (known ? this.connectionTo(this.#controllerId) : this.#anyConnection())
    return connection.request(api, draft, timeoutMs)
  }

  /** Asks a group's coordinator. */
  async requestCoordinator<Q extends Fields, R extends Fields>(
    groupId: string,
    api: Api<Q, R>,
    draft: Draft<Q>,
    o: { lane?: Lane; timeoutMs?: number } = {},
  ): Promise<StructValue<R>> {
    const nodeId = await this.#coordinatorOf(groupId)
    try {
      return await this.requestNode(nodeId, api, draft, o)
    } catch (error) {
      if (isStale(error)) this.forgetCoordinator(groupId)
      throw error
    }
  }

  /** To be called when a broker says that it does not coordinate the group. */
  forgetCoordinator(groupId: string): void {
    this.#coordinators.delete(groupId)
  }

  async #coordinatorOf(groupId: string): Promise<number> {
    const known = this.#coordinators.get(groupId)
    if (known !== undefined) return known
    const answer = await this.requestAny(FIND_COORDINATOR, { key: groupId })
    const { errorCode, errorMessage, nodeId, host, port } = answer
    if (errorCode !== 0) {
      throw new BrokerError(`find the coordinator of group ${groupId}`, errorCode, errorMessage)
    }
    if (!this.#nodes.has(nodeId)) this.#nodes.set(nodeId, { nodeId, host, port, rack: null })
    this.#coordinators.set(groupId, nodeId)
    return nodeId
  }

  // -------------------------------------------------------------------------------------- retries

  /**
   * Runs `task` until it succeeds, fails for good, or `timeoutMs` have passed; in between waits and
   * looks the cluster up afresh where the error says so. A task already running is not cut short.
   * `isFinal` picks errors that are not to be retried although they could be.
   */
  async retrying<T>(
    what: string,
    timeoutMs: number,
    task: () => Promise<T>,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    const deadline = this.host.clock.monotonicMs() + timeoutMs
    for (let failures = 1; ; failures += 1) {
      try {
        return await task()
      } catch (error) {
        if (this.#isClosed) throw new ClosedError('client')
        if (!isRetriable(error) || isFinal(error)) throw error
        const waitMs = backoffMs(failures, this.host.random.float(), this.options.backoff)
        if (this.host.clock.monotonicMs() + waitMs >= deadline) {
          throw failures === 1 ? error : new TimeoutError(`could not ${what}`, timeoutMs, error)
        }
        if (isStale(error)) this.#controllerId = -1
        await delay(this.host, waitMs)
      }
    }
  }

  // ---------------------------------------------------------------------------------- connections

  /** The connection to a broker, made if need be. */
  async connectionTo(nodeId: number, lane = MAIN): Promise<BrokerConnection> {
    let node = this.#nodes.get(nodeId)
    if (node === undefined) {
      await this.refresh([])
      node = this.#nodes.get(nodeId)
    }
    if (node === undefined) throw new BrokerError(`reach broker ${nodeId}`, 8)
    return this.#connect(node, lane)
  }

  /** A lane that nobody else uses. */
  openLane(purpose: string): Lane {
    this.#laneCount += 1
    return `${purpose} ${this.#laneCount}`
  }

  /** Closes a lane's connections; requests on them fail. */
  closeLane(lane: Lane): void {
    for (const [connection, its] of [...this.#open]) if (its === lane) connection.close()
  }

  /** Closes all connections; calls in progress fail. Idempotent. */
  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#open.keys()]) connection.close()
  }

  async #anyConnection(): Promise<BrokerConnection> {
    for (const [connection, lane] of this.#open) if (lane === MAIN) return connection
    let failure: unknown = null
    const { bootstrap } = this.options
    const known = [...this.#nodes.values()]
    for (let i = 0; i < bootstrap.length + known.length; i += 1) {
      const address =
        known[i] ?? bootstrap[(this.#nextBootstrap + i - known.length) % bootstrap.length]!
      try {
        return await this.#connect(address, MAIN)
      } catch (error) {
        failure = error
      }
    }
    this.#nextBootstrap += 1
    throw failure
  }

  #connect(address: Address, lane: Lane): Promise<BrokerConnection> {
    if (this.#isClosed) return Promise.reject(new ClosedError('client'))
    const key = `${lane} ${addressText(address)}`
    const existing = this.#connections.get(key)
    if (existing !== undefined) return existing
    const dialing: Promise<BrokerConnection> = this.#dial(address, lane, () => {
      if (this.#connections.get(key) === dialing) this.#connections.delete(key)
    })
    this.#connections.set(key, dialing)
    return dialing
  }

  async #dial(address: Address, lane: Lane, forget: () => void): Promise<BrokerConnection> {
    const { host, clientId, connectTimeoutMs, requestTimeoutMs } = this.options
    const { inFlightMax, idleMs } = this.options
    let connection: BrokerConnection | null = null
    const onClose = () => {
      if (connection !== null) this.#open.delete(connection)
      forget()
    }
    const timeouts = { connectTimeoutMs, requestTimeoutMs, inFlightMax, idleMs }
    try {
      connection = await BrokerConnection.open({ host, address, clientId, ...timeouts, onClose })
      this.#connectFailure = null
    } catch (error) {
      this.#connectFailure = error as Error
      throw error
    }
    if (connection.isOpen) this.#open.set(connection, lane)
    if (this.#isClosed) connection.close()
    return connection
  }
}
