/**
 * Records of `__cluster_metadata` (KIP-631): what a Kafka folder knows of topics, brokers,
 * configuration.
 * A stored value is a frame version (unsigned varint, 1), the record's type (unsigned varint,
 * `key` here), its version (unsigned varint) and the body.
 */
import {
  array,
  bool,
  bytes,
  float64,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  uint16,
  uuid,
  type ValueOf,
} from '../schema.ts'

/** A broker came up. */
export const RegisterBrokerRecord = message(
  0,
  'RegisterBrokerRecord',
  { versions: '0-4', flexible: '0+' },
  {
    brokerId: int32('0+'),
    isMigratingZkBroker: bool('2+').default(false),
    incarnationId: uuid('0+'),
    brokerEpoch: int64('0+'),
    endPoints: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
      securityProtocol: int16('0+'),
    }),
    features: array('0+', {
      name: string('0+'),
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
    rack: string('0+').nullable(),
    fenced: bool('0+').default(true),
    inControlledShutdown: bool('1+').default(false),
    logDirs: array('3+', uuid).tag(0),
    cordonedLogDirs: array('4+', uuid).nullable().tag(1).default(null),
  },
)
export type RegisterBrokerRecord = ValueOf<typeof RegisterBrokerRecord>

/** A broker was forgotten. */
export const UnregisterBrokerRecord = message(
  1,
  'UnregisterBrokerRecord',
  { versions: '0', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+'),
  },
)
export type UnregisterBrokerRecord = ValueOf<typeof UnregisterBrokerRecord>

/** A topic was created. */
export const TopicRecord = message(
  2,
  'TopicRecord',
  { versions: '0', flexible: '0+' },
  {
    name: string('0+'),
    topicId: uuid('0+'),
  },
)
export type TopicRecord = ValueOf<typeof TopicRecord>

/** A partition was created; its whole state. */
export const PartitionRecord = message(
  3,
  'PartitionRecord',
  { versions: '0-2', flexible: '0+' },
  {
    partitionId: int32('0+').default(-1),
    topicId: uuid('0+'),
    replicas: array('0+', int32),
    isr: array('0+', int32),
    removingReplicas: array('0+', int32),
    addingReplicas: array('0+', int32),
    leader: int32('0+').default(-1),
    leaderRecoveryState: int8('0+').tag(0).default(0),
    leaderEpoch: int32('0+').default(-1),
    partitionEpoch: int32('0+').default(-1),
    directories: array('1+', uuid).default([]),
    eligibleLeaderReplicas: array('2+', int32).nullable().tag(1).default(null),
    lastKnownElr: array('2+', int32).nullable().tag(2).default(null),
  },
)
export type PartitionRecord = ValueOf<typeof PartitionRecord>

/** A configuration was set, or removed if the value is null. */
export const ConfigRecord = message(
  4,
  'ConfigRecord',
  { versions: '0', flexible: '0+' },
  {
    resourceType: int8('0+'),
    resourceName: string('0+'),
    name: string('0+'),
    value: string('0+').nullable(),
  },
)
export type ConfigRecord = ValueOf<typeof ConfigRecord>

/** What changed of a partition; -2 as leader and null elsewhere mean no change. */
export const PartitionChangeRecord = message(
  5,
  'PartitionChangeRecord',
  { versions: '0-2', flexible: '0+' },
  {
    partitionId: int32('0+').default(-1),
    topicId: uuid('0+'),
    isr: array('0+', int32).nullable().tag(0).default(null),
    leader: int32('0+').tag(1).default(-2),
    replicas: array('0+', int32).nullable().tag(2).default(null),
    removingReplicas: array('0+', int32).nullable().tag(3).default(null),
    addingReplicas: array('0+', int32).nullable().tag(4).default(null),
    leaderRecoveryState: int8('0+').tag(5).default(-1),
    directories: array('1+', uuid).nullable().tag(8).default(null),
    eligibleLeaderReplicas: array('2+', int32).nullable().tag(6).default(null),
    lastKnownElr: array('2+', int32).nullable().tag(7).default(null),
  },
)
export type PartitionChangeRecord = ValueOf<typeof PartitionChangeRecord>

