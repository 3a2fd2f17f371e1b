/**
 * Seeds for a simulated test: 1 to `count`, or only the one in OTTLA_SEED, to tell a failed story
 * again: `OTTLA_SEED=17 npx vitest run tests/...`. Name the seed in the test's title.
 */
export function seeds(count: number): number[] {
  const asked = process.env['OTTLA_SEED']
  if (asked !== undefined) return [Number(asked)]
  return Array.from({ length: count }, (_, at) => at + 1)
}
