import { beforeEach, describe, expect, test } from 'vitest'
import type { Connection, ConnectionHandler, Frame } from '../../../host/host.ts'
import { type SimHost, SimWorld } from '../../../host/sim/host.ts'

const PORT = 9092

let world: SimWorld
let server: SimHost
let client: SimHost
beforeEach(() => {
  world = new SimWorld({ seed: 'network', network: { splitChance: 0.5 } })
  server = world.addHost('server')
  client = world.addHost('client')
})

describe('partitions', () => {
  test('what is sent into a blocked path arrives after healing, in order', async () => {
    const { accepted, far } = await connected()
    world.network.block('client', 'server')
    for (const text of ['a', 'b', 'c']) far.send([frameOf(text)])
    await world.simulation.advance(60_000)
    expect(accepted[0]?.texts).toEqual([])
    world.network.heal()
    await world.simulation.advance(1_000)
    expect(accepted[0]?.texts).toEqual(['a', 'b', 'c'])
  })

  test('a block is one way: the other direction goes on', async () => {
    const { accepted, handler } = await connected()
    world.network.block('client', 'server')
    accepted[0]?.connection?.send([frameOf('still heard')])
    await world.simulation.advance(1_000)
    expect(handler.texts).toEqual(['still heard'])
  })

  test('a connect into a partition times out, and succeeds when it heals in time', async () => {
    await listenOn(server)
    world.network.partition(['client'], ['server'])
    await expect(server.run(dial(client, new Recorder(), 500))).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
    const patient = dial(client, new Recorder(), 10_000)
    await world.simulation.advance(3_000)
    world.network.heal()
    await expect(server.run(patient)).resolves.toMatchObject({ isOpen: true })
  })

  test('a clogged path unclogs by itself', async () => {
    const { accepted, far } = await connected()
    world.network.clog('client', 'server', 5_000)
    far.send([frameOf('late')])
    await world.simulation.advance(4_900)
    expect(accepted[0]?.texts).toEqual([])
    await world.simulation.advance(200)
    expect(accepted[0]?.texts).toEqual(['late'])
  })

  test('an isolated machine reaches itself', async () => {
    await listenOn(server)
    world.network.isolate('server')
    const target = { host: 'localhost', port: PORT, timeoutMs: 100 }
    const connecting = server.net.connect(target, new Recorder())
    await expect(server.run(connecting)).resolves.toMatchObject({ isOpen: true })
  })

  test('a delayed path delivers later by that much', async () => {
    const { accepted, far } = await connected()
    world.network.delay('client', 'server', 2_000)
    far.send([frameOf('slow')])
    await world.simulation.advance(1_999)
    expect(accepted[0]?.texts).toEqual([])
    await world.simulation.advance(50)
    expect(accepted[0]?.texts).toEqual(['slow'])
  })
})

describe('back-pressure', () => {
  test('a reader that pauses makes the sender queue, and no byte is lost', async () => {
    const { accepted, far, handler } = await connected()
    const reader = accepted[0] as Recorder
    reader.connection?.pause()
    const body = 'x'.repeat(100_000)
    for (let i = 0; i < 20; i++) far.send([frameOf(body)])
    await world.simulation.advance(10_000)
    expect(reader.texts).toEqual([])
    expect(far.queuedBytes).toBeGreaterThan(1_000_000)
    reader.connection?.resume()
    await world.simulation.advance(10_000)
    expect(reader.texts.map(text => text.length)).toEqual(new Array(20).fill(100_000))
    expect([far.queuedBytes, handler.drains]).toEqual([0, 1])
  })
})

describe('broken connections', () => {
  test('both ends of a broken connection close with ECONNRESET', async () => {
    const { accepted, handler } = await connected()
    world.network.breakConnections('server', 'client')
    await world.simulation.advance(10)
    expect(accepted[0]?.closes).toMatchObject([{ code: 'ECONNRESET' }])
    expect(handler.closes).toMatchObject([{ code: 'ECONNRESET' }])
  })

  test('a connection that ends keeps reading until the other side ends too', async () => {
    const { accepted, far, handler } = await connected()
    far.send([frameOf('last words')])
    far.end()
    await world.simulation.advance(10)
    expect([accepted[0]?.texts, accepted[0]?.ends]).toEqual([['last words'], 1])
    accepted[0]?.connection?.send([frameOf('answer')])
    accepted[0]?.connection?.end()
    await world.simulation.advance(10)
    expect([handler.texts, handler.closes]).toEqual([['answer'], [null]])
    expect(accepted[0]?.closes).toEqual([null])
  })

  test('with a chance of resets, every connection closes once at either end', async () => {
    const { accepted, far, handler } = await connected()
    world.network.resetChance = 1
    far.send([frameOf('lost')])
    await world.simulation.advance(100)
    expect([handler.closes.length, accepted[0]?.closes.length]).toEqual([1, 1])
    expect(accepted[0]?.texts).toEqual([])
  })
})

