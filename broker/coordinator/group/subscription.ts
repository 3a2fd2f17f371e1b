/** What members say in the consumer protocol, as far as the broker has to know it. */
import { type ClassicGroup, GroupState } from './classic-group.ts'
import { metadataFor } from './member.ts'

/** The protocol type of groups whose metadata is a subscription to topics. */
const CONSUMER_PROTOCOL = 'consumer'

/**
 * The topics a group's members subscribe to, or null where that cannot be known: no protocol is
 * chosen, or somebody's metadata is no subscription. An empty group subscribes to none.
 */
export function subscribedTopics(group: ClassicGroup): Set<string> | null {
  const topics = new Set<string>()
  if (group.state === GroupState.EMPTY) return topics
  if (!usesConsumerProtocol(group) || group.protocol === null) return null
  for (const member of group.members.values()) {
    const subscription = topicsOfSubscription(metadataFor(member, group.protocol))
    if (subscription === null) return null
    for (const topic of subscription) topics.add(topic)
  }
  return topics
}

export function usesConsumerProtocol(group: ClassicGroup): boolean {
  return group.protocolType === CONSUMER_PROTOCOL
}

/**
 * `int16 version · int32 count · count × (int16 length · UTF-8)`, the beginning of every version of
 * ConsumerProtocolSubscription; what follows is not looked at. Null if it is not that.
 */
export function topicsOfSubscription(metadata: Buffer): string[] | null {
  if (metadata.length < 6) return null
  const count = metadata.readInt32BE(2)
  const topics: string[] = []
  let at = 6
  for (let index = 0; index < count; index++) {
    if (at + 2 > metadata.length) return null
    const sizeBytes = metadata.readInt16BE(at)
    at += 2
    if (sizeBytes < 0 || at + sizeBytes > metadata.length) return null
    topics.push(metadata.toString('utf8', at, at + sizeBytes))
    at += sizeBytes
  }
  return topics
}
