import { existsSync } from 'node:fs'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { Broker, type BrokerOptions } from '../../broker/in-process.ts'
import { nodeHost } from '../../host/node/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { batchOf, produceDraft } from './support.ts'
import { WireClient } from './wire-client.ts'

process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'

function kafkaOf(broker: Broker): Kafka {
  const brokers = [broker.bootstrapServers]
  return new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20 } })
}

/** Reads until `count` values arrived, then leaves. */
async function consume(consumer: Consumer, topic: string, count: number): Promise<string[]> {
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>(resolve => {
    consumer.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value))
        if (values.length === count) resolve()
      },
    })
  })
  await consumer.disconnect()
  return values
}

const WORLDS: readonly [string, BrokerOptions][] = [
  ['a memory disk', { disk: 'memory' }],
  ['a temporary folder', { disk: 'temporary' }],
  ['a memory disk and a virtual clock', { disk: 'memory', clock: 'virtual' }],
]

describe.each(WORLDS)('kafkajs with a broker in this process on %s', (_name, options) => {
  test('produces, reads in a group, and goes on where it was', async () => {
    await using broker = await Broker.start(options)
    const kafka = kafkaOf(broker)
    const producer = kafka.producer({ idempotent: true })
    await producer.connect()
    const send = (...values: string[]) =>
      producer.send({ topic: 't', messages: values.map(value => ({ value })) })
    await send('a', 'b')
    const group = { groupId: 'g', maxWaitTimeInMs: 50 }
    expect(await consume(kafka.consumer(group), 't', 2)).toEqual(['a', 'b'])
    await send('c')
    expect(await consume(kafka.consumer(group), 't', 1)).toEqual(['c'])
    await producer.disconnect()
  })
})

test('a virtual clock moves an hour in no time: records carry its time, old ones go', async () => {
  await using broker = await Broker.start({
    clock: 'virtual',
    config: { 'log.retention.check.interval.ms': 1000 },
  })
  const kafka = kafkaOf(broker)
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    topics: [
      {
        topic: 't',
        configEntries: [
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
          { name: 'retention.ms', value: '60000' },
        ],
      },
    ],
  })
  const producer = kafka.producer()
  await producer.connect()
  const send = async () => {
    const [sent] = await producer.send({ topic: 't', messages: [{ value: 'x' }] })
    return Number(sent!.logAppendTime)
  }
  const first = await send()
  await broker.clock.advance(3_600_000)
  expect(await admin.fetchTopicOffsets('t')).toMatchObject([{ low: '1', high: '1' }])
  expect((await send()) - first).toBeGreaterThanOrEqual(3_600_000)
  await producer.disconnect()
  await admin.disconnect()
})

test('a real clock refuses to be moved', async () => {
  await using broker = await Broker.start()
  await expect(broker.clock.advance(1)).rejects.toThrow("clock: 'virtual'")
})

test('twenty brokers run side by side and know nothing of each other', async () => {
  const brokers = await Promise.all(Array.from({ length: 20 }, () => Broker.start()))
  const { net } = nodeHost()
  const ports = new Set(brokers.map(broker => broker.port))
  expect(ports.size).toBe(20)
  for (const [i, broker] of brokers.entries()) {
    const client = await WireClient.connect(net, broker.port)
    const topics = [{ name: `topic-${i}` }]
    await client.ask(ApiKey.METADATA, 9, { topics })
    const all = await client.ask(ApiKey.METADATA, 9, { topics: null })
    expect(all.topics).toMatchObject([{ name: `topic-${i}` }])
    client.destroy()
  }
  await Promise.all(brokers.map(broker => broker.stop()))
})

test('a temporary folder is there while the broker is, and gone after', async () => {
  const broker = await Broker.start({ disk: 'temporary' })
  const { path } = broker.server.parts.logDirectory
  expect(existsSync(path)).toBe(true)
  await broker.stop()
  expect(existsSync(path)).toBe(false)
})

test('a memory disk survives a restart of its broker, and a crash', async () => {
  await using broker = await Broker.start()
  const { net } = nodeHost()
  const produce = async () => {
    const client = await WireClient.connect(net, broker.port)
    await client.ask(ApiKey.METADATA, 9, { topics: [{ name: 't' }] })
    const answer = await client.ask(ApiKey.PRODUCE, 9, produceDraft({ name: 't' }, batchOf(['a'])))
    client.destroy()
    return answer.responses[0].partitionResponses[0].baseOffset
  }
  const { port } = broker
  expect(await produce()).toBe(0)
  await broker.restart()
  expect(await produce()).toBe(1)
  await broker.crash()
  expect(await produce()).toBe(2)
  expect(broker.port).toBe(port)
})

test('a wrong property is refused with its name', async () => {
  const started = Broker.start({ config: { 'num.partitions': 'many' } })
  await expect(started).rejects.toThrow('num.partitions')
})

test('a stopped broker does not start again', async () => {
  const broker = await Broker.start()
  await broker.stop()
  await expect(broker.restart()).rejects.toThrow('was stopped')
  await expect(broker.crash()).rejects.toThrow('was stopped')
})

test.each([
  [
    { 'num.partitons': 2 },
    'num.partitons is not a property of this broker; did you mean num.partitions?',
  ],
  [
    { 'retention.ms': 1 },
    'retention.ms is a property of topics; the property of the broker is log.retention.ms',
  ],
])('the config %j is refused with the name that was meant', async (config, sentence) => {
  await expect(Broker.start({ config })).rejects.toThrow(sentence)
})

test.each([
  [{ disc: 'memory' }, 'knows no option disc; did you mean disk?'],
  [{ 'num.partitions': 2 }, 'knows no option num.partitions; properties go into config'],
])('the options %j are refused with what was meant', async (options, sentence) => {
  await expect(Broker.start(options as BrokerOptions)).rejects.toThrow(sentence)
})

test('a port or a folder that another broker has is told with the cure', async () => {
  await using broker = await Broker.start({ disk: 'temporary' })
  const { path } = broker.server.parts.logDirectory
  const there = Broker.start({ port: broker.port })
  await expect(there).rejects.toThrow(
    /is in use: stop what listens there, .* Broker\.start\(\{ port/,
  )
  const beside = Broker.start({ disk: { path } })
  await expect(beside).rejects.toThrow(/is in use by another broker: .* disk: 'temporary'/)
})
