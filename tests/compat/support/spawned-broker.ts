/** A broker in a process of its own, as a user runs it, for clients that know nothing of ours. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('../../..', import.meta.url).pathname
const START_DEADLINE_MS = 120_000

export interface SpawnedBroker extends AsyncDisposable {
  readonly port: number
  readonly address: string
  readonly folder: string
  readonly pid: number
  /** Everything it printed so far. */
  output(): string
  /** SIGKILL, then `meanwhile`, then the same folder and port again. */
  killAndRestart(meanwhile?: () => Promise<void>): Promise<void>
  /** SIGTERM, and once it has ended the same folder and port again. */
  restart(): Promise<void>
  /** SIGTERM; resolves with the exit code once it has ended. */
  stop(): Promise<number | null>
}

/** `program`: what `start` is an argument of; the sources, or a built `ottla.js`. */
export async function spawnBroker(
  overrides: Readonly<Record<string, string>> = {},
  program = `${root}broker/main.ts`,
): Promise<SpawnedBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'ottla-compat-'))
  const port = await freePort()
  const properties = {
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
    'log.dirs': folder,
    'group.initial.rebalance.delay.ms': '0',
    ...overrides,
  }
  const args = Object.entries(properties).flatMap(([k, v]) => ['--override', `${k}=${v}`])
  let printed = ''
  let child = await run()

  async function run(): Promise<ChildProcess> {
    const started = spawn(process.execPath, [program, 'start', ...args])
    started.stderr.on('data', text => (printed += text))
    started.stdout.on('data', text => (printed += text))
    await untilPrinted(started, `127.0.0.1:${port}`)
    return started
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const ended = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)))
    child.kill(signal)
    return ended
  }

  return {
    port,
    address: `127.0.0.1:${port}`,
    folder,
    get pid() {
      return child.pid ?? 0
    },
    output: () => printed,
    async killAndRestart(meanwhile) {
      await end('SIGKILL')
      await meanwhile?.()
      child = await run()
    },
    async restart() {
      await end('SIGTERM')
      child = await run()
    },
    stop: () => end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves when the start-up line is out; rejects with what was printed if the process ends. */
function untilPrinted(started: ChildProcess, part: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const fail = (why: string) => reject(new Error(`${why}:\n${printed}`))
    const timer = setTimeout(() => fail('no start-up line'), START_DEADLINE_MS)
    const look = (text: Buffer) => {
      printed += text
      if (!printed.includes(part)) return
      clearTimeout(timer)
      resolve()
    }
    started.stdout?.on('data', look)
    started.stderr?.on('data', text => (printed += text))
    started.once('exit', code => {
      clearTimeout(timer)
      fail(`the broker ended with ${code}`)
    })
  })
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
