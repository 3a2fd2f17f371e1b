/** The commands that run a broker or read its data folder, as processes. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ottla, startOttla } from './support/ottla.ts'
import { freePort, type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

const brokers: SpawnedBroker[] = []
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker[Symbol.asyncDispose]()
})

async function started(): Promise<SpawnedBroker> {
  const broker = await spawnBroker()
  brokers.push(broker)
  return broker
}

/** What a command that must end with this code prints. */
async function printed(exitCode: number, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await ottla(args)
  expect({ args, code, stderr }).toMatchObject({ args, code: exitCode })
  return stdout.toString()
}

async function produce({ address }: SpawnedBroker, topic: string): Promise<void> {
  await ottla(['-b', address, 'produce', topic], { input: 'a\nb\n' })
}

test('start takes a file of settings and single ones, and says where it serves', async () => {
  const folderOwner = await started()
  await folderOwner.stop()
  const { folder } = folderOwner
  const file = join(folder, 'server.properties')
  const port = await freePort()
  writeFileSync(file, `listeners=PLAINTEXT://127.0.0.1:${port}\nlog.dirs=/none/such\n`)
  const broker = startOttla(['start', file, '--override', `log.dirs=${folder}`])
  await broker.until(text => text.includes(`127.0.0.1:${port}`))
  expect(await printed(0, 'health', '-b', `127.0.0.1:${port}`, '--timeout', '20s')).toMatch(
    /^Healthy: /,
  )
  broker.child.kill('SIGTERM')
  expect((await broker.ended).code).toBe(0)
})

test('start that cannot be says why, with exit code 1, or 2 for what was typed', async () => {
  const { port, folder } = await started()
  const taken = ['--override', `listeners=PLAINTEXT://127.0.0.1:${port}`]
  const args = ['start', ...taken, '--override', `log.dirs=${join(folder, 'inner')}`]
  const { code, stderr } = await ottla(args)
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(String(port)) })
  await printed(2, 'start', '/none/such.properties')
  await printed(2, 'start', '--override', 'no-equals-sign')
  await printed(2, 'start', '--overide', 'a=b')
})

test('a log is shown, verified and repaired', async () => {
  const broker = await started()
  await produce(broker, 'damaged')
  await broker.stop()
  const log = join(broker.folder, 'damaged-0')
  const shown = await printed(0, 'dump-log', log, '--records')
  expect(shown).toMatch(/0\.\.1 .*2 records/)
  expect(shown).toMatch(/"value":"b"/)
  expect(await printed(0, 'dump-log', log, '--verify')).toMatch(/^No fault in \d+ files?\.$/m)

  const segment = join(log, readdirSync(log).find(name => name.endsWith('.log'))!)
  const bytes = readFileSync(segment)
  bytes[bytes.length - 2]! ^= 1
  writeFileSync(segment, bytes)
  expect(await printed(1, 'dump-log', log, '--verify', '--json')).toMatch(/"faults":\["/)
  expect(await printed(0, 'storage', 'repair', broker.folder)).toMatch(/--apply repairs\.$/m)
  expect(readFileSync(segment)).toEqual(bytes)
  expect(await printed(0, 'storage', 'repair', broker.folder, '--apply')).toMatch(/^Repaired 1 /m)
  await printed(0, 'dump-log', log, '--verify')
})

test('strays are listed and taken back', async () => {
  const other = await started()
  await produce(other, 'lost')
  await other.stop()
  const broker = await started()
  cpSync(join(other.folder, 'lost-0'), join(broker.folder, 'lost-0'), { recursive: true })
  await broker.restart()
  const [stray] = (await printed(0, 'storage', 'strays', broker.folder, '--json')).split('\n')
  const { name } = JSON.parse(stray!)
  await broker.stop()
  await printed(0, 'storage', 'restore', broker.folder, name, '--dry-run')
  expect(await printed(0, 'storage', 'strays', broker.folder)).toContain(name)
  await printed(0, 'storage', 'restore', broker.folder, name)
  await broker.restart()
  expect(await printed(0, '-b', broker.address, 'consume', 'lost')).toBe('a\nb\n')
  await printed(1, 'storage', 'strays', '/none/such')
})
