import { randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fuzzRecords } from '../support/fuzz-records.ts'

/** Set OTTLA_FUZZ_SEED to repeat a run. */
const SEED = Number(process.env['OTTLA_FUZZ_SEED'] ?? randomInt(2 ** 31))
const ROUNDS = 4
const MUTANTS_A_ROUND = 100_000

describe(`fuzzing record batches (OTTLA_FUZZ_SEED=${SEED})`, () => {
  for (let round = 0; round < ROUNDS; round++) {
    const seed = SEED + round
    it(`${MUTANTS_A_ROUND} mutants of seed ${seed} are read or refused`, () => {
      const report = fuzzRecords(seed, MUTANTS_A_ROUND)
      expect(report.slowestMs).toBeLessThan(50)
      expect(report.wholesome + report.refused).toBe(MUTANTS_A_ROUND)
    })
  }
})
