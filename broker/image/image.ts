/**
 * ClusterImage: all a broker knows of its cluster, at one revision of the store. Immutable: a
 * change makes the next image (delta.ts), so whoever holds one sees a consistent world.
 */
export interface ClusterImage {
  /** Store revision up to which changes are contained. */
  readonly revision: number
  readonly clusterId: string
  /** -1 while no broker holds the role. */
  readonly controllerId: number
  /** Rises with each broker that takes the role; 0 while nobody ever held it. */
  readonly controllerEpoch: number
  /** Live brokers by node id. */
  readonly brokers: ReadonlyMap<number, BrokerImage>
  readonly topics: ReadonlyMap<string, TopicImage>
  readonly topicsById: ReadonlyMap<string, TopicImage>
  /**
   * Names by topic id of topics that were deleted and whose folders may still be on a disk. Nothing
   * but an entry here allows a broker to remove a partition's folder.
   */
  readonly deletedTopics: ReadonlyMap<string, string>
  /** Overrides of broker properties by node id as text; '' holds the cluster-wide ones. */
  readonly brokerConfigs: ReadonlyMap<string, ConfigOverrides>
  /** Overrides of group properties by group id. */
  readonly groupConfigs: ReadonlyMap<string, ConfigOverrides>
  /** Overrides of subscriptions to metrics of clients (KIP-714) by name. */
  readonly clientMetricsConfigs: ReadonlyMap<string, ConfigOverrides>
  /** Limits of clients, by the part of their store key behind `quota/`. */
  readonly quotas: ReadonlyMap<string, QuotaImage>
  /** First producer id no block was taken of. */
  readonly nextProducerId: number
}

/** Property name -> value: in its normal form, or as an adopted Kafka folder had it. */
export type ConfigOverrides = ReadonlyMap<string, string>

export const NO_OVERRIDES: ConfigOverrides = new Map()

/** One limit of one client entity (KIP-546). */
export interface QuotaImage {
  /** Sorted by type; a name of null is the default of its type. */
  readonly entity: readonly (readonly [type: string, name: string | null])[]
  readonly key: string
  readonly value: number
}

export interface BrokerImage {
  readonly id: number
  /** Rises with each registration; a message of an older incarnation is refused by it. */
  readonly epoch: number
  readonly rack: string | null
  readonly endpoints: readonly EndpointImage[]
}

export interface EndpointImage {
  readonly listenerName: string
  readonly securityProtocol: string
  /** Null: no address is advertised; a client is told the one it reached the broker by. */
  readonly host: string | null
  readonly port: number
}

export interface TopicImage {
  readonly name: string
  readonly id: string
  /** Dense: the partition of index i is at i. */
  readonly partitions: readonly PartitionImage[]
  readonly configs: ConfigOverrides
  readonly isInternal: boolean
}

export interface PartitionImage {
  readonly index: number
  /** Node id, -1 if no replica can lead. */
  readonly leader: number
  readonly leaderEpoch: number
  /** Preferred leader first. */
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  /** Revision of the store entry: the partition epoch a change must compare with. */
  readonly partitionEpoch: number
}

/** Topics whose records are the broker's own. */
export const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

/** The image before anything is known. */
export function emptyImage(clusterId: string): ClusterImage {
  return {
    revision: 0,
    clusterId,
    controllerId: -1,
    controllerEpoch: 0,
    brokers: new Map(),
    topics: new Map(),
    topicsById: new Map(),
    deletedTopics: new Map(),
    brokerConfigs: new Map(),
    groupConfigs: new Map(),
    clientMetricsConfigs: new Map(),
    quotas: new Map(),
    nextProducerId: 0,
  }
}

/** The endpoint of a broker on a listener; its first one if it has none of that name. */
export function endpointOf(broker: BrokerImage, listenerName: string): EndpointImage | undefined {
  return broker.endpoints.find(e => e.listenerName === listenerName) ?? broker.endpoints[0]
}
