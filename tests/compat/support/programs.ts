/** Foreign programs: whether they are installed, and running them to their end. */
import { execFileSync, spawn } from 'node:child_process'

/** Says loudly, once a suite, why it is skipped. */
export function missing(program: string, cure: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return false
  } catch {
    console.warn(`SKIPPED: ${program} is not installed; ${cure}`)
    return true
  }
}

export interface Finished {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a program with the input given and collects what it prints. Rejects on a non-zero exit. */
export function run(
  program: string,
  args: readonly string[],
  input: Buffer | string = '',
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe' })
    const stdout: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', chunk => stdout.push(chunk))
    child.stderr.on('data', text => (stderr += text))
    child.once('error', reject)
    child.once('close', code => {
      if (code === 0) resolve({ code, stdout: Buffer.concat(stdout), stderr })
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr}`))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
