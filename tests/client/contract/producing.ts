import { expect, test } from 'vitest'
import {
  BrokerError,
  ClosedError,
  type ProducerOptions,
  UsageError,
} from '../../../client/index.ts'
import { part } from './bench.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export const producing = part('producing', bench => {
  test.each(CODECS)('%s: records arrive as they were sent', async compression => {
    const topic = await bench().topicOf()
    await using producer = bench().client.producer({ compression })
    const large = 'x'.repeat(1_000_000)
    const [first] = await producer.sendAll([
      { topic, key: 'k', value: 'v', headers: { a: 'b', none: null, empty: '' }, timestamp: 5 },
      { topic, value: null, key: Buffer.from([0, 255]) },
      { topic, key: null, value: '' },
      { topic, value: large, headers: [{ key: 'twice', value: '1' }] },
    ])
    expect(first).toEqual({ topic, partition: 0, offset: 0, timestamp: 5 })
    const records = await bench().readAll(topic, 4)
    expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3])
    expect(records.map(({ key }) => key && [...key])).toEqual([[107], [0, 255], null, null])
    expect(records.map(({ value }) => value?.length ?? null)).toEqual([1, null, 0, large.length])
    expect(records[3]!.value!.equals(Buffer.from(large))).toBe(true)
    expect(records[0]!.timestamp).toBe(5)
    expect(records[0]!.headers.map(({ key, value }) => [key, value?.toString() ?? null])).toEqual([
      ['a', 'b'],
      ['none', null],
      ['empty', ''],
    ])
  })

  test.each([
    { acks: 'all', idempotent: true },
    { acks: 'all', idempotent: false },
    { acks: 'leader' },
    { acks: 'none' },
  ] satisfies ProducerOptions[])('%o: thousands keep their order', async options => {
    const topic = await bench().topicOf()
    const values = Array.from({ length: 5_000 }, (_, i) => `${i}`)
    const producer = bench().client.producer({ ...options, batchBytes: 2_000 })
    const sent = await producer.sendAll(values.map(value => ({ topic, value })))
    await producer.close()
    const offsets = sent.map(({ offset }) => offset)
    if (options.acks === 'none') expect(new Set(offsets)).toEqual(new Set([-1]))
    else expect(offsets).toEqual(values.map((_, i) => i))
    const read = await bench().readAll(topic, values.length)
    expect(read.map(({ value }) => value!.toString())).toEqual(values)
  })

  test('records with the same key share a partition, and offsets are per partition', async () => {
    const topic = await bench().topicOf(4)
    await using producer = bench().client.producer()
    const sent = await producer.sendAll(
      Array.from({ length: 100 }, (_, i) => ({ topic, key: `key${i % 10}`, value: `${i}` })),
    )
    for (let i = 10; i < 100; i += 1) expect(sent[i]!.partition).toBe(sent[i - 10]!.partition)
    expect(new Set(sent.map(({ partition }) => partition)).size).toBeGreaterThan(1)
    const chosen = await producer.send({ topic, partition: 3, value: 'here' })
    expect(chosen.partition).toBe(3)
    const nowhere = producer.send({ topic, partition: 4, value: 'nowhere' })
    await expect(nowhere).rejects.toThrow(UsageError)
  })

  test('a batch the topic finds too large goes in smaller parts; a record cannot', async () => {
    const topic = await bench().topicOf(1, { 'max.message.bytes': '2000' })
    await using producer = bench().client.producer({ batchBytes: 100_000 })
    const values = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(300, '.'))
    const sent = producer.sendAll(values.map(value => ({ topic, value })))
    expect((await sent).map(({ offset }) => offset)).toEqual(values.map((_, i) => i))
    const error = await producer.send({ topic, value: 'x'.repeat(3000) }).catch(e => e)
    expect(error).toBeInstanceOf(BrokerError)
    expect(error.codeName).toBe('MESSAGE_TOO_LARGE')
    await producer.send({ topic, value: 'goes on' })
    expect((await bench().readAll(topic, 51)).at(-1)!.value!.toString()).toBe('goes on')
  })

  test('memory is a limit that makes callers wait, not fail', async () => {
    const topic = await bench().topicOf()
    await using producer = bench().client.producer({ memoryBytes: 10_000, batchBytes: 1_000 })
    const value = 'x'.repeat(900)
    const sent = producer.sendAll(Array.from({ length: 200 }, () => ({ topic, value })))
    expect(producer.describe()).toMatch(/^producer: 200 records under way in \d{4} bytes$/)
    expect((await sent).map(({ offset }) => offset)).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    )
  })

  test('flush waits for what was sent before it, lingering or not', async () => {
    const topic = await bench().topicOf()
    await using producer = bench().client.producer({ lingerMs: 60_000 })
    let isDelivered = false
    const sent = producer.send({ topic, value: 'v' }).then(() => {
      isDelivered = true
    })
    await producer.flush()
    await sent
    expect(isDelivered).toBe(true)
    await producer.flush()
  })

  test('a closed producer says so', async () => {
    const producer = bench().client.producer()
    await producer.close()
    await expect(producer.send({ topic: 't', value: 'v' })).rejects.toThrow(ClosedError)
  })
})
