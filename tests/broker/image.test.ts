/**
 * The image without Docker: a folder is laid out as the Dockerfile lays out the root of the image,
 * and a broker is started with the variables of the image, each path moved below that folder.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const source = new URL('../..', import.meta.url).pathname
const dockerfile = readFileSync(`${source}Dockerfile`, 'utf8').replace(/\\\n\s*/g, '')
const finalStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
const ENV = [...finalStage.matchAll(/^ENV (.*)$/gm)].flatMap(([, pairs]) => pairs!.split(/ +/))
const CHECK = `${source}packaging/healthcheck.sh`

let root: string
let broker: ChildProcess | null = null

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ottla-image-'))
  const defaults = readFileSync(`${source}packaging/image.properties`, 'utf8')
  // Any free port: other tests listen, too.
  place('/opt/ottla/image.properties', defaults.replace(/=\/(var|run)/g, `=${root}/$1`))
})

afterEach(async () => {
  if (broker !== null) {
    const ended = exitOf(broker)
    broker.kill('SIGCONT')
    broker.kill('SIGKILL')
    await ended
    broker = null
  }
  rmSync(root, { recursive: true, force: true })
})

function place(path: string, text: string): void {
  mkdirSync(dirname(`${root}${path}`), { recursive: true })
  writeFileSync(`${root}${path}`, text)
}

/** Resolves with the line that says where the broker listens. */
function start(env: Readonly<Record<string, string>> = {}): Promise<string> {
  const image = ENV.map(pair => pair.split('=') as [string, string])
  const moved = image.map(([name, value]) => [name, value.replace(/(^|:)\//g, `$1${root}/`)])
  const variables = { ...process.env, ...Object.fromEntries(moved), LOG_LEVEL: 'info', ...env }
  const args = [`${source}broker/main.ts`, 'start']
  const child = spawn(process.execPath, args, { cwd: root, env: variables })
  broker = child
  let printed = ''
  child.stderr.on('data', text => (printed += text))
  return new Promise((resolve, reject) => {
    child.stdout.on('data', text => {
      printed += text
      if (/listens on.*\n/.test(printed)) resolve(printed)
    })
    child.once('exit', code => reject(new Error(`the broker ended with ${code}: ${printed}`)))
  })
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise(resolve => child.once('exit', code => resolve(code)))
}

/** As the HEALTHCHECK runs it, but for the place of the file. */
async function check(): Promise<{ readonly code: number | null; readonly told: string }> {
  const child = spawn(CHECK, [`${root}/run/ottla/listeners`])
  let told = ''
  child.stdout.on('data', text => (told += text))
  child.stderr.on('data', text => (told += text))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, told: told.trim() }
}

const ANY_PORT = { KAFKA_LISTENERS: 'PLAINTEXT://0.0.0.0:0' }

test('the image sets no property by a variable, and copies what is there', () => {
  const names = ENV.map(pair => pair.split('=')[0])
  expect(names).toEqual(['NODE_ENV', 'NODE_COMPILE_CACHE', 'OTTLA_CONFIG_PATH'])
  expect(finalStage).toContain('CMD ["/opt/ottla/healthcheck.sh"]')
  const copied = [...finalStage.matchAll(/^COPY (packaging.*) \S+$/gm)].flatMap(([, files]) =>
    files!.split(' '),
  )
  expect(copied).toHaveLength(3)
  expect(copied.filter(file => !existsSync(`${source}${file}`))).toEqual([])
})

test('the defaults of the image put the data into the volume', async () => {
  const line = await start(ANY_PORT)
  expect(line).toContain('PLAINTEXT://0.0.0.0:')
  expect(existsSync(`${root}/var/lib/ottla/data/meta.properties`)).toBe(true)
  expect(await check()).toEqual({ code: 0, told: '' })
})

test('a mounted file wins over the defaults of the image, a variable over the file', async () => {
  place('/mnt/shared/config/server.properties', 'log.dirs=nowhere\n')
  place(
    '/etc/ottla/server.properties',
    `listeners=PLAINTEXT://127.0.0.1:0\nlog.dirs=${root}/mounted\nnode.id=7\n`,
  )
  const line = await start({ KAFKA_CFG_NODE_ID: '8', CLUSTER_ID: '4L6g3nShT-eMCtK--X86sw' })
  expect(line).toContain('PLAINTEXT://127.0.0.1:')
  const identity = readFileSync(`${root}/mounted/meta.properties`, 'utf8')
  expect(identity).toContain('node.id=8')
  expect(identity).toContain('cluster.id=4L6g3nShT-eMCtK--X86sw')
  expect(await check()).toEqual({ code: 0, told: '' })
})

test('the health check fails before the start, while the broker hangs, and after it', async () => {
  const absent = { code: 1, told: `no broker listens: ${root}/run/ottla/listeners is not there` }
  expect(await check()).toEqual(absent)
  await start(ANY_PORT)
  broker!.kill('SIGSTOP')
  const hanging = await check()
  expect(hanging.code).toBe(1)
  expect(hanging.told).toMatch(/^the broker on 0\.0\.0\.0:\d+ does not answer$/)
  broker!.kill('SIGCONT')
  expect(await check()).toEqual({ code: 0, told: '' })
  const ended = exitOf(broker!)
  broker!.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(await check()).toEqual(absent)
})

test('what a killed broker left is no health', async () => {
  await start(ANY_PORT)
  const ended = exitOf(broker!)
  broker!.kill('SIGKILL')
  await ended
  const { code, told } = await check()
  expect(code).toBe(1)
  expect(told).toMatch(/^nobody listens on 0\.0\.0\.0:\d+$/)
})

test('the log has the line that Testcontainers waits for, with its listeners', async () => {
  const line = await start({
    KAFKA_LISTENERS: 'PLAINTEXT://0.0.0.0:0,BROKER://0.0.0.0:0,CONTROLLER://0.0.0.0:9094',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP:
      'BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_NODE_ID: '1',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9094',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_LOG_FLUSH_INTERVAL_MESSAGES: '9223372036854775807',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    CLUSTER_ID: '4L6g3nShT-eMCtK--X86sw',
  })
  expect(line).toMatch(/Transitioning from RECOVERY to RUNNING/)
  expect(line).not.toMatch(/"level":40/)
})
