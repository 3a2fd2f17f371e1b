import type { ErrorCode } from '../../protocol/errors.ts'
import type { ConfigOverrides } from '../image/image.ts'

/** A topic to be made. */
export interface NewTopic {
  readonly name: string
  /** -1: num.partitions. */
  readonly partitions: number
  /** -1: default.replication.factor. */
  readonly replicationFactor: number
  /** Replicas by partition, instead of both numbers. */
  readonly assignments: readonly PartitionAssignment[]
  readonly configs: readonly NewTopicConfig[]
}

export interface PartitionAssignment {
  readonly partitionIndex: number
  readonly brokerIds: readonly number[]
}

export interface NewTopicConfig {
  readonly name: string
  readonly value: string | null
}

/** How a topic's creation ended. */
export interface CreatedTopic {
  readonly name: string
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
  readonly topicId: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: ConfigOverrides
}

/** A topic by name, or by id where the name is null. */
export interface TopicReference {
  readonly name: string | null
  readonly topicId: string
}

export interface DeletedTopic {
  /** Null when an id was asked for that nobody knows. */
  readonly name: string | null
  readonly topicId: string
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

/** More partitions for a topic. */
export interface NewPartitions {
  readonly name: string
  /** In all. */
  readonly count: number
  /** Replicas of the partitions that come; null to leave it to the controller. */
  readonly assignments: readonly { readonly brokerIds: readonly number[] }[] | null
}

export interface NamedResult {
  readonly name: string
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

/** What has configs, with Kafka's numbers. */
export const ConfigResourceType = {
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const
export type ConfigResourceType = (typeof ConfigResourceType)[keyof typeof ConfigResourceType]

export interface ConfigChanges {
  readonly resourceType: number
  readonly resourceName: string
  /** 'replace': what is not named goes back to its default (AlterConfigs). */
  readonly mode: 'replace' | 'incremental'
  readonly changes: readonly ConfigChange[]
}

export interface ConfigChange {
  readonly name: string
  /** 0 set, 1 delete, 2 append, 3 subtract; 0 in mode 'replace'. */
  readonly operation: number
  readonly value: string | null
}

/** What a client's limit may be for. */
export const QuotaEntityType = { USER: 'user', CLIENT_ID: 'client-id', IP: 'ip' } as const

/** Where a partition's replicas shall be; null cancels a move that is under way (KIP-455). */
export interface Reassignment {
  readonly topic: string
  readonly partition: number
  readonly replicas: readonly number[] | null
  /** Whether their number may change (KIP-860). */
  readonly allowsOtherFactor: boolean
}

/** Changes of one client entity's limits (KIP-546). */
export interface QuotaAlteration {
  readonly entity: QuotaEntity
  readonly ops: readonly {
    readonly key: string
    readonly value: number
    readonly remove: boolean
  }[]
}

/** Type and name, a type once, sorted by type; a name of null is the default of its type. */
export type QuotaEntity = readonly (readonly [type: string, name: string | null])[]

export interface QuotaResult {
  readonly entity: QuotaEntity
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

export interface ConfigResult {
  readonly resourceType: number
  readonly resourceName: string
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

/** The broker that the name of a resource names, read as Java reads a number; NaN for no number. */
export function brokerIdOf(resourceName: string): number {
  return /^[+-]?\d+$/.test(resourceName) ? Number(resourceName) : Number.NaN
}
