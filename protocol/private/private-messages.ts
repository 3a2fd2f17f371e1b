/**
 * Messages that only Ottla's own brokers and tools exchange. ApiVersions never lists them, and
 * their keys lie far above those that Kafka assigns.
 */
import type { Message } from '../schema.ts'
import { DescribeConditionsRequest, DescribeConditionsResponse } from './describe-conditions.ts'

/** The request and the response of one private API. */
export interface PrivateMessages {
  readonly request: Message
  readonly response: Message
}

/** By API key, ascending. */
export const privateMessages: ReadonlyMap<number, PrivateMessages> = new Map([
  pair(DescribeConditionsRequest, DescribeConditionsResponse),
])

function pair(request: Message, response: Message): readonly [number, PrivateMessages] {
  return [request.key, { request, response }]
}
