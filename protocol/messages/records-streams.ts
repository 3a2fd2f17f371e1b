/**
 * Records of streams groups (KIP-1071) in `__consumer_offsets`, types 17 to 23.
 * A stored key or value is an int16 and a body. A key's int16 is the record's type, `key` here; a
 * value's is its version.
 */
import {
  array,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
  type ValueOf,
} from '../schema.ts'

const lastAssignmentConfig = {
  key: string('0+'),
  value: string('0+'),
}

const endpoint = {
  host: string('0+'),
  port: uint16('0+'),
}

const keyValue = {
  key: string('0+'),
  value: string('0+'),
}

const taskIds = {
  subtopologyId: string('0+'),
  partitions: array('0+', int32),
}

const streamsGroupCurrentMemberAssignmentValueTaskIds = {
  subtopologyId: string('0+'),
  partitions: array('0+', int32),
  assignmentEpochs: array('0+', int32).nullable().tag(0).default(null),
}

const topicConfig = {
  key: string('0+'),
  value: string('0+'),
}

const topicInfo = {
  name: string('0+'),
  partitions: int32('0+'),
  replicationFactor: int16('0+'),
  topicConfigs: array('0+', topicConfig),
}

/** Key of a streams group's metadata. */
export const StreamsGroupMetadataKey = message(
  17,
  'StreamsGroupMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type StreamsGroupMetadataKey = ValueOf<typeof StreamsGroupMetadataKey>

/** Value of a streams group's metadata. */
export const StreamsGroupMetadataValue = message(
  17,
  'StreamsGroupMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    epoch: int32('0+'),
    metadataHash: int64('0+'),
    validatedTopologyEpoch: int32('0+').tag(0).default(-1),
    lastAssignmentConfigs: array('0+', lastAssignmentConfig).nullable().tag(1).default(null),
  },
)
export type StreamsGroupMetadataValue = ValueOf<typeof StreamsGroupMetadataValue>

/** Key of a streams group's member metadata. */
export const StreamsGroupMemberMetadataKey = message(
  19,
  'StreamsGroupMemberMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type StreamsGroupMemberMetadataKey = ValueOf<typeof StreamsGroupMemberMetadataKey>

/** Value of a streams group's member metadata. */
export const StreamsGroupMemberMetadataValue = message(
  19,
  'StreamsGroupMemberMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    instanceId: string('0+').nullable(),
    rackId: string('0+').nullable(),
    clientId: string('0+'),
    clientHost: string('0+'),
    rebalanceTimeoutMs: int32('0+').default(-1),
    topologyEpoch: int32('0+'),
    processId: string('0+'),
    userEndpoint: struct('0+', endpoint).nullable().default(null),
    clientTags: array('0+', keyValue),
  },
)
export type StreamsGroupMemberMetadataValue = ValueOf<typeof StreamsGroupMemberMetadataValue>

/** Key of a streams group's target assignment metadata. */
export const StreamsGroupTargetAssignmentMetadataKey = message(
  20,
  'StreamsGroupTargetAssignmentMetadataKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type StreamsGroupTargetAssignmentMetadataKey = ValueOf<
  typeof StreamsGroupTargetAssignmentMetadataKey
>

/** Value of a streams group's target assignment metadata. */
export const StreamsGroupTargetAssignmentMetadataValue = message(
  20,
  'StreamsGroupTargetAssignmentMetadataValue',
  { versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32('0+'),
    assignmentTimestamp: int64('0+').tag(0).default(0).ignorable(),
  },
)
export type StreamsGroupTargetAssignmentMetadataValue = ValueOf<
  typeof StreamsGroupTargetAssignmentMetadataValue
>

/** Key of a streams group's target assignment member. */
export const StreamsGroupTargetAssignmentMemberKey = message(
  21,
  'StreamsGroupTargetAssignmentMemberKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type StreamsGroupTargetAssignmentMemberKey = ValueOf<
  typeof StreamsGroupTargetAssignmentMemberKey
>

/** Value of a streams group's target assignment member. */
export const StreamsGroupTargetAssignmentMemberValue = message(
  21,
  'StreamsGroupTargetAssignmentMemberValue',
  { versions: '0', flexible: '0+' },
  {
    activeTasks: array('0+', taskIds),
    standbyTasks: array('0+', taskIds),
    warmupTasks: array('0+', taskIds),
  },
)
export type StreamsGroupTargetAssignmentMemberValue = ValueOf<
  typeof StreamsGroupTargetAssignmentMemberValue
>

/** Key of a streams group's current member assignment. */
export const StreamsGroupCurrentMemberAssignmentKey = message(
  22,
  'StreamsGroupCurrentMemberAssignmentKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
    memberId: string('0'),
  },
)
export type StreamsGroupCurrentMemberAssignmentKey = ValueOf<
  typeof StreamsGroupCurrentMemberAssignmentKey
>

/** Value of a streams group's current member assignment. */
export const StreamsGroupCurrentMemberAssignmentValue = message(
  22,
  'StreamsGroupCurrentMemberAssignmentValue',
  { versions: '0', flexible: '0+' },
  {
    memberEpoch: int32('0+'),
    previousMemberEpoch: int32('0+'),
    state: int8('0+'),
    activeTasks: array('0+', streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasks: array('0+', streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasks: array('0+', streamsGroupCurrentMemberAssignmentValueTaskIds),
    activeTasksPendingRevocation: array('0+', streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasksPendingRevocation: array('0+', streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasksPendingRevocation: array('0+', streamsGroupCurrentMemberAssignmentValueTaskIds),
  },
)
export type StreamsGroupCurrentMemberAssignmentValue = ValueOf<
  typeof StreamsGroupCurrentMemberAssignmentValue
>

/** Key of a streams group's topology. */
export const StreamsGroupTopologyKey = message(
  23,
  'StreamsGroupTopologyKey',
  { versions: '0', flexible: 'none' },
  {
    groupId: string('0'),
  },
)
export type StreamsGroupTopologyKey = ValueOf<typeof StreamsGroupTopologyKey>

/** Value of a streams group's topology. */
export const StreamsGroupTopologyValue = message(
  23,
  'StreamsGroupTopologyValue',
  { versions: '0', flexible: '0+' },
  {
    epoch: int32('0+'),
    subtopologies: array('0+', {
      subtopologyId: string('0+'),
      sourceTopics: array('0+', string),
      sourceTopicRegex: array('0+', string),
      stateChangelogTopics: array('0+', topicInfo),
      repartitionSinkTopics: array('0+', string),
      repartitionSourceTopics: array('0+', topicInfo),
      copartitionGroups: array('0+', {
        sourceTopics: array('0+', int16),
        sourceTopicRegex: array('0+', int16),
        repartitionSourceTopics: array('0+', int16),
      }),
    }),
  },
)
export type StreamsGroupTopologyValue = ValueOf<typeof StreamsGroupTopologyValue>
