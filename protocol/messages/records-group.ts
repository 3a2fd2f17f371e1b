/**
 * Records of `__consumer_offsets`: offsets, classic groups, groups of the consumer protocol.
 * A stored key or value is an int16 and a body. A key's int16 is the record's type, `key` here; a
 * value's is its version. Type 0 (LegacyOffsetCommitKey) reads as OffsetCommitKey does.
 */
import {
  array,
  bytes,
  int8,
  int32,
  int64,
  message,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts'

const memberMetadata = {
  memberId: string('0+'),
  groupInstanceId: string('3+').nullable().default(null).ignorable(),
  clientId: string('0+'),
  clientHost: string('0+'),
  rebalanceTimeout: int32('1+').default(-1).ignorable(),
  sessionTimeout: int32('0+'),
  subscription: bytes('0+'),
  assignment: bytes('0+'),
}

const topicPartitions = {
  topicId: uuid('0+'),
  partitions: array('0+', int32),
  assignmentEpochs: array('0+', int32).nullable().tag(0).default(null),
}

/** Version 0 of an offset's key: read like OffsetCommitKey. */
export const LegacyOffsetCommitKey = message(
  0,
  'LegacyOffsetCommitKey',
  { versions: '0', flexible: 'none' },
  {
    group: string('0'),
    topic: string('0'),
    partition: int32('0'),
  },
)
export type LegacyOffsetCommitKey = ValueOf<typeof LegacyOffsetCommitKey>

/** The value first written with LegacyOffsetCommitKey; OffsetCommitValue took its place. */
export const LegacyOffsetCommitValue = message(
  0,
  'LegacyOffsetCommitValue',
  { versions: '0', flexible: 'none' },
  {
    offset: int64('0'),
    metadata: string('0'),
    commitTimestamp: int64('0'),
  },
)
export type LegacyOffsetCommitValue = ValueOf<typeof LegacyOffsetCommitValue>

/** A committed offset. */
export const OffsetCommitKey = message(
  1,
  'OffsetCommitKey',
  { versions: '0', flexible: 'none' },
  {
    group: string('0'),
    topic: string('0'),
    partition: int32('0'),
  },
)
export type OffsetCommitKey = ValueOf<typeof OffsetCommitKey>

/** v1 expiry · v2 without it · v3 leader epoch (KIP-320) · v4 flexible, topic id. */
export const OffsetCommitValue = message(
  1,
  'OffsetCommitValue',
  { versions: '0-4', flexible: '4+' },
  {
    offset: int64('0+'),
    leaderEpoch: int32('3+').default(-1).ignorable(),
    metadata: string('0+'),
    commitTimestamp: int64('0+'),
    expireTimestamp: int64('1').default(-1).ignorable(),
    topicId: uuid('4+').tag(0).ignorable(),
  },
)
export type OffsetCommitValue = ValueOf<typeof OffsetCommitValue>

/** A classic group. */
export const GroupMetadataKey = message(
  2,
  'GroupMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    group: string('0'),
  },
)
export type GroupMetadataKey = ValueOf<typeof GroupMetadataKey>

/** v1 rebalance timeout · v2 time of the state · v3 static members (KIP-345) · v4 flexible. */
export const GroupMetadataValue = message(
  2,
  'GroupMetadataValue',
  { versions: '0-4', flexible: '4+' },
  {
    protocolType: string('0+'),
    generation: int32('0+'),
    protocol: string('0+').nullable(),
    leader: string('0+').nullable(),
    currentStateTimestamp: int64('2+').default(-1).ignorable(),
    members: array('0+', memberMetadata),
  },
)
export type GroupMetadataValue = ValueOf<typeof GroupMetadataValue>

/** A group of the consumer protocol (KIP-848). */
export const ConsumerGroupMetadataKey = message(
  3,
  'ConsumerGroupMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type ConsumerGroupMetadataKey = ValueOf<typeof ConsumerGroupMetadataKey>

/** Its epoch, and a hash of the metadata of its topics. */
export const ConsumerGroupMetadataValue = message(
  3,
  'ConsumerGroupMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    epoch: int32('0+'),
    metadataHash: int64('0+').tag(0).default(0),
  },
)
export type ConsumerGroupMetadataValue = ValueOf<typeof ConsumerGroupMetadataValue>

/** Topics of the group; written until metadataHash took its place. */
export const ConsumerGroupPartitionMetadataKey = message(
  4,
  'ConsumerGroupPartitionMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type ConsumerGroupPartitionMetadataKey = ValueOf<typeof ConsumerGroupPartitionMetadataKey>

/** Partitions and racks of the topics a group had subscribed to. */
export const ConsumerGroupPartitionMetadataValue = message(
  4,
  'ConsumerGroupPartitionMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    topics: array('0+', {
      topicId: uuid('0+'),
      topicName: string('0+'),
      numPartitions: int32('0+'),
      partitionMetadata: array('0+', {
        partition: int32('0+'),
        racks: array('0+', string),
      }),
    }),
  },
)
export type ConsumerGroupPartitionMetadataValue = ValueOf<
  typeof ConsumerGroupPartitionMetadataValue
