import { int, long, short } from './property.ts'

/** What the group coordinator goes by: members, offsets, and the topic that keeps them. */
export const coordinatorProperties = {
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
