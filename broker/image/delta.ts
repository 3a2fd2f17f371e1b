import type { StoreEntry, StoreEvent } from '../metadata/store.ts'
import type {
  BrokerImage,
  ClusterImage,
  ConfigOverrides,
  PartitionImage,
  QuotaImage,
  TopicImage,
} from './image.ts'
import { emptyImage, INTERNAL_TOPICS, NO_OVERRIDES } from './image.ts'
import { readValue, splitKey } from './values.ts'

/**
 * The image, and what of the store is not part of it yet: topics whose creation is under way, and
 * partitions and configs that came before their topic.
 */
export interface ClusterState {
  readonly image: ClusterImage
  readonly forming: ReadonlyMap<string, FormingTopic>
}

/** A topic as its keys have it so far. */
interface FormingTopic {
  readonly name: string | null
  readonly isActive: boolean
  readonly isInternal: boolean
  readonly partitions: ReadonlyMap<number, PartitionImage>
  readonly configs: ConfigOverrides
}

/** What differs between two images, for those who follow (reconciler.ts). */
export interface ImageDelta {
  /** Topic ids of topics that came or changed. */
  readonly changedTopics: ReadonlySet<string>
  /** Topic ids of topics that went. */
  readonly removedTopics: ReadonlySet<string>
  readonly changesBrokerConfigs: boolean
}

/** Events of consecutive revisions, ending at `revision`. */
export interface Step {
  readonly state: ClusterState
  readonly delta: ImageDelta
}

/** The state before anything was loaded. */
export function emptyState(): ClusterState {
  return { image: emptyImage(''), forming: new Map() }
}

/** The next state. Maps are copied once, however many events. Throws UnreadableMetadata. */
export function applyEvents(
  { image, forming }: ClusterState,
  events: Iterable<StoreEvent>,
  revision: number,
): Step {
  const draft = new Draft(image, forming)
  for (const event of events) draft.apply(event)
  return draft.finish(revision)
}

const EMPTY_TOPIC: FormingTopic = {
  name: null,
  isActive: false,
  isInternal: false,
  partitions: new Map(),
  configs: NO_OVERRIDES,
}

class Draft {
  readonly #before: ClusterImage
  readonly #forming: Map<string, FormingTopic>
  readonly #touched = new Map<string, FormingTopic>()
  readonly #ownPartitions = new Map<string, Map<number, PartitionImage>>()
  readonly #brokers: Map<number, BrokerImage>
  #brokerConfigs: Map<string, ConfigOverrides> | null = null
  #groupConfigs: Map<string, ConfigOverrides> | null = null
  #clientMetricsConfigs: Map<string, ConfigOverrides> | null = null
  #deletedTopics: Map<string, string> | null = null
  #quotas: Map<string, QuotaImage> | null = null
  #clusterId: string
  #controllerId: number
  #controllerEpoch: number
  #nextProducerId: number

  constructor(before: ClusterImage, forming: ReadonlyMap<string, FormingTopic>) {
    this.#before = before
    this.#forming = new Map(forming)
    this.#brokers = new Map(before.brokers)
    this.#clusterId = before.clusterId
    this.#controllerId = before.controllerId
    this.#controllerEpoch = before.controllerEpoch
    this.#nextProducerId = before.nextProducerId
  }

  apply(event: StoreEvent): void {
    const key = event.kind === 'put' ? event.entry.key : event.key
    const entry = event.kind === 'put' ? event.entry : null
    const { kind, rest } = splitKey(key)
    switch (kind) {
      case 'cluster':
        if (entry !== null) this.#clusterId = readValue('cluster', key, entry.value).id
        break
      case 'controller':
        this.#controller(entry)
        break
      case 'live':
        this.#live(Number(rest), entry)
        break
      case 'topic':
        this.#topic(rest, entry)
        break
      case 'part':
        this.#part(rest, entry)
        break
      case 'cfg':
        this.#config(rest, entry)
        break
      case 'gone':
        this.#gone(rest, entry)
        break
      case 'pid':
        if (entry !== null) this.#nextProducerId = readValue('pid', key, entry.value).next
        break
      case 'quota':
        this.#quota(rest, entry)
        break
      default:
      // Names only guard against duplicates.
    }
  }

