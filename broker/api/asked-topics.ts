import type { FetchRequest } from '../../protocol/messages/fetch.ts'
import type { AskedTopic, FetchEntry, ForgottenPartition } from '../partition/fetch-session.ts'

/** What a request asks for, in its order; a partition listed twice counts once, as last said. */
export function askedTopics(request: FetchRequest): readonly AskedTopic[] {
  const { topics } = request
  if (topics.every(isAscending)) return topics
  return topics.map(topic => ({ ...topic, partitions: joined(topic.partitions) }))
}

/** As clients ask. */
function isAscending({ partitions }: AskedTopic): boolean {
  let highest = -1
  for (let at = 0; at < partitions.length; at++) {
    const { partition } = partitions[at] as FetchEntry
    if (partition <= highest) return false
    highest = partition
  }
  return true
}

/** Of a partition listed twice, the later entry in the place of the earlier. */
function joined(entries: readonly FetchEntry[]): FetchEntry[] {
  return [...new Map(entries.map(entry => [entry.partition, entry])).values()]
}

/** The partitions a request takes out of its session. */
export function forgottenPartitions(request: FetchRequest): ForgottenPartition[] {
  const forgotten: ForgottenPartition[] = []
  for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
    for (const partition of partitions) forgotten.push({ topic, topicId, partition })
  }
  return forgotten
}
