import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeHost } from '../../host/node/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { batchOf, createTopic, produceDraft } from './support.ts'
import { WireClient } from './wire-client.ts'

const root = new URL('../..', import.meta.url).pathname

let folder: string
const running: Run[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-process-'))
})

afterEach(async () => {
  for (const { child, exitCode } of running.splice(0)) {
    child.kill('SIGKILL')
    await exitCode
  }
  rmSync(folder, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  /** Resolves with the line that says it listens, or with null when it ended without. */
  readonly line: Promise<string | null>
  /** Resolves when nothing more can come from it, nor from what it started. */
  readonly exitCode: Promise<number | null>
  stderr(): string
}

function run(
  args: readonly string[],
  command = process.execPath,
  script = 'broker/main.ts',
  env: Readonly<Record<string, string>> = {},
): Run {
  const all = [...(script === '' ? [] : [`${root}${script}`]), ...args]
  const variables = { ...process.env, LOG_LEVEL: 'warn', ...env }
  const child = spawn(command, all, { cwd: root, env: variables })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', text => (stderr += text))
  const exitCode = new Promise<number | null>(resolve => child.once('close', resolve))
  const line = new Promise<string | null>(resolve => {
    child.stdout.on('data', text => {
      stdout += text
      const match = /^.*listens on.*$/m.exec(stdout)
      if (match !== null && stdout.endsWith('\n')) resolve(match[0])
    })
    child.once('close', () => resolve(null))
  })
  const started = { child, line, exitCode, stderr: () => stderr }
  running.push(started)
  return started
}

function overrides(port: number, more: Readonly<Record<string, string>> = {}): string[] {
  const all = { 'log.dirs': folder, listeners: `PLAINTEXT://127.0.0.1:${port}`, ...more }
  return Object.entries(all).flatMap(([name, value]) => ['--override', `${name}=${value}`])
}

const START_LINE = new RegExp(
  '^Ottla \\d+\\.\\d+\\.\\d+ listens on PLAINTEXT://127\\.0\\.0\\.1:\\d+ · data .+ ' +
    '· durability fsync · native .+ · started in \\d+ ms$',
)

test('a broker says in one line where it listens, serves, and stops on SIGTERM', async () => {
  const broker = run(['start', ...overrides(0)])
  const line = (await broker.line)!
  expect(line).toMatch(START_LINE)
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)![1])
  const client = await WireClient.connect(nodeHost().net, port)
  await createTopic(client, 't')
  await client.ask(ApiKey.PRODUCE, 9, produceDraft({ name: 't' }, batchOf(['a'])))
  broker.child.kill('SIGTERM')
  expect(await broker.exitCode).toBe(0)
  expect(existsSync(join(folder, '.kafka_cleanshutdown'))).toBe(true)
})

test.each(['SIGINT', 'SIGHUP'] as const)('%s stops a broker cleanly', async signal => {
  const broker = run(['start', ...overrides(0)])
  await broker.line
  broker.child.kill(signal)
  // Terminals and npm repeat a signal: the stop that is under way goes on.
  broker.child.kill(signal)
  expect(await broker.exitCode).toBe(0)
  expect(existsSync(join(folder, '.kafka_cleanshutdown'))).toBe(true)
})

/** Namespaces are root's to make. */
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('without root no broker is started as process 1')

// Loudly skipped without root, see above.
test.skipIf(!isRoot).each(['broker/main.ts', 'client/cli/main.ts'])(
  'SIGTERM ends %s in the middle of its start, as process 1 too',
  async script => {
    const settings = join(folder, 'settings')
    execFileSync('mkfifo', [settings])
    const data = join(folder, 'data')
    const start = [process.execPath, `${root}${script}`, 'start', settings]
    const broker = run(
      ['--pid', '--fork', '--kill-child=KILL', ...start, ...overrides(0, { 'log.dirs': data })],
      'unshare',
      '',
    )
    // Resolves when the broker reads its settings: it waits there, in the middle of its start.
    const pipe = await open(settings, 'w')
    const { pid } = broker.child
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    process.kill(Number(children.trim()), 'SIGTERM')
    await pipe.close()
    expect(await broker.exitCode).toBe(128 + constants.signals.SIGTERM)
    expect(await broker.line).toBeNull()
  },
)

test('npm start hands SIGTERM to the broker, which stops cleanly', async () => {
  const args = ['start', '--silent', '--', ...overrides(0)]
  const npm = run(args, 'npm', '')
  expect(await npm.line).toMatch(/listens on/)
  npm.child.kill('SIGTERM')
  await npm.exitCode
  expect(existsSync(join(folder, '.kafka_cleanshutdown'))).toBe(true)
})

test('a port in use ends the start with one sentence and code 1', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    const broker = run(overrides(port))
    expect(await broker.exitCode).toBe(1)
    expect(broker.stderr()).toMatch(/^ottla: PLAINTEXT:\/\/127\.0\.0\.1:\d+ is in use: .*\n$/)
  } finally {
    server.close()
  }
})