/** A broker was fenced; BrokerRegistrationChangeRecord took its place. */
export const FenceBrokerRecord = message(
  7,
  'FenceBrokerRecord',
  { versions: '0', flexible: '0+' },
  {
    id: int32('0+'),
    epoch: int64('0+'),
  },
)
export type FenceBrokerRecord = ValueOf<typeof FenceBrokerRecord>

/** A broker was unfenced; BrokerRegistrationChangeRecord took its place. */
export const UnfenceBrokerRecord = message(
  8,
  'UnfenceBrokerRecord',
  { versions: '0', flexible: '0+' },
  {
    id: int32('0+'),
    epoch: int64('0+'),
  },
)
export type UnfenceBrokerRecord = ValueOf<typeof UnfenceBrokerRecord>

/** A topic was deleted. */
export const RemoveTopicRecord = message(
  9,
  'RemoveTopicRecord',
  { versions: '0', flexible: '0+' },
  {
    topicId: uuid('0+'),
  },
)
export type RemoveTopicRecord = ValueOf<typeof RemoveTopicRecord>

/** A delegation token was issued or prolonged. */
export const DelegationTokenRecord = message(
  10,
  'DelegationTokenRecord',
  { versions: '0', flexible: '0+' },
  {
    owner: string('0+'),
    requester: string('0+'),
    renewers: array('0+', string),
    issueTimestamp: int64('0+'),
    maxTimestamp: int64('0+'),
    expirationTimestamp: int64('0+'),
    tokenId: string('0+'),
  },
)
export type DelegationTokenRecord = ValueOf<typeof DelegationTokenRecord>

/** A user's SCRAM credential was set. */
export const UserScramCredentialRecord = message(
  11,
  'UserScramCredentialRecord',
  { versions: '0', flexible: '0+' },
  {
    name: string('0+'),
    mechanism: int8('0+'),
    salt: bytes('0+'),
    storedKey: bytes('0+'),
    serverKey: bytes('0+'),
    iterations: int32('0+'),
  },
)
export type UserScramCredentialRecord = ValueOf<typeof UserScramCredentialRecord>

/** A feature was finalized; level 0 removes it. */
export const FeatureLevelRecord = message(
  12,
  'FeatureLevelRecord',
  { versions: '0', flexible: '0+' },
  {
    name: string('0+'),
    featureLevel: int16('0+'),
  },
)
export type FeatureLevelRecord = ValueOf<typeof FeatureLevelRecord>

/** A quota was set, or removed. */
export const ClientQuotaRecord = message(
  14,
  'ClientQuotaRecord',
  { versions: '0', flexible: '0+' },
  {
    entity: array('0+', {
      entityType: string('0+'),
      entityName: string('0+').nullable(),
    }),
    key: string('0+'),
    value: float64('0+'),
    remove: bool('0+'),
  },
)
export type ClientQuotaRecord = ValueOf<typeof ClientQuotaRecord>

/** A block of producer ids was given to a broker. */
export const ProducerIdsRecord = message(
  15,
  'ProducerIdsRecord',
  { versions: '0', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+').default(-1),
    nextProducerId: int64('0+'),
  },
)
export type ProducerIdsRecord = ValueOf<typeof ProducerIdsRecord>

/** What changed of a broker; -1 and 1 for false and true, 0 for no change. */
export const BrokerRegistrationChangeRecord = message(
  17,
  'BrokerRegistrationChangeRecord',
  { versions: '0-3', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+'),
    fenced: int8('0+').tag(0),
    inControlledShutdown: int8('1+').tag(1),
    logDirs: array('2+', uuid).tag(2),
    cordonedLogDirs: array('3+', uuid).nullable().tag(3).default(null),
  },
)
export type BrokerRegistrationChangeRecord = ValueOf<typeof BrokerRegistrationChangeRecord>

