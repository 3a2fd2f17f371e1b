import { gzipLevelFault, throttledReplicasFault, tieredStorageFault } from './checks.ts'
import { boolean, choice, double, int, list, long, type PropertyRules } from './property.ts'

/** A broker property that gives a topic property its default, in another unit maybe. */
export interface BrokerSynonym {
  readonly name: string
  /** The broker's value times this is the topic's. */
  readonly factor: number
}

/** Highest priority first. */
function same(...names: string[]): BrokerSynonym[] {
  return names.map(name => ({ name, factor: 1 }))
}

const HOUR_MS = 3_600_000
const IGNORED = { accepted: 'ignored' } as const
const TIERED: PropertyRules = { ...IGNORED, doc: 'Tiered storage (KIP-405).' }
const COMPACTION: PropertyRules = { ...IGNORED, doc: 'Compaction of logs.' }
const THROTTLE: PropertyRules = {
  ...IGNORED,
  keepsRepeats: true,
  check: throttledReplicasFault,
  doc: 'Replicas whose replication is throttled: partition:broker each, or *.',
}

/** Properties a topic may have of its own. */
export const topicProperties = {
  'cleanup.policy': list('delete', {
    oneOf: ['compact', 'delete'],
    doc: 'What becomes of old segments. With compact every record needs a key.',
  }),
  'compression.gzip.level': int('-1', {
    check: gzipLevelFault,
    doc: 'Effort of gzip, 1 to 9. -1: its default.',
  }),
  'compression.lz4.level': int('9', { min: 1, max: 17, ...IGNORED, doc: 'Effort of lz4.' }),
  'compression.type': choice(
    'producer',
    ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    { doc: 'How batches are stored: as the producer sent them, or always with one codec.' },
  ),
  'compression.zstd.level': int('3', { min: -131072, max: 22, doc: 'Effort of zstd.' }),
  'delete.retention.ms': long('86400000', { min: 0, unit: 'ms', ...COMPACTION }),
  durability: choice('fsync', ['fsync', 'os'], {
    doc: 'fsync: an acknowledged record is on disk. os: it is in the page cache, as with Kafka.',
  }),
  'file.delete.delay.ms': long('60000', {
    min: 0,
    unit: 'ms',
    doc: 'How long a deleted segment keeps its file, for readers in the middle of it.',
  }),
  'flush.messages': long('9223372036854775807', {
    min: 1,
    doc: 'With durability=os: records after which the log is synced before it acknowledges more.',
  }),
  'flush.ms': long('9223372036854775807', {
    min: 0,
    unit: 'ms',
    doc: 'With durability=os: how long a record may wait until the log is synced.',
  }),
  'follower.replication.throttled.replicas': list('', THROTTLE),
  'index.interval.bytes': int('4096', {
    min: 0,
    unit: 'bytes',
    doc: 'Log bytes between two entries of the offset index.',
  }),
  'leader.replication.throttled.replicas': list('', THROTTLE),
  'local.retention.bytes': long('-2', { min: -2, unit: 'bytes', ...TIERED }),
  'local.retention.ms': long('-2', { min: -2, unit: 'ms', ...TIERED }),
  'max.compaction.lag.ms': long('9223372036854775807', { min: 1, unit: 'ms', ...COMPACTION }),
  'max.message.bytes': int('1048588', {
    min: 0,
    unit: 'bytes',
    doc: 'The largest record batch, as it is stored.',
  }),
  'message.timestamp.after.max.ms': long('3600000', {
    min: 0,
    unit: 'ms',
    doc: "How far a record's time may lie in the future.",
  }),
  'message.timestamp.before.max.ms': long('9223372036854775807', {
    min: 0,
    unit: 'ms',
    doc: "How far a record's time may lie in the past.",
  }),
  'message.timestamp.type': choice('CreateTime', ['CreateTime', 'LogAppendTime'], {
    doc: "Whether records keep their producer's time or get the broker's.",
  }),
  'min.cleanable.dirty.ratio': double('0.5', { min: 0, max: 1, ...COMPACTION }),
  'min.compaction.lag.ms': long('0', { min: 0, unit: 'ms', ...COMPACTION }),
  'min.insync.replicas': int('1', {
    min: 1,
    doc: 'Replicas that must be in sync for a produce with acks=all.',
  }),
  preallocate: boolean('false', { ...IGNORED, doc: 'Reserving disk space for segments.' }),
  'remote.log.copy.disable': boolean('false', TIERED),
  'remote.log.delete.on.disable': boolean('false', TIERED),
  'remote.storage.enable': boolean('false', { ...TIERED, check: tieredStorageFault }),
  'retention.bytes': long('-1', {
    unit: 'bytes',
    doc: "Size of a partition's log above which its oldest segments are deleted. -1: no limit.",
  }),
  'retention.ms': long('604800000', {
    min: -1,
    unit: 'ms',
    doc: 'Age at which segments are deleted. -1: never.',
  }),
  'segment.bytes': int('1073741824', {
    min: 1048576,
    unit: 'bytes',
    doc: 'The largest a segment file may grow.',
  }),
  'segment.index.bytes': int('10485760', {
    min: 4,
    unit: 'bytes',
    doc: 'Size of an index at which its segment is closed.',
  }),
  'segment.jitter.ms': long('0', {
    min: 0,
    unit: 'ms',
    doc: 'A random part of this is taken off segment.ms, so that logs do not roll together.',
  }),
  'segment.ms': long('604800000', { min: 1, unit: 'ms', doc: 'Time of records in one segment.' }),
  'unclean.leader.election.enable': boolean('false', {
    ...IGNORED,
    doc: 'Whether a replica out of sync may lead when no other can, losing acknowledged records.',
  }),
} as const

