/** The faults that a test can ask for, as the package's types tell them. */
import type { ApiKey } from '../../protocol/api-keys.ts'
import type { ErrorCode } from '../../protocol/errors.ts'

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Capitalize<Lowercase<Head>>}${CamelCase<Tail>}`
  : Capitalize<Lowercase<S>>

/** An API by Kafka's name: 'Produce', 'ListOffsets', 'JoinGroup'. */
export type ApiName = CamelCase<keyof typeof ApiKey>

/** An error by Kafka's name: 'NOT_LEADER_OR_FOLLOWER'. */
export type ErrorName = keyof typeof ErrorCode

/** A fault that is in force. */
export interface RequestFault {
  /** Requests that met this fault so far. */
  readonly fired: number
  /** Ends the fault; idempotent. */
  remove(): void
}

/** Which requests of an API meet a fault; the last call says what happens and puts it in force. */
export interface RequestFaultBuilder {
  /** Only the next request. */
  once(): RequestFaultBuilder
  /** Only the next `count` requests. */
  times(count: number): RequestFaultBuilder
  /** Each request with this probability, from 0 to 1; the same seed draws the same requests. */
  withProbability(probability: number, seed: number): RequestFaultBuilder
  /** The request is refused with this error and has no effect. */
  reply(error: ErrorName): RequestFault
  /** The request is handled after `ms` milliseconds of the broker's time. */
  delay(ms: number): RequestFault
  /** The connection closes, and the request has no effect. */
  disconnect(): RequestFault
}
