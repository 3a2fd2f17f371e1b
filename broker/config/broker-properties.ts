import { gzipLevelFault } from './checks.ts'
import {
  boolean,
  int,
  list,
  long,
  optionalInt,
  optionalList,
  optionalLong,
  optionalString,
  short,
  string,
} from './property.ts'

/** Of the whole broker: who it is, where it listens, what it lets in. */
export const serverProperties = {
  'node.id': int('-1', {
    min: -1,
    doc: "This broker's number in its cluster. -1: what the data folder says, or 1 in a fresh one.",
  }),
  'broker.id': int('-1', { min: -1, doc: 'The older name of node.id, which wins over it.' }),
  'broker.rack': optionalString({
    doc: 'Where this broker stands. Replicas are spread over racks; clients may read nearby.',
  }),
  listeners: list('PLAINTEXT://127.0.0.1:9092', {
    doc: 'Where to listen, as NAME://host:port. No host: every interface. Port 0: any free one.',
  }),
  'advertised.listeners': optionalList({
    doc: 'Addresses clients are told. Unset: the address by which each client reached the broker.',
  }),
  'listener.security.protocol.map': string(
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    { doc: 'The security protocol of each listener name.' },
  ),
  'ottla.allow.public.listener': boolean('false', {
    doc: 'Lets a listener without authentication be reached from other machines.',
  }),
  'ottla.native': string('on', {
    oneOf: ['on', 'crc32c', 'off'],
    doc: 'The optional native parts that may be used: all, the one for checksums, or none.',
  }),
  'socket.listen.backlog.size': int('4096', {
    min: 1,
    doc: 'Connections the kernel holds for a listener until they are accepted. Kafka has 50.',
  }),
  'socket.request.max.bytes': int('104857600', {
    min: 1,
    unit: 'bytes',
    doc: 'The largest Produce request. A larger one closes the connection.',
  }),
  'ottla.request.max.bytes': int('8388608', {
    min: 1024,
    unit: 'bytes',
    doc: 'The largest request other than Produce. A larger one closes the connection.',
  }),
  'ottla.unauthenticated.request.max.bytes': int('131072', {
    min: 1024,
    unit: 'bytes',
    doc: 'The largest request before authentication ended, where a listener asks for it.',
  }),
  'queued.max.request.bytes': long('-1', {
    min: -1,
    unit: 'bytes',
    doc: 'Request bytes held at once by all connections; above it reading pauses. -1: 256 MiB.',
  }),
  'queued.max.requests': int('500', {
    min: 1,
    doc: 'Requests of one connection in progress at once; above it reading from it pauses.',
  }),
  'ottla.reply.memory.bytes': int('67108864', {
    min: 1048576,
    unit: 'bytes',
    doc: 'Reply bytes that all clients may leave unread, and that may wait behind earlier replies.',
  }),
  'ottla.connection.reply.queue.bytes': int('1048576', {
    min: 4096,
    unit: 'bytes',
    doc: 'Reply bytes a connection may leave unread before its next requests wait.',
  }),
  'ottla.connection.drain.timeout.ms': int('60000', {
    min: 1,
    unit: 'ms',
    doc: 'How long a connection may take nothing of its waiting replies before it is closed.',
  }),
  'ottla.connection.frame.timeout.ms': int('60000', {
    min: 1,
    unit: 'ms',
    doc: 'How long one request may take to arrive, from its first byte to its last.',
  }),
  'max.connections': int('2147483647', {
    min: 0,
    update: 'cluster-wide',
    doc: 'Open connections at once; a further one is closed.',
  }),
  'max.connections.per.ip': int('2147483647', {
    min: 0,
    update: 'cluster-wide',
    doc: 'Open connections at once from one address; a further one is closed. Loopback is exempt.',
  }),
  'connections.max.idle.ms': long('600000', {
    unit: 'ms',
    doc: 'A connection without a request for this long is closed.',
  }),
  'max.request.partition.size.limit': int('2000', {
    min: 1,
    doc: 'Most partitions in one DescribeTopicPartitions reply.',
  }),
  'ottla.open.files.max': int('-1', {
    min: -1,
    doc: 'Files the logs may hold open at once. -1: what the process limit leaves beside sockets.',
  }),
  'ottla.log.cache.bytes': long('-1', {
    min: -1,
    unit: 'bytes',
    doc:
      'Durable log bytes that stay in the page cache: those written last. Older ones make room ' +
      'for new. -1: a sixteenth of the memory there is. 0: the kernel alone decides.',
  }),
  'ottla.disk.free.warning.bytes': long('1073741824', {
    min: 0,
    unit: 'bytes',
    doc: 'With less than this free on the disk of the data folder the broker warns.',
  }),
  'ottla.disk.ballast.bytes': long('67108864', {
    min: 0,
    unit: 'bytes',
    doc: 'A file given up when the disk is full, so that the broker starts and stops. 0: none.',
  }),
  'ottla.expanded.batch.max.bytes': int('67108864', {
    min: 65536,
    unit: 'bytes',
    doc: 'The most one compressed batch may expand to. A batch that would expand more is refused.',
  }),
  'ottla.expansion.memory.bytes': long('134217728', {
    min: 65536,
    unit: 'bytes',
    doc:
      'Memory for expanding compressed batches, of all connections together: what does not fit ' +
      'waits in line. A batch that alone needs more is expanded alone. Batches of which at most ' +
      '64 KiB come out do not wait.',
  }),
  'ottla.partitions.max': int('100000', {
    min: 1,
    doc: 'Partitions in the whole cluster; topics that would exceed it are not created.',
  }),
} as const

