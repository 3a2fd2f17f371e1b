import { gzipLevelFault } from './checks.ts'
import { int, list, long, optionalInt, optionalList, optionalLong, string } from './property.ts'

/** Logs and their durability. Most have a topic property of their own. */
export const logProperties = {
  'log.dir': list('data', { doc: 'The data folder, if log.dirs is unset.' }),
  'log.dirs': optionalList({ doc: 'The data folder. Exactly one is supported.' }),
  durability: string('fsync', {
    oneOf: ['fsync', 'os'],
    update: 'cluster-wide',
    doc: 'fsync: an acknowledged record is on disk. os: it is in the page cache, as with Kafka.',
  }),
  'log.segment.bytes': int('1073741824', {
    min: 1048576,
    unit: 'bytes',
    update: 'cluster-wide',
    doc: 'The largest a segment file may grow.',
  }),
  'log.roll.ms': optionalLong({
    min: 1,
    unit: 'ms',
    update: 'cluster-wide',
    doc: 'Time of records in one segment.',
  }),
  'log.roll.hours': int('168', { min: 1, unit: 'h', doc: 'The same as log.roll.ms, in hours.' }),
  'log.roll.jitter.ms': optionalLong({
    min: 0,
    unit: 'ms',
    update: 'cluster-wide',
    doc: 'A random part of this is taken off log.roll.ms, so that logs do not roll together.',
  }),
  'log.roll.jitter.hours': int('0', { min: 0, unit: 'h', doc: 'The same, in hours.' }),
  'log.retention.ms': optionalLong({
    min: -1,
    check: value => (value === 0 ? '-1, or at least 1' : null),
    unit: 'ms',
    update: 'cluster-wide',
    doc: 'Age at which segments are deleted. -1: never.',
  }),
  'log.retention.minutes': optionalInt({ unit: 'min', doc: 'The same, in minutes.' }),
  'log.retention.hours': int('168', { unit: 'h', doc: 'The same, in hours.' }),
  'log.retention.bytes': long('-1', {
    unit: 'bytes',
    update: 'cluster-wide',
    doc: "Size of a partition's log above which its oldest segments are deleted. -1: no limit.",
  }),
  'log.retention.check.interval.ms': long('300000', {
    min: 1,
    unit: 'ms',
    doc: 'How often logs are looked at for segments to delete.',
  }),
  'log.cleanup.policy': list('delete', {
    oneOf: ['compact', 'delete'],
    update: 'cluster-wide',
    doc: 'What becomes of old segments. With compact every record needs a key.',
  }),
  'log.index.interval.bytes': int('4096', {
    min: 0,
    unit: 'bytes',
    update: 'cluster-wide',
    doc: 'Log bytes between two entries of the offset index.',
  }),
  'log.index.size.max.bytes': int('10485760', {
    min: 4,
    unit: 'bytes',
    update: 'cluster-wide',
    doc: 'Size of an index at which its segment is closed.',
  }),
  'log.segment.delete.delay.ms': long('60000', {
    min: 0,
    unit: 'ms',
    update: 'cluster-wide',
    doc: 'How long a deleted segment keeps its file, for readers in the middle of it.',
  }),
  'log.flush.interval.messages': long('9223372036854775807', {
    min: 1,
    update: 'cluster-wide',
    doc: 'With durability=os: records after which a log is synced before it acknowledges more.',
  }),
  'log.flush.interval.ms': optionalLong({
    min: 0,
    unit: 'ms',
    update: 'cluster-wide',
    doc: 'With durability=os: how long a record may wait until its log is synced.',
  }),
  'log.flush.scheduler.interval.ms': long('9223372036854775807', {
    min: 1,
    unit: 'ms',
    doc: 'How often logs are looked at for log.flush.interval.ms.',
  }),
  'log.flush.offset.checkpoint.interval.ms': int('60000', {
    min: 1,
    unit: 'ms',
    doc: 'How often the offsets up to which logs are synced are written down.',
  }),
  'log.flush.start.offset.checkpoint.interval.ms': int('60000', {
    min: 1,
    unit: 'ms',
    doc: 'How often the first offsets of logs are written down.',
  }),
  'replica.high.watermark.checkpoint.interval.ms': long('5000', {
    min: 1,
    unit: 'ms',
    doc: 'How often high watermarks are written down.',
  }),
  'log.message.timestamp.type': string('CreateTime', {
    oneOf: ['CreateTime', 'LogAppendTime'],
    update: 'cluster-wide',
    doc: "Whether records keep their producer's time or get the broker's.",
  }),
  'log.message.timestamp.before.max.ms': long('9223372036854775807', {
    min: 0,
    unit: 'ms',
    update: 'cluster-wide',
    doc: "How far a record's time may lie in the past.",
  }),
  'log.message.timestamp.after.max.ms': long('3600000', {
    min: 0,
    unit: 'ms',
    update: 'cluster-wide',
    doc: "How far a record's time may lie in the future.",
  }),
  'message.max.bytes': int('1048588', {
    min: 0,
    unit: 'bytes',
    update: 'cluster-wide',
    doc: 'The largest record batch, as it is stored.',
  }),
  'compression.type': string('producer', {
    oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    update: 'cluster-wide',
    doc: 'How batches are stored: as the producer sent them, or always with one codec.',
  }),
  'compression.gzip.level': int('-1', {
    check: gzipLevelFault,
    update: 'cluster-wide',
    doc: 'Effort of gzip where the broker compresses. -1: its default.',
  }),
  'compression.zstd.level': int('3', {
    min: -131072,
    max: 22,
    update: 'cluster-wide',
    doc: 'Effort of zstd where the broker compresses.',
  }),
  'producer.id.expiration.ms': int('86400000', {
    min: 1,
    unit: 'ms',
    update: 'cluster-wide',
    doc: 'A producer that wrote nothing for this long is forgotten by its partitions.',
  }),
  'producer.id.expiration.check.interval.ms': int('600000', {
    min: 1,
    unit: 'ms',
    isUntold: true,
    doc: 'How often partitions forget producers by producer.id.expiration.ms.',
  }),
  'transaction.max.timeout.ms': int('900000', {
    min: 1,
    unit: 'ms',
    doc: 'The longest timeout a transactional producer may ask for.',
  }),
} as const
