import type { Host } from '../../host/host.ts'
import { readMetadataBatches } from '../../storage/kraft.ts'
import type { Log } from '../../storage/log.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { Conditions } from '../conditions.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { internalTopicConfigs, withInternalConfigs } from '../config/internal-topics.ts'
import { topicConfig } from '../config/topic-config.ts'
import type { ClusterView } from '../image/cluster-view.ts'
import { type ClusterImage, type ConfigOverrides, NO_OVERRIDES } from '../image/image.ts'
import { storeKey } from '../image/values.ts'
import { settle } from '../metadata/settle.ts'
import type { MetadataStore, StoreOperation, Transaction } from '../metadata/store.ts'
import { adoptionOperations, type LogFacts, planAdoption } from './adoption.ts'
import { ConfigResourceType } from './commands.ts'
import { judgeFolder } from './folders.ts'
import { readKraftMetadata } from './kraft-records.ts'
import { absent, put } from './plan.ts'

export interface FoundingOptions {
  readonly host: Pick<Host, 'clock' | 'disk' | 'log'>
  readonly config: BrokerConfig
  readonly store: MetadataStore
  readonly view: ClusterView
  /** Claimed; its logs are opened here. */
  readonly logDirectory: LogDirectory
  readonly conditions: Pick<Conditions, 'set'>
}

const CONFIGS_ARE_LOST =
  'no metadata were found for the logs of this folder: their topics have lost their configs, and ' +
  'nothing of them is removed until retention.ms and retention.bytes are set again'

/** The store could not take what a start needs to write, or holds another cluster's metadata. */
export class ClusterStartError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ClusterStartError'
  }
}

/**
 * Brings metadata and data folder together at a start, before anything is published: the metadata
 * is read first, from the store or, in a folder without any, from Kafka's own metadata log; then
 * each log is opened under its topic's configuration; what a crash interrupted is ended or undone;
 * folders that no metadata explains are set aside. `view` is loaded with the result. Throws
 * ClusterStartError, UnreadableMetadata, DiskError.
 */
export async function prepareMetadata(options: FoundingOptions): Promise<void> {
  await new Founding(options).run()
}

class Founding {
  readonly #options: FoundingOptions
  readonly #nodeId: number

  constructor(options: FoundingOptions) {
    this.#options = options
    this.#nodeId = options.logDirectory.identity.nodeId
  }

  async run(): Promise<void> {
    const { view, logDirectory } = this.#options
    const { clusterId } = logDirectory.identity
    const known = (await view.load()).clusterId
    if (known === '') await this.#found(clusterId)
    else if (known !== clusterId) {
      throw new ClusterStartError(
        `the metadata store is cluster ${known}'s, meta.properties says cluster ${clusterId}: ` +
          'put back the file that belongs here, or let `ottla storage repair` write ' +
          'meta.properties again by the metadata',
      )
    } else {
      await this.#repair()
      await this.#openLogs(await view.load())
    }
    await view.load()
    this.#tellStrays()
  }

  /** A fresh folder, or one Kafka wrote. */
  async #found(clusterId: string): Promise<void> {
    const { config, logDirectory, host } = this.#options
    const { folders } = logDirectory
    if (folders.length > 0) {
      const kraft = readKraftMetadata(readMetadataBatches(host.disk, logDirectory.path))
      const ofBroker = kraft.configs.get(`${ConfigResourceType.BROKER}/${this.#nodeId}`)
      const ofCluster = kraft.configs.get(`${ConfigResourceType.BROKER}/`)
      config.applyDynamic(ofCluster ?? NO_OVERRIDES, ofBroker ?? NO_OVERRIDES)
      const { topics, adopted, refused } = planAdoption(folders, kraft)
      await logDirectory.openLogs(({ name, topic }) => {
        const topicId = adopted.get(name)
        if (topicId === undefined) return { kind: 'stray', reason: refused.get(name) ?? '' }
        const configs = kraft.configs.get(`${ConfigResourceType.TOPIC}/${topic}`)
        return { kind: 'open', topicId, config: this.#logConfig(topic, configs ?? NO_OVERRIDES) }
      }, host.clock.nowMs())
      const operations = adoptionOperations(topics, {
        kraft,
        nodeId: this.#nodeId,
        factsOf: (topic, partition) => factsOf(logDirectory.get(topic, partition)),
        internalConfigs: name => internalTopicConfigs(config, name),
      })
      await this.#transactAll(operations)
      const fields = { topics: topics.length, partitions: adopted.size }
      host.log.info(fields, 'adopted the logs of a folder without metadata')
      if (kraft.topics.size === 0 && topics.length > 0) host.log.warn(fields, CONFIGS_ARE_LOST)
    } else {
      await logDirectory.openLogs(() => ({ kind: 'stray', reason: '' }), host.clock.nowMs())
    }
    // Last: a crash on the way adopts once more.
    await this.#transact({
      compare: [absent(storeKey.cluster)],
      operations: [put('cluster', storeKey.cluster, { id: clusterId })],
    })
  }

  /** Opens the logs of a cluster that is known; the folders of deleted topics are renamed. */
  async #openLogs(image: ClusterImage): Promise<void> {
    const { config, logDirectory, host } = this.#options
    const ofBroker = image.brokerConfigs.get(String(this.#nodeId)) ?? NO_OVERRIDES
    config.applyDynamic(image.brokerConfigs.get('') ?? NO_OVERRIDES, ofBroker)
    const rules = {
      image,
      nodeId: this.#nodeId,
      configOf: ({ name, configs }: { name: string; configs: ConfigOverrides }) =>
        this.#logConfig(name, configs),
    }
    await logDirectory.openLogs(folder => judgeFolder(folder, rules), host.clock.nowMs())
  }

  #logConfig(topic: string, overrides: ConfigOverrides) {
    const { config } = this.#options
    return topicConfig(config, withInternalConfigs(config, topic, overrides)).log
  }

  #tellStrays(): void {
    const { conditions, logDirectory } = this.#options
    for (const { name, topic, partition, reason } of logDirectory.strays) {
      const why = reason === null ? 'was set aside earlier' : `was set aside: ${reason}`
      const message =
        `the folder ${name} of ${topic}-${partition} in ${logDirectory.path} ${why}. Nothing of ` +
        'it is served and nothing is removed. "ottla storage strays" shows what it holds and ' +
        '"ottla storage restore" takes it back; or move it elsewhere'
      conditions.set('stray-log', name, reason === null ? 'warning' : 'error', message)
    }
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
    const operations: StoreOperation[] = []
    for (const { id, partitions } of this.#options.view.image().topics.values()) {
      for (const { index, leader, leaderEpoch, replicas, isr } of partitions) {
        if (leader !== this.#nodeId) continue
        const [r, inSync] = [[...replicas], [...isr]]
        const part = { r, isr: inSync, l: leader, le: leaderEpoch + 1 }
        operations.push(put('part', storeKey.part(id, index), part))
      }
    }
    return operations
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
    const { store, host } = this.#options
    const outcome = await settle(store, transaction, host.clock)
    if (outcome.kind === 'done') return outcome.revision
    const why = outcome.kind === 'conflict' ? 'another broker changed it meanwhile' : outcome.reason
    throw new ClusterStartError(`the metadata store could not be written: ${why}`)
  }
}

function factsOf(log: Log | undefined): LogFacts | null {
  if (log === undefined) return null
  const producerIds = log.activeProducers().map(({ producerId }) => producerId)
  const producerIdMax = producerIds.reduce((most, id) => Math.max(most, id), -1)
  return { latestEpoch: log.latestEpoch, producerIdMax }
}