/** An ACL was created. */
export const AccessControlEntryRecord = message(
  18,
  'AccessControlEntryRecord',
  { versions: '0', flexible: '0+' },
  {
    id: uuid('0+'),
    resourceType: int8('0+'),
    resourceName: string('0+'),
    patternType: int8('0+'),
    principal: string('0+'),
    host: string('0+'),
    operation: int8('0+'),
    permissionType: int8('0+'),
  },
)
export type AccessControlEntryRecord = ValueOf<typeof AccessControlEntryRecord>

/** An ACL was deleted. */
export const RemoveAccessControlEntryRecord = message(
  19,
  'RemoveAccessControlEntryRecord',
  { versions: '0', flexible: '0+' },
  {
    id: uuid('0+'),
  },
)
export type RemoveAccessControlEntryRecord = ValueOf<typeof RemoveAccessControlEntryRecord>

/** Nothing: it lets the log move on. */
export const NoOpRecord = message(20, 'NoOpRecord', { versions: '0', flexible: '0+' }, {})
export type NoOpRecord = ValueOf<typeof NoOpRecord>

/** State of the migration from ZooKeeper, long over. */
export const ZkMigrationStateRecord = message(
  21,
  'ZkMigrationStateRecord',
  { versions: '0', flexible: '0+' },
  {
    zkMigrationState: int8('0+'),
  },
)
export type ZkMigrationStateRecord = ValueOf<typeof ZkMigrationStateRecord>

/** A user's SCRAM credential was removed. */
export const RemoveUserScramCredentialRecord = message(
  22,
  'RemoveUserScramCredentialRecord',
  { versions: '0', flexible: '0+' },
  {
    name: string('0+'),
    mechanism: int8('0+'),
  },
)
export type RemoveUserScramCredentialRecord = ValueOf<typeof RemoveUserScramCredentialRecord>

/** What follows counts only once its end is there (KIP-868). */
export const BeginTransactionRecord = message(
  23,
  'BeginTransactionRecord',
  { versions: '0', flexible: '0+' },
  {
    name: string('0+').nullable().tag(0).default(null),
  },
)
export type BeginTransactionRecord = ValueOf<typeof BeginTransactionRecord>

/** What came since the beginning counts (KIP-868). */
export const EndTransactionRecord = message(
  24,
  'EndTransactionRecord',
  { versions: '0', flexible: '0+' },
  {},
)
export type EndTransactionRecord = ValueOf<typeof EndTransactionRecord>

/** What came since the beginning never was (KIP-868). */
export const AbortTransactionRecord = message(
  25,
  'AbortTransactionRecord',
  { versions: '0', flexible: '0+' },
  {
    reason: string('0+').nullable().tag(0).default(null),
  },
)
export type AbortTransactionRecord = ValueOf<typeof AbortTransactionRecord>

/** A delegation token ended. */
export const RemoveDelegationTokenRecord = message(
  26,
  'RemoveDelegationTokenRecord',
  { versions: '0', flexible: '0+' },
  {
    tokenId: string('0+'),
  },
)
export type RemoveDelegationTokenRecord = ValueOf<typeof RemoveDelegationTokenRecord>

/** A controller came up (KIP-919). */
export const RegisterControllerRecord = message(
  27,
  'RegisterControllerRecord',
  { versions: '0', flexible: '0+' },
  {
    controllerId: int32('0+'),
    incarnationId: uuid('0+'),
    zkMigrationReady: bool('0+'),
    endPoints: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
      securityProtocol: int16('0+'),
    }),
    features: array('0+', {
      name: string('0+'),
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
  },
)
export type RegisterControllerRecord = ValueOf<typeof RegisterControllerRecord>

/** Eligible leader replicas were dropped, of a topic or of all (KIP-966). */
export const ClearElrRecord = message(
  28,
  'ClearElrRecord',
  { versions: '0', flexible: '0+' },
  {
    topicName: string('0+'),
  },
)
export type ClearElrRecord = ValueOf<typeof ClearElrRecord>
