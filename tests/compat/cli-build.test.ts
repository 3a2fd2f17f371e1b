/** The package as it is published: built in a copy of the checkout, used from another folder. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Checkout, copyOfCheckout, root } from './support/checkout.ts'
import { freePort } from './support/spawned-broker.ts'

let checkout: Checkout
const user = mkdtempSync(join(tmpdir(), 'ottla-user-'))

beforeAll(() => {
  checkout = copyOfCheckout()
  run('node_modules/.bin/node', ['scripts/build.ts'], checkout.folder)
  mkdirSync(join(user, 'node_modules/@types'), { recursive: true })
  symlinkSync(checkout.folder, join(user, 'node_modules/ottla'))
  for (const name of ['@types/node', 'undici-types']) {
    symlinkSync(`${root}node_modules/${name}`, join(user, 'node_modules', name))
  }
  writeFileSync(join(user, 'package.json'), '{"type":"module"}')
})
afterAll(() => {
  checkout[Symbol.dispose]()
  rmSync(user, { recursive: true, force: true })
})

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, stdio: 'pipe' }).toString()
}

test('a user’s strictest compiler accepts its types, and its program runs', () => {
  const [, program = ''] = /^```ts\n([\s\S]*?)^```/m.exec(readFileSync(`${root}README.md`, 'utf8'))!
  writeFileSync(join(user, 'example.ts'), program)
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['esnext'], module: 'nodenext', types: ['node'], noEmit: true },
    ...{ strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true },
    ...{ noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true },
  }
  const config = { compilerOptions, include: ['*.ts'] }
  writeFileSync(join(user, 'tsconfig.json'), JSON.stringify(config))
  run(`${root}node_modules/.bin/tsc`, ['-p', '.'], user)
  expect(run(process.execPath, ['example.ts'], user)).toBe('0 hello\n')
})

test('its command line starts a broker and talks to it', async () => {
  const script = join(checkout.folder, 'dist/ottla.js')
  const address = `127.0.0.1:${await freePort()}`
  const settings = [`listeners=PLAINTEXT://${address}`, `log.dirs=${join(user, 'data')}`]
  const overrides = settings.flatMap(setting => ['--override', setting])
  const broker = spawn(process.execPath, [script, 'start', ...overrides], { stdio: 'pipe' })
  const ended = new Promise(resolve => broker.once('exit', resolve))
  let errors = ''
  broker.stderr.on('data', text => {
    errors += text
  })
  const line = await new Promise<string>((resolve, reject) => {
    broker.stdout.once('data', text => resolve(String(text)))
    broker.once('exit', () => reject(new Error(errors)))
  })
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  expect(line).toContain(`Ottla ${version} listens on PLAINTEXT://${address}`)

  const ottla = (command: string) =>
    run(process.execPath, [script, '-b', address, ...command.split(' ')], user)
  expect(ottla('health')).toMatch(/^Healthy: 1 broker/)
  expect(ottla('topics create orders')).toBe('Created topic orders with 1 partition.\n')
  writeFileSync(join(user, 'lines'), 'a\nb\n')
  expect(ottla('produce orders -f lines -z zstd')).toBe('Produced 2 records to orders.\n')
  expect(ottla('consume orders')).toBe('a\nb\n')
  expect(ottla('--version')).toBe(`${version}\n`)

  broker.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(ottla(`dump-log ${join(user, 'data')}`)).toMatch(
    /1 batch, 2 records.*\n[\s\S]*No fault in/,
  )
  const log = join(user, 'data/orders-0/00000000000000000000.log')
  const bytes = readFileSync(log)
  bytes[70]! ^= 1
  writeFileSync(log, bytes)
  expect(() => ottla(`dump-log --verify ${log}`)).toThrow(/Found 1 fault/)
})
