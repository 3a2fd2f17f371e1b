import { DiskError } from '../../host/disk-error.ts'
import type { Log } from '../../storage/log.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { TopicConfig } from '../config/topic-config.ts'
import type { PartitionImage, TopicImage } from '../image/image.ts'
import { Partition, type PartitionParts } from './partition.ts'

export interface PartitionsOptions extends PartitionParts {
  readonly logDirectory: LogDirectory
  readonly nowMs: () => number
  readonly configOf: (topic: TopicImage) => TopicConfig
}

/** What became of one partition in `put`. */
export interface PutStep {
  readonly index: number
  /** Its log was made, rather than found. */
  readonly isCreated: boolean
  /** One sentence that says why it could not be opened; null if it is open. */
  readonly failure: string | null
}

/** Partitions of one topic on this broker; holes where another broker has them. */
interface LocalTopic {
  readonly id: string
  image: TopicImage
  readonly partitions: (Partition | undefined)[]
}

const NO_PARTITIONS: readonly (Partition | undefined)[] = []

/**
 * Partitions: all that this broker holds, by topic name and by topic id. Follows the image: what
 * the cluster says, becomes so here (reconciler.ts). Looking one up costs a map and an array.
 */
export class Partitions {
  readonly #options: PartitionsOptions
  readonly #byName = new Map<string, LocalTopic>()
  readonly #byId = new Map<string, LocalTopic>()

  constructor(options: PartitionsOptions) {
    this.#options = options
  }

  /** Undefined if this broker does not hold it. */
  get(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.partitions[index]
  }

  /** By index, with holes; empty if this broker holds none of the topic. Valid for this turn. */
  ofTopic(topic: string): readonly (Partition | undefined)[] {
    return this.#byName.get(topic)?.partitions ?? NO_PARTITIONS
  }

  getById(topicId: string, index: number): Partition | undefined {
    return this.#byId.get(topicId)?.partitions[index]
  }

  *all(): IterableIterator<Partition> {
    for (const { partitions } of this.#byName.values()) {
      for (const partition of partitions) if (partition !== undefined) yield partition
    }
  }

  /**
   * Opens what this broker holds of a topic that the image has, and applies what changed of it.
   * One step a partition, for the caller to draw breath in between.
   */
  *put(topic: TopicImage): IterableIterator<PutStep> {
    const local = this.#localTopic(topic)
    const config = this.#options.configOf(topic)
    const isReconfigured = local.image !== topic
    local.image = topic
    for (const image of topic.partitions) {
      const partition = local.partitions[image.index]
      if (partition !== undefined) {
        if (isReconfigured) partition.applyConfig(config)
        partition.applyImage(image)
      } else if (image.replicas.includes(this.#options.nodeId)) {
        yield this.#add(local, image, config)
      }
    }
  }

  #add(local: LocalTopic, image: PartitionImage, config: TopicConfig): PutStep {
    const { index } = image
    try {
      const { log, isCreated } = this.#open(local.image, index, config)
      local.partitions[index] = new Partition(log, image, config, this.#options)
      return { index, isCreated, failure: null }
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      const refusal = this.#options.logDirectory.refusalOf(local.image.name, index)
      return { index, isCreated: false, failure: refusal ?? error.message }
    }
  }

  /** Whether `put` was called for the topic, and nothing took it away since. */
  isKnown(topicId: string): boolean {
    return this.#byId.has(topicId)
  }

  /** Stops the partitions of a topic that is gone; their logs stay. */
  retire(topicId: string): void {
    const local = this.#byId.get(topicId)
    if (local === undefined) return
    // While they can still be found: a waiting fetch looks again, and is told that they are gone.
    for (const partition of local.partitions) partition?.stop()
    this.#byId.delete(topicId)
    if (this.#byName.get(local.image.name) === local) this.#byName.delete(local.image.name)
  }

  /** Retires a topic no record was written to; false, and nothing is changed, if one was. */
  withdraw(topicId: string): boolean {
    const local = this.#byId.get(topicId)
    if (local?.partitions.some(partition => (partition?.log.nextOffset ?? 0) > 0)) return false
    this.retire(topicId)
    return true
  }

  /** Gives every topic the config it should have: the broker's own properties changed. */
  reconfigure(): void {
    for (const local of this.#byName.values()) {
      const config = this.#options.configOf(local.image)
      for (const partition of local.partitions) partition?.applyConfig(config)
    }
  }

  /** No partition takes anything any more; waiters are woken. Logs stay. */
  stop(): void {
    for (const partition of this.all()) partition.stop()
  }

  #localTopic(topic: TopicImage): LocalTopic {
    const known = this.#byId.get(topic.id)
    if (known !== undefined) return known
    const local: LocalTopic = { id: topic.id, image: topic, partitions: [] }
    this.#byId.set(topic.id, local)
    this.#byName.set(topic.name, local)
    return local
  }

  #open(topic: TopicImage, index: number, config: TopicConfig): { log: Log; isCreated: boolean } {
    const { logDirectory, nowMs } = this.#options
    const known = logDirectory.get(topic.name, index)
    if (known?.topicId === topic.id) {
      known.reconfigure(config.log)
      return { log: known, isCreated: false }
    }
    // A log of an earlier topic of that name keeps its folder until it is deleted or set aside.
    const log = logDirectory.create(topic.name, index, topic.id, config.log, nowMs())
    return { log, isCreated: true }
  }
}
