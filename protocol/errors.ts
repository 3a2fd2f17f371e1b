/**
 * Kafka's error codes (protocol.md appendix A): number, name, whether a client may retry, and the
 * sentence said when there is nothing more exact to say. One table; all else is derived from it.
 */

const CODES = {
  UNKNOWN_SERVER_ERROR: -1,
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  INVALID_FETCH_SIZE: 4,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  REQUEST_TIMED_OUT: 7,
  BROKER_NOT_AVAILABLE: 8,
  REPLICA_NOT_AVAILABLE: 9,
  MESSAGE_TOO_LARGE: 10,
  STALE_CONTROLLER_EPOCH: 11,
  OFFSET_METADATA_TOO_LARGE: 12,
  NETWORK_EXCEPTION: 13,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  INVALID_TOPIC_EXCEPTION: 17,
  RECORD_LIST_TOO_LARGE: 18,
  NOT_ENOUGH_REPLICAS: 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  INVALID_REQUIRED_ACKS: 21,
  ILLEGAL_GENERATION: 22,
  INCONSISTENT_GROUP_PROTOCOL: 23,
  INVALID_GROUP_ID: 24,
  UNKNOWN_MEMBER_ID: 25,
  INVALID_SESSION_TIMEOUT: 26,
  REBALANCE_IN_PROGRESS: 27,
  INVALID_COMMIT_OFFSET_SIZE: 28,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  INVALID_TIMESTAMP: 32,
  UNSUPPORTED_SASL_MECHANISM: 33,
  ILLEGAL_SASL_STATE: 34,
  UNSUPPORTED_VERSION: 35,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  INVALID_REPLICATION_FACTOR: 38,
  INVALID_REPLICA_ASSIGNMENT: 39,
  INVALID_CONFIG: 40,
  NOT_CONTROLLER: 41,
  INVALID_REQUEST: 42,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
  POLICY_VIOLATION: 44,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  INVALID_PRODUCER_ID_MAPPING: 49,
  INVALID_TRANSACTION_TIMEOUT: 50,
  CONCURRENT_TRANSACTIONS: 51,
  TRANSACTION_COORDINATOR_FENCED: 52,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  SECURITY_DISABLED: 54,
  OPERATION_NOT_ATTEMPTED: 55,
  KAFKA_STORAGE_ERROR: 56,
  LOG_DIR_NOT_FOUND: 57,
  SASL_AUTHENTICATION_FAILED: 58,
  UNKNOWN_PRODUCER_ID: 59,
  REASSIGNMENT_IN_PROGRESS: 60,
  DELEGATION_TOKEN_AUTH_DISABLED: 61,
  DELEGATION_TOKEN_NOT_FOUND: 62,
  DELEGATION_TOKEN_OWNER_MISMATCH: 63,
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: 64,
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: 65,
  DELEGATION_TOKEN_EXPIRED: 66,
  INVALID_PRINCIPAL_TYPE: 67,
  NON_EMPTY_GROUP: 68,
  GROUP_ID_NOT_FOUND: 69,
  FETCH_SESSION_ID_NOT_FOUND: 70,
  INVALID_FETCH_SESSION_EPOCH: 71,
  LISTENER_NOT_FOUND: 72,
  TOPIC_DELETION_DISABLED: 73,
  FENCED_LEADER_EPOCH: 74,
  UNKNOWN_LEADER_EPOCH: 75,
  UNSUPPORTED_COMPRESSION_TYPE: 76,
  STALE_BROKER_EPOCH: 77,
  OFFSET_NOT_AVAILABLE: 78,
  MEMBER_ID_REQUIRED: 79,
  PREFERRED_LEADER_NOT_AVAILABLE: 80,
  GROUP_MAX_SIZE_REACHED: 81,
  FENCED_INSTANCE_ID: 82,
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 83,
  ELECTION_NOT_NEEDED: 84,
  NO_REASSIGNMENT_IN_PROGRESS: 85,
  GROUP_SUBSCRIBED_TO_TOPIC: 86,
  INVALID_RECORD: 87,
  UNSTABLE_OFFSET_COMMIT: 88,
  THROTTLING_QUOTA_EXCEEDED: 89,
  PRODUCER_FENCED: 90,
  RESOURCE_NOT_FOUND: 91,
  DUPLICATE_RESOURCE: 92,
  UNACCEPTABLE_CREDENTIAL: 93,
  INCONSISTENT_VOTER_SET: 94,
  INVALID_UPDATE_VERSION: 95,
  FEATURE_UPDATE_FAILED: 96,
  PRINCIPAL_DESERIALIZATION_FAILURE: 97,
  SNAPSHOT_NOT_FOUND: 98,
  POSITION_OUT_OF_RANGE: 99,
  UNKNOWN_TOPIC_ID: 100,
  DUPLICATE_BROKER_REGISTRATION: 101,
  BROKER_ID_NOT_REGISTERED: 102,
  INCONSISTENT_TOPIC_ID: 103,
  INCONSISTENT_CLUSTER_ID: 104,
  TRANSACTIONAL_ID_NOT_FOUND: 105,
  FETCH_SESSION_TOPIC_ID_ERROR: 106,
  INELIGIBLE_REPLICA: 107,
  NEW_LEADER_ELECTED: 108,
  OFFSET_MOVED_TO_TIERED_STORAGE: 109,
  FENCED_MEMBER_EPOCH: 110,
  UNRELEASED_INSTANCE_ID: 111,
  UNSUPPORTED_ASSIGNOR: 112,
  STALE_MEMBER_EPOCH: 113,
  MISMATCHED_ENDPOINT_TYPE: 114,
  UNSUPPORTED_ENDPOINT_TYPE: 115,
  UNKNOWN_CONTROLLER_ID: 116,
  UNKNOWN_SUBSCRIPTION_ID: 117,
  TELEMETRY_TOO_LARGE: 118,
  INVALID_REGISTRATION: 119,
  TRANSACTION_ABORTABLE: 120,
  INVALID_RECORD_STATE: 121,
  SHARE_SESSION_NOT_FOUND: 122,
  INVALID_SHARE_SESSION_EPOCH: 123,
  FENCED_STATE_EPOCH: 124,
  INVALID_VOTER_KEY: 125,
  DUPLICATE_VOTER: 126,
  VOTER_NOT_FOUND: 127,
  INVALID_REGULAR_EXPRESSION: 128,
  REBOOTSTRAP_REQUIRED: 129,
  STREAMS_INVALID_TOPOLOGY: 130,
  STREAMS_INVALID_TOPOLOGY_EPOCH: 131,
  STREAMS_TOPOLOGY_FENCED: 132,
  SHARE_SESSION_LIMIT_REACHED: 133,
} as const