export type TopicPropertyName = keyof typeof topicProperties

/** Where a topic property's default comes from, most specific first. */
export const brokerSynonyms: Readonly<Record<TopicPropertyName, readonly BrokerSynonym[]>> = {
  'cleanup.policy': same('log.cleanup.policy'),
  'compression.gzip.level': same('compression.gzip.level'),
  'compression.lz4.level': same('compression.lz4.level'),
  'compression.type': same('compression.type'),
  'compression.zstd.level': same('compression.zstd.level'),
  'delete.retention.ms': same('log.cleaner.delete.retention.ms'),
  durability: same('durability'),
  'file.delete.delay.ms': same('log.segment.delete.delay.ms'),
  'flush.messages': same('log.flush.interval.messages'),
  'flush.ms': same('log.flush.interval.ms', 'log.flush.scheduler.interval.ms'),
  'follower.replication.throttled.replicas': [],
  'index.interval.bytes': same('log.index.interval.bytes'),
  'leader.replication.throttled.replicas': [],
  'local.retention.bytes': same('log.local.retention.bytes'),
  'local.retention.ms': same('log.local.retention.ms'),
  'max.compaction.lag.ms': same('log.cleaner.max.compaction.lag.ms'),
  'max.message.bytes': same('message.max.bytes'),
  'message.timestamp.after.max.ms': same('log.message.timestamp.after.max.ms'),
  'message.timestamp.before.max.ms': same('log.message.timestamp.before.max.ms'),
  'message.timestamp.type': same('log.message.timestamp.type'),
  'min.cleanable.dirty.ratio': same('log.cleaner.min.cleanable.ratio'),
  'min.compaction.lag.ms': same('log.cleaner.min.compaction.lag.ms'),
  'min.insync.replicas': same('min.insync.replicas'),
  preallocate: same('log.preallocate'),
  'remote.log.copy.disable': [],
  'remote.log.delete.on.disable': [],
  'remote.storage.enable': [],
  'retention.bytes': same('log.retention.bytes'),
  'retention.ms': [
    { name: 'log.retention.ms', factor: 1 },
    { name: 'log.retention.minutes', factor: 60_000 },
    { name: 'log.retention.hours', factor: HOUR_MS },
  ],
  'segment.bytes': same('log.segment.bytes'),
  'segment.index.bytes': same('log.index.size.max.bytes'),
  'segment.jitter.ms': [
    { name: 'log.roll.jitter.ms', factor: 1 },
    { name: 'log.roll.jitter.hours', factor: HOUR_MS },
  ],
  'segment.ms': [
    { name: 'log.roll.ms', factor: 1 },
    { name: 'log.roll.hours', factor: HOUR_MS },
  ],
  'unclean.leader.election.enable': same('unclean.leader.election.enable'),
}