test('a folder in use ends the start with one sentence and code 1', async () => {
  const first = run(overrides(0))
  expect(await first.line).not.toBeNull()
  const second = run(overrides(0))
  expect(await second.exitCode).toBe(1)
  expect(second.stderr()).toMatch(/^ottla: the data folder .* is in use by another broker: .*\n$/)
})

test.each([
  [
    'of another node',
    'version=1\nnode.id=7\n',
    / belongs to node 7, not 3: give .* log\.dirs=FOLDER\n$/,
  ],
  [
    'of an unknown version',
    'version=5\n',
    /meta\.properties has version 5: restore that file, let `ottla storage repair`/,
  ],
])('a folder %s ends the start with one sentence and code 1', async (_what, identity, told) => {
  writeFileSync(join(folder, 'meta.properties'), identity)
  const broker = run(overrides(0, { 'node.id': '3' }))
  expect(await broker.exitCode).toBe(1)
  expect(broker.stderr()).toMatch(told)
  expect(broker.stderr().trimEnd().split('\n')).toHaveLength(1)
})

test('a file in place of the data folder ends the start with one sentence and code 1', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'below')]) {
    const broker = run(overrides(0, { 'log.dirs': path }))
    expect(await broker.exitCode).toBe(1)
    expect(broker.stderr()).toMatch(/^ottla: the data folder .* cannot be made .*\?\n$/)
  }
})

test('a bad configuration ends the start with a sentence a fault and code 2', async () => {
  const file = join(folder, 'server.properties')
  writeFileSync(file, 'log.segment.bytes=3\nnum.partitions=x\n')
  const broker = run([file])
  expect(await broker.exitCode).toBe(2)
  expect(broker.stderr()).toContain('log.segment.bytes')
  expect(broker.stderr()).toContain('num.partitions')
})

test('a configuration that wants an authorizer ends the start with code 2', async () => {
  const file = join(folder, 'server.properties')
  writeFileSync(file, 'authorizer.class.name=kafka.Acl\nsuper.users=User:a\n')
  const broker = run([file, ...overrides(0)])
  expect(await broker.exitCode).toBe(2)
  expect(broker.stderr()).toMatch(/^ottla: .*no authorizer: every client .*\n$/)
  expect(existsSync(join(folder, 'meta.properties'))).toBe(false)
})

test('CLUSTER_ID names the cluster of a fresh folder, and must be that of an old one', async () => {
  const withId = (id: string) => run(overrides(0), process.execPath, undefined, { CLUSTER_ID: id })
  const first = withId('5L6g3nShT-eMCtK--X86sw')
  await first.line
  first.child.kill('SIGTERM')
  await first.exitCode
  const identity = readFileSync(join(folder, 'meta.properties'), 'utf8')
  expect(identity).toContain('cluster.id=5L6g3nShT-eMCtK--X86sw')
  const other = withId('4L6g3nShT-eMCtK--X86sw')
  expect(await other.exitCode).toBe(1)
  expect(other.stderr()).toContain('belongs to cluster 5L6g3nShT-eMCtK--X86sw, not 4L6g3nShT')
})

test.each([
  ['WARN', 0],
  ['info', 1],
  ['loud', 1],
])('LOG_LEVEL=%s decides which lines are written', async (level, lineCount) => {
  const env = { LOG_LEVEL: level }
  const broker = run(overrides(0, { 'num.io.threads': '8' }), process.execPath, undefined, env)
  await broker.line
  broker.child.kill('SIGTERM')
  expect(await broker.exitCode).toBe(0)
  const told = broker.stderr().match(/accepted without effect.*num\.io\.threads/g) ?? []
  expect(told).toHaveLength(lineCount)
  expect(broker.stderr().includes('LOG_LEVEL is none of trace, debug')).toBe(level === 'loud')
})

test('more than one data folder is refused, none of them touched', async () => {
  const folders = [join(folder, 'a'), join(folder, 'b')]
  const broker = run(overrides(0, { 'log.dirs': folders.join(',') }))
  expect(await broker.exitCode).toBe(2)
  expect(broker.stderr()).toBe(
    `ottla: log.dirs: there can be one data folder, got ${folders.join(', ')}: name one\n`,
  )
  expect(folders.filter(path => existsSync(path))).toEqual([])
})

test('a listener other machines can reach is refused unless it is allowed', async () => {
  const open = { listeners: 'PLAINTEXT://0.0.0.0:0' }
  const refused = run(overrides(0, open))
  expect(await refused.exitCode).toBe(2)
  expect(refused.stderr()).toContain('ottla.allow.public.listener=true')
  const allowed = run(overrides(0, { ...open, 'ottla.allow.public.listener': 'true' }))
  expect(await allowed.line).toContain('0.0.0.0')
})

test('a file that is not there or an unknown option ends the start with code 2', async () => {
  const missing = run([join(folder, 'none.properties')])
  const unknown = run(['--no-such'])
  expect(await missing.exitCode).toBe(2)
  expect(missing.stderr()).toMatch(/none\.properties cannot be read/)
  expect(await unknown.exitCode).toBe(2)
  expect(unknown.stderr()).toContain('usage')
})
