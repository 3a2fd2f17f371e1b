/** How soon is it there, and how much memory does it want? The built `dist/`, as users run it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { encodeRequestFrame } from '../protocol/frame.ts'
import { MetadataRequest } from '../protocol/messages/metadata.ts'
import { type Program, residentBytes, start, untilListening } from './support/process.ts'
import { writeProduce } from './support/requests.ts'
import { workFolder } from './support/subjects.ts'
import { medianFigures, printRow, type Row } from './support/table.ts'

const MB = 1e6
const PORT = 19350
const TOPIC = 'first'
const IDLE_CONNECTIONS = 9000
const root = new URL('..', import.meta.url).pathname

export async function footprint(rounds: number): Promise<Row[]> {
  const starts: Record<string, number>[] = []
  for (let i = 0; i < rounds + 1; i++) {
    const measured = await startOnce()
    // The first start fills the compile cache, as the first start after an install does.
    if (i > 0) starts.push(measured)
  }
  const rows = [
    row('start, empty folder', medianFigures(starts)),
    row('idle for 5 s', await idle()),
    row('10,000 empty partitions', await manyPartitions()),
  ]
  rows.forEach(printRow)
  return rows
}

const row = (work: string, figures: Record<string, number>): Row => ({
  question: 'footprint',
  work,
  subject: 'ottla fsync',
  figures,
})

function launch(folder: string): Program {
  return start('0', [
    ...[process.execPath, `${root}dist/ottla.js`, 'start'],
    ...[
      '--override',
      `listeners=PLAINTEXT://127.0.0.1:${PORT}`,
      '--override',
      `log.dirs=${folder}`,
    ],
  ])
}

function freshFolder(): string {
  const folder = `${workFolder}/footprint`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

/** From process start to a socket that accepts, and to the ack of a produce that made its topic. */
async function startOnce(): Promise<Record<string, number>> {
  const file = `${workFolder}/first.request`
  const folder = freshFolder()
  writeProduce(file, { topic: TOPIC, partition: 0, acks: -1, records: 1, valueBytes: 100 })
  const request = readFileSync(file)
  const metadata = Buffer.concat(
    encodeRequestFrame(
      MetadataRequest,
      { version: 4, correlationId: 1, clientId: 'bench' },
      {
        topics: [{ name: TOPIC }],
        allowAutoTopicCreation: true,
      },
    ) as Buffer[],
  )
  const began = performance.now()
  const program = launch(folder)
  const socket = await untilAccepted(program)
  const listeningMs = performance.now() - began
  await ask(socket, metadata)
  await ask(socket, request)
  const firstAckMs = performance.now() - began
  socket.destroy()
  await program.stop()
  return { listeningMs, firstAckMs }
}

async function untilAccepted(program: Program): Promise<Socket> {
  while (program.child.exitCode === null) {
    const socket = await new Promise<Socket | null>(resolve => {
      const attempt = connect({ port: PORT, host: '127.0.0.1', noDelay: true })
      attempt.once('connect', () => resolve(attempt))
      attempt.once('error', () => resolve(null))
    })
    if (socket !== null) return socket
    await pause(1)
  }
  throw new Error(program.output())
}

/** Sends a frame and waits for the whole reply. */
function ask(socket: Socket, frame: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let have: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      have = Buffer.concat([have, chunk])
      if (have.length < 4 || have.length < 4 + have.readInt32BE(0)) return
      socket.removeAllListeners('data')
      resolve()
    })
    socket.once('error', reject)
    socket.write(frame)
  })
}

async function idle(): Promise<Record<string, number>> {
  const program = launch(freshFolder())
  await untilListening(program, PORT)
  await pause(5000)
  const idleRssMB = residentBytes(program.pid) / MB
  await program.stop()
  return { idleRssMB }
}

async function manyPartitions(): Promise<Record<string, number>> {
  const folder = freshFolder()
  let program = launch(folder)
  await untilListening(program, PORT)
  await createPartitions(10, 1000)
  await program.stop()
  const began = performance.now()
  program = launch(folder)
  await untilListening(program, PORT)
  const restartMs = performance.now() - began
  await pause(5000)
  const before = residentBytes(program.pid)
  const sockets = await openMany(IDLE_CONNECTIONS)
  await pause(2000)
  const after = residentBytes(program.pid)
  for (const socket of sockets) socket.destroy()
  await program.stop()
  writeFileSync(`${workFolder}/footprint.log`, program.output())
  return { restartMs, rssMB: before / MB, connectionsAddMB: (after - before) / MB }
}

async function createPartitions(topics: number, partitions: number): Promise<void> {
  const admin = new Kafka({
    brokers: [`127.0.0.1:${PORT}`],
    logLevel: logLevel.NOTHING,
    requestTimeout: 120_000,
  }).admin()
  await admin.connect()
  for (let i = 0; i < topics; i++) {
    await admin.createTopics({ topics: [{ topic: `many-${i}`, numPartitions: partitions }] })
  }
  await admin.disconnect()
}

async function openMany(count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (let i = 0; i < count; i++) {
    const socket = connect(PORT, '127.0.0.1')
    socket.on('error', error => {
      throw error
    })
    sockets.push(socket)
    if (i % 500 === 499) await new Promise(resolve => socket.once('connect', resolve))
  }
  await Promise.all(
    sockets.map(s => (s.connecting ? new Promise(resolve => s.once('connect', resolve)) : null)),
  )
  return sockets
}
