import type { Host } from '../../host/host.ts'
import type { BatchView } from '../../protocol/records/batch.ts'
import { newUuid } from '../../protocol/uuid.ts'
import type { Log } from '../../storage/log.ts'
import type { LogConfig } from '../../storage/log-config.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { topicConfig } from '../config/topic-config.ts'
import type { MetadataStore, Session, StoreOperation, Transaction } from '../metadata/store.ts'
import { Partitions } from '../partition/partitions.ts'
import { Deadlines } from '../partition/purgatory.ts'
import { Recoder } from '../partition/recoder.ts'
import { planAdoption } from './adoption.ts'
import { ClusterView } from './cluster-view.ts'
import { Controller } from './controller-runtime.ts'
import { type ClusterImage, type EndpointImage, NO_OVERRIDES } from './image.ts'
import { readKraftMetadata } from './kraft-records.ts'
import { absent, put } from './plan.ts'
import { LocalPublisher } from './publish.ts'
import { splitKey, storeKey } from './values.ts'

export interface ClusterOptions {
  readonly host: Pick<Host, 'clock' | 'random' | 'loop' | 'crc32c' | 'log'>
  readonly config: BrokerConfig
  readonly store: MetadataStore
  readonly view: ClusterView
  readonly logDirectory: LogDirectory
  /** Of Kafka's `__cluster_metadata-0`, if the folder has one. Read only when adopting. */
  readonly kraftBatches?: () => Iterable<BatchView>
}

/** The store could not take what a start needs to write, or holds another cluster's metadata. */
export class ClusterStartError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ClusterStartError'
  }
}

/** How late an expired produce may be told. */
const DEADLINE_GRANULARITY_MS = 100
/** Never over, as long as the process lives: nobody else watches a local store. */
const SESSION_TTL_MS = 6000

/** Reads the store: before the log directory is opened, which asks for the configs of its logs. */
export async function loadCluster(store: MetadataStore, loop: Host['loop']): Promise<ClusterView> {
  const view = new ClusterView(store, loop)
  await view.load()
  return view
}

/** What a topic's logs are opened with, by what was loaded. */
export function logConfigOf(
  config: BrokerConfig,
  image: ClusterImage,
  nodeId: number,
): (topic: string) => LogConfig {
  const ofBroker = image.brokerConfigs.get(String(nodeId)) ?? NO_OVERRIDES
  config.applyDynamic(image.brokerConfigs.get('') ?? NO_OVERRIDES, ofBroker)
  return topic => topicConfig(config, image.topics.get(topic)?.configs ?? NO_OVERRIDES).log
}

/**
 * Cluster: this broker's membership. A single node is a cluster of one: it registers, is its own
 * controller, leads everything, and goes through the store for every change.
 *
 *   loadCluster -> LogDirectory.open -> Cluster.start -> listen -> join ... leave -> close
 */
export class Cluster {
  readonly nodeId: number
  readonly partitions: Partitions
  readonly controller: Controller
  readonly #options: ClusterOptions
  readonly #deadlines: Deadlines
  #session: Session | null = null

  /** Adopts or repairs what must be, and opens all partitions. Throws ClusterStartError. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options)
    await cluster.#prepare()
    await cluster.#open()
    return cluster
  }

  private constructor(options: ClusterOptions) {
    const { host, config, logDirectory, view, store } = options
    this.#options = options
    this.nodeId = logDirectory.identity.nodeId
    this.#deadlines = new Deadlines(host.clock, DEADLINE_GRANULARITY_MS)
    this.partitions = new Partitions({
      nodeId: this.nodeId,
      clock: host.clock,
      crc32c: host.crc32c,
      deadlines: this.#deadlines,
      logDirectory,
      nowMs: () => host.clock.nowMs(),
      configOf: topic => topicConfig(config, topic.configs),
      recoder: new Recoder({
        crc32c: host.crc32c,
        nextTurn: () => host.loop.nextTurn(),
        expandedBytesMax: () => config.get('ottla.expanded.batch.max.bytes'),
      }),
    })
    this.controller = new Controller({
      store,
      view,
      config,
      newTopicId: () => newUuid(host.random.bytes(16)),
      below: bound => host.random.below(bound),
    })
  }

  image(): ClusterImage {
    return this.#options.view.image()
  }

  /** After each change of the image. Returns the way to stop it. */
  onImage(listener: (image: ClusterImage) => void): () => void {
    return this.#options.view.onImage(listener)
  }

