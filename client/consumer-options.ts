import type { AssignorName } from './assignors.ts'
import type { TopicPartition } from './offsets.ts'

/** Told when partitions come and go. Awaited: the group waits too, within rebalanceTimeoutMs. */
export interface RebalanceListener {
  /** These are ours from here on. */
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => void | Promise<void>
  /** These will be others'; the last chance to commit. */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => void | Promise<void>
  /** These are others' already: the group went on without us. */
  readonly onLost?: (partitions: readonly TopicPartition[]) => void | Promise<void>
}

/** How a consumer works. What is left out has the default. */
export interface ConsumerOptions extends RebalanceListener {
  /** Without one, partitions are assigned by hand and offsets are not committed. */
  readonly groupId?: string
  /** Topics to subscribe to at once; needs a groupId. */
  readonly topics?: readonly string[]
  /** A static member (KIP-345): a restart within sessionTimeoutMs moves nothing. */
  readonly instanceId?: string
  /** Where to begin without a committed offset, or when it is gone. Default 'latest'. */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none'
  /** Default: every 5,000 ms, and when partitions go, what was handed out is committed. */
  readonly autoCommit?: boolean
  readonly autoCommitIntervalMs?: number
  /** 'read_committed' leaves out records of transactions that were aborted or are open. Default. */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  /** In order of preference; all members must share one. Default ['range']. */
  readonly assignors?: readonly AssignorName[]
  /** A member that sends no heartbeat for so long is dead. Default 45,000. */
  readonly sessionTimeoutMs?: number
  /** Default 3,000. */
  readonly heartbeatIntervalMs?: number
  /** Between two polls at most, and for others to rejoin. Default 300,000. */
  readonly rebalanceTimeoutMs?: number
  /** A fetch waits for `minBytes`, at most so long. Default 500. */
  readonly maxWaitMs?: number
  /** Default 1. */
  readonly minBytes?: number
  /** Of one answer. Default 16,777,216. */
  readonly maxBytes?: number
  /** Of one partition in an answer. Default 1,048,576. */
  readonly partitionMaxBytes?: number
  /** Fetched and not handed out; fetching pauses above it. Default 33,554,432. */
  readonly prefetchBytes?: number
  /** What a compressed batch may expand to. Default 134,217,728. */
  readonly expandedBytesMax?: number
  /** Batches whose checksum is wrong are an error. Default true. */
  readonly checkCrcs?: boolean
  /** For commits and lookups, retries included. Default 60,000. */
  readonly timeoutMs?: number
}

/** The same with nothing left out that has a default. */
export type ConsumerSettings = Required<
  Omit<ConsumerOptions, keyof RebalanceListener | 'groupId' | 'topics' | 'instanceId'>
> & {
  readonly groupId: string | null
  readonly instanceId: string | null
  readonly listener: RebalanceListener
}

/** Fills in the defaults. */
export function consumerSettings(o: ConsumerOptions): ConsumerSettings {
  return {
    listener: o,
    groupId: o.groupId ?? null,
    instanceId: o.instanceId ?? null,
    autoOffsetReset: o.autoOffsetReset ?? 'latest',
    autoCommit: o.autoCommit ?? o.groupId !== undefined,
    autoCommitIntervalMs: o.autoCommitIntervalMs ?? 5_000,
    isolation: o.isolation ?? 'read_committed',
    assignors: o.assignors ?? ['range'],
    sessionTimeoutMs: o.sessionTimeoutMs ?? 45_000,
    heartbeatIntervalMs: o.heartbeatIntervalMs ?? 3_000,
    rebalanceTimeoutMs: o.rebalanceTimeoutMs ?? 300_000,
    maxWaitMs: o.maxWaitMs ?? 500,
    minBytes: o.minBytes ?? 1,
    maxBytes: o.maxBytes ?? 16_777_216,
    partitionMaxBytes: o.partitionMaxBytes ?? 1_048_576,
    prefetchBytes: o.prefetchBytes ?? 33_554_432,
    expandedBytesMax: o.expandedBytesMax ?? 134_217_728,
    checkCrcs: o.checkCrcs ?? true,
    timeoutMs: o.timeoutMs ?? 60_000,
  }
}