  finish(revision: number): Step {
    const topics = this.#touched.size === 0 ? this.#before.topics : new Map(this.#before.topics)
    const topicsById =
      this.#touched.size === 0 ? this.#before.topicsById : new Map(this.#before.topicsById)
    const changedTopics = new Set<string>()
    const removedTopics = new Set<string>()
    // Gone first: a name may have passed to another topic.
    for (const id of this.#touched.keys()) {
      const old = this.#before.topicsById.get(id)
      if (old === undefined) continue
      ;(topics as Map<string, TopicImage>).delete(old.name)
      ;(topicsById as Map<string, TopicImage>).delete(id)
      removedTopics.add(id)
    }
    for (const [id, forming] of this.#touched) {
      const topic = formed(id, forming)
      this.#forming.delete(id)
      if (topic === null) {
        if (!isEmpty(forming)) this.#forming.set(id, forming)
        continue
      }
      ;(topics as Map<string, TopicImage>).set(topic.name, topic)
      ;(topicsById as Map<string, TopicImage>).set(id, topic)
      // Partitions behind a gap wait for the one that closes it.
      if (forming.partitions.size > topic.partitions.length) this.#forming.set(id, forming)
      removedTopics.delete(id)
      changedTopics.add(id)
    }
    const image: ClusterImage = {
      revision,
      clusterId: this.#clusterId,
      controllerId: this.#controllerId,
      controllerEpoch: this.#controllerEpoch,
      brokers: this.#brokers,
      topics,
      topicsById,
      deletedTopics: this.#deletedTopics ?? this.#before.deletedTopics,
      brokerConfigs: this.#brokerConfigs ?? this.#before.brokerConfigs,
      groupConfigs: this.#groupConfigs ?? this.#before.groupConfigs,
      clientMetricsConfigs: this.#clientMetricsConfigs ?? this.#before.clientMetricsConfigs,
      quotas: this.#quotas ?? this.#before.quotas,
      nextProducerId: this.#nextProducerId,
    }
    const changesBrokerConfigs = this.#brokerConfigs !== null
    return {
      state: { image, forming: this.#forming },
      delta: { changedTopics, removedTopics, changesBrokerConfigs },
    }
  }

  #controller(entry: StoreEntry | null): void {
    if (entry === null) {
      this.#controllerId = -1
      return
    }
    this.#controllerId = readValue('controller', entry.key, entry.value).nodeId
    this.#controllerEpoch = entry.createRevision
  }