describe('processes that die', () => {
  test('peers of a killed process see a reset, and its port refuses until restarted', async () => {
    const { handler } = await connected()
    server.kill()
    await world.simulation.advance(100)
    expect(handler.closes).toMatchObject([{ code: 'ECONNRESET' }])
    await expect(client.run(dial(client, new Recorder()))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    server = server.restart()
    await listenOn(server)
    await expect(client.run(dial(client, new Recorder()))).resolves.toMatchObject({ isOpen: true })
  })

  test('nothing a killed process had planned runs', async () => {
    let ran = 0
    server.clock.schedule(10, () => ran++)
    server.loop.afterTurn(() => ran++)
    server.loop.spawn('late', Promise.reject(new Error('of no interest')))
    server.kill()
    await world.simulation.advance(100)
    expect(ran).toBe(0)
  })

  test('a machine without power is silent, and back again resets what it forgot', async () => {
    const { far, handler } = await connected()
    server.powerCut({ keep: 'synced' })
    far.send([frameOf('anyone?')])
    await world.simulation.advance(60_000)
    expect(handler.closes).toEqual([])
    await expect(client.run(dial(client, new Recorder(), 2_000))).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
    server = server.restart()
    await world.simulation.advance(100)
    expect(handler.closes).toMatchObject([{ code: 'ECONNRESET' }])
  })

  test('a process finds on its disk what the one before it wrote', async () => {
    const file = server.disk.open('/a', 'create')
    file.writev([Buffer.from('left behind')], 0)
    server.disk.lockFolder('/')
    server.kill()
    expect(() => file.read(Buffer.alloc(1), 0)).toThrow(/EBADF/)
    server = server.restart()
    expect(server.disk.readFile('/a').toString()).toBe('left behind')
    server.disk.lockFolder('/').release()
  })
})

test('a frame read after its release is caught', async () => {
  const { accepted, far } = await connected()
  far.send([frameOf('gone')])
  await world.simulation.advance(10)
  const frame = accepted[0]?.frames[0] as Frame
  frame.release()
  expect(() => frame.bytes).toThrow(/after its release/)
  expect(() => frame.release()).toThrow(/more than retained/)
})

test('a loopback listener is private, and a foreign address not to be had', async () => {
  await server.net.listen({ host: '127.0.0.1', port: PORT }, () => new Recorder())
  await expect(client.run(dial(client, new Recorder()))).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
  const foreign = client.net.listen({ host: 'server', port: 0 }, () => new Recorder())
  await expect(foreign).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
})

class Recorder implements ConnectionHandler {
  connection: Connection | null = null
  readonly frames: Frame[] = []
  readonly closes: (Error | null)[] = []
  ends = 0
  drains = 0

  get texts(): string[] {
    return this.frames.map(frame => frame.bytes.toString())
  }

  frameBytesMax(): number {
    return 1 << 24
  }

  onFrame(frame: Frame): void {
    this.frames.push(frame)
  }

  onEnd(): void {
    this.ends++
  }

  onDrain(): void {
    this.drains++
  }

  onClose(reason: Error | null): void {
    this.closes.push(reason)
  }
}

async function listenOn(host: SimHost): Promise<Recorder[]> {
  const accepted: Recorder[] = []
  await host.net.listen({ host: '0.0.0.0', port: PORT }, connection => {
    const recorder = new Recorder()
    recorder.connection = connection
    accepted.push(recorder)
    return recorder
  })
  return accepted
}

function dial(from: SimHost, handler: Recorder, timeoutMs = 5_000): Promise<Connection> {
  const connecting = from.net.connect({ host: 'server', port: PORT, timeoutMs }, handler)
  connecting.catch(() => {}) // Awaited later, once time has been moved.
  return connecting
}

async function connected() {
  const accepted = await listenOn(server)
  const handler = new Recorder()
  const far = await client.run(dial(client, handler))
  await world.simulation.advance(10)
  return { accepted, handler, far }
}

function frameOf(text: string): Buffer {
  const body = Buffer.from(text)
  const head = Buffer.alloc(4)
  head.writeInt32BE(body.length)
  return Buffer.concat([head, body])
}
