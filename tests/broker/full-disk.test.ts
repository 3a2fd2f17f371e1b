/** A full disk: told once, on every answer, and no trap. The real one is a tmpfs of 24 MiB. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BrokerServer } from '../../broker/broker.ts'
import { loadConfig } from '../../broker/config/load.ts'
import { Broker } from '../../broker/in-process.ts'
import { Client } from '../../client/index.ts'
import { nodeHost } from '../../host/node/host.ts'
import { type SimHost, simHost } from '../../host/sim/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import { BALLAST_FILE } from '../../storage/space.ts'
import { batchOf, createTopic, produceDraft } from './support.ts'
import { WireClient } from './wire-client.ts'

const MIB = 1 << 20
const FULL = "The broker's disk is full"

const SETTINGS = {
  'ottla.disk.ballast.bytes': 2 * MIB,
  'ottla.disk.free.warning.bytes': 5 * MIB,
  'log.segment.delete.delay.ms': 1000,
  'log.retention.check.interval.ms': 1000,
}

function start(host: SimHost, settings = {}): Promise<BrokerServer> {
  const { config } = loadConfig({ overrides: { ...SETTINGS, ...settings } })
  return BrokerServer.start({ host, config, folder: '/data' })
}

async function produce(client: WireClient, topic: string, sizeBytes = 500_000) {
  const draft = produceDraft({ name: topic }, batchOf(['x'.repeat(sizeBytes)]))
  const answer = await client.ask(ApiKey.PRODUCE, 9, draft)
  const { errorCode, errorMessage } = answer.responses[0].partitionResponses[0]
  return { errorCode, errorMessage }
}

/** Produces until it is refused. Returns the refusal. */
async function fill(client: WireClient, topic: string) {
  for (;;) {
    const outcome = await produce(client, topic)
    if (outcome.errorCode !== 0) return outcome
  }
}

async function creation(client: WireClient, name: string, numPartitions: number) {
  const topic = { name, numPartitions, replicationFactor: -1, assignments: [], configs: [] }
  const draft = { topics: [topic], timeoutMs: 10_000, validateOnly: false }
  const { topics } = await client.ask(ApiKey.CREATE_TOPICS, 5, draft)
  return topics[0]
}

async function deleteTopic(client: WireClient, name: string): Promise<number> {
  const { responses } = await client.ask(ApiKey.DELETE_TOPICS, 6, {
    topics: [{ name, topicId: NO_UUID }],
    timeoutMs: 10_000,
  })
  return responses[0].errorCode
}

test('a disk that fills up lets a broker stop, start, delete and go on', async () => {
  const host = simHost({ seed: 1 })
  host.disk.capacityBytes = 12 * MIB
  await host.run(async () => {
    const first = await start(host)
    const writer = await WireClient.connect(host.net, first.port)
    await createTopic(writer, 't')
    await host.clock.advance(20_000)
    expect(host.disk.stat(`/data/${BALLAST_FILE}`)?.sizeBytes).toBe(2 * MIB)
    expect(first.parts.conditions.list()).toEqual([])
    for (let i = 0; i < 12; i++) await produce(writer, 't')
    await host.clock.advance(5000)
    const nearly = { kind: 'disk-nearly-full', subject: '/data', severity: 'warning' }
    expect(first.parts.conditions.list()).toMatchObject([nearly])

    const refusal = { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, errorMessage: FULL }
    expect(await fill(writer, 't')).toEqual(refusal)
    const full = { kind: 'disk-full', subject: '/data', severity: 'error' }
    expect(first.parts.conditions.list()).toMatchObject([full])
    // Somebody else takes what is left but for a little.
    await first.stop()
    host.disk.capacityBytes = host.disk.usedBytes + 100_000

    const second = await start(host)
    const client = await WireClient.connect(host.net, second.port)
    expect(second.parts.conditions.list()).toMatchObject([full])
    expect(await produce(client, 't', 10)).toEqual(refusal)
    expect(await deleteTopic(client, 't')).toBe(0)
    await host.clock.advance(10_000)
    expect(second.parts.conditions.list().map(({ kind }) => kind)).not.toContain('disk-full')
    await createTopic(client, 'again')
    expect(await produce(client, 'again')).toEqual({ errorCode: 0, errorMessage: null })
    await second.stop()
  })
})