/** Topics as they are created, and the metadata about them. */
export const topicCreationProperties = {
  'auto.create.topics.enable': boolean('true', {
    doc: 'Creates a topic when a client asks for the metadata of one that does not exist.',
  }),
  'delete.topic.enable': boolean('true', { doc: 'Lets topics be deleted.' }),
  'num.partitions': int('1', {
    min: 1,
    update: 'cluster-wide',
    doc: 'Partitions of a topic whose creator names no number.',
  }),
  'default.replication.factor': int('1', {
    min: 1,
    update: 'cluster-wide',
    doc: 'Replicas of a topic whose creator names no number.',
  }),
  'min.insync.replicas': int('1', {
    min: 1,
    update: 'cluster-wide',
    doc: 'Replicas that must be in sync for a produce with acks=all.',
  }),
  'unclean.leader.election.enable': boolean('false', {
    update: 'cluster-wide',
    doc: 'Whether a replica out of sync may lead when no other can, losing acknowledged records.',
  }),
} as const

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

/** Fetching. */
export const fetchProperties = {
  'fetch.max.bytes': int('57671680', {
    min: 1024,
    unit: 'bytes',
    doc: 'The most one fetch returns, whatever it asks for.',
  }),
  'max.incremental.fetch.session.cache.slots': int('1000', {
    min: 0,
    doc: 'Incremental fetch sessions kept; the stalest make room for others.',
  }),
} as const

/** Consumer groups. */
export const groupProperties = {
  'group.initial.rebalance.delay.ms': int('3000', {
    min: 0,
    unit: 'ms',
    doc: 'How long an empty group waits for more members after the first one joined.',
  }),
  'group.min.session.timeout.ms': int('6000', {
    min: 1,
    unit: 'ms',
    doc: 'The shortest session timeout a member may ask for.',
  }),
  'group.max.session.timeout.ms': int('1800000', {
    min: 1,
    unit: 'ms',
    doc: 'The longest session timeout a member may ask for.',
  }),
  'group.max.size': int('2147483647', { min: 1, doc: 'Most members of one group.' }),
  'offset.metadata.max.bytes': int('4096', {
    min: 0,
    unit: 'bytes',
    doc: 'The longest metadata text of a committed offset.',
  }),
  'offsets.commit.timeout.ms': int('5000', {
    min: 1,
    unit: 'ms',
    doc: 'How long a commit may take to be stored.',
  }),
  'offsets.retention.minutes': int('10080', {
    min: 1,
    unit: 'min',
    doc: 'Offsets of a group without members are forgotten after this long.',
  }),
  'offsets.retention.check.interval.ms': long('600000', {
    min: 1,
    unit: 'ms',
    doc: 'How often offsets are looked at for expiry.',
  }),
  'offsets.topic.num.partitions': int('50', {
    min: 1,
    doc: 'Partitions of __consumer_offsets. Only read when that topic is created.',
  }),
  'offsets.topic.replication.factor': short('3', {
    min: 1,
    doc: 'Replicas of __consumer_offsets, at most one a broker. Only read when it is created.',
  }),
  'offsets.topic.segment.bytes': int('104857600', {
    min: 1048576,
    unit: 'bytes',
    doc: 'Segment size of __consumer_offsets. Only read when that topic is created.',
  }),
} as const
