/** What the README tells a newcomer to type, typed, in a copy of the checkout as it is. */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { copyOfCheckout, root } from './support/checkout.ts'

const README = readFileSync(`${root}README.md`, 'utf8')
const PORT = 9092

/** Not run here: `npm test` is what .ci/run has done already. */
const SKIPPED: ReadonlySet<string> = new Set(['npm test'])

interface Step {
  readonly command: string
  /** Lines the README shows below the command. */
  readonly output: readonly string[]
}

const steps = [...README.matchAll(/^```console\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
  stepsOf(block),
)

const isTaken = await new Promise<boolean>(resolve => {
  const socket = connect(PORT, '127.0.0.1')
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  socket.once('connect', () => socket.destroy())
})
if (isTaken) console.warn(`SKIPPED: port ${PORT} is taken; stop what listens there`)

// The README is about the default port: without it there is nothing to try.
describe.skipIf(isTaken)('the README’s commands, one after another', () => {
  const checkout = copyOfCheckout()
  const stops: (() => Promise<number | null>)[] = []

  afterAll(async () => {
    for (const stop of stops) await stop()
    checkout[Symbol.dispose]()
  })

  test('are there', () => {
    expect(steps.map(({ command }) => command)).toContain('npm start')
    expect(steps.length).toBeGreaterThan(6)
  })

  for (const { command, output } of steps.filter(step => !SKIPPED.has(step.command))) {
    test(command, async () => {
      if (command === 'npm start') {
        const { line, stop } = await start(checkout.folder)
        stops.push(stop)
        expect(line).toContain(`127.0.0.1:${PORT}`)
        return
      }
      const printed = execFileSync('bash', ['-ec', command], { cwd: checkout.folder }).toString()
      const lines = printed.split('\n')
      for (const expected of output) expect(lines).toContain(expected)
    })
  }

  test('Ctrl-C ends the broker well', async () => {
    for (const stop of stops.splice(0)) expect(await stop()).toBe(0)
  })
})

test('the README’s program is typed and does what it says', () => {
  using checkout = copyOfCheckout()
  const { folder } = checkout
  const [, program = ''] = /^```ts\n([\s\S]*?)^```/m.exec(README) ?? []
  writeFileSync(join(folder, 'example.ts'), program.replace("'ottla'", "'./index.ts'"))
  const config = { extends: './tsconfig.json', include: ['example.ts'] }
  writeFileSync(join(folder, 'tsconfig.example.json'), JSON.stringify(config))
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, stdio: 'pipe' }).toString()
  run('node_modules/.bin/tsc', '-p', 'tsconfig.example.json')
  expect(run(process.execPath, 'example.ts')).toBe('0 hello\n')
})

function stepsOf(block: string): Step[] {
  const found: { command: string; output: string[] }[] = []
  for (const line of block.trimEnd().split('\n')) {
    // The checkout is a copy of one in which `npm ci` has run.
    const command = /^\$ (?:npm ci && )?(.*)/.exec(line)?.[1]
    if (command !== undefined) found.push({ command, output: [] })
    else found.at(-1)?.output.push(line)
  }
  return found
}

/** `npm start` in the background; resolves with the line it prints once it serves. */
function start(cwd: string): Promise<{ line: string; stop: () => Promise<number | null> }> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['start'], { cwd, stdio: 'pipe' })
    const ended = new Promise<number | null>(done => child.once('exit', code => done(code)))
    let printed = ''
    child.stderr.on('data', text => (printed += text))
    child.stdout.on('data', text => {
      printed += text
      const line = printed.split('\n').find(one => one.includes(`:${PORT}`))
      if (line === undefined) return
      resolve({
        line,
        stop: () => {
          child.kill('SIGTERM')
          return ended
        },
      })
    })
    child.once('exit', code => reject(new Error(`npm start ended with ${code}:\n${printed}`)))
  })
}