/**
 * Error codes by Kafka's names: what a response field `errorCode` holds. A copy, because V8 keeps a
 * literal of this many fields as a hash table, where each use of a code would be a look-up.
 */
export const ErrorCode: typeof CODES = { ...CODES }
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

/** What is known of an error code besides its number. */
export interface ErrorDescription {
  readonly code: ErrorCode
  readonly name: string
  /** Whether Kafka's Java client tries again by itself. */
  readonly retriable: boolean
  /** A whole sentence; empty for NONE. */
  readonly message: string
}

const RETRIABLE: ReadonlySet<number> = new Set([
  2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89,
  100, 103, 106, 122, 123, 133,
])

const MESSAGES: Readonly<Record<ErrorCode, string>> = {
  [ErrorCode.UNKNOWN_SERVER_ERROR]:
    'The server experienced an unexpected error when processing the request.',
  [ErrorCode.NONE]: '',
  [ErrorCode.OFFSET_OUT_OF_RANGE]:
    'The requested offset is not within the range of offsets maintained by the server.',
  [ErrorCode.CORRUPT_MESSAGE]:
    'A record failed its CRC check, exceeds the valid size, or is otherwise corrupt.',
  [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]: 'This server does not host this topic-partition.',
  [ErrorCode.INVALID_FETCH_SIZE]: 'The requested fetch size is invalid.',
  [ErrorCode.LEADER_NOT_AVAILABLE]:
    'There is no leader for this topic-partition: it is between elections.',
  [ErrorCode.NOT_LEADER_OR_FOLLOWER]:
    'This server is not the leader, or not a replica, for this topic-partition.',
  [ErrorCode.REQUEST_TIMED_OUT]: 'The request timed out.',
  [ErrorCode.BROKER_NOT_AVAILABLE]: 'The broker is not available.',
  [ErrorCode.REPLICA_NOT_AVAILABLE]: 'The replica is not available for this topic-partition.',
  [ErrorCode.MESSAGE_TOO_LARGE]: 'The request holds a message larger than the server accepts.',
  [ErrorCode.STALE_CONTROLLER_EPOCH]: 'The controller moved to another broker.',
  [ErrorCode.OFFSET_METADATA_TOO_LARGE]: 'The metadata of the committed offset is too large.',
  [ErrorCode.NETWORK_EXCEPTION]: 'The server disconnected before a response was received.',
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS]:
    'The coordinator is loading and cannot process requests yet.',
  [ErrorCode.COORDINATOR_NOT_AVAILABLE]: 'The coordinator is not available.',
  [ErrorCode.NOT_COORDINATOR]: 'This is not the correct coordinator.',
  [ErrorCode.INVALID_TOPIC_EXCEPTION]:
    'The topic name is invalid, or the operation is not allowed on this topic.',
  [ErrorCode.RECORD_LIST_TOO_LARGE]:
    'The record batch is larger than the segment size the server is configured with.',
  [ErrorCode.NOT_ENOUGH_REPLICAS]: 'Rejected: there are fewer in-sync replicas than required.',
  [ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND]:
    'Written to the log, but to fewer in-sync replicas than required.',
  [ErrorCode.INVALID_REQUIRED_ACKS]: 'Acks must be -1, 0 or 1.',
  [ErrorCode.ILLEGAL_GENERATION]: 'The group generation id is not valid.',
  [ErrorCode.INCONSISTENT_GROUP_PROTOCOL]:
    "The member's protocol type or protocols are incompatible with those of the group.",
  [ErrorCode.INVALID_GROUP_ID]: 'The group id is invalid.',
  [ErrorCode.UNKNOWN_MEMBER_ID]: 'The coordinator is not aware of this member.',
  [ErrorCode.INVALID_SESSION_TIMEOUT]:
    'The session timeout is outside the range the broker allows.',
  [ErrorCode.REBALANCE_IN_PROGRESS]: 'The group is rebalancing, so a rejoin is needed.',
  [ErrorCode.INVALID_COMMIT_OFFSET_SIZE]: 'The committed offset data is too large.',
  [ErrorCode.TOPIC_AUTHORIZATION_FAILED]: 'Not authorized to access topics.',
  [ErrorCode.GROUP_AUTHORIZATION_FAILED]: 'Not authorized to access the group.',
  [ErrorCode.CLUSTER_AUTHORIZATION_FAILED]: 'Not authorized for this operation on the cluster.',
  [ErrorCode.INVALID_TIMESTAMP]:
    'The timestamp of a record is outside the range the broker accepts.',
  [ErrorCode.UNSUPPORTED_SASL_MECHANISM]:
    'The broker does not support the requested SASL mechanism.',
  [ErrorCode.ILLEGAL_SASL_STATE]: 'The request is not valid in the current SASL state.',
  [ErrorCode.UNSUPPORTED_VERSION]: 'The version of the API is not supported.',
  [ErrorCode.TOPIC_ALREADY_EXISTS]: 'A topic with this name already exists.',
  [ErrorCode.INVALID_PARTITIONS]: 'The number of partitions is below 1.',
  [ErrorCode.INVALID_REPLICATION_FACTOR]:
    'The replication factor is below 1 or larger than the number of available brokers.',
  [ErrorCode.INVALID_REPLICA_ASSIGNMENT]: 'The replica assignment is invalid.',
  [ErrorCode.INVALID_CONFIG]: 'The configuration is invalid.',
  [ErrorCode.NOT_CONTROLLER]: 'This is not the correct controller for this cluster.',
  [ErrorCode.INVALID_REQUEST]: 'The request is malformed, or its fields contradict each other.',
  [ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT]:
    'The message format version on the broker does not support the request.',
  [ErrorCode.POLICY_VIOLATION]: 'The request parameters do not satisfy the configured policy.',
  [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER]: 'The broker received an out of order sequence number.',
  [ErrorCode.DUPLICATE_SEQUENCE_NUMBER]: 'The broker received a duplicate sequence number.',
  [ErrorCode.INVALID_PRODUCER_EPOCH]: 'The producer attempted to produce with an old epoch.',
  [ErrorCode.INVALID_TXN_STATE]:
    'The producer attempted a transactional operation in an invalid state.',
  [ErrorCode.INVALID_PRODUCER_ID_MAPPING]:
    'The producer id is not the one currently assigned to the transactional id.',
  [ErrorCode.INVALID_TRANSACTION_TIMEOUT]:
    'The transaction timeout is larger than the broker allows (transaction.max.timeout.ms).',
  [ErrorCode.CONCURRENT_TRANSACTIONS]:
    'The producer attempted to update a transaction while another operation on it was ongoing.',
  [ErrorCode.TRANSACTION_COORDINATOR_FENCED]:
    'The coordinator that sent this marker is no longer the current one for the producer.',
  [ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED]: 'Not authorized for this transactional id.',
  [ErrorCode.SECURITY_DISABLED]: 'Security features are disabled.',
  [ErrorCode.OPERATION_NOT_ATTEMPTED]:
    'The operation was not attempted, because one before it in the batch failed.',
  [ErrorCode.KAFKA_STORAGE_ERROR]: 'Disk error when accessing the log on the server.',
  [ErrorCode.LOG_DIR_NOT_FOUND]: 'The log directory was not found on this broker.',
  [ErrorCode.SASL_AUTHENTICATION_FAILED]: 'SASL authentication failed.',
  [ErrorCode.UNKNOWN_PRODUCER_ID]:
    'The broker could not locate the producer metadata associated with this producer id.',
  [ErrorCode.REASSIGNMENT_IN_PROGRESS]: 'A partition reassignment is in progress.',
  [ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED]: 'Delegation tokens are not enabled.',
  [ErrorCode.DELEGATION_TOKEN_NOT_FOUND]: 'The delegation token was not found.',
  [ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH]:
    'The principal is neither owner nor renewer of the delegation token.',
  [ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED]:
    'Delegation tokens cannot be requested on this channel.',
  [ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED]:
    'Not authorized for this delegation token operation.',
  [ErrorCode.DELEGATION_TOKEN_EXPIRED]: 'The delegation token is expired.',
  [ErrorCode.INVALID_PRINCIPAL_TYPE]: 'The type of principal is not supported.',
  [ErrorCode.NON_EMPTY_GROUP]: 'The group is not empty.',
  [ErrorCode.GROUP_ID_NOT_FOUND]: 'The group id does not exist.',
  [ErrorCode.FETCH_SESSION_ID_NOT_FOUND]: 'The fetch session id was not found.',
  [ErrorCode.INVALID_FETCH_SESSION_EPOCH]: 'The fetch session epoch is invalid.',
  [ErrorCode.LISTENER_NOT_FOUND]:
    'There is no listener on the leader that matches the one the request came in on.',
  [ErrorCode.TOPIC_DELETION_DISABLED]: 'Topic deletion is disabled.',
  [ErrorCode.FENCED_LEADER_EPOCH]:
    'The leader epoch in the request is older than the one on the broker.',
  [ErrorCode.UNKNOWN_LEADER_EPOCH]:
    'The leader epoch in the request is newer than the one on the broker.',
  [ErrorCode.UNSUPPORTED_COMPRESSION_TYPE]:
    'The client does not support the compression type of the records.',
  [ErrorCode.STALE_BROKER_EPOCH]: 'The broker epoch has changed.',
  [ErrorCode.OFFSET_NOT_AVAILABLE]:
    "The leader's high watermark has not caught up since its election.",
  [ErrorCode.MEMBER_ID_REQUIRED]: 'The group member needs a member id before it can join.',
  [ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE]: 'The preferred leader was not available.',
  [ErrorCode.GROUP_MAX_SIZE_REACHED]: 'The group has reached its maximum size.',
  [ErrorCode.FENCED_INSTANCE_ID]:
    'The broker rejected this static member, because another has registered its instance id.',
  [ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE]: 'Eligible leaders were not available.',
  [ErrorCode.ELECTION_NOT_NEEDED]: 'Leader election is not needed for this partition.',
  [ErrorCode.NO_REASSIGNMENT_IN_PROGRESS]: 'No partition reassignment is in progress.',
  [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC]:
    'Offsets of a topic cannot be deleted while the group is subscribed to it.',
  [ErrorCode.INVALID_RECORD]: 'A record failed validation on the broker and was rejected.',
  [ErrorCode.UNSTABLE_OFFSET_COMMIT]: 'There are unstable offsets that need to be cleared.',
  [ErrorCode.THROTTLING_QUOTA_EXCEEDED]: 'The throttling quota has been exceeded.',
  [ErrorCode.PRODUCER_FENCED]: 'A newer producer with the same transactional id fences this one.',
  [ErrorCode.RESOURCE_NOT_FOUND]: 'The request names a resource that does not exist.',
  [ErrorCode.DUPLICATE_RESOURCE]: 'The request names a resource more than once.',
  [ErrorCode.UNACCEPTABLE_CREDENTIAL]:
    'The credential does not meet the criteria for acceptability.',
  [ErrorCode.INCONSISTENT_VOTER_SET]: 'The voter is not part of the set of voters.',
  [ErrorCode.INVALID_UPDATE_VERSION]: 'The update version is invalid.',
  [ErrorCode.FEATURE_UPDATE_FAILED]: 'Features could not be updated.',
  [ErrorCode.PRINCIPAL_DESERIALIZATION_FAILURE]:
    'The principal of the forwarded request could not be read.',
  [ErrorCode.SNAPSHOT_NOT_FOUND]: 'The requested snapshot was not found.',
  [ErrorCode.POSITION_OUT_OF_RANGE]: 'The requested position is not inside the file.',
  [ErrorCode.UNKNOWN_TOPIC_ID]: 'This server does not host this topic id.',
  [ErrorCode.DUPLICATE_BROKER_REGISTRATION]: 'This broker id is already in use.',
  [ErrorCode.BROKER_ID_NOT_REGISTERED]: 'The broker id is not registered.',
  [ErrorCode.INCONSISTENT_TOPIC_ID]:
    'The topic id in the log does not match the one in the request.',
  [ErrorCode.INCONSISTENT_CLUSTER_ID]:
    'The cluster id in the request does not match the one on the server.',
  [ErrorCode.TRANSACTIONAL_ID_NOT_FOUND]: 'The transactional id was not found.',
  [ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR]: 'The fetch session mixes topic names and topic ids.',
  [ErrorCode.INELIGIBLE_REPLICA]: 'The replica is not eligible to join the in-sync replicas.',
  [ErrorCode.NEW_LEADER_ELECTED]: 'A leader was elected by the change itself.',
  [ErrorCode.OFFSET_MOVED_TO_TIERED_STORAGE]: 'The requested offset has moved to tiered storage.',
  [ErrorCode.FENCED_MEMBER_EPOCH]: 'The member epoch is fenced by the group coordinator: rejoin.',
  [ErrorCode.UNRELEASED_INSTANCE_ID]:
    'The instance id is still used by another member of the group.',
  [ErrorCode.UNSUPPORTED_ASSIGNOR]:
    'The assignor, or its version range, is not supported by the group.',
  [ErrorCode.STALE_MEMBER_EPOCH]:
    'The member epoch is stale: retry after receiving the current one.',
  [ErrorCode.MISMATCHED_ENDPOINT_TYPE]: 'The request was sent to an endpoint of the wrong type.',
  [ErrorCode.UNSUPPORTED_ENDPOINT_TYPE]: 'This endpoint type is not supported.',
  [ErrorCode.UNKNOWN_CONTROLLER_ID]: 'The controller id is not known.',
  [ErrorCode.UNKNOWN_SUBSCRIPTION_ID]: 'The telemetry subscription id is unknown or out of date.',
  [ErrorCode.TELEMETRY_TOO_LARGE]: 'The pushed telemetry is larger than the broker accepts.',
  [ErrorCode.INVALID_REGISTRATION]: 'The controller considers the broker registration invalid.',
  [ErrorCode.TRANSACTION_ABORTABLE]:
    'The server met an error with the transaction: the client can abort it and continue.',
  [ErrorCode.INVALID_RECORD_STATE]:
    'The record state is invalid: the acknowledgement could not be completed.',
  [ErrorCode.SHARE_SESSION_NOT_FOUND]: 'The share session was not found.',
  [ErrorCode.INVALID_SHARE_SESSION_EPOCH]: 'The share session epoch is invalid.',
  [ErrorCode.FENCED_STATE_EPOCH]:
    'The share coordinator rejected the request, because its state epoch is fenced.',
  [ErrorCode.INVALID_VOTER_KEY]: 'The voter key does not match that of the receiving replica.',
  [ErrorCode.DUPLICATE_VOTER]: 'The voter is already part of the set of voters.',
  [ErrorCode.VOTER_NOT_FOUND]: 'The voter is not part of the set of voters.',
  [ErrorCode.INVALID_REGULAR_EXPRESSION]: 'The regular expression is not valid.',
  [ErrorCode.REBOOTSTRAP_REQUIRED]:
    'The client metadata is stale: rebootstrap to obtain current metadata.',
  [ErrorCode.STREAMS_INVALID_TOPOLOGY]: 'The supplied topology is invalid.',
  [ErrorCode.STREAMS_INVALID_TOPOLOGY_EPOCH]: 'The supplied topology epoch is invalid.',
  [ErrorCode.STREAMS_TOPOLOGY_FENCED]: 'The supplied topology epoch is outdated.',
  [ErrorCode.SHARE_SESSION_LIMIT_REACHED]: 'The limit of share sessions has been reached.',
}

const descriptions: ReadonlyMap<number, ErrorDescription> = new Map(
  Object.entries(ErrorCode).map(([name, code]) => [
    code,
    { code, name, retriable: RETRIABLE.has(code), message: MESSAGES[code] },
  ]),
)

/** The table's row for a code; of one Kafka does not know, the row of UNKNOWN_SERVER_ERROR. */
export function errorInfo(code: number): ErrorDescription {
  return descriptions.get(code) ?? descriptions.get(ErrorCode.UNKNOWN_SERVER_ERROR)!
}

/** Refuses a whole request: dispatch turns it into that request's error response. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly code: ErrorCode

  /** `message` goes to the client where the response has a field for it. */
  constructor(code: ErrorCode, message: string = errorInfo(code).message) {
    super(message)
    this.code = code
  }
}

/** The bytes do not follow the protocol: the connection they came by is closed, and only that. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation'
}
