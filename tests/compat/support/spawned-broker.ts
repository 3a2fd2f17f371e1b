/** A broker in a process of its own, as a user runs it, for clients that know nothing of ours. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('../../..', import.meta.url).pathname
const START_DEADLINE_MS = 30_000

export interface SpawnedBroker extends AsyncDisposable {
  readonly port: number
  readonly address: string
  readonly folder: string
  readonly pid: number
  /** Everything it printed so far. */
  output(): string
  /** SIGKILL, then the same folder and port again. */
  killAndRestart(): Promise<void>
  /** SIGTERM; resolves with the exit code once it has ended. */
  stop(): Promise<number | null>
}

export async function spawnBroker(
  overrides: Readonly<Record<string, string>> = {},
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
    const started = spawn(process.execPath, [`${root}broker/main.ts`, 'start', ...args])
    started.stderr.on('data', text => (printed += text))
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no start-up line:\n${printed}`)),
        START_DEADLINE_MS,
      )
      let line = ''
      started.stdout.on('data', text => {
        printed += text
        line += text
        if (line.includes(`127.0.0.1:${port}`)) {
          clearTimeout(timer)
          resolve()
        }
      })
      started.once('exit', code => {
        clearTimeout(timer)
        reject(new Error(`the broker ended with ${code}:\n${printed}`))
      })
    })
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
    async killAndRestart() {
      await end('SIGKILL')
      child = await run()
    },
    stop: () => end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
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
