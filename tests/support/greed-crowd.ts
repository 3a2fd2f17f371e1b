/**
 * A crowd of greedy clients in a process of its own, so that its work delays neither the broker
 * nor the polite client. Arguments: the crowd's name, the port, the number of connections. The
 * process tells its parent how it fares, and ends when the parent disconnects from it.
 */
import { connect, type Socket } from 'node:net'
import { crc32c } from '@node-rs/crc32'
import { loadSystemCalls } from '../../host/node/native.ts'
import { socketCalls } from '../../host/node/socket-calls.ts'
import { descriptorOf } from '../../host/node/sockets.ts'
import { encodeRequestFrame } from '../../protocol/frame.ts'
import { ApiVersionsRequest } from '../../protocol/messages/api-versions.ts'
import { FetchRequest } from '../../protocol/messages/fetch.ts'
import { ProduceRequest } from '../../protocol/messages/produce.ts'
import { Codec } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { CONNECTING_MAX, type Crowd, type CrowdNews } from './greed-crowds.ts'

const NEWS_MS = 500
const TRICKLE_MS = 500
const BOMB_BYTES = 60 << 20
const BOMB_ROUNDS = 3
/** What a stalled client promises, and what it brings of that at once. */
const STALLED_FRAME_BYTES = 100_000_000
const STALLED_BROUGHT_BYTES = STALLED_FRAME_BYTES / 2
const SLOW_FRAME_BYTES = 512 << 10
const zeros = Buffer.alloc(1 << 20)
const envelope = (version: number) => ({ version, correlationId: 1, clientId: 'greedy' })

/** What each crowd does with a connection; called once it is open. */
const acts: Record<Crowd, () => (socket: Socket) => void> = {
  parked: () => {
    const tiny = whole(encodeRequestFrame(ApiVersionsRequest, envelope(0), {}))
    const payload = Buffer.concat([fetch('parked', 1 << 20), ...Array(4500).fill(tiny)])
    return socket => void socket.write(payload)
  },
  unread: () => {
    const payload = Buffer.concat(Array(20).fill(fetch('full', 1)))
    return socket => void socket.write(payload)
  },
  stalled: () => {
    const head = frameHead(STALLED_FRAME_BYTES)
    return socket => {
      socket.write(head)
      bring(socket, STALLED_BROUGHT_BYTES, () => trickle(socket, 1))
    }
  },
  bombs: () => bombs(3),
  'bombs-22': () => bombs(22),
  slow: () => {
    const head = frameHead(SLOW_FRAME_BYTES)
    return socket => {
      socket.write(head)
      bring(socket, SLOW_FRAME_BYTES / 2, () => trickle(socket, 64))
    }
  },
}

function bombs(level: number): (socket: Socket) => void {
  const record = { key: null, value: Buffer.alloc(BOMB_BYTES), timestamp: 0 }
  const batch = buildBatch({ records: [record], codec: Codec.ZSTD, level, crc32c })
  const request = whole(
    encodeRequestFrame(ProduceRequest, envelope(7), {
      transactionalId: null,
      acks: 1,
      timeoutMs: 30_000,
      topicData: [{ name: 'bombs', partitionData: [{ index: 0, records: batch }] }],
    }),
  )
  return socket => {
    socket.on('data', () => answers++)
    socket.write(Buffer.concat(Array(BOMB_ROUNDS).fill(request)))
  }
}

function fetch(topic: string, minBytes: number): Buffer {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }]
  const draft = { maxWaitMs: 600_000, minBytes, maxBytes: 1 << 20, topics: [{ topic, partitions }] }
  return whole(encodeRequestFrame(FetchRequest, envelope(4), draft))
}

/** The beginning of a produce request that promises so many bytes. */
function frameHead(frameBytes: number): Buffer {
  const bytes = Buffer.alloc(4 + 8 + 2)
  bytes.writeInt32BE(frameBytes)
  bytes.writeInt16BE(7, 6)
  return bytes
}

function bring(socket: Socket, sizeBytes: number, done: () => void): void {
  if (socket.destroyed) return
  const step = Math.min(sizeBytes, zeros.length)
  const next = () => (sizeBytes > step ? bring(socket, sizeBytes - step, done) : done())
  socket.write(zeros.subarray(0, step), next)
}

function trickle(socket: Socket, sizeBytes: number): void {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer)
    else if (socket.writableLength === 0) socket.write(zeros.subarray(0, sizeBytes))
  }, TRICKLE_MS)
}

function whole(pieces: readonly unknown[]): Buffer {
  return Buffer.concat(pieces as Buffer[])
}

const [crowd, port, count] = process.argv.slice(2)
const act = acts[crowd as Crowd]()
const calls = socketCalls(loadSystemCalls())
const sockets = new Set<Socket>()
let connected = 0
let closed = 0
let answers = 0

function open(): void {
  // Whatever a crowd does not listen for stays unread: a paused socket reads nothing.
  const socket = connect({ port: Number(port), host: '127.0.0.1' })
  if (!(crowd as string).startsWith('bombs')) socket.pause()
  sockets.add(socket)
  socket.once('connect', () => {
    connected++
    act(socket)
    if (connected <= Number(count) - CONNECTING_MAX) open()
  })
  socket.on('error', () => {})
  socket.once('close', () => {
    closed++
    sockets.delete(socket)
  })
}

function tell(): void {
  let kernelBytes = 0
  for (const socket of sockets) {
    const descriptor = descriptorOf(socket)
    if (descriptor >= 0) kernelBytes += calls?.socketMemory?.(descriptor) ?? 0
  }
  process.send?.({ connected, closed, answers, kernelBytes } satisfies CrowdNews)
}

setInterval(tell, NEWS_MS)
process.once('disconnect', () => process.exit())
for (let opening = 0; opening < Math.min(CONNECTING_MAX, Number(count)); opening++) open()
