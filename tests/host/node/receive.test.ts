import { describe, expect, test } from 'vitest'
import type { Frame } from '../../../host/host.ts'
import type { ReceiveMethod } from '../../../host/node/sockets.ts'
import { pattern } from '../contract/net-contract.ts'
import { frameOf, receive, slabsLeftBy, station } from './support.ts'

const METHODS: ReceiveMethod[] = ['handle', 'dup', 'data']
const MIB = 1 << 20

describe.each(METHODS)('receiving by %s', method => {
  test('frames split at every byte arrive whole', async () => {
    const { dial, close, until } = await station({ receive: method })
    const { socket, peer } = await dial()
    const bytes = Buffer.concat([frameOf('ab'), frameOf(''), frameOf('z'), frameOf('abcdefgh')])
    let expected = 0
    for (let at = 1; at < bytes.length; at++) {
      socket.write(bytes.subarray(0, at))
      const before = at >= 6 ? 1 : 0
      await until(() => peer.frames.length >= expected + before)
      socket.write(bytes.subarray(at))
      expected += 4
      await until(() => peer.frames.length === expected)
    }
    const one = ['ab', '', 'z', 'abcdefgh']
    expect(peer.texts()).toEqual(Array.from({ length: bytes.length - 1 }, () => one).flat())
    await close()
  })

  test('a frame sent byte by byte arrives whole', async () => {
    const { host, dial, close, until } = await station({ receive: method })
    const { socket, peer } = await dial()
    for (const byte of frameOf(pattern(300))) {
      socket.write(Buffer.of(byte))
      await host.loop.nextTurn()
    }
    await until(() => peer.frames.length === 1)
    expect(peer.frames[0]?.bytes.equals(pattern(300))).toBe(true)
    await close()
  })

  test('a thousand frames in one segment are delivered in one turn, in order', async () => {
    const { dial, close, until } = await station({ receive: method })
    const { socket, peer } = await dial()
    socket.write(Buffer.concat(Array.from({ length: 1000 }, (_, at) => frameOf(`${at}`))))
    await until(() => peer.frames.length === 1000)
    expect(peer.texts()).toEqual(Array.from({ length: 1000 }, (_, at) => `${at}`))
    await close()
  })

  test('long frames between short ones are unharmed, and give their memory back', async () => {
    const left = await slabsLeftBy(async () => {
      const { dial, close, until, host } = await station({ receive: method })
      const { socket, peer } = await dial()
      const sizes = [10, 20_000, 3, MIB, MIB + 16_384, MIB + 16_385, 5, 7 * MIB + 1, 70_000, 1]
      for (const size of sizes) socket.write(frameOf(pattern(size)))
      await until(() => peer.frames.length === sizes.length)
      for (const [at, size] of sizes.entries()) {
        expect(peer.frames[at]?.bytes.equals(pattern(size))).toBe(true)
      }
      expect(host.memory.outstandingFrames).toBe(sizes.length)
      peer.releaseAll()
      expect(host.memory.outstandingFrames).toBe(0)
      await close()
      expect(host.memory.usedBytes).toBe(0)
    })
    expect(left).toBe(0)
  })

  test('half a frame, then silence and a close, leaves nothing behind', async () => {
    const left = await slabsLeftBy(async () => {
      for (const size of [3, 100, 30_000, 2_000_000]) {
        const { dial, close, until, host } = await station({ receive: method })
        const { socket, peer } = await dial()
        socket.write(frameOf(pattern(3_000_000)).subarray(0, size))
        await until(() => host.memory.usedBytes > 0)
        socket.destroy()
        await until(() => peer.hasHeardEnd)
        expect(peer.frames).toEqual([])
        await close()
        expect(host.memory.usedBytes).toBe(0)
      }
    })
    expect(left).toBe(0)
  })

  test('a client that half-closes after asking gets its whole answer', async () => {
    const answer = pattern(16_800_000)
    const { dial, close, until } = await station({ receive: method })
    const { socket, peer } = await dial()
    socket.end(frameOf('the question'))
    await until(() => peer.ends === 1)
    expect(peer.texts()).toEqual(['the question'])
    peer.connection?.send([answer])
    peer.connection?.end()
    expect((await receive(socket, answer.length)).equals(answer)).toBe(true)
    await until(() => peer.closes.length === 1)
    expect(peer.closes).toEqual([null])
    await close()
  })

  test('the end is told after the frames that a pause held back', async () => {
    const { dial, close, until, host } = await station({ receive: method }, (peer, connection) => {
      peer.onFrameArrived = () => connection.pause()
    })
    const { socket, peer } = await dial()
    socket.end(Buffer.concat([frameOf('a'), frameOf('b'), frameOf('c')]))
    for (const count of [1, 2, 3]) {
      await until(() => peer.frames.length === count)
      for (let turn = 0; turn < 5; turn++) await host.loop.nextTurn()
      expect([peer.frames.length, peer.ends]).toEqual([count, 0])
      peer.connection?.resume()
    }
    await until(() => peer.ends === 1)
    await close()
  })

  test('a connection paused, ended or destroyed while it is accepted stays so', async () => {
    const acts = ['pause', 'end', 'destroy'] as const
    let count = 0
    const { dial, close, until, host } = await station({ receive: method }, (_, connection) => {
      connection[acts[count++] ?? 'pause']()
    })
    const clients = [await dial(), await dial(), await dial()]
    for (const { socket } of clients) socket.write(frameOf('hello'))
    clients[1]?.socket.end()
    await until(() => clients[1]?.peer.closes.length === 1 && clients[2]?.peer.closes.length === 1)
    for (let turn = 0; turn < 20; turn++) await host.loop.nextTurn()
    expect(clients.map(({ peer }) => peer.frames.length)).toEqual([0, 0, 0])
    clients[0]?.peer.connection?.resume()
    await until(() => clients[0]?.peer.frames.length === 1)
    await close()
    expect(host.memory.usedBytes).toBe(0)
  })

  test.each([1, 2, 3])(
    'any frames in any segments with any pauses are unharmed (%i)',
    async seed => {
      const random = randomOf(seed)
      const sizes = Array.from({ length: 250 }, () => Math.floor(10 ** (random() * 5.4)) - 1)
      const bytes = Buffer.concat(sizes.map(size => frameOf(pattern(size))))
      let delivered = 0
      const { dial, close, until, host } = await station(
        { receive: method },
        (peer, connection) => {
          peer.onFrameArrived = () => {
            const size = sizes[delivered++] as number
            if (!peer.frames.at(-1)?.bytes.equals(pattern(size)))
              throw new Error(`frame ${delivered}`)
            if (random() < 0.5) peer.releaseAll(Math.floor(random() * peer.frames.length))
            if (random() < 0.8) return
            connection.pause()
            if (random() < 0.5) connection.resume()
            else setImmediate(() => connection.resume())
          }
        },
      )
      const { socket, peer } = await dial()
      for (let at = 0; at < bytes.length; ) {
        const step = Math.floor(10 ** (random() * 5.5))
        socket.write(bytes.subarray(at, at + step))
        at += step
        if (random() < 0.3) await host.loop.nextTurn()
      }
      socket.end()
      await until(() => peer.ends === 1)
      expect(delivered).toBe(sizes.length)
      await close()
      expect(host.memory.usedBytes).toBe(0)
    },
  )

  test('a paused connection leaves what comes to the kernel', async () => {
    const { dial, close, until, host } = await station({ receive: method })
    const { socket, peer } = await dial()
    peer.connection?.pause()
    let isTaken = false
    socket.write(Buffer.alloc(64 * MIB), () => {
      isTaken = true
    })
    for (let turn = 0; turn < 200; turn++) await host.loop.nextTurn()
    expect(isTaken).toBe(false)
    expect(host.memory.usedBytes).toBeLessThan(3 * MIB)
    peer.frameBytesMax = () => 0
    peer.connection?.resume()
    await until(() => peer.frames.length > 100_000)
    await close()
  })
})

