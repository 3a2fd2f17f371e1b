#!/usr/bin/env node
/**
 * The `ottla` command. Only what must come first is here: the compile cache, and for a broker the
 * size of the thread pool, which is read when the pool is first used. Everything else is loaded by
 * the command that needs it.
 */
import { enableCompileCache } from 'node:module'

const POOL_THREADS = '32'

if (process.argv.includes('start')) process.env['UV_THREADPOOL_SIZE'] ??= POOL_THREADS
enableCompileCache()
const { run } = await import('./program.ts')
const exitCode = await run(process.argv.slice(2))
// A broker sets its own.
if (exitCode !== 0) process.exitCode = exitCode
