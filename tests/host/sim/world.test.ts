import { describe, expect, test } from 'vitest'
import type { Connection, ConnectionHandler, Frame } from '../../../host/host.ts'
import { type SimHost, SimWorld } from '../../../host/sim/host.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { seeds } from '../../support/seeds.ts'

/**
 * A tiny replicated counter as a stand-in for a broker: a client sends numbers, the server writes
 * and syncs each before it acknowledges. What was acknowledged must survive everything.
 */
const PORT = 9092
const FILE = '/data/numbers'

describe('a world with faults', () => {
  for (const seed of seeds(12)) {
    test(`seed ${seed}: what a server synced before its ack survives deaths and cuts`, async () => {
      const { acked, durable } = await story(seed, 'synced')
      expect(acked.length).toBeGreaterThan(0)
      expect(acked.filter(number => !durable.has(number))).toEqual([])
    })
  }

  test('a server that acks before its sync is caught', async () => {
    const stories = await Promise.all(
      Array.from({ length: 12 }, (_, seed) => story(seed + 1, 'written')),
    )
    const lost = stories.flatMap(({ acked, durable }) =>
      acked.filter(number => !durable.has(number)),
    )
    expect(lost.length).toBeGreaterThan(0)
  })

  test('the same seed tells the same story, line by line', async () => {
    const [one, same, other] = [
      await story(3, 'synced'),
      await story(3, 'synced'),
      await story(4, 'synced'),
    ]
    expect(one.hash).toBe(same.hash)
    expect(one.acked).toEqual(same.acked)
    expect(one.hash).not.toBe(other.hash)
  })
})

async function story(seed: number, acksWhen: 'synced' | 'written') {
  const world = new SimWorld({ seed, network: { splitChance: 0.5, resetChance: 0.01 } })
  let server = world.addHost('server', { disk: { syncMs: { least: 1, most: 20 } } })
  const client = world.addHost('client')
  const acked: number[] = []
  server.disk.makeFolder('/data')
  await client.run(server.disk.syncFolder('/'))
  await serve(server, acksWhen)
  client.loop.spawn('client', produce(client, acked))

  const chaos = new SeededRandom(seed).fork('chaos')
  for (let fault = 0; fault < 12; fault++) {
    await world.simulation.advance(chaos.between(20, 400))
    const kind = chaos.below(4)
    if (kind === 0) world.network.clog('client', 'server', chaos.between(1, 500))
    else if (kind === 1) world.network.breakConnections('client', 'server')
    else if (kind === 2) server.kill()
    else server.powerCut({ keep: chaos.pick(['synced', 'prefix', 'torn', 'stale'] as const) })
    if (server.isAlive) continue
    await world.simulation.advance(chaos.between(1, 100))
    server = server.restart()
    await serve(server, acksWhen)
  }
  client.kill()
  server.powerCut({ keep: 'synced' })
  const exists = server.disk.stat(FILE) !== null
  const durable = exists ? numbersIn(server.disk.readFile(FILE)) : new Set<number>()
  return { acked, durable, hash: world.simulation.trace.hash }
}

/** Appends every number it gets and answers with it. */
async function serve(host: SimHost, acksWhen: 'synced' | 'written'): Promise<void> {
  const file = host.disk.open(FILE, 'create')
  // Behind a torn tail nothing can be found again: cut to whole entries, as recovery does.
  let end = file.sizeBytes - (file.sizeBytes % 4)
  await host.run(host.disk.syncFolder('/data'))
  const store = async (connection: Connection, bytes: Buffer) => {
    file.writev([bytes], end)
    end += bytes.length
    if (acksWhen === 'synced') await file.sync()
    connection.send([frameOf(bytes)])
  }
  await host.net.listen({ host: '0.0.0.0', port: PORT }, connection =>
    handlerOf(bytes => host.loop.spawn('store', store(connection, bytes))),
  )
}

/** Sends 1, 2, 3 ... each once, and notes which are answered. Connects again when broken. */
async function produce(host: SimHost, acked: number[]): Promise<void> {
  let next = 1
  for (;;) {
    const closed = Promise.withResolvers<void>()
    const handler = handlerOf(
      bytes => acked.push(bytes.readInt32BE(0)),
      () => closed.resolve(),
    )
    const target = { host: 'server', port: PORT, timeoutMs: 200 }
    const connection = await host.net.connect(target, handler).catch(() => null)
    if (connection === null) {
      await host.clock.advance(10)
      continue
    }
    let isClosed = false
    closed.promise.then(() => {
      isClosed = true
    })
    while (!isClosed) {
      const bytes = Buffer.alloc(4)
      bytes.writeInt32BE(next++)
      connection.send([frameOf(bytes)])
      await host.clock.advance(5)
    }
  }
}

function handlerOf(
  onBytes: (bytes: Buffer) => void,
  onClose: () => void = () => {},
): ConnectionHandler {
  return {
    frameBytesMax: () => 1 << 20,
    onFrame(frame: Frame) {
      onBytes(Buffer.from(frame.bytes))
      frame.release()
    },
    onEnd() {},
    onDrain() {},
    onClose,
  }
}

function frameOf(body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(body.length)
  return Buffer.concat([head, body])
}

function numbersIn(bytes: Buffer): Set<number> {
  const numbers = new Set<number>()
  for (let at = 0; at + 4 <= bytes.length; at += 4) numbers.add(bytes.readInt32BE(at))
  return numbers
}
