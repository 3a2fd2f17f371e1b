#!/usr/bin/env node
/**
 * The `ottla` command. Only what must come first is here: the compile cache, and for a broker the
 * signals that stop it and the size of the thread pool, which is read when the pool is first used.
 * Everything else is loaded by the command that needs it.
 */
import nodeModule from 'node:module'
import { watchStopSignals } from '../../host/node/stop-signals.ts'
import { tooOld } from './node-version.ts'

const POOL_THREADS = '32'

// Older ones lack what the rest is written in, so it is said before that is loaded.
const refusal = tooOld(process.versions.node)
if (refusal !== null) {
  process.stderr.write(`${refusal}\n`)
  process.exit(1)
}
if (process.argv[2] === 'start') {
  watchStopSignals()
  process.env['UV_THREADPOOL_SIZE'] ??= POOL_THREADS
}
nodeModule.enableCompileCache()
const { run } = await import('./program.ts')
const exitCode = await run(process.argv.slice(2))
// A broker sets its own.
if (exitCode !== 0) process.exitCode = exitCode
