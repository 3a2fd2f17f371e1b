/** Bytes of a topic's name; folders add '-' and the partition to it. */
export const TOPIC_NAME_MAX = 249

const LEGAL = /^[a-zA-Z0-9._-]+$/

/** Whether a topic may have this name. */
export function isTopicName(name: string): boolean {
  return name.length <= TOPIC_NAME_MAX && LEGAL.test(name) && name !== '.' && name !== '..'
}
