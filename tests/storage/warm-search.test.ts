import { describe, expect, test } from 'vitest'
import { ceilingSlot, floorSlot, WARM_BYTES } from '../../storage/warm-search.ts'

describe.each([
  ['offset entries', 8],
  ['time entries', 12],
])('the warm-section search over %s', (_, entryBytes) => {
  const warm = Math.floor(WARM_BYTES / entryBytes)

  test.each([0, 1, 2, 3, warm - 1, warm, warm + 1, warm + 2, 2 * warm, 5 * warm + 7])(
    'finds among %i entries what a linear scan finds, at every boundary',
    count => {
      const keys = Array.from({ length: count }, (_, at) => 10 + at * 3)
      const slots = { count, key: (slot: number) => keys[slot] as number }
      const firstWarm = Math.max(0, count - 1 - warm)
      const near = [0, 1, firstWarm - 1, firstWarm, firstWarm + 1, count - 2, count - 1]
      const targets = near.flatMap(slot => [-1, 0, 1].map(shift => (keys[slot] ?? 0) + shift))
      for (const target of [...targets, -5, 0, 1e9]) {
        expect(floorSlot(slots, entryBytes, target)).toBe(keys.findLastIndex(key => key <= target))
        expect(ceilingSlot(slots, entryBytes, target)).toBe(keys.findIndex(key => key >= target))
      }
    },
  )

  test('a look-up at the tail probes nothing outside the warm section', () => {
    const count = 100_000
    const probed: number[] = []
    const slots = {
      count,
      key(slot: number) {
        probed.push(slot)
        return slot
      },
    }
    expect(floorSlot(slots, entryBytes, count - 3)).toBe(count - 3)
    expect(Math.min(...probed)).toBeGreaterThanOrEqual(count - 1 - warm)
  })
})
