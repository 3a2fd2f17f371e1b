/**
 * Records of share groups (KIP-932): in `__consumer_offsets`, types 10 to 15; in
 * `__share_group_state`, ShareSnapshot and ShareUpdate.
 * A stored key or value is an int16 and a body. A key's int16 is the record's type, `key` here; a
 * value's is its version.
 */
import { array, int8, int16, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts'

const topicPartitions = {
  topicId: uuid('0+'),
  partitions: array('0+', int32),
}

const topicPartitionsInfo = {
  topicId: uuid('0+'),
  topicName: string('0+'),
  partitions: array('0+', int32),
}

const topicInfo = {
  topicId: uuid('0+'),
  topicName: string('0+'),
}

/** State of a share partition. */
export const ShareSnapshotKey = message(
  0,
  'ShareSnapshotKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    topicId: uuid('0'),
    partition: int32('0'),
  },
)
export type ShareSnapshotKey = ValueOf<typeof ShareSnapshotKey>

/** All of the state. */
export const ShareSnapshotValue = message(
  0,
  'ShareSnapshotValue',
  { versions: '0', flexible: '0+' },
  {
    snapshotEpoch: int32('0+'),
    stateEpoch: int32('0+'),
    leaderEpoch: int32('0+'),
    startOffset: int64('0+'),
    deliveryCompleteCount: int32('0+').tag(0).default(-1),
    createTimestamp: int64('0+'),
    writeTimestamp: int64('0+'),
    stateBatches: array('0+', {
      firstOffset: int64('0+'),
      lastOffset: int64('0+'),
      deliveryState: int8('0+'),
      deliveryCount: int16('0+'),
    }),
  },
)
export type ShareSnapshotValue = ValueOf<typeof ShareSnapshotValue>

/** State of a share partition, changed. */
export const ShareUpdateKey = message(
  1,
  'ShareUpdateKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    topicId: uuid('0'),
    partition: int32('0'),
  },
)
export type ShareUpdateKey = ValueOf<typeof ShareUpdateKey>

/** What changed since the snapshot. */
export const ShareUpdateValue = message(
  1,
  'ShareUpdateValue',
  { versions: '0', flexible: '0+' },
  {
    snapshotEpoch: int32('0+'),
    leaderEpoch: int32('0+'),
    startOffset: int64('0+'),
    deliveryCompleteCount: int32('0+').tag(0).default(-1),
    stateBatches: array('0+', {
      firstOffset: int64('0+'),
      lastOffset: int64('0+'),
      deliveryState: int8('0+'),
      deliveryCount: int16('0+'),
    }),
  },
)
export type ShareUpdateValue = ValueOf<typeof ShareUpdateValue>

/** Key of a share group's member metadata. */
export const ShareGroupMemberMetadataKey = message(
  10,
  'ShareGroupMemberMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type ShareGroupMemberMetadataKey = ValueOf<typeof ShareGroupMemberMetadataKey>

/** Value of a share group's member metadata. */
export const ShareGroupMemberMetadataValue = message(
  10,
  'ShareGroupMemberMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    rackId: string('0+').nullable(),
    clientId: string('0+'),
    clientHost: string('0+'),
    subscribedTopicNames: array('0+', string),
  },
)
export type ShareGroupMemberMetadataValue = ValueOf<typeof ShareGroupMemberMetadataValue>

/** Key of a share group's metadata. */
export const ShareGroupMetadataKey = message(
  11,
  'ShareGroupMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type ShareGroupMetadataKey = ValueOf<typeof ShareGroupMetadataKey>

/** Value of a share group's metadata. */
export const ShareGroupMetadataValue = message(
  11,
  'ShareGroupMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    epoch: int32('0+'),
    metadataHash: int64('0+'),
  },
)
export type ShareGroupMetadataValue = ValueOf<typeof ShareGroupMetadataValue>

/** Key of a share group's target assignment metadata. */
export const ShareGroupTargetAssignmentMetadataKey = message(
  12,
  'ShareGroupTargetAssignmentMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type ShareGroupTargetAssignmentMetadataKey = ValueOf<
  typeof ShareGroupTargetAssignmentMetadataKey
>

/** Value of a share group's target assignment metadata. */
export const ShareGroupTargetAssignmentMetadataValue = message(
  12,
  'ShareGroupTargetAssignmentMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32('0+'),
    assignmentTimestamp: int64('0+').tag(0).default(0).ignorable(),
  },
)
export type ShareGroupTargetAssignmentMetadataValue = ValueOf<
  typeof ShareGroupTargetAssignmentMetadataValue
>

/** Key of a share group's target assignment member. */
export const ShareGroupTargetAssignmentMemberKey = message(
  13,
  'ShareGroupTargetAssignmentMemberKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type ShareGroupTargetAssignmentMemberKey = ValueOf<
  typeof ShareGroupTargetAssignmentMemberKey
>

/** Value of a share group's target assignment member. */
export const ShareGroupTargetAssignmentMemberValue = message(
  13,
  'ShareGroupTargetAssignmentMemberValue',
  { versions: '0', flexible: '0+' },
  {
    topicPartitions: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', int32),
    }),
  },
)
export type ShareGroupTargetAssignmentMemberValue = ValueOf<
  typeof ShareGroupTargetAssignmentMemberValue
>

/** Key of a share group's current member assignment. */
export const ShareGroupCurrentMemberAssignmentKey = message(
  14,
  'ShareGroupCurrentMemberAssignmentKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type ShareGroupCurrentMemberAssignmentKey = ValueOf<
  typeof ShareGroupCurrentMemberAssignmentKey
>

/** Value of a share group's current member assignment. */
export const ShareGroupCurrentMemberAssignmentValue = message(
  14,
  'ShareGroupCurrentMemberAssignmentValue',
  { versions: '0', flexible: '0+' },
  {
    memberEpoch: int32('0+'),
    previousMemberEpoch: int32('0+'),
    state: int8('0+'),
    assignedPartitions: array('0+', topicPartitions),
  },
)
export type ShareGroupCurrentMemberAssignmentValue = ValueOf<
  typeof ShareGroupCurrentMemberAssignmentValue
>

/** Key of a share group's state partition metadata. */
export const ShareGroupStatePartitionMetadataKey = message(
  15,
  'ShareGroupStatePartitionMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type ShareGroupStatePartitionMetadataKey = ValueOf<
  typeof ShareGroupStatePartitionMetadataKey
>

/** Value of a share group's state partition metadata. */
export const ShareGroupStatePartitionMetadataValue = message(
  15,
  'ShareGroupStatePartitionMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    initializingTopics: array('0+', topicPartitionsInfo),
    initializedTopics: array('0+', topicPartitionsInfo),
    deletingTopics: array('0+', topicInfo),
  },
)
export type ShareGroupStatePartitionMetadataValue = ValueOf<
  typeof ShareGroupStatePartitionMetadataValue
>