>

/** One member. */
export const ConsumerGroupMemberMetadataKey = message(
  5,
  'ConsumerGroupMemberMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type ConsumerGroupMemberMetadataKey = ValueOf<typeof ConsumerGroupMemberMetadataKey>

/** What a member said of itself; classicMemberMetadata if it speaks the classic protocol. */
export const ConsumerGroupMemberMetadataValue = message(
  5,
  'ConsumerGroupMemberMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    instanceId: string('0+').nullable(),
    rackId: string('0+').nullable(),
    clientId: string('0+'),
    clientHost: string('0+'),
    subscribedTopicNames: array('0+', string),
    subscribedTopicRegex: string('0+').nullable(),
    rebalanceTimeoutMs: int32('0+').default(-1),
    serverAssignor: string('0+').nullable(),
    classicMemberMetadata: struct('0+', {
      sessionTimeoutMs: int32('0+'),
      supportedProtocols: array('0+', {
        name: string('0+'),
        metadata: bytes('0+'),
      }),
    })
      .nullable()
      .tag(0)
      .default(null),
  },
)
export type ConsumerGroupMemberMetadataValue = ValueOf<typeof ConsumerGroupMemberMetadataValue>

/** The epoch of the target assignment. */
export const ConsumerGroupTargetAssignmentMetadataKey = message(
  6,
  'ConsumerGroupTargetAssignmentMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type ConsumerGroupTargetAssignmentMetadataKey = ValueOf<
  typeof ConsumerGroupTargetAssignmentMetadataKey
>

/** Which group epoch the target was computed for, and when. */
export const ConsumerGroupTargetAssignmentMetadataValue = message(
  6,
  'ConsumerGroupTargetAssignmentMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32('0+'),
    assignmentTimestamp: int64('0+').tag(0).default(0).ignorable(),
  },
)
export type ConsumerGroupTargetAssignmentMetadataValue = ValueOf<
  typeof ConsumerGroupTargetAssignmentMetadataValue
>

/** One member's target. */
export const ConsumerGroupTargetAssignmentMemberKey = message(
  7,
  'ConsumerGroupTargetAssignmentMemberKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type ConsumerGroupTargetAssignmentMemberKey = ValueOf<
  typeof ConsumerGroupTargetAssignmentMemberKey
>

/** The partitions a member is to have. */
export const ConsumerGroupTargetAssignmentMemberValue = message(
  7,
  'ConsumerGroupTargetAssignmentMemberValue',
  { versions: '0', flexible: '0+' },
  {
    topicPartitions: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', int32),
    }),
  },
)
export type ConsumerGroupTargetAssignmentMemberValue = ValueOf<
  typeof ConsumerGroupTargetAssignmentMemberValue
>

/** What a member has. */
export const ConsumerGroupCurrentMemberAssignmentKey = message(
  8,
  'ConsumerGroupCurrentMemberAssignmentKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type ConsumerGroupCurrentMemberAssignmentKey = ValueOf<
  typeof ConsumerGroupCurrentMemberAssignmentKey
>

/** The partitions a member has, and those it has been asked to give up. */
export const ConsumerGroupCurrentMemberAssignmentValue = message(
  8,
  'ConsumerGroupCurrentMemberAssignmentValue',
  { versions: '0', flexible: '0+' },
  {
    memberEpoch: int32('0+'),
    previousMemberEpoch: int32('0+'),
    state: int8('0+'),
    assignedPartitions: array('0+', topicPartitions),
    partitionsPendingRevocation: array('0+', topicPartitions),
  },
)
export type ConsumerGroupCurrentMemberAssignmentValue = ValueOf<
  typeof ConsumerGroupCurrentMemberAssignmentValue
>

/** A subscription by regular expression. */
export const ConsumerGroupRegularExpressionKey = message(
  16,
  'ConsumerGroupRegularExpressionKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    regularExpression: string('0'),
  },
)
export type ConsumerGroupRegularExpressionKey = ValueOf<typeof ConsumerGroupRegularExpressionKey>

/** The topics an expression matched, at which version of the metadata. */
export const ConsumerGroupRegularExpressionValue = message(
  16,
  'ConsumerGroupRegularExpressionValue',
  { versions: '0', flexible: '0+' },
  {
    topics: array('0+', string),
    version: int64('0+'),
    timestamp: int64('0+'),
  },
)
export type ConsumerGroupRegularExpressionValue = ValueOf<
  typeof ConsumerGroupRegularExpressionValue
>
