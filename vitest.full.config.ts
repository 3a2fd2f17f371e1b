import { defineConfig } from 'vitest/config'

/** What `npm test` has no time for: the long fuzzing, and foreign clients. Run by `.ci/run`. */
export default defineConfig({
  test: {
    include: ['tests/full/**/*.test.ts', 'tests/compat/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
})
