import type { Clock, Loop, Timer } from '../../host/host.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { Conditions } from '../conditions.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Publisher } from '../image/cluster-view.ts'
import type { ImageDelta } from '../image/delta.ts'
import { type ClusterImage, emptyImage, NO_OVERRIDES, type TopicImage } from '../image/image.ts'
import type { MetadataStore } from '../metadata/store.ts'
import type { Partitions } from '../partition/partitions.ts'
import { Deletions } from './deletions.ts'

export interface ReconcilerOptions {
  readonly nodeId: number
  readonly config: BrokerConfig
  readonly store: MetadataStore
  readonly partitions: Partitions
  readonly logDirectory: LogDirectory
  readonly clock: Clock
  readonly loop: Loop
  readonly conditions: Pick<Conditions, 'set' | 'clear'>
}

/** Folders made or removed in one go (0.9 ms each at worst), before sockets are served again. */
const SLICE = 16

const RETRY_MS_MIN = 250
const RETRY_MS_MAX = 5_000

/** What is not open of a topic: why, by partition. */
type Unopened = Map<number, string>

/**
 * Reconciler: makes this broker's replicas what the image says, and goes on until they are.
 *
 *   image ──publish──> configs, deletions, openings ──> all holds
 *                            └── some do not ──(250 ms .. 5 s)──> tried again ──┘
 *
 * Invariants:
 *   (1) `publish` resolves when everything was tried once. What did not succeed is in `#unopened`
 *       or with the deletions, has a condition, and is tried again until it holds, or the image no
 *       longer asks for it.
 *   (2) One pass at a time: what an image asks for is not undone by a retry of an older one.
 *   (3) A log is removed only if the image says that its topic was deleted (deletions.ts). A log of
 *       a topic that the image lost without saying so is set aside.
 */
