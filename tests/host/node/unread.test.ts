/** Connections whose peers do not proceed: replies left unread, peers that left. */
import { expect, test } from 'vitest'
import { BudgetNews } from '../../../host/node/budget-news.ts'
import { loadSystemCalls } from '../../../host/node/native.ts'
import { SendMemory, type UnreadHolder } from '../../../host/node/send-memory.ts'
import { type SocketCalls, socketCalls } from '../../../host/node/socket-calls.ts'
import { SocketWatch, type WatchedConnection } from '../../../host/node/socket-watch.ts'
import { frameOf, station } from './support.ts'

const MIB = 1 << 20

class Unread implements UnreadHolder {
  progressBytes = 0
  reason: Error | null = null
  readonly #memory: SendMemory
  readonly unreadBytes: number

  constructor(memory: SendMemory, unreadBytes: number) {
    this.#memory = memory
    this.unreadBytes = unreadBytes
    memory.stuck(this, unreadBytes)
  }

  abandon(reason: Error): void {
    this.reason = reason
    this.#memory.unstuck(this, this.unreadBytes)
  }
}

test('those who leave most unread go first when replies take too much, readers stay', () => {
  const told: (string | null)[] = []
  const news = new BudgetNews()
  news.listen((_, message) => told.push(message))
  const memory = new SendMemory(10 * MIB, news, 1e6)
  const small = new Unread(memory, MIB)
  const large = new Unread(memory, 4 * MIB)
  const reads = new Unread(memory, 5 * MIB)
  const larger = new Unread(memory, 4.5 * MIB)
  expect(memory.isTight).toBe(true)
  for (let tick = 0; tick < 4; tick++) {
    reads.progressBytes += 1000
    memory.tick()
  }
  const isClosed = [small, large, reads, larger].map(({ reason }) => reason !== null)
  expect(isClosed).toEqual([false, false, false, true])
  expect(memory.usedBytes).toBe(10 * MIB)
  expect(told).toHaveLength(1)
  for (const each of [small, large, reads]) each.abandon(new Error('the end'))
  expect(memory.usedBytes).toBe(0)
})

test('unread replies of many connections have one budget, and readers keep theirs', async () => {
  const budgetBytes = 16 * MIB
  const { host, dial, close, until } = await station({ native: 'off', sendBytesMax: budgetBytes })
  const reader = await dial()
  reader.socket.resume()
  const greedy = await Promise.all(Array.from({ length: 20 }, dial))
  // More than the kernel takes for a peer that does not read.
  const reply = Buffer.alloc(14 * MIB)
  for (const { peer } of greedy) peer.connection?.send([reply])
  await until(() => host.sendMemory.usedBytes > budgetBytes)
  await until(() => host.sendMemory.usedBytes <= budgetBytes)
  await until(() => greedy.filter(({ peer }) => peer.hasHeardEnd).length > 10)
  let isTaken = false
  reader.peer.connection?.send([reply], error => {
    isTaken = error === null
  })
  await until(() => isTaken)
  await close()
  expect(host.sendMemory.usedBytes).toBe(0)
}, 60_000)

test.each(['on', 'off'] as const)(
  'a peer that left is noticed while its connection is paused, native parts %s',
  async native => {
    const { dial, close, until } = await station({ native })
    const { socket, peer } = await dial()
    let isEndAhead = false
    Object.assign(peer, { onEndAhead: () => (isEndAhead = true) })
    peer.connection?.pause()
    socket.end(frameOf('asked before it left'))
    await until(() => isEndAhead)
    expect([peer.frames.length, peer.ends]).toEqual([0, 0])
    peer.connection?.resume()
    await until(() => peer.ends === 1)
    expect(peer.texts()).toEqual(['asked before it left'])
    await close()
  },
)

class Watched implements WatchedConnection {
  readonly isPaused = true
  movedBytes = 0
  reason: Error | null = null
  readonly descriptor: number
  readonly #watch: SocketWatch

  constructor(watch: SocketWatch, descriptor: number) {
    this.#watch = watch
    this.descriptor = descriptor
    watch.add(this)
  }

  probe() {}
  peerEnded() {}
  peerVanished() {}

  abandon(reason: Error): void {
    this.reason = reason
    this.#watch.remove(this)
  }
}

test('kernel memory of connections that stand still has a budget', () => {
  const sizes = [300, 100, 500, 400]
  const calls: SocketCalls = {
    pollPeers: descriptors => descriptors.map(() => 'there'),
    socketMemory: descriptor => sizes[descriptor] as number,
  }
  const watch = new SocketWatch(() => calls, 1000)
  const all = sizes.map((_, descriptor) => new Watched(watch, descriptor))
  for (let round = 1; round <= 3; round++) {
    // The largest goes on, so that it is not the one to go.
    if (all[2]) all[2].movedBytes++
    watch.step(round * 2000)
  }
  expect(all.map(({ reason }) => reason !== null)).toEqual([false, false, false, true])
  expect(watch.kernelBytes).toBe(900)
  for (const each of all) watch.remove(each)
})

const calls = socketCalls(loadSystemCalls())

test.skipIf(!calls?.socketMemory)('the kernel tells what waits in a socket', async () => {
  const { dial, close, until } = await station()
  const { socket, peer } = await dial()
  peer.connection?.pause()
  socket.write(Buffer.alloc(40_000))
  const { descriptor } = peer.connection as unknown as WatchedConnection
  await until(() => (calls?.socketMemory?.(descriptor) ?? 0) >= 40_000)
  expect(calls?.pollPeers?.([descriptor])).toEqual(['there'])
  socket.destroy()
  await until(() => calls?.pollPeers?.([descriptor])[0] !== 'there')
  await close()
})
