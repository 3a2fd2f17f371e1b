/**
 * `ottla produce` on a terminal. The terminal is that of `script` of util-linux, which runs a
 * command and copies what the terminal shows.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './support/checkout.ts'
import { ottla, startOttla } from './support/ottla.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

const isMissing = !spawnSync('script', ['--version']).stdout?.includes('util-linux')
if (isMissing) console.warn('SKIPPED: there is no `script` of util-linux to run a terminal')

let broker: SpawnedBroker
beforeAll(async () => {
  broker = await spawnBroker()
  await ottla(['-b', broker.address, 'topics', 'create', 'typed'])
})
afterAll(() => broker?.[Symbol.asyncDispose]())

/** A command whose standard streams are a terminal; `shown` is all that the terminal shows. */
function onTerminal(...args: string[]) {
  const words = [process.execPath, '--disable-warning=ExperimentalWarning']
  const line = [...words, `${root}client/cli/main.ts`, '-b', broker.address, ...args].join(' ')
  const child: ChildProcess = spawn('script', ['-qefc', line, '/dev/null'], { stdio: 'pipe' })
  let shown = ''
  let look = () => {}
  child.stdout!.on('data', text => {
    shown += text
    look()
  })
  const ended = new Promise<{ code: number | null; shown: string }>(resolve => {
    child.once('close', code => resolve({ code, shown }))
  })
  const until = (holds: (shown: string) => boolean) => {
    const seen = new Promise<void>(resolve => {
      look = () => {
        if (holds(shown)) resolve()
      }
      look()
    })
    return Promise.race([seen, ended])
  }
  return { type: (text: string) => child.stdin!.write(text), until, ended }
}

// Skipped without a terminal to run on, which has been said.
test.skipIf(isMissing)(
  'what is typed is shown alone, and Ctrl-D ends it with the count',
  async () => {
    const follower = startOttla(['-b', broker.address, 'consume', 'typed', '-F', '--from', '0'])
    const terminal = onTerminal('produce', 'typed')
    await terminal.until(shown => shown.includes('Ctrl-D ends'))
    terminal.type('one\ntwo\n')
    await follower.until(text => text === 'one\ntwo\n')
    terminal.type('three\n')
    await follower.until(text => text === 'one\ntwo\nthree\n')
    terminal.type('\x04')
    const { code, shown } = await terminal.ended
    expect({ code, shown }).toEqual({
      code: 0,
      shown: [
        'Type records, one a line; Ctrl-D ends.',
        ...['one', 'two', 'three'],
        'Produced 3 records to typed.',
        '',
      ].join('\r\n'),
    })
    follower.child.kill('SIGINT')
    await follower.ended
  },
)

// Skipped without a terminal to run on, which has been said.
test.skipIf(isMissing)('Ctrl-C ends it with the count and exit code 130', async () => {
  const follower = startOttla(['-b', broker.address, 'consume', 'typed', '-F', '--from', 'end'])
  const terminal = onTerminal('produce', 'typed')
  await terminal.until(shown => shown.includes('Ctrl-D ends'))
  terminal.type('four\n')
  await follower.until(text => text === 'four\n')
  terminal.type('\x03')
  const { code, shown } = await terminal.ended
  expect({ code, shown }).toEqual({
    code: 130,
    shown: expect.stringMatching(/Interrupted\. 1 record had been written\.\r\n$/),
  })
  follower.child.kill('SIGINT')
  await follower.ended
})
