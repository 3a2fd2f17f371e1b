import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Broker } from '../../broker/in-process.ts'
import { Client, ConnectionError, TimeoutError } from '../../client/index.ts'
import { take } from './contract/bench.ts'

/** Passes bytes both ways, and cuts every connection when told. Clients know no other address. */
class Cable {
  readonly port: number
  readonly #server: Server
  readonly #sockets: Set<Socket>
  #cutsAfterBytes = Number.POSITIVE_INFINITY

  static async lay(brokerPort: () => number): Promise<Cable> {
    const sockets = new Set<Socket>()
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const cable = new Cable(server, sockets)
    server.on('connection', socket => cable.#pass(socket, connect(brokerPort(), '127.0.0.1')))
    return cable
  }

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server
    this.#sockets = sockets
    this.port = (server.address() as { port: number }).port
  }

  /** From here on a connection is cut, in the middle of what it carries, after so many bytes. */
  cutAfter(bytes: number): void {
    this.#cutsAfterBytes = bytes
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #pass(near: Socket, far: Socket): void {
    let bytes = 0
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes < this.#cutsAfterBytes) {
          to.write(chunk)
          return
        }
        to.write(chunk.subarray(0, chunk.length >> 1))
        to.end()
        from.destroy()
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }
}

const backoff = { initialMs: 1, maxMs: 10 }
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function behindCable(): Promise<{ cable: Cable; client: Client; direct: Client }> {
  let brokerPort = 0
  const cable = await Cable.lay(() => brokerPort)
  const advertised = `PLAINTEXT://127.0.0.1:${cable.port}`
  const broker = await Broker.start({ config: { 'advertised.listeners': advertised } })
  brokerPort = broker.port
  const client = new Client({ bootstrapServers: `127.0.0.1:${cable.port}`, backoff })
  const direct = new Client({ bootstrapServers: broker.bootstrapServers, backoff })
  cleanups.push(
    () => cable.close(),
    () => broker.stop(),
    () => Promise.all([client.close(), direct.close()]),
  )
  return { cable, client, direct }
}

describe('connections that break', () => {
  test('an idempotent producer delivers everything once and in order', async () => {
    const { cable, client } = await behindCable()
    await client.admin().createTopics([{ topic: 't', partitions: 2 }])
    cable.cutAfter(60_000)
    await using producer = client.producer({ batchBytes: 3_000, requestBytes: 8_000 })
    const values = Array.from({ length: 4_000 }, (_, i) => `${i}`.padEnd(100, '.'))
    await producer.sendAll(values.map((value, i) => ({ topic: 't', partition: i % 2, value })))
    cable.cutAfter(Number.POSITIVE_INFINITY)
    await using consumer = client.consumer()
    for (const partition of [0, 1]) {
      consumer.assign([{ topic: 't', partition, from: 'earliest' }])
      const read = await take(consumer, 2_000)
      expect(read.map(({ value }) => value!.toString())).toEqual(
        values.filter((_, i) => i % 2 === partition),
      )
      const [end] = await client.admin().listOffsets([{ topic: 't', partition }], 'latest')
      expect(end!.offset).toBe(2_000)
    }
  })

  test('a consumer reads on where it was', async () => {
    const { cable, client } = await behindCable()
    await using producer = client.producer({ batchBytes: 2_000 })
    const values = Array.from({ length: 3_000 }, (_, i) => `${i}`.padEnd(100, '.'))
    await producer.sendAll(values.map(value => ({ topic: 't', value })))
    cable.cutAfter(50_000)
    await using consumer = client.consumer({
      groupId: 'g',
      topics: ['t'],
      autoOffsetReset: 'earliest',
      partitionMaxBytes: 10_000,
    })
    const read = await take(consumer, 3_000)
    expect(read.map(({ value }) => value!.toString())).toEqual(values)
  })
})

describe('a broker that restarts', () => {
  test('its clients wait for it and go on', async () => {
    const path = await mkdtemp(join(tmpdir(), 'ottla-client-'))
    cleanups.push(() => rm(path, { recursive: true, force: true }))
    const first = await Broker.start({ disk: { path } })
    const { port, bootstrapServers } = first
    const client = new Client({ bootstrapServers, backoff })
    cleanups.push(() => client.close())
    const producer = client.producer()
    const consumer = client.consumer({ groupId: 'g', topics: ['t'], autoOffsetReset: 'earliest' })
    await producer.send({ topic: 't', value: 'before' })
    expect(await take(consumer, 1)).toHaveLength(1)
    await first.stop()
    const sent = producer.send({ topic: 't', value: 'between' })
    const second = await Broker.start({ disk: { path }, port })
    cleanups.push(() => second.stop())
    expect((await sent).offset).toBe(1)
    const [record] = await take(consumer, 1)
    expect(record!.value!.toString()).toBe('between')
    await consumer.close()
    await producer.close()
    const [committed] = await client.admin().fetchOffsets('g')
    expect(committed).toEqual({ topic: 't', partition: 0, offset: 2, metadata: '' })
  })
})

describe('a broker that is not there', () => {
  test('is named, with what may be wrong, when the time is up', async () => {
    const client = new Client({ bootstrapServers: '127.0.0.1:1', backoff })
    cleanups.push(() => client.close())
    const producer = client.producer({ maxBlockMs: 50 })
    const error = await producer.send({ topic: 't', value: 'v' }).catch(e => e)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toMatch(/^Gave up after 50 ms: .*127\.0\.0\.1:1.* right\.$/)
    const listing = await client
      .admin({ timeoutMs: 1 })
      .listTopics()
      .catch(e => e)
    expect(listing).toBeInstanceOf(ConnectionError)
  })

  test('a client can be closed meanwhile', async () => {
    const client = new Client({ bootstrapServers: '127.0.0.1:1', backoff })
    const consumer = client.consumer({ groupId: 'g', topics: ['t'] })
    const records = consumer.poll({ timeoutMs: 60_000 })
    await client.close()
    expect(await records).toEqual([])
  })
})

describe('a group that went on without a member', () => {
  test('its commit is refused, and it comes back', async () => {
    const broker = await Broker.start({ clock: 'virtual' })
    const client = new Client({ bootstrapServers: broker.bootstrapServers, backoff })
    cleanups.push(
      () => broker.stop(),
      () => client.close(),
    )
    const events: string[] = []
    const options = { groupId: 'g', topics: ['t'], autoOffsetReset: 'earliest' } as const
    await client.producer().sendAll(['a', 'b'].map(value => ({ topic: 't', value })))
    const slow = client.consumer({
      ...options,
      autoCommit: false,
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 60_000,
      onLost: places => void events.push(`lost ${places.length}`),
    })
    expect(await take(slow, 1)).toHaveLength(1)
    await broker.clock.advance(46_000)
    const [group] = await client.admin().describeGroups(['g'])
    expect(group!.state).toBe('Empty')
    await expect(slow.commit()).rejects.toMatchObject({ name: 'MembershipLost' })
    expect((await take(slow, 1))[0]!.offset).toBe(0)
    expect(events).toEqual(['lost 1'])
    await slow.close()
  })
})
