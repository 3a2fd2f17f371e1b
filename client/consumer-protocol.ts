/**
 * What members of a consumer group tell each other through the coordinator, which passes it on
 * unread: an int16 version, then ConsumerProtocolSubscription or ConsumerProtocolAssignment.
 */
import { ProtocolViolation } from '../protocol/errors.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../protocol/messages/consumer-protocol.ts'
import type { Message } from '../protocol/schema.ts'
import { WireReader } from '../protocol/wire-reader.ts'
import { WireWriter } from '../protocol/wire-writer.ts'
import type { TopicPartition } from './offsets.ts'

/** What a member wants and has. */
export interface Subscription {
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  /** The assignor's own, such as what a sticky member had. */
  readonly userData: Buffer | null
}

/** Understood by every client that is about: owned partitions came with version 1 (KIP-429). */
const VERSION = 1

/** For JoinGroup. */
export function encodeSubscription(subscription: Subscription): Buffer {
  const writer = new WireWriter()
  writer.int16(VERSION)
  ConsumerProtocolSubscription.encode(writer, VERSION, {
    topics: subscription.topics,
    userData: subscription.userData,
    ownedPartitions: groupByTopic(subscription.owned),
  })
  return writer.bytes()
}

/** Whatever its version; malformed bytes want nothing. */
export function decodeSubscription(bytes: Buffer): Subscription {
  try {
    const reader = new WireReader(bytes)
    const value = ConsumerProtocolSubscription.decode(
      reader,
      known(ConsumerProtocolSubscription, reader.int16()),
    )
    const { topics, userData, ownedPartitions } = value
    return { topics, userData, owned: flatten(ownedPartitions) }
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error
    return { topics: [], userData: null, owned: [] }
  }
}

/** For SyncGroup. */
export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const writer = new WireWriter()
  writer.int16(VERSION)
  const assignedPartitions = groupByTopic(partitions)
  ConsumerProtocolAssignment.encode(writer, VERSION, { assignedPartitions, userData: null })
  return writer.bytes()
}

/** Whatever its version; no bytes, or malformed ones, assign nothing. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length < 2) return []
  try {
    const reader = new WireReader(bytes)
    const value = ConsumerProtocolAssignment.decode(
      reader,
      known(ConsumerProtocolAssignment, reader.int16()),
    )
    return flatten(value.assignedPartitions)
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error
    return []
  }
}

/** Later versions only add to the end, which may be left unread. */
function known(message: Message, version: number): number {
  return Math.max(0, Math.min(version, message.versions.max))
}

function flatten(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map(partition => ({ topic, partition })),
  )
}

function groupByTopic(
  partitions: readonly TopicPartition[],
): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    if (!topics.get(topic)?.push(partition)) topics.set(topic, [partition])
  }
  return [...topics].map(([topic, list]) => ({ topic, partitions: list }))
}
