import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** What `npm test` has no time for: the long fuzzing, and foreign clients. Run by `.ci/run`. */
export default defineConfig({
  test: {
    include: ['tests/full/**/*.test.ts', 'tests/compat/**/*.test.ts'],
    pool: 'forks',
    // Brokers that tests start as processes compile their sources once, not once each.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'ottla-test-compile-cache') },
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
})
