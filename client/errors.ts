/**
 * What the client throws. Every message is one sentence that says what failed, why, and, where
 * there is one, the cure.
 */
import { ErrorCode, errorInfo } from '../protocol/errors.ts'

/** The base of all. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError'
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly isRetriable: boolean = false
}

/** A broker answered with an error code. */
export class BrokerError extends ClientError {
  override readonly name = 'BrokerError'
  readonly code: ErrorCode
  /** Kafka's name for the code, such as TOPIC_ALREADY_EXISTS. */
  readonly codeName: string
  override readonly isRetriable: boolean

  /** `what` was tried, as in "create topic orders"; `detail` is what the broker said, if it did. */
  constructor(what: string, code: number, detail?: string | null) {
    const description = errorInfo(code)
    const why = unended(detail || description.message)
    super(`Could not ${what}: ${why} (${description.name})${cureOf(description.code)}.`)
    this.code = description.code
    this.codeName = description.name
    this.isRetriable = description.retriable
  }
}

/** No connection to a broker, or the connection ended before the answer came. */
export class ConnectionError extends ClientError {
  override readonly name = 'ConnectionError'
  override readonly isRetriable = true

  constructor(address: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : 'the connection ended'
    super(`Lost ${address}: ${why}; is a broker running there, and is the address right?`, {
      cause,
    })
  }
}

/** An answer, room or metadata did not come in time. */
export class TimeoutError extends ClientError {
  override readonly name = 'TimeoutError'
  override readonly isRetriable = true

  constructor(what: string, timeoutMs: number, cause?: unknown) {
    const why = cause instanceof Error ? `; the last error was: ${unended(cause.message)}` : ''
    super(`Gave up after ${timeoutMs} ms: ${what}${why}.`, { cause })
  }
}

/** The broker does not speak an API, or no version of it that this client does. */
export class UnsupportedError extends ClientError {
  override readonly name = 'UnsupportedError'
}

/** The client, producer or consumer was used after `close`. */
export class ClosedError extends ClientError {
  override readonly name = 'ClosedError'

  constructor(what: string) {
    super(`The ${what} is closed; make another one from a Client.`)
  }
}

/** The caller asked for something that cannot be. */
export class UsageError extends ClientError {
  override readonly name = 'UsageError'
}

/** A consumer lost its place in the group; what it held belongs to others. */
export class MembershipLost extends ClientError {
  override readonly name = 'MembershipLost'

  constructor(groupId: string, cause?: unknown) {
    super(
      `The offsets were not committed: group ${groupId} has given the partitions to others;` +
        ' poll again to rejoin, and poll at least every rebalanceTimeoutMs.',
      { cause },
    )
  }
}

/** Errors after which the leader or coordinator should be looked up again. */
const STALE: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.LISTENER_NOT_FOUND,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.NOT_CONTROLLER,
])

/** Whether an error says that what is known of the cluster is out of date. */
export function isStale(error: unknown): boolean {
  if (error instanceof BrokerError) return STALE.has(error.code)
  return error instanceof ConnectionError
}

/** Whether a call that failed so may be tried again. */
export function isRetriable(error: unknown): boolean {
  return error instanceof ClientError && error.isRetriable
}

const CURES: ReadonlyMap<number, string> = new Map([
  [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'create it first, or check its name'],
  [ErrorCode.TOPIC_ALREADY_EXISTS, 'use it, or delete it first'],
  [ErrorCode.MESSAGE_TOO_LARGE, "send smaller records, or raise the topic's max.message.bytes"],
  [ErrorCode.RECORD_LIST_TOO_LARGE, "lower batchBytes, or raise the topic's segment.bytes"],
  [ErrorCode.OFFSET_OUT_OF_RANGE, 'seek to an offset that is there, or set autoOffsetReset'],
  [ErrorCode.KAFKA_STORAGE_ERROR, 'ask the broker by ottla health'],
  [ErrorCode.NON_EMPTY_GROUP, 'stop its consumers first'],
  [ErrorCode.GROUP_ID_NOT_FOUND, 'check the group id'],
  [ErrorCode.INVALID_REPLICATION_FACTOR, 'ask for no more replicas than there are brokers'],
  [ErrorCode.INVALID_SESSION_TIMEOUT, "keep within the broker's group.*.session.timeout.ms"],
  [ErrorCode.FENCED_INSTANCE_ID, 'give every consumer an instanceId of its own'],
  [ErrorCode.INCONSISTENT_GROUP_PROTOCOL, 'give all members of the group the same assignors'],
])

function cureOf(code: ErrorCode): string {
  const cure = CURES.get(code)
  return cure === undefined ? '' : `; ${cure}`
}

/** Without its full stop, to be said within another sentence. */
function unended(sentence: string): string {
  return sentence.replace(/[.?]$/, '')
}
