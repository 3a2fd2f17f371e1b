import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/compat/**', 'tests/full/**'],
    pool: 'forks',
    // Brokers that tests start as processes compile their sources once, not once each.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'ottla-test-compile-cache') },
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
})