describe('receive memory', () => {
  test('frames of many connections lie together in one slab', async () => {
    const { dial, close, until, host } = await station()
    const clients = [await dial(), await dial(), await dial()]
    for (let round = 0; round < 20; round++) {
      for (const { socket } of clients) socket.write(frameOf(pattern(500)))
    }
    await until(() => clients.every(({ peer }) => peer.frames.length === 20))
    const memory = new Set(clients.flatMap(({ peer }) => peer.frames.map(f => f.bytes.buffer)))
    expect(memory.size).toBe(1)
    expect(host.memory.usedBytes).toBeLessThan(2 * MIB)
    await close()
  })

  test('a claimed length allocates nothing', async () => {
    const { dial, close, until, host } = await station({}, peer => {
      peer.frameBytesMax = () => 1 << 30
    })
    const claim = Buffer.from([0x3f, 0xff, 0xff, 0xff, 0, 0])
    for (let count = 0; count < 50; count++) (await dial()).socket.write(claim)
    await until(() => host.memory.usedBytes > 0)
    expect(host.memory.usedBytes).toBeLessThan(2 * MIB)
    await close()
  })

  test('when the budget is spent reading stops, and goes on as frames are released', async () => {
    const { dial, close, until, host } = await station({ receiveBytesMax: 8 * MIB })
    const clients = [await dial(), await dial(), await dial(), await dial()]
    for (const { socket } of clients) {
      for (let count = 0; count < 10; count++) socket.write(frameOf(pattern(MIB)))
    }
    const frames = () => clients.reduce((sum, { peer }) => sum + peer.frames.length, 0)
    await until(() => host.memory.isSpent)
    for (let turn = 0; turn < 200; turn++) await host.loop.nextTurn()
    // The budget, and what frames that had a slab already went on to bring.
    expect(host.memory.usedBytes).toBeLessThan(14 * MIB)
    expect(frames()).toBeLessThan(14)
    let delivered = 0
    while (delivered < 40) {
      await until(() => frames() > 0)
      delivered += frames()
      for (const { peer } of clients) {
        for (const frame of peer.frames) expect(frame.bytes.equals(pattern(MIB))).toBe(true)
        peer.releaseAll()
      }
    }
    expect(host.memory.isSpent).toBe(false)
    await close()
    expect(host.memory.usedBytes).toBe(0)
  })

  test('unfinished frames that spend the budget get through one after another', async () => {
    const { dial, close, until, host } = await station({ receiveBytesMax: 5 * MIB })
    const body = pattern(3 * MIB)
    const frame = frameOf(body)
    const clients = [await dial(), await dial(), await dial(), await dial(), await dial()]
    let delivered = 0
    for (const { socket, peer } of clients) {
      peer.onFrameArrived = () => {
        expect(peer.frames.at(-1)?.bytes.equals(body)).toBe(true)
        delivered++
        setImmediate(() => peer.releaseAll())
      }
      // Half of each first, so that all are unfinished at once.
      socket.write(frame.subarray(0, frame.length / 2))
    }
    await until(() => host.memory.isSpent)
    for (const { socket } of clients) socket.write(frame.subarray(frame.length / 2))
    await until(() => delivered === clients.length)
    await close()
    expect(host.memory.usedBytes).toBe(0)
  })

  test('peers that fall silent inside frames cannot keep the memory from others', async () => {
    const options = { receiveBytesMax: 5 * MIB, receiveStallMs: 100 }
    const { dial, close, until, host } = await station(options)
    const silent = await Promise.all(Array.from({ length: 6 }, dial))
    for (const { socket } of silent) socket.write(frameOf(pattern(MIB)).subarray(0, 200_000))
    await until(() => host.memory.isSpent)
    const honest = await dial()
    honest.socket.write(frameOf('let me through'))
    await until(() => honest.peer.frames.length === 1)
    const isDropped = ({ peer }: (typeof silent)[0]) => peer.closes.length === 1
    await until(() => silent.some(isDropped))
    const dropped = silent.filter(isDropped)
    expect(dropped[0]?.peer.closes[0]?.message).toContain('stalled')
    await close()
  })

  test('a frame released twice is an error, and so is one used after', async () => {
    const { dial, close, until } = await station()
    const { socket, peer } = await dial()
    socket.write(frameOf('once'))
    await until(() => peer.frames.length === 1)
    const frame = peer.frames.pop() as Frame
    frame.release()
    expect(() => frame.release()).toThrow('more often')
    expect(() => frame.retain()).toThrow('after its last')
    await close()
  })

  test('hundreds of connections answer each other and leave', async () => {
    const { dial, close, until, listener } = await station({}, (peer, connection) => {
      peer.onFrameArrived = () => {
        connection.send([frameOf(peer.texts().join())])
        peer.releaseAll()
      }
    })
    const clients: Awaited<ReturnType<typeof dial>>[] = []
    while (clients.length < 200) clients.push(await dial())
    expect(listener.connections.size).toBe(200)
    for (const [at, { socket }] of clients.entries()) socket.write(frameOf(`number ${at}`))
    const answers = await Promise.all(
      clients.map(({ socket }, at) => receive(socket, 4 + `number ${at}`.length)),
    )
    expect(answers.map(answer => answer.toString('latin1', 4))).toEqual(
      answers.map((_, at) => `number ${at}`),
    )
    for (const { socket } of clients) socket.destroy()
    for (const { peer } of clients) await until(() => peer.hasHeardEnd)
    await close()
    expect(listener.connections.size).toBe(0)
  })
})

/** Repeatable numbers in [0, 1). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