  #quota(id: string, entry: StoreEntry | null): void {
    this.#quotas ??= new Map(this.#before.quotas)
    if (entry === null) this.#quotas.delete(id)
    else {
      const { entity, key, value } = readValue('quota', entry.key, entry.value)
      this.#quotas.set(id, { entity, key, value })
    }
  }

  #live(id: number, entry: StoreEntry | null): void {
    if (entry === null) {
      this.#brokers.delete(id)
      return
    }
    const { rack, endpoints } = readValue('live', entry.key, entry.value)
    this.#brokers.set(id, { id, epoch: entry.createRevision, rack, endpoints })
  }

  #gone(id: string, entry: StoreEntry | null): void {
    this.#deletedTopics ??= new Map(this.#before.deletedTopics)
    if (entry === null) this.#deletedTopics.delete(id)
    else this.#deletedTopics.set(id, readValue('gone', entry.key, entry.value).name)
  }

  #topic(id: string, entry: StoreEntry | null): void {
    const forming = this.#formingOf(id)
    if (entry === null) {
      this.#touched.set(id, { ...forming, name: null, isActive: false })
      return
    }
    const { name, state, internal } = readValue('topic', entry.key, entry.value)
    const isActive = state === 'active'
    this.#touched.set(id, { ...forming, name, isActive, isInternal: internal })
  }

  #part(rest: string, entry: StoreEntry | null): void {
    const at = rest.lastIndexOf('/')
    const id = rest.slice(0, at)
    const index = Number(rest.slice(at + 1))
    const forming = this.#formingOf(id)
    let partitions = this.#ownPartitions.get(id)
    if (partitions === undefined) {
      // One copy a topic and step, not one a partition.
      partitions = new Map(forming.partitions)
      this.#ownPartitions.set(id, partitions)
    }
    if (entry === null) partitions.delete(index)
    else partitions.set(index, partitionOf(index, entry))
    this.#touched.set(id, { ...forming, partitions })
  }

  #config(rest: string, entry: StoreEntry | null): void {
    const overrides = entry === null ? NO_OVERRIDES : overridesOf(entry)
    const { kind, rest: name } = splitKey(rest)
    if (kind === 'topic') {
      this.#touched.set(name, { ...this.#formingOf(name), configs: overrides })
    } else if (kind === 'group') {
      this.#groupConfigs = withOverrides(this.#groupConfigs, this.#before.groupConfigs)
      setOrDelete(this.#groupConfigs, name, overrides)
    } else if (kind === 'client-metrics') {
      const before = this.#before.clientMetricsConfigs
      this.#clientMetricsConfigs = withOverrides(this.#clientMetricsConfigs, before)
      setOrDelete(this.#clientMetricsConfigs, name, overrides)
    } else {
      this.#brokerConfigs = withOverrides(this.#brokerConfigs, this.#before.brokerConfigs)
      setOrDelete(this.#brokerConfigs, kind === 'broker' ? name : '', overrides)
    }
  }

  /** What is known of a topic, wherever it is. */
  #formingOf(id: string): FormingTopic {
    const touched = this.#touched.get(id) ?? this.#forming.get(id)
    if (touched !== undefined) return touched
    const topic = this.#before.topicsById.get(id)
    if (topic === undefined) return EMPTY_TOPIC
    return {
      name: topic.name,
      isActive: true,
      isInternal: topic.isInternal,
      partitions: new Map(topic.partitions.map(partition => [partition.index, partition])),
      configs: topic.configs,
    }
  }
}

function formed(id: string, forming: FormingTopic): TopicImage | null {
  const { name, isActive, isInternal, configs } = forming
  if (name === null || !isActive) return null
  const partitions: PartitionImage[] = []
  for (let index = 0; index < forming.partitions.size; index++) {
    const partition = forming.partitions.get(index)
    // A gap: what is behind it is not live yet.
    if (partition === undefined) break
    partitions.push(partition)
  }
  return { name, id, partitions, configs, isInternal: isInternal || INTERNAL_TOPICS.has(name) }
}

function isEmpty({ name, partitions, configs }: FormingTopic): boolean {
  return name === null && partitions.size === 0 && configs.size === 0
}

function partitionOf(index: number, entry: StoreEntry): PartitionImage {
  const { r, isr, l, le } = readValue('part', entry.key, entry.value)
  return {
    index,
    leader: l,
    leaderEpoch: le,
    replicas: r,
    isr,
    partitionEpoch: entry.modRevision,
  }
}

function overridesOf(entry: StoreEntry): ConfigOverrides {
  return new Map(readValue('cfg', entry.key, entry.value).c)
}

function withOverrides(
  draft: Map<string, ConfigOverrides> | null,
  before: ReadonlyMap<string, ConfigOverrides>,
): Map<string, ConfigOverrides> {
  return draft ?? new Map(before)
}

function setOrDelete(
  configs: Map<string, ConfigOverrides>,
  name: string,
  overrides: ConfigOverrides,
): void {
  if (overrides.size === 0) configs.delete(name)
  else configs.set(name, overrides)
}
