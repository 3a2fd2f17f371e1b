/** A broker whose clients use up what the process may open. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeHost } from '../../host/node/host.ts'
import { ApiKey, PrivateApiKey } from '../../protocol/api-keys.ts'
import { batchOf, createTopic, produceDraft } from './support.ts'
import { WireClient } from './wire-client.ts'

const MAIN = new URL('../../broker/main.ts', import.meta.url).pathname
const DESCRIPTORS = 300

let folder: string
let child: ChildProcess | null = null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-descriptors-'))
})

afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Resolves to the port. */
function startLimited(): Promise<number> {
  const overrides = [`log.dirs=${folder}`, 'listeners=PLAINTEXT://127.0.0.1:0']
  const args = overrides.flatMap(override => ['--override', override])
  const limited = `ulimit -n ${DESCRIPTORS}; exec "$@"`
  const broker = spawn('bash', ['-c', limited, 'bash', process.execPath, MAIN, ...args])
  child = broker
  return new Promise((resolve, reject) => {
    broker.once('close', code => reject(new Error(`the broker ended with ${code}`)))
    broker.stdout.on('data', text => {
      const port = /127\.0\.0\.1:(\d+)/.exec(String(text))?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  })
}

/** Opens a connection; `isClosed` says whether the broker turned it away. */
function idle(port: number): Promise<{ socket: Socket; isClosed: boolean }> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const entry = { socket, isClosed: false }
    socket.on('error', () => {})
    socket.on('close', () => (entry.isClosed = true))
    socket.on('end', () => socket.destroy())
    socket.resume()
    socket.once('connect', () => resolve(entry))
  })
}

test('idle connections never take the descriptors of storage', async () => {
  const port = await startLimited()
  const client = await WireClient.connect(nodeHost().net, port)
  await createTopic(client, 't', { 'segment.bytes': '1048576' }, 20)
  const produceAll = async (): Promise<number[]> => {
    const codes: number[] = []
    for (let index = 0; index < 20; index++) {
      const draft = produceDraft({ name: 't' }, batchOf(['a'.repeat(600_000)]), { index })
      const { responses } = await client.ask(ApiKey.PRODUCE, 9, draft)
      codes.push(responses[0].partitionResponses[0].errorCode)
    }
    return codes
  }
  const served = Array.from({ length: 20 }, () => 0)
  expect(await produceAll()).toEqual(served)

  const connections: Awaited<ReturnType<typeof idle>>[] = []
  for (let i = 0; i < DESCRIPTORS; i++) connections.push(await idle(port))
  await expect.poll(() => connections.filter(({ isClosed }) => isClosed).length).toBe(151)
  // Segments roll, are sealed, and folders are synced meanwhile.
  expect(await produceAll()).toEqual(served)
  await createTopic(client, 'another')
  const told = async () => (await client.ask(PrivateApiKey.DESCRIBE_CONDITIONS, 0, {})).conditions
  await expect
    .poll(told, { timeout: 20_000 })
    .toMatchObject([{ kind: 'descriptors-spent', severity: 'error' }])

  for (const { socket } of connections) socket.destroy()
  await expect.poll(told, { timeout: 20_000 }).toEqual([])
  client.connection.destroy()
})
