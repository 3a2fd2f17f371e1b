import type { Host } from '../../host/host.ts'
import { readMetadataBatches } from '../../storage/kraft.ts'
import type { Log } from '../../storage/log.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { ClusterView } from '../image/cluster-view.ts'
import { splitKey, storeKey } from '../image/values.ts'
import type { MetadataStore, StoreOperation, Transaction } from '../metadata/store.ts'
import { planAdoption } from './adoption.ts'
import { readKraftMetadata } from './kraft-records.ts'
import { absent, put } from './plan.ts'

export interface FoundingOptions {
  readonly host: Pick<Host, 'clock' | 'disk' | 'log'>
  readonly store: MetadataStore
  readonly view: ClusterView
  readonly logDirectory: LogDirectory
}

/** The store could not take what a start needs to write, or holds another cluster's metadata. */
export class ClusterStartError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ClusterStartError'
  }
}

/**
 * Brings metadata and data folder together at a start, before anything is published: a folder
 * without metadata is adopted, what a crash interrupted is ended or undone, and `view` is loaded
 * with the result. Throws ClusterStartError, UnreadableMetadata.
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
    const { view, logDirectory, host } = this.#options
    const { clusterId } = logDirectory.identity
    const known = (await view.load()).clusterId
    if (known === '') await this.#found(clusterId)
    else if (known !== clusterId) {
      throw new ClusterStartError(
        `the metadata store is cluster ${known}'s, the data folder cluster ${clusterId}'s`,
      )
    } else {
      await this.#repair()
    }
    await this.#deleteGone()
    const image = await view.load()
    for (const { folder, topic, partition, topicId } of logDirectory.logs()) {
      if (image.topicsById.get(topicId)?.name === topic) continue
      const fields = { folder, topic, partition }
      host.log.warn(fields, 'a log belongs to no topic of this cluster and is left alone')
    }
  }

  /** A fresh folder, or one Kafka wrote. */
  async #found(clusterId: string): Promise<void> {
    const { logDirectory, host } = this.#options
    const logs = [...logDirectory.logs()]
    if (logs.length > 0) {
      const kraft = readKraftMetadata(readMetadataBatches(host.disk, logDirectory.path))
      const plan = planAdoption(logs.map(foundLog), kraft, this.#nodeId)
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
