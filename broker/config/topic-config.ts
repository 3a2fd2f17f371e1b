import { Codec } from '../../protocol/records/batch.ts'
import type { LogConfig } from '../../storage/log-config.ts'
import type { BrokerConfig } from './broker-config.ts'
import type { Property, PropertyValue } from './property.ts'
import { brokerSynonyms, type TopicPropertyName, topicProperties } from './topic-properties.ts'

/** What a topic's effective properties mean to its partitions, as plain values. */
export interface TopicConfig {
  readonly log: LogConfig
  readonly maxMessageBytes: number
  readonly isCompacted: boolean
  /** DeleteRecords needs it. */
  readonly isDeletable: boolean
  readonly stampsAppendTime: boolean
  /** How far behind and ahead of the broker's clock a record's time may be; Infinity: any. */
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  /** Null: as the producer sent it. */
  readonly storedCodec: Codec | null
  readonly compressionLevel: number
  readonly minInsyncReplicas: number
}

type PropertyOf<N extends TopicPropertyName> =
  (typeof topicProperties)[N] extends Property<infer T> ? T : never

const STORED_CODEC: ReadonlyMap<string, Codec> = new Map([
  ['uncompressed', Codec.NONE],
  ['gzip', Codec.GZIP],
  ['snappy', Codec.SNAPPY],
  ['lz4', Codec.LZ4],
  ['zstd', Codec.ZSTD],
])

/** The topic's own value if it has one, else the broker's, else the default. */
export function topicValue<N extends TopicPropertyName>(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  name: N,
): PropertyOf<N> {
  return effective(config, overrides, name) as PropertyOf<N>
}

function effective(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  name: TopicPropertyName,
): PropertyValue {
  const property = topicProperties[name]
  const text = overrides.get(name)
  const parsed = text === undefined ? null : property.parse(text)
  if (parsed?.ok) return parsed.value
  for (const synonym of brokerSynonyms[name]) {
    if (!config.isSet(synonym.name)) continue
    const value = config.value(synonym.name)
    if (value === null) continue
    // -1 says "no limit" in every unit.
    return typeof value === 'number' && value > 0 ? value * synonym.factor : value
  }
  return property.defaultValue
}

/** All a partition needs to know of its topic's properties. */
export function topicConfig(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
): TopicConfig {
  const value = <N extends TopicPropertyName>(name: N) => topicValue(config, overrides, name)
  const compressionType = value('compression.type')
  const policy = value('cleanup.policy')
  return {
    log: logConfig(config, overrides),
    maxMessageBytes: value('max.message.bytes'),
    isCompacted: policy.includes('compact'),
    isDeletable: policy.includes('delete'),
    stampsAppendTime: value('message.timestamp.type') === 'LogAppendTime',
    timestampBeforeMaxMs: value('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: value('message.timestamp.after.max.ms'),
    storedCodec: STORED_CODEC.get(compressionType) ?? null,
    compressionLevel:
      compressionType === 'gzip'
        ? value('compression.gzip.level')
        : value('compression.zstd.level'),
    minInsyncReplicas: value('min.insync.replicas'),
  }
}

function logConfig(config: BrokerConfig, overrides: ReadonlyMap<string, string>): LogConfig {
  const value = <N extends TopicPropertyName>(name: N) => topicValue(config, overrides, name)
  const policy = value('cleanup.policy')
  return {
    segmentBytes: value('segment.bytes'),
    segmentMs: value('segment.ms'),
    segmentJitterMs: value('segment.jitter.ms'),
    indexIntervalBytes: value('index.interval.bytes'),
    segmentIndexBytes: value('segment.index.bytes'),
    retentionMs: unlimited(value('retention.ms')),
    retentionBytes: unlimited(value('retention.bytes')),
    fileDeleteDelayMs: value('file.delete.delay.ms'),
    deleteEnabled: policy.includes('delete'),
    compactEnabled: policy.includes('compact'),
    maxMessageBytes: value('max.message.bytes'),
    durability: value('durability'),
    flushMessages: value('flush.messages'),
    flushMs: value('flush.ms'),
    producerIdExpirationMs: config.get('producer.id.expiration.ms'),
  }
}

function unlimited(limit: number): number {
  return limit < 0 ? Number.POSITIVE_INFINITY : limit
}
