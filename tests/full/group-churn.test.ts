import { describe, expect, test } from 'vitest'
import { diskStorage } from '../sim/groups-disk.ts'
import { churnGroups } from '../sim/groups-world.ts'

describe('two hundred seeds of group churn on the simulated host', () => {
  for (let first = 1; first <= 200; first += 20) {
    test(`seeds ${first} to ${first + 19}`, async () => {
      for (let seed = first; seed < first + 20; seed++) {
        const { assignments, commits } = await churnGroups(seed, diskStorage)
        expect(assignments, `seed ${seed}`).toBeGreaterThan(10)
        expect(commits, `seed ${seed}`).toBeGreaterThan(10)
      }
    })
  }
})
