/** What a topic's settings mean to its logs. `Infinity` switches a limit off. */
export interface LogConfig {
  /** A segment never grows beyond this (segment.bytes). */
  readonly segmentBytes: number
  /** Span of record time in a segment (segment.ms). */
  readonly segmentMs: number
  /** A random part of this is taken off `segmentMs`, for each segment (segment.jitter.ms). */
  readonly segmentJitterMs: number
  /** Bytes of log between two index entries (index.interval.bytes). */
  readonly indexIntervalBytes: number
  /** Size of an index above which the segment is closed (segment.index.bytes). */
  readonly segmentIndexBytes: number
  readonly retentionMs: number
  readonly retentionBytes: number
  /** How long a removed file keeps its bytes, for readers (file.delete.delay.ms). */
  readonly fileDeleteDelayMs: number
  /** cleanup.policy contains delete. */
  readonly deleteEnabled: boolean
  /** cleanup.policy contains compact. */
  readonly compactEnabled: boolean
  readonly maxMessageBytes: number
  /** 'fsync': acked is on disk. 'os': acked is in the page cache. */
  readonly durability: Durability
  /** Under 'os': records written after which acks wait for the disk (flush.messages). */
  readonly flushMessages: number
  /** Under 'os': age of unsynced records at which `flushDue` syncs them (flush.ms). */
  readonly flushMs: number
  /** A producer not heard of for this long is forgotten (producer.id.expiration.ms). */
  readonly producerIdExpirationMs: number
}

export type Durability = 'fsync' | 'os'

/** Kafka's defaults, with this broker's durability. */
export const DEFAULT_LOG_CONFIG: LogConfig = {
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  indexIntervalBytes: 4096,
  segmentIndexBytes: 10_485_760,
  retentionMs: 604_800_000,
  retentionBytes: Number.POSITIVE_INFINITY,
  fileDeleteDelayMs: 60_000,
  deleteEnabled: true,
  compactEnabled: false,
  maxMessageBytes: 1_048_588,
  durability: 'fsync',
  flushMessages: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
  producerIdExpirationMs: 86_400_000,
}
