import type { FetchRequest } from '../../protocol/messages/fetch.ts'
import type { FetchEntry, ForgottenPartition } from '../partition/fetch-session.ts'

/** The partitions a request asks for, in its order; one listed twice counts once, as last said. */
export function fetchEntries(request: FetchRequest): FetchEntry[] {
  const entries: FetchEntry[] = []
  for (const { topic, topicId, partitions } of request.topics) {
    const first = entries.length
    let highest = -1
    let isAscending = true
    for (const asked of partitions) {
      const { partition } = asked
      const entry = {
        topic,
        topicId,
        partition,
        fetchOffset: asked.fetchOffset,
        maxBytes: asked.partitionMaxBytes,
        currentLeaderEpoch: asked.currentLeaderEpoch,
        lastFetchedEpoch: asked.lastFetchedEpoch,
        logStartOffset: asked.logStartOffset,
      }
      entries.push(entry)
      if (partition > highest) highest = partition
      else isAscending = false
    }
    if (!isAscending) joinRepeated(entries, first)
  }
  return entries
}

/** From `first` on: of a partition listed twice, the later entry in the place of the earlier. */
function joinRepeated(entries: FetchEntry[], first: number): void {
  const places = new Map<number, number>()
  let end = first
  for (let at = first; at < entries.length; at++) {
    const entry = entries[at] as FetchEntry
    const place = places.get(entry.partition) ?? end
    entries[place] = entry
    if (place !== end) continue
    places.set(entry.partition, end)
    end++
  }
  entries.length = end
}

/** The partitions a request takes out of its session. */
export function forgottenPartitions(request: FetchRequest): ForgottenPartition[] {
  return request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
    partitions.map(partition => ({ topic, topicId, partition })),
  )
}
