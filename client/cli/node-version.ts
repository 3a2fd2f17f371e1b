/** The oldest Node this package runs on, as its package.json has it. */
const OLDEST = [22, 15] as const

/** The sentence for a Node that is too old, from `process.versions.node`; null for another. */
export function tooOld(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return null
  return `ottla needs Node ${OLDEST.join('.')} or newer, this is ${version}: run it with another.`
}
