/**
 * What every `Net` does, real or simulated. A suite file calls `netContract` with a way to make
 * one; the tests use nothing but the interface. Both ends are connections of the same `Net`.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Disk, Loop, Net } from '../../../host/host.ts'
import { frameOf, Peer } from './peer.ts'

export interface NetWorld {
  readonly net: Net
  readonly loop: Loop
  /** For file ranges: a disk that `net` can send from, and an empty folder on it. */
  readonly disk: Disk
  readonly folder: string
  /** An address to listen on and to connect to. */
  readonly address: string
  dispose(): void | Promise<void>
}

export function netContract(name: string, make: () => NetWorld | Promise<NetWorld>): void {
  describe(`net contract: ${name}`, () => {
    let world: NetWorld
    beforeEach(async () => {
      world = await make()
    })
    afterEach(() => world.dispose())
    const context = () => world
    frames(context)
    limits(context)
    sending(context)
    endings(context)
    listening(context)
  })
}

type Context = () => NetWorld

/** Two connected peers; `server` is the side that accepted. */
async function pair(world: NetWorld, serverSide: Partial<Peer> = {}) {
  const server = Object.assign(new Peer(world.loop), serverSide)
  const client = new Peer(world.loop)
  const listener = await world.net.listen({ host: world.address, port: 0 }, connection => {
    server.connection = connection
    return server
  })
  client.connection = await connectTo(world, listener.port, client)
  await server.until(() => server.connection !== null)
  const close = async () => {
    server.connection?.destroy()
    client.connection?.destroy()
    await listener.close()
  }
  return { server, client, listener, close }
}

function connectTo(world: NetWorld, port: number, handler: Peer) {
  return world.net.connect({ host: world.address, port, timeoutMs: 5_000 }, handler)
}

function frames(context: Context): void {
  test('frames arrive whole, in order and without their length, in both directions', async () => {
    const { server, client, close } = await pair(context())
    client.send(frameOf('first'), frameOf('second'))
    client.send(frameOf(''), frameOf('x'), frameOf('third'))
    await server.until(() => server.frames.length === 5)
    expect(server.texts()).toEqual(['first', 'second', '', 'x', 'third'])
    server.send(frameOf('reply one'))
    server.send(frameOf('reply two'))
    await client.until(() => client.frames.length === 2)
    expect(client.texts()).toEqual(['reply one', 'reply two'])
    await close()
  })

  test('a frame sent in many pieces arrives in one', async () => {
    const { server, client, close } = await pair(context())
    const body = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251))
    const bytes = frameOf(body)
    client.send(...Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1)))
    await server.until(() => server.frames.length === 1)
    expect(server.frames[0]?.bytes.equals(body)).toBe(true)
    await close()
  })

  test('frames of every size class arrive unharmed', async () => {
    const { server, client, close } = await pair(context())
    const sizes = [1, 2, 3, 100, 16_380, 16_384, 65_532, 65_536, 65_540, 300_000, 1 << 20]
    sizes.push((1 << 20) + 1, 3_000_000, 5, 2_097_152, 7)
    const bodies = sizes.map(pattern)
    for (const body of bodies) client.send(frameOf(body))
    await server.until(() => server.frames.length === sizes.length)
    expect(server.frames.map(frame => frame.bytes.length)).toEqual(sizes)
    for (const [at, body] of bodies.entries()) {
      expect(server.frames[at]?.bytes.equals(body)).toBe(true)
    }
    await close()
  })

  test('a retained frame keeps its bytes while others come and go', async () => {
    const { server, client, close } = await pair(context())
    client.send(frameOf('keep me'))
    await server.until(() => server.frames.length === 1)
    const kept = server.frames[0]
    kept?.retain()
    kept?.release()
    kept?.bytes.write('KEEP')
    for (let round = 0; round < 300; round++) client.send(frameOf(pattern(round * 37)))
    await server.until(() => server.frames.length === 301)
    server.releaseAll(1)
    expect(kept?.bytes.toString()).toBe('KEEP me')
    kept?.release()
    await close()
  })

  test('a paused connection delivers no frame until it is resumed', async () => {
    const world = context()
    const { server, client, close } = await pair(world)
    server.onFrameArrived = () => server.connection?.pause()
    for (let index = 0; index < 10; index++) client.send(frameOf(`${index}`))
    await server.until(() => server.frames.length === 1)
    for (let turn = 0; turn < 20; turn++) await world.loop.nextTurn()
    expect(server.texts()).toEqual(['0'])
    server.connection?.resume()
    await server.until(() => server.frames.length === 2)
    for (let turn = 0; turn < 20; turn++) await world.loop.nextTurn()
    expect(server.texts()).toEqual(['0', '1'])
    server.onFrameArrived = () => {}
    server.connection?.resume()
    await server.until(() => server.frames.length === 10)
    expect(server.texts()).toEqual([...'0123456789'])
    await close()
  })
}

