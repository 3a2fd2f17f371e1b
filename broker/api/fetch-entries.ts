import type { FetchRequest } from '../../protocol/messages/fetch.ts'
import type { FetchEntry, ForgottenPartition } from '../partition/fetch-session.ts'

/** The partitions a request asks for, in its order; one listed twice counts once, as last said. */
export function fetchEntries(request: FetchRequest): FetchEntry[] {
  const entries: FetchEntry[] = []
  for (const { topic, topicId, partitions } of request.topics) {
    const seen = partitions.length > 1 ? new Map<number, number>() : null
    for (const asked of partitions) {
      const entry = {
        topic,
        topicId,
        partition: asked.partition,
        fetchOffset: asked.fetchOffset,
        maxBytes: asked.partitionMaxBytes,
        currentLeaderEpoch: asked.currentLeaderEpoch,
        lastFetchedEpoch: asked.lastFetchedEpoch,
        logStartOffset: asked.logStartOffset,
      }
      const before = seen?.get(asked.partition)
      if (before !== undefined) {
        entries[before] = entry
        continue
      }
      seen?.set(asked.partition, entries.length)
      entries.push(entry)
    }
  }
  return entries
}

/** The partitions a request takes out of its session. */
export function forgottenPartitions(request: FetchRequest): ForgottenPartition[] {
  return request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
    partitions.map(partition => ({ topic, topicId, partition })),
  )
}
