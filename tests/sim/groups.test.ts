import { describe, expect, test } from 'vitest'
import { memoryStorage } from './groups-log.ts'
import { churnGroups } from './groups-world.ts'

describe('groups whose members come, go, die and pause, on a coordinator that crashes', () => {
  for (let seed = 1; seed <= 20; seed++) {
    test(`seed ${seed}: nothing is owned twice, no commit is lost, rebalances end`, async () => {
      const { assignments, commits } = await churnGroups(seed, memoryStorage)
      expect(assignments).toBeGreaterThan(10)
      expect(commits).toBeGreaterThan(10)
    })
  }
})