function limits(context: Context): void {
  test('a frame that claims too much ends the connection, after the frames before it', async () => {
    const { server, client, close } = await pair(context(), { frameBytesMax: () => 100 })
    client.send(frameOf(pattern(100)), frameOf(pattern(101)), frameOf('never'))
    await server.until(() => server.closes.length === 1)
    await client.until(() => client.hasHeardEnd)
    expect(server.frames.map(frame => frame.bytes.length)).toEqual([100])
    expect(server.closes[0]).toMatchObject({ name: 'FrameTooLarge' })
    await close()
  })

  test('a claim alone, two bytes of a frame behind it, is refused', async () => {
    const { server, client, close } = await pair(context(), { frameBytesMax: () => 1 << 20 })
    client.send(Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 18]))
    await server.until(() => server.closes.length === 1)
    expect(server.closes[0]).toMatchObject({ name: 'FrameTooLarge' })
    await close()
  })

  test('the limit is asked once a frame, with its first two bytes', async () => {
    const heads: number[] = []
    const frameBytesMax = (head: number) => {
      heads.push(head)
      return 1 << 22
    }
    const { server, client, close } = await pair(context(), { frameBytesMax })
    client.send(frameOf(Buffer.from([0, 18, 1])), frameOf(Buffer.from([0xff, 0xfe])))
    client.send(frameOf(pattern(2_000_000)))
    await server.until(() => server.frames.length === 3)
    expect(heads).toEqual([18, -2, pattern(2_000_000).readInt16BE()])
    await close()
  })
}

function sending(context: Context): void {
  test('done is called once a send, in order, and what was queued drains', async () => {
    const { server, client, close } = await pair(context())
    const done: string[] = []
    client.connection?.send([frameOf(pattern(3_000_000))], error => done.push(`a ${error}`))
    client.connection?.send([frameOf('b')], error => done.push(`b ${error}`))
    client.connection?.send([], error => done.push(`c ${error}`))
    expect(client.connection?.queuedBytes).toBe(3_000_000 + 4 + 5)
    await server.until(() => server.frames.length === 2)
    await client.until(() => done.length === 3 && client.drains > 0)
    expect(done).toEqual(['a null', 'b null', 'c null'])
    expect(client.connection?.queuedBytes).toBe(0)
    await close()
  })

  test('buffers and file ranges leave in the order given', async () => {
    const world = context()
    const { server, client, close } = await pair(world)
    const bytes = pattern(3_000_000)
    const file = world.disk.open(`${world.folder}/ranges`, 'create')
    file.writev([bytes], 0)
    const sizes = [1, 100, 5_000, 70_000, 400_000, 1_500_000]
    const expected: Buffer[] = []
    for (const [at, sizeBytes] of sizes.entries()) {
      const range = bytes.subarray(at * 1000, at * 1000 + sizeBytes)
      const head = Buffer.alloc(6)
      head.writeInt32BE(sizeBytes * 2 + 6)
      head.write('<<', 4)
      const middle = Buffer.from('||')
      const tail = Buffer.from('>>')
      const piece = { file, position: at * 1000, sizeBytes }
      client.connection?.send([head, piece, middle, piece, tail])
      expected.push(Buffer.concat([head.subarray(4), range, middle, range, tail]))
    }
    client.connection?.send([frameOf('after all')])
    await server.until(() => server.frames.length === sizes.length + 1)
    for (const [at, frame] of expected.entries()) {
      expect(server.frames[at]?.bytes.equals(frame)).toBe(true)
    }
    file.close()
    await close()
  })

  test('a file is kept open until its range has left', async () => {
    const world = context()
    const { server, client, close } = await pair(world)
    const bytes = pattern(2_500_000)
    const file = world.disk.open(`${world.folder}/pinned`, 'create')
    file.writev([bytes], 0)
    const head = Buffer.alloc(4)
    head.writeInt32BE(bytes.length)
    client.connection?.send([head, { file, position: 0, sizeBytes: bytes.length }])
    file.close()
    await server.until(() => server.frames.length === 1)
    expect(server.frames[0]?.bytes.equals(bytes)).toBe(true)
    expect(() => file.read(Buffer.alloc(1), 0)).toThrow()
    await close()
  })

  test('a range behind the end of its file ends the connection', async () => {
    const world = context()
    const { client, close } = await pair(world)
    const file = world.disk.open(`${world.folder}/short`, 'create')
    file.writev([pattern(1000)], 0)
    const errors: (Error | null)[] = []
    const head = Buffer.from([0, 0, 7, 208])
    client.connection?.send([head, { file, position: 0, sizeBytes: 2000 }], e => errors.push(e))
    await client.until(() => client.closes.length === 1)
    expect(client.closes[0]).toBeInstanceOf(Error)
    expect(errors).toEqual([expect.any(Error)])
    file.close()
    await close()
  })
}