  /** Registers this broker with the addresses it listens at, and takes the controller's role. */
  async join(endpoints: readonly EndpointImage[], rack: string | null): Promise<void> {
    const { store, view } = this.#options
    const session = await store.openSession(SESSION_TTL_MS)
    this.#session = session
    const live = put('live', storeKey.live(this.nodeId), { endpoints: [...endpoints], rack })
    const role = put('controller', storeKey.controller, { nodeId: this.nodeId })
    const revision = await this.#transact({
      compare: [absent(storeKey.live(this.nodeId)), absent(storeKey.controller)],
      operations: [
        { ...live, sessionId: session.id },
        { ...role, sessionId: session.id },
      ] as StoreOperation[],
    })
    // Its creation revision is the controller epoch: a zombie's transactions fail on it.
    this.controller.authorize({
      compare: [{ key: storeKey.controller, field: 'createRevision', revision }],
      transactionSizeMax: store.transactionSizeMax,
    })
    await view.untilRevision(revision)
  }

  /** Takes this broker out of the cluster; partitions take nothing any more. */
  async leave(): Promise<void> {
    await this.controller.close()
    await this.#session?.revoke()
    this.#session = null
    this.partitions.stop()
    this.#deadlines.close()
  }

  /** After the log directory was closed. */
  async close(): Promise<void> {
    await this.#options.view.close()
    await this.#options.store.close()
  }

  // ------------------------------------------------------------------------------------- start

  async #prepare(): Promise<void> {
    const { view, logDirectory } = this.#options
    const { clusterId } = logDirectory.identity
    const known = view.image().clusterId
    if (known === '') await this.#found(clusterId)
    else if (known !== clusterId) {
      throw new ClusterStartError(
        `the metadata store is cluster ${known}'s, the data folder cluster ${clusterId}'s`,
      )
    } else {
      await this.#repair()
    }
    await view.load()
  }

  /** A fresh folder, or one Kafka wrote. */
  async #found(clusterId: string): Promise<void> {
    const { logDirectory, kraftBatches, host } = this.#options
    const logs = [...logDirectory.logs()]
    if (logs.length > 0) {
      const kraft = kraftBatches === undefined ? null : readKraftMetadata(kraftBatches())
      const plan = planAdoption(logs.map(foundLog), kraft, this.nodeId)
      await this.#transactAll(plan.operations)
      for (const reason of plan.findings) host.log.warn({ reason }, 'a log was left alone')
      const { topics, partitions } = plan
      host.log.info({ topics, partitions }, 'adopted the logs of a folder without metadata')
    }
    // Last: a crash on the way adopts once more.
    await this.#transact({
      compare: [absent(storeKey.cluster)],
      operations: [put('cluster', storeKey.cluster, { id: clusterId })],
    })
  }

  /** Removes what creations that a crash interrupted left, and begins epochs that need to. */
  async #repair(): Promise<void> {
    const { view, logDirectory } = this.#options
    const operations: StoreOperation[] = []
    for (const [id, forming] of view.state.forming) {
      const seen = view.image().topicsById.get(id)?.partitions.length ?? 0
      for (const index of forming.partitions.keys()) {
        if (index >= seen) operations.push({ kind: 'delete', key: storeKey.part(id, index) })
      }
    }
    if (!logDirectory.wasCleanStop) operations.push(...this.#freshEpochs())
    await this.#transactAll(operations)
  }

  /**
   * After a crash, partitions lead under a fresh epoch: where records were lost with the page
   * cache (durability 'os'), a reader that saw them can tell (KIP-320).
   */
  #freshEpochs(): StoreOperation[] {
    const { view, logDirectory } = this.#options
    const operations: StoreOperation[] = []
    for (const { id, name, partitions } of view.image().topics.values()) {
      for (const { index, leader, leaderEpoch, replicas, isr } of partitions) {
        if (leader !== this.nodeId || logDirectory.get(name, index) === undefined) continue
        const [r, inSync] = [[...replicas], [...isr]]
        const part = { r, isr: inSync, l: leader, le: leaderEpoch + 1 }
        operations.push(put('part', storeKey.part(id, index), part))
      }
    }
    return operations
  }

  async #open(): Promise<void> {
    const { config, host, view } = this.#options
    const { nodeId, partitions } = this
    await this.#deleteGone()
    for (const { folder, topic, partition } of partitions.strays(view.image())) {
      const fields = { folder, topic, partition }
      host.log.warn(fields, 'a log belongs to no topic of this cluster and is left alone')
    }
    const { loop, log } = host
    await view.start(new LocalPublisher({ nodeId, config, partitions, loop, log }))
  }

  /** Ends deletions that a crash interrupted. */
  async #deleteGone(): Promise<void> {
    const { store, logDirectory, host } = this.#options
    const { entries } = await store.load()
    const gone = new Set(
      entries.filter(({ key }) => splitKey(key).kind === 'gone').map(({ key }) => key),
    )
    if (gone.size === 0) return
    for (const log of [...logDirectory.logs()]) {
      if (gone.has(storeKey.gone(log.topicId))) logDirectory.delete(log, host.clock.nowMs())
    }
    await this.#transactAll([...gone].map(key => ({ kind: 'delete', key })))
  }

  async #transactAll(operations: readonly StoreOperation[]): Promise<void> {
    const size = this.#options.store.transactionSizeMax
    const transactions: Promise<number>[] = []
    for (let at = 0; at < operations.length; at += size) {
      const part = operations.slice(at, at + size)
      transactions.push(this.#transact({ compare: [], operations: part }))
    }
    await Promise.all(transactions)
  }

  async #transact(transaction: Transaction): Promise<number> {
    const outcome = await this.#options.store.transact(transaction)
    if (outcome.kind === 'done') return outcome.revision
    const why = outcome.kind === 'unknown' ? outcome.reason : 'another broker changed it meanwhile'
    throw new ClusterStartError(`the metadata store could not be written: ${why}`)
  }
}

function foundLog(log: Log) {
  const producerIds = log.activeProducers().map(({ producerId }) => producerId)
  return {
    topic: log.topic,
    partition: log.partition,
    topicId: log.topicId,
    latestEpoch: log.latestEpoch,
    producerIdMax: producerIds.reduce((most, id) => Math.max(most, id), -1),
  }
}
