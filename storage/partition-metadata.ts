/** `partition.metadata`: two lines, no newline at the end; says which topic's id a folder has. */
const TOPIC_ID = /^version: 0\ntopic_id: ([A-Za-z0-9_-]{22})\n?$/
const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

export function formatPartitionMetadata(topicId: string): string {
  return `version: 0\ntopic_id: ${topicId}`
}

/** Null if the text says no valid id. */
export function parsePartitionMetadata(text: string): string | null {
  const topicId = TOPIC_ID.exec(text)?.[1]
  return topicId === undefined || topicId === NO_TOPIC_ID ? null : topicId
}
