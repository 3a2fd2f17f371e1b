/**
 * Kafka's warm-section search over sorted index slots (KAFKA-6432): the tail of an index, where
 * in-sync followers and tailing consumers look, is searched apart from the rest. Every look-up in
 * it touches the same pages, so they stay resident when an index is paged from disk. Here the
 * mirror lies in memory and the gain is small; it keeps paging possible, and probes few slots.
 */

/** Bytes of the warm section; at most three pages of 4 KiB. */
export const WARM_BYTES = 8192

/** Keys must ascend. `key(slot)` for `slot` in `[0, count)`. */
export interface SortedSlots {
  readonly count: number
  key(slot: number): number
}

/** The last slot whose key is <= target, or -1. */
export function floorSlot(slots: SortedSlots, entryBytes: number, target: number): number {
  const { count } = slots
  if (count === 0) return -1
  const firstWarm = Math.max(0, count - 1 - Math.floor(WARM_BYTES / entryBytes))
  if (slots.key(firstWarm) < target) return search(slots, firstWarm, count - 1, target)
  if (slots.key(0) > target) return -1
  return search(slots, 0, firstWarm, target)
}

/** The first slot whose key is >= target, or -1. */
export function ceilingSlot(slots: SortedSlots, entryBytes: number, target: number): number {
  const floor = floorSlot(slots, entryBytes, target)
  if (floor >= 0 && slots.key(floor) === target) return floor
  return floor + 1 < slots.count ? floor + 1 : -1
}

/** Invariant of the loop: key(low) <= target. */
function search(slots: SortedSlots, from: number, to: number, target: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    const found = slots.key(middle)
    if (found > target) high = middle - 1
    else if (found < target) low = middle
    else return middle
  }
  return low
}
