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
  /** Why it could not be opened. */
  readonly failure: DiskError | null
}

/** What became of a topic in `remove`. */
export interface Removal {
  readonly count: number
  /** Folders that could not be renamed away: they stay, and the next start names them. */
  readonly failures: readonly DiskError[]
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
 * the cluster says, becomes so here (`publish.ts`). Looking one up costs a map and an array.
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
      return { index, isCreated: false, failure: error }
    }
  }

  /** Stops the partitions of a topic that is gone and deletes their logs. */
  remove(topicId: string): Removal {
    const failures: DiskError[] = []
    const local = this.#byId.get(topicId)
    if (local === undefined) return { count: 0, failures }
    // While they can still be found: a waiting fetch looks again, and is told that they are gone.
    for (const partition of local.partitions) partition?.stop()
    this.#byId.delete(topicId)
    if (this.#byName.get(local.image.name) === local) this.#byName.delete(local.image.name)
    const nowMs = this.#options.nowMs()
    for (const partition of local.partitions) {
      if (partition === undefined) continue
      try {
        this.#options.logDirectory.delete(partition.log, nowMs)
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        failures.push(error)
      }
    }
    return { count: local.partitions.length, failures }
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
    // A leftover of an earlier topic of that name.
    if (known !== undefined) logDirectory.delete(known, nowMs())
    const log = logDirectory.create(topic.name, index, topic.id, config.log, nowMs())
    return { log, isCreated: true }
  }
}