test('topics are not made of what a full disk gave up, and are once it has room', async () => {
  const host = simHost({ seed: 1 })
  host.disk.capacityBytes = 12 * MIB
  await host.run(async () => {
    const broker = await start(host)
    const client = await WireClient.connect(host.net, broker.port)
    await createTopic(client, 't')
    await host.clock.advance(20_000)
    await fill(client, 't')
    const folders = () => host.disk.list('/data').filter(({ isFolder }) => isFolder).length
    const before = folders()
    for (let index = 0; index < 3; index++) {
      const refusal = expect.objectContaining({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR })
      expect(await creation(client, `more-${index}`, 50)).toEqual(refusal)
    }
    expect(folders()).toBe(before)
    expect(broker.parts.image().topics.size).toBe(1)
    expect(await deleteTopic(client, 't')).toBe(0)
    await host.clock.advance(70_000)
    expect((await creation(client, 'more', 50)).errorCode).toBe(0)
    expect(broker.parts.conditions.list()).toEqual([])
    await broker.stop()
  })
})

test.each([2 * MIB, 0])(
  'a quota that statfs does not know of is told as a full disk, until it allows more (%i)',
  async ballastBytes => {
    const host = simHost({ seed: 1 })
    host.disk.capacityBytes = 100 * MIB
    await host.run(async () => {
      const broker = await start(host, { 'ottla.disk.ballast.bytes': ballastBytes })
      const client = await WireClient.connect(host.net, broker.port)
      await createTopic(client, 't')
      await host.clock.advance(20_000)
      const quota = host.disk.faults.add({ calls: ['write'], code: 'EDQUOT' })
      const full = { kind: 'disk-full', subject: '/data', severity: 'error' }
      for (let second = 0; second < 3; second++) {
        expect((await produce(client, 't', 10)).errorMessage).toBe(FULL)
        expect(broker.parts.conditions.list()).toMatchObject([full])
        await host.clock.advance(6000)
        expect(broker.parts.conditions.list()).toMatchObject([full])
      }
      quota.remove()
      await host.clock.advance(6000)
      expect(broker.parts.conditions.list()).toEqual([])
      expect(await produce(client, 't', 10)).toEqual({ errorCode: 0, errorMessage: null })
      await broker.stop()
    })
  },
)

/** Mounts are root's to make. */
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('without root no small filesystem is filled')

// Loudly skipped without root, see above.
test.skipIf(!isRoot)(
  'a filesystem filled by others lets a broker start, delete and stop',
  async () => {
    const path = mkdtempSync(join(tmpdir(), 'ottla-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'ottla', path])
    try {
      const disk = { path: join(path, 'data') }
      const config = SETTINGS
      const broker = await Broker.start({ disk, config })
      const wire = await WireClient.connect(nodeHost().net, broker.port)
      await createTopic(wire, 't', { 'segment.bytes': `${2 * MIB}` })
      for (let i = 0; i < 12; i++) await produce(wire, 't')
      // The ballast is made in steps; looking is what takes one.
      while (broker.server.parts.space.look().isGrowing);
      const { bavail, bsize } = statfsSync(path)
      writeFileSync(join(path, 'other'), Buffer.alloc(bavail * bsize))
      expect(statfsSync(path).bavail).toBe(0)

      await broker.crash()
      await using client = new Client({ bootstrapServers: broker.bootstrapServers })
      const producer = client.producer({ deliveryTimeoutMs: 1000, idempotent: false })
      await expect(producer.send({ topic: 't', value: 'one more' })).rejects.toThrow(FULL)
      await client.admin().deleteTopics(['t'])
      await broker.restart()
      const freeBytes = () => statfsSync(path).bavail * bsize
      await expect.poll(freeBytes, { timeout: 20_000 }).toBeGreaterThan(6 * MIB)
      await client.close()
      await broker.stop()
      wire.connection.destroy()
    } finally {
      execFileSync('umount', ['-l', path])
      rmSync(path, { recursive: true, force: true })
    }
  },
)