function endings(context: Context): void {
  test('ending sends what is queued first, and both sides close in order', async () => {
    const { server, client, close } = await pair(context())
    const frame = frameOf(pattern(2_000_000))
    client.send(frame, frameOf('last'))
    client.connection?.end()
    await server.until(() => server.ends === 1)
    expect(server.frames.map(frame => frame.bytes.length)).toEqual([2_000_000, 4])
    server.connection?.end()
    await server.until(() => server.closes.length === 1)
    await client.until(() => client.closes.length === 1)
    expect([server.closes, client.closes]).toEqual([[null], [null]])
    expect(client.connection?.isOpen).toBe(false)
    await close()
  })

  test('a paused connection that is ended sees the end of its peer', async () => {
    const { server, client, close } = await pair(context())
    server.connection?.pause()
    server.connection?.end()
    server.connection?.pause()
    await client.until(() => client.ends === 1)
    client.connection?.end()
    await server.until(() => server.closes.length === 1)
    await client.until(() => client.closes.length === 1)
    expect([server.closes, client.closes]).toEqual([[null], [null]])
    await close()
  })

  test('destroying closes once, with the reason given, and fails what was queued', async () => {
    const { server, client, close } = await pair(context())
    const errors: (Error | null)[] = []
    const reason = new Error('enough')
    client.connection?.send([frameOf(pattern(3_000_000))], error => errors.push(error))
    client.connection?.destroy(reason)
    client.connection?.destroy(new Error('again'))
    await client.until(() => client.closes.length === 1)
    expect(client.closes).toEqual([reason])
    expect(errors).toEqual([expect.any(Error)])
    await server.until(() => server.hasHeardEnd)
    await close()
  })

  test('sending on a closed connection fails its done and nothing else', async () => {
    const { client, close } = await pair(context())
    client.connection?.destroy()
    await client.until(() => client.closes.length === 1)
    const errors: (Error | null)[] = []
    client.connection?.send([frameOf('late')], error => errors.push(error))
    await client.until(() => errors.length === 1)
    expect(errors).toEqual([expect.any(Error)])
    expect(client.connection?.queuedBytes).toBe(0)
    await close()
  })

  test('no frame is delivered after the connection was destroyed in a frame', async () => {
    const { server, client, close } = await pair(context())
    server.onFrameArrived = () => server.connection?.destroy()
    client.send(frameOf('one'), frameOf('two'), frameOf('three'))
    await server.until(() => server.closes.length === 1)
    expect(server.texts()).toEqual(['one'])
    expect(server.closes).toEqual([null])
    await close()
  })
}

function listening(context: Context): void {
  test('connections know their ends', async () => {
    const { server, client, listener, close } = await pair(context())
    expect(server.connection?.remotePort).toBe(client.connection?.localPort)
    expect(client.connection?.remotePort).toBe(listener.port)
    expect(server.connection?.localPort).toBe(listener.port)
    expect(server.connection?.remoteAddress).toBe(client.connection?.localAddress)
    expect(server.connection?.isOpen).toBe(true)
    expect(server.connection?.id).not.toBe(client.connection?.id)
    await close()
  })

  test('connections above the limit are closed at once and counted', async () => {
    const world = context()
    const accepted: Peer[] = []
    const listener = await world.net.listen(
      { host: world.address, port: 0, connectionsMax: 3, connectionsPerAddressMax: 2 },
      connection => {
        const peer = new Peer(world.loop)
        peer.connection = connection
        accepted.push(peer)
        return peer
      },
    )
    const clients: Peer[] = []
    for (let index = 0; index < 4; index++) {
      const client = new Peer(world.loop)
      clients.push(client)
      client.connection = await connectTo(world, listener.port, client).catch(() => null)
    }
    await clients[0]?.until(() => listener.refusedCount === 2 && accepted.length === 2)
    expect(listener.connections.size).toBe(2)
    for (const peer of accepted) peer.connection?.destroy()
    await clients[0]?.until(() => listener.connections.size === 0)
    const late = new Peer(world.loop)
    late.connection = await connectTo(world, listener.port, late)
    await late.until(() => accepted.length === 3)
    for (const peer of [...accepted, ...clients, late]) peer.connection?.destroy()
    await listener.close()
  })

  test('a closed listener refuses, and leaves open connections alone', async () => {
    const world = context()
    const { server, client, listener, close } = await pair(world)
    await listener.close()
    await listener.close()
    await expect(connectTo(world, listener.port, new Peer(world.loop))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    client.send(frameOf('still open'))
    await server.until(() => server.frames.length === 1)
    await close()
  })

  test('a port in use says EADDRINUSE', async () => {
    const world = context()
    const { listener, close } = await pair(world)
    const again = world.net.listen(
      { host: world.address, port: listener.port },
      () => new Peer(world.loop),
    )
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await close()
  })
}

/** Bytes that tell their place. */
export function pattern(sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 31 + (at >> 8) * 7 + sizeBytes) & 0xff
  return bytes
}
