import { DiskError } from '../../host/disk-error.ts'
import type { Clock, Loop } from '../../host/host.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { Conditions } from '../conditions.ts'
import type { ClusterImage } from '../image/image.ts'
import { storeKey } from '../image/values.ts'
import { settle } from '../metadata/settle.ts'
import type { MetadataStore, StoreOperation } from '../metadata/store.ts'

export interface DeletionsOptions {
  readonly store: MetadataStore
  readonly logDirectory: LogDirectory
  readonly clock: Clock
  readonly loop: Loop
  readonly conditions: Pick<Conditions, 'set' | 'clear'>
  /** Something could not be done now. */
  readonly retryLater: () => void
  /** Called for each folder that was renamed; resolves when the next may be. */
  readonly spend: (cost: number) => Promise<void>
}

/**
 * Deletions: removes the logs of topics that the metadata says are deleted, then the entry that
 * says so.
 *
 *   entry in the metadata ──> folders renamed ──> names synced ──> entry forgotten ──> unlinked
 *
 * Invariants:
 *   (1) A folder is renamed `-delete` only while the metadata holds an entry for its topic id.
 *   (2) The entry is forgotten only after a sync of the data folder that began when all folders of
 *       the topic were renamed: a power cut at any point leaves either the entry or no folder.
 */
export class Deletions {
  readonly #options: DeletionsOptions
  /** Topic ids whose folders are renamed; their entries are still to be forgotten. */
  readonly #renamed = new Set<string>()
  /** Topic ids of deletions that failed and are not complete yet. */
  readonly #behind = new Set<string>()
  #forgetting: Promise<void> | null = null
  #isStopped = false

  constructor(options: DeletionsOptions) {
    this.#options = options
  }

  /** Whether a deletion failed and is to be tried again. */
  get isBehind(): boolean {
    return this.#behind.size > 0
  }

  /** Renames the folders of every topic that `image` says is deleted. One call at a time. */
  async removeLogs({ deletedTopics }: ClusterImage): Promise<void> {
    const { logDirectory, spend } = this.#options
    for (const ids of [this.#renamed, this.#behind]) {
      for (const id of ids) if (!deletedTopics.has(id)) ids.delete(id)
    }
    const wanted = [...deletedTopics.keys()].filter(id => !this.#renamed.has(id))
    if (wanted.length === 0) return
    const logs = Map.groupBy(logDirectory.logs(), ({ topicId }) => topicId)
    for (const id of wanted) {
      const name = deletedTopics.get(id) as string
      try {
        const nowMs = this.#options.clock.nowMs()
        for (const log of logs.get(id) ?? []) {
          logDirectory.delete(log, nowMs)
          await spend(1)
        }
        logDirectory.deleteLeftovers(id, nowMs)
        this.#renamed.add(id)
        this.#options.conditions.clear('deletion-pending', name)
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        this.#failed(id, name, error)
      }
    }
  }

  /** Forgets, in the background, the entries whose folders are out of the way. */
  forget(image: ClusterImage): void {
    if (this.#forgetting !== null || this.#renamed.size === 0 || this.#isStopped) return
    this.#forgetting = this.#forget(image).finally(() => {
      this.#forgetting = null
    })
    this.#options.loop.spawn('forget deleted topics', this.#forgetting)
  }

  /** Resolves when nothing is being forgotten. */
  async idle(): Promise<void> {
    while (this.#forgetting !== null) await this.#forgetting
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.idle()
  }

  async #forget({ deletedTopics }: ClusterImage): Promise<void> {
    const { store, logDirectory, clock, conditions } = this.#options
    const ids = [...this.#renamed]
    const named = (id: string) => deletedTopics.get(id) ?? id
    try {
      await logDirectory.syncNames()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      for (const id of ids) this.#failed(id, named(id), error)
      return
    }
    for (let at = 0; at < ids.length; at += store.transactionSizeMax) {
      const chunk = ids.slice(at, at + store.transactionSizeMax)
      const operations = chunk.map((id): StoreOperation => {
        return { kind: 'delete', key: storeKey.gone(id) }
      })
      const outcome = await settle(store, { compare: [], operations }, clock)
      for (const id of chunk) {
        if (outcome.kind === 'done') {
          this.#behind.delete(id)
          conditions.clear('deletion-pending', named(id))
        } else if (outcome.kind !== 'conflict') {
          this.#failed(id, named(id), new Error(outcome.reason))
        }
      }
    }
  }

  #failed(id: string, topic: string, error: Error): void {
    const { conditions, logDirectory, retryLater } = this.#options
    this.#behind.add(id)
    const message =
      `the deletion of ${topic} is not complete in ${logDirectory.path}: ${error.message}. It is ` +
      'tried again until it is; nothing of the topic is served'
    conditions.set('deletion-pending', topic, 'warning', message)
    retryLater()
  }
}
