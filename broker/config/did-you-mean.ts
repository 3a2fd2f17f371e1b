import { closestMatch } from 'leven'

/** Letters that a misspelt name may differ in. */
const DISTANCE_MAX = 3

/** `; did you mean x?`, or nothing where no candidate is near enough. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = closestMatch(name, [...candidates], { maxDistance: DISTANCE_MAX })
  return near === undefined ? '' : `; did you mean ${near}?`
}
