import type { LogConfig } from '../../storage/log-config.ts'
import type { FoundFolder, Verdict } from '../../storage/log-directory.ts'
import type { ClusterImage, TopicImage } from '../image/image.ts'

/*
 * What becomes of a partition's folder that a start finds (docs/decisions/0008):
 *
 *   topic id in the folder      in the metadata                               verdict
 *   of a topic                  that name, and the partition is assigned here open
 *   of a topic                  another name, or not assigned here            stray
 *   of a deleted topic          the deletion                                  delete
 *   missing or unreadable       a topic of that name, assigned here           open
 *   missing or unreadable       only the deletion of a topic of that name     delete
 *   missing or unreadable       both, or neither                              stray
 *   a damaged copy of an id     as if it were unreadable
 *   any other                   anything                                      stray
 */

export interface FolderRules {
  readonly image: ClusterImage
  readonly nodeId: number
  readonly configOf: (topic: TopicImage) => LogConfig
}

export function judgeFolder(folder: FoundFolder, rules: FolderRules): Verdict {
  const { image } = rules
  const { topic: name, topicId } = folder
  if (topicId !== null) {
    if (image.deletedTopics.has(topicId)) return { kind: 'delete', topicId }
    const topic = image.topicsById.get(topicId)
    if (topic !== undefined) return judgeKnown(topic, folder, rules)
  }
  const topic = image.topics.get(name)
  const deleted = [...image.deletedTopics].filter(([, known]) => known === name)
  const ids = [...(topic === undefined ? [] : [topic.id]), ...deleted.map(([id]) => id)]
  if (topicId !== null && !ids.some(id => isDamagedCopy(topicId, id))) {
    return { kind: 'stray', reason: `no topic of this cluster has its topic id, ${topicId}` }
  }
  const [only] = ids
  if (only === undefined || ids.length > 1) {
    const why = only === undefined ? 'there is no topic' : 'there was more than one topic'
    return { kind: 'stray', reason: `its topic id is unreadable, and ${why} of its name` }
  }
  return topic === undefined ? { kind: 'delete', topicId: only } : judgeKnown(topic, folder, rules)
}

function judgeKnown(topic: TopicImage, folder: FoundFolder, rules: FolderRules): Verdict {
  const { topic: name, partition } = folder
  if (topic.name !== name) {
    return { kind: 'stray', reason: `it has the topic id of ${topic.name}` }
  }
  if (!topic.partitions[partition]?.replicas.includes(rules.nodeId)) {
    return { kind: 'stray', reason: 'the metadata does not assign this partition to this broker' }
  }
  return { kind: 'open', topicId: topic.id, config: rules.configOf(topic) }
}

/** Characters of an id that a fault of a sector or of memory may have changed. */
const DAMAGED_CHARACTERS_MAX = 2

/**
 * Whether an id is another one with a character or two changed. Two ids that were drawn at random
 * are so much alike once in 10^32 pairs.
 */
export function isDamagedCopy(topicId: string, of: string): boolean {
  if (topicId.length !== of.length) return false
  let different = 0
  for (let at = 0; at < of.length; at++) if (topicId[at] !== of[at]) different++
  return different <= DAMAGED_CHARACTERS_MAX
}