export class Reconciler implements Publisher {
  readonly #options: ReconcilerOptions
  readonly #deletions: Deletions
  readonly #unopened = new Map<string, Unopened>()
  /** Topics that the controller is taking back: not to be opened meanwhile. */
  readonly #withdrawn = new Set<string>()
  readonly #listeners = new Set<() => void>()
  #image: ClusterImage = emptyImage('')
  #pass: Promise<void> = Promise.resolve()
  #timer: Timer | null = null
  #delayMs = RETRY_MS_MIN
  #sliceLeft = SLICE
  #isStopped = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
    const { store, logDirectory, clock, loop, conditions } = options
    const retryLater = () => this.#retryLater()
    const spend = (cost: number) => this.#spend(cost)
    const parts = { store, logDirectory, clock, loop, conditions }
    this.#deletions = new Deletions({ ...parts, retryLater, spend })
  }

  publish(_previous: ClusterImage, next: ClusterImage, delta: ImageDelta): Promise<void> {
    return this.#alone(async () => {
      this.#image = next
      this.#configure(delta)
      this.#retire(delta.removedTopics)
      await this.#deletions.removeLogs(next)
      for (const id of delta.changedTopics) {
        const topic = next.topicsById.get(id)
        if (topic !== undefined) await this.#open(topic)
      }
      this.#deletions.forget(next)
      this.#calmDown()
    })
  }

  /** Tries at once what does not hold: whoever knows that room came back may call this. */
  retryNow(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#isStopped) return
    this.#options.loop.spawn(
      'reconcile again',
      this.#alone(() => this.#retry()),
    )
  }

  /** Called after partitions were opened that could not be opened when they were published. */
  onOpened(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Why partitions of a topic, from an index on, are not open here; null if all of them are. */
  failureOf(topicId: string, fromIndex: number): string | null {
    for (const [index, reason] of this.#unopened.get(topicId) ?? []) {
      if (index >= fromIndex) return reason
    }
    return null
  }

  /**
   * Stops serving a topic that is to be taken back, if no record was written to it; false if one
   * was, and nothing changes. Follow with `keep`, or with the topic's deletion.
   */
  withdraw(topicId: string): boolean {
    if (!this.#options.partitions.withdraw(topicId)) return false
    this.#withdrawn.add(topicId)
    return true
  }

  /** A topic that was withdrawn stays after all, and is served again. */
  keep(topicId: string): void {
    if (this.#withdrawn.delete(topicId)) this.#retryLater()
  }

  /** Resolves when nothing is under way; what waits for its retry may be left. */
  async idle(): Promise<void> {
    await this.#pass
    await this.#deletions.idle()
  }

  /** Nothing of it runs any more once this resolves. */
  async stop(): Promise<void> {
    this.abandon()
    await this.#pass
    await this.#deletions.stop()
  }

  /** Tries nothing more. */
  abandon(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  // ------------------------------------------------------------------------------------- a pass

  #alone(task: () => Promise<void>): Promise<void> {
    const pass = this.#pass.then(task)
    // Whoever asked for this pass is told of its failure; the next one runs all the same.
    this.#pass = pass.catch(() => undefined)
    return pass
  }

  #configure(delta: ImageDelta): void {
    if (!delta.changesBrokerConfigs) return
    const { config, partitions, nodeId } = this.#options
    const { brokerConfigs } = this.#image
    const ofCluster = brokerConfigs.get('') ?? NO_OVERRIDES
    config.applyDynamic(ofCluster, brokerConfigs.get(String(nodeId)) ?? NO_OVERRIDES)
    partitions.reconfigure()
  }

  /** Topics that are gone are served no more. */
  #retire(topicIds: ReadonlySet<string>): void {
    const { partitions } = this.#options
    const unexplained = new Set<string>()
    for (const id of topicIds) {
      partitions.retire(id)
      this.#withdrawn.delete(id)
      this.#forgetUnopened(id)
      if (!this.#image.deletedTopics.has(id)) unexplained.add(id)
    }
    if (unexplained.size > 0) this.#setAside(unexplained)
  }

  #setAside(topicIds: ReadonlySet<string>): void {
    const { logDirectory, conditions } = this.#options
    for (const log of [...logDirectory.logs()]) {
      if (!topicIds.has(log.topicId)) continue
      const name = logDirectory.setAside(log)
      const message =
        `the metadata lost the topic ${log.topic} without a deletion: its folder ${name} was set ` +
        'aside; "ottla storage restore" takes it back'
      conditions.set('stray-log', name, 'error', message)
    }
  }

  async #open(topic: TopicImage): Promise<boolean> {
    if (this.#withdrawn.has(topic.id)) return false
    const failed: Unopened = new Map()
    let isOpened = false
    for (const step of this.#options.partitions.put(topic)) {
      if (step.failure !== null) failed.set(step.index, step.failure)
      else isOpened = true
      if (step.isCreated) await this.#spend(1)
    }
    if (failed.size === 0) this.#forgetUnopened(topic.id)
    else this.#noteUnopened(topic, failed)
    return isOpened
  }

  async #spend(cost: number): Promise<void> {
    this.#sliceLeft -= cost
    if (this.#sliceLeft > 0) return
    this.#sliceLeft = SLICE
    await this.#options.loop.nextTurn()
  }

  // ------------------------------------------------------------------------- what does not hold

  #noteUnopened(topic: TopicImage, failed: Unopened): void {
    this.#unopened.set(topic.id, failed)
    const [index, reason] = [...failed][0] as [number, string]
    const message =
      `${failed.size} of ${topic.partitions.length} partitions of ${topic.name} cannot be ` +
      `served: ${topic.name}-${index} is not open: ${reason}. It is tried again until it is`
    this.#options.conditions.set('partition-not-open', topic.id, 'error', message)
    this.#retryLater()
  }

  #forgetUnopened(topicId: string): void {
    this.#unopened.delete(topicId)
    this.#options.conditions.clear('partition-not-open', topicId)
  }

  #retryLater(): void {
    if (this.#timer !== null || this.#isStopped) return
    this.#timer = this.#options.clock.schedule(this.#delayMs, () => this.retryNow())
    this.#delayMs = Math.min(this.#delayMs * 2, RETRY_MS_MAX)
  }

  /** What fails next is tried again soon, unless something else still fails. */
  #calmDown(): void {
    if (this.#unopened.size === 0 && !this.#deletions.isBehind) this.#delayMs = RETRY_MS_MIN
  }

  async #retry(): Promise<void> {
    if (this.#isStopped) return
    let isOpened = false
    await this.#deletions.removeLogs(this.#image)
    for (const topic of this.#image.topicsById.values()) {
      const isMissing = this.#unopened.has(topic.id) || !this.#options.partitions.isKnown(topic.id)
      if (isMissing && (await this.#open(topic))) isOpened = true
    }
    this.#deletions.forget(this.#image)
    this.#calmDown()
    if (isOpened) for (const listener of this.#listeners) listener()
  }
}
