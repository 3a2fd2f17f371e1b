import { expect, test } from 'vitest'
import { BudgetNews } from '../../../host/node/budget-news.ts'
import { NodeLoop } from '../../../host/node/loop.ts'
import { MemoryReturn } from '../../../host/node/memory-return.ts'
import { loadSystemCalls, type SystemCalls } from '../../../host/node/native.ts'
import { NodeNet } from '../../../host/node/net.ts'
import { stopPacing } from '../../../host/node/pacing.ts'
import { ReceiveMemory } from '../../../host/node/receive-memory.ts'
import { SendMemory } from '../../../host/node/send-memory.ts'
import { SocketWatch } from '../../../host/node/socket-watch.ts'
import { Peer, station } from './support.ts'

test('the kernel lets a connection of this machine go unpaced', async () => {
  const { dial, close } = await station()
  const { socket } = await dial()
  const calls = loadSystemCalls()
  expect(stopPacing(socket, calls)).toBe(calls?.setsockopt != null)
  expect(stopPacing(socket, null)).toBe(false)
  socket.destroy()
  expect(stopPacing(socket, calls)).toBe(false)
  await close()
})

test('a listener does so with what it accepts from this machine', async () => {
  const loop = new NodeLoop()
  const options: unknown[] = []
  const setsockopt = (...args: unknown[]) => {
    options.push([...args.slice(1, 3), String(args[3])])
    return 0
  }
  const net = new NodeNet({
    loop,
    memory: new ReceiveMemory(1 << 24, 5000),
    fileSender: null,
    receive: null,
    news: new BudgetNews(),
    sendMemory: new SendMemory(1 << 26),
    watch: new SocketWatch(() => null, Number.POSITIVE_INFINITY),
    calls: () => ({ setsockopt }) as unknown as SystemCalls,
    memoryReturn: new MemoryReturn(process.memoryUsage, async () => {}),
    onListening() {},
  })
  const accepted = new Peer(loop)
  const listener = await net.listen({ host: '127.0.0.1', port: 0 }, connection => {
    accepted.connection = connection
    return accepted
  })
  const { host, port } = listener
  const dialled = await net.connect({ host, port, timeoutMs: 5000 }, new Peer(loop))
  await accepted.until(() => accepted.connection !== null)
  // IPPROTO_TCP, TCP_CONGESTION: once, for the side that was accepted.
  expect(options).toEqual([[6, 13, 'reno']])
  dialled.destroy()
  accepted.connection?.destroy()
  await listener.close()
  await accepted.until(() => accepted.closes.length === 1)
})
