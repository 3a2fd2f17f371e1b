import { clusterIdFault } from './checks.ts'
import { boolean, int, list, long, optionalList, optionalString, string } from './property.ts'

/** The whole broker: what it is called, where it listens, what it lets in, what it may use. */
export const serverProperties = {
  'node.id': int('-1', {
    min: -1,
    doc: "This broker's number in its cluster. -1: what the data folder says, or 1 in a fresh one.",
  }),
  'broker.id': int('-1', { min: -1, doc: 'The older name of node.id, which wins over it.' }),
  'ottla.cluster.id': optionalString({
    check: clusterIdFault,
    doc:
      'The id of the cluster, for a fresh data folder; a folder of another cluster is refused. ' +
      'Images of Kafka call it CLUSTER_ID. Unset: what the folder says, or a new one.',
  }),
  'broker.rack': optionalString({
    doc: 'Where this broker stands. Replicas are spread over racks; clients may read nearby.',
  }),
  listeners: list('PLAINTEXT://127.0.0.1:9092', {
    doc: 'Where to listen, as NAME://host:port. No host: every interface. Port 0: any free one.',
  }),
  'advertised.listeners': optionalList({
    doc: 'Addresses clients are told. Unset: the address by which each client reached the broker.',
  }),
  'ottla.listeners.file': optionalString({
    doc:
      'A file that holds NAME://host:port of each listener, a line each, while the broker ' +
      'listens: for health checks, and for scripts that let the system choose the port.',
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
