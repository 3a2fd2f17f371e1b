/** Programs that are measured: started on a core of their own, their CPU read from the system. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const TICKS_A_SECOND = 100
const PORT_WAIT_MS = 60_000

export interface Program {
  readonly child: ChildProcess
  readonly pid: number
  /** Everything it printed so far. */
  output(): string
  /** SIGTERM, then SIGKILL if it has not ended after ten seconds. Resolves when it is gone. */
  stop(): Promise<void>
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>
}

/** Starts a command on the cores named as taskset does ('0', '0,1'); what it prints is kept. */
export function start(
  cores: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Program {
  const child = spawn('taskset', ['-c', cores, ...command], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stdout.on('data', text => (printed += text))
  child.stderr.on('data', text => (printed += text))
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await gone
    clearTimeout(timer)
  }
  return {
    child,
    pid: child.pid ?? 0,
    output: () => printed,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/** Confines a running program, all its threads, to the cores named as taskset does. */
export function confine(pid: number, cores: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' })
}

/** Resolves once something accepts connections; rejects with what the program printed. */
export async function untilListening(program: Program, port: number): Promise<void> {
  const deadline = performance.now() + PORT_WAIT_MS
  while (performance.now() < deadline) {
    if (program.child.exitCode !== null) break
    if (await accepts(port)) return
    await pause(5)
  }
  throw new Error(`nothing listens on port ${port}:\n${program.output()}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** User and system CPU of a whole process so far, all threads, in seconds (resolution 10 ms). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) * 1024
}

/** Resolves once the file exists. */
export async function untilExists(path: string): Promise<void> {
  while (!existsSync(path)) await pause(5)
}
