const LEGAL = /^[a-zA-Z0-9._-]+$/
const NAME_LENGTH_MAX = 249

/** What is wrong with a topic name, or null. */
export function topicNameFault(name: string): string | null {
  if (name === '') return 'Topic name is illegal, it cannot be empty'
  if (name === '.' || name === '..') return `Topic name cannot be "." or ".."`
  if (name.length > NAME_LENGTH_MAX) {
    return `Topic name is illegal, it cannot be longer than ${NAME_LENGTH_MAX} characters`
  }
  if (!LEGAL.test(name)) {
    return (
      `Topic name "${name}" is illegal, it contains a character other than ASCII ` +
      `alphanumerics, '.', '_' and '-'`
    )
  }
  return null
}

/** Names that become the same metric name collide: '.' counts as '_'. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
