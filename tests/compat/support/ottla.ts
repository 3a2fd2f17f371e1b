/** The command line as a process: run to its end, or kept running while something is done to it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { root } from './checkout.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs one command. Never rejects for its exit code. */
export async function ottla(
  args: readonly string[],
  o: { input?: Buffer | string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const running = startOttla(args, o.env)
  running.child.stdin?.end(o.input ?? '')
  return running.ended
}

export interface RunningCommand {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it printed so far. */
  stdout(): Buffer
  /** Resolves once the condition holds, or with the command's end. */
  until(holds: (stdout: string) => boolean): Promise<void>
}

export function startOttla(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  const flags = ['--disable-warning=ExperimentalWarning', `${root}client/cli/main.ts`]
  const child = spawn(process.execPath, [...flags, ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...env },
  })
  const stdout: Buffer[] = []
  let stderr = ''
  let look = () => {}
  child.stdin.on('error', () => {})
  child.stdout.on('data', (chunk: Buffer) => {
    stdout.push(chunk)
    look()
  })
  child.stderr.on('data', text => (stderr += text))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, stdout: Buffer.concat(stdout), stderr }))
  })
  return {
    child,
    ended,
    stdout: () => Buffer.concat(stdout),
    async until(holds) {
      const seen = new Promise<void>(resolve => {
        look = () => {
          if (holds(Buffer.concat(stdout).toString())) resolve()
        }
        look()
      })
      await Promise.race([seen, ended])
    },
  }
}
