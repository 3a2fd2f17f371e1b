/**
 * What the client promises, whatever broker is at the other end: run against Ottla here, and
 * against Apache Kafka in tests/compat.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  BrokerError,
  Client,
  ClosedError,
  type Consumer,
  type ConsumerRecord,
  type ProducerOptions,
  UsageError,
} from '../../client/index.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** Declares the suite. `servers` is called once the hooks of the caller have run. */
export function clientContract(servers: () => string): void {
  let client: Client
  let nextName = 0
  const unique = (what: string) => {
    nextName += 1
    return `${what}-${nextName}`
  }

  beforeAll(() => {
    client = new Client({ bootstrapServers: servers(), clientId: 'contract' })
  })
  afterAll(() => client.close())

  async function topicOf(partitions = 1, configs: Record<string, string> = {}): Promise<string> {
    const topic = unique('topic')
    await client.admin().createTopics([{ topic, partitions, configs }])
    return topic
  }

  async function readAll(topic: string, count: number): Promise<ConsumerRecord[]> {
    const [description] = await client.admin().describeTopics([topic])
    await using consumer = client.consumer()
    consumer.assign(
      description!.partitions.map(({ partition }) => ({ topic, partition, from: 'earliest' })),
    )
    return await take(consumer, count)
  }

  describe('producing', () => {
    test.each(CODECS)('%s: records arrive as they were sent', async compression => {
      const topic = await topicOf()
      await using producer = client.producer({ compression })
      const large = 'x'.repeat(1_000_000)
      const [first] = await producer.sendAll([
        { topic, key: 'k', value: 'v', headers: { a: 'b', none: null, empty: '' }, timestamp: 5 },
        { topic, value: null, key: Buffer.from([0, 255]) },
        { topic, key: null, value: '' },
        { topic, value: large, headers: [{ key: 'twice', value: '1' }] },
      ])
      expect(first).toEqual({ topic, partition: 0, offset: 0, timestamp: 5 })
      const records = await readAll(topic, 4)
      expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3])
      expect(records.map(({ key }) => key && [...key])).toEqual([[107], [0, 255], null, null])
      expect(records.map(({ value }) => value?.length ?? null)).toEqual([1, null, 0, large.length])
      expect(records[3]!.value!.equals(Buffer.from(large))).toBe(true)
      expect(records[0]!.timestamp).toBe(5)
      expect(records[0]!.headers.map(({ key, value }) => [key, value?.toString() ?? null])).toEqual(
        [
          ['a', 'b'],
          ['none', null],
          ['empty', ''],
        ],
      )
    })

    test.each([
      { acks: 'all', idempotent: true },
      { acks: 'all', idempotent: false },
      { acks: 'leader' },
      { acks: 'none' },
    ] satisfies ProducerOptions[])('%o: thousands keep their order', async options => {
      const topic = await topicOf()
      const values = Array.from({ length: 5_000 }, (_, i) => `${i}`)
      const producer = client.producer({ ...options, batchBytes: 2_000 })
      const sent = await producer.sendAll(values.map(value => ({ topic, value })))
      await producer.close()
      const offsets = sent.map(({ offset }) => offset)
      if (options.acks === 'none') expect(new Set(offsets)).toEqual(new Set([-1]))
      else expect(offsets).toEqual(values.map((_, i) => i))
      const read = await readAll(topic, values.length)
      expect(read.map(({ value }) => value!.toString())).toEqual(values)
    })

    test('records with the same key share a partition, and offsets are per partition', async () => {
      const topic = await topicOf(4)
      await using producer = client.producer()
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
      const topic = await topicOf(1, { 'max.message.bytes': '2000' })
      await using producer = client.producer({ batchBytes: 100_000 })
      const values = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(300, '.'))
      const sent = producer.sendAll(values.map(value => ({ topic, value })))
      expect((await sent).map(({ offset }) => offset)).toEqual(values.map((_, i) => i))
      const error = await producer.send({ topic, value: 'x'.repeat(3000) }).catch(e => e)
      expect(error).toBeInstanceOf(BrokerError)
      expect(error.codeName).toBe('MESSAGE_TOO_LARGE')
      await producer.send({ topic, value: 'goes on' })
      expect((await readAll(topic, 51)).at(-1)!.value!.toString()).toBe('goes on')
    })

    test('memory is a limit that makes callers wait, not fail', async () => {
      const topic = await topicOf()
      await using producer = client.producer({ memoryBytes: 10_000, batchBytes: 1_000 })
      const value = 'x'.repeat(900)
      const sent = producer.sendAll(Array.from({ length: 200 }, () => ({ topic, value })))
      expect(producer.describe()).toMatch(/^producer: 200 records under way in \d{4} bytes$/)
      expect((await sent).map(({ offset }) => offset)).toEqual(
        Array.from({ length: 200 }, (_, i) => i),
      )
    })

    test('flush waits for what was sent before it, lingering or not', async () => {
      const topic = await topicOf()
      await using producer = client.producer({ lingerMs: 60_000 })
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
      const producer = client.producer()
      await producer.close()
      await expect(producer.send({ topic: 't', value: 'v' })).rejects.toThrow(ClosedError)
    })
  })

  describe('consuming', () => {
    test('by hand: positions, seeking, pausing', async () => {
      const topic = await topicOf(2)
      await using producer = client.producer()
      for (const partition of [0, 1]) {
        await producer.sendAll(
          Array.from({ length: 10 }, (_, i) => ({ topic, partition, value: `${i}`, timestamp: i })),
        )
      }
      const [a, b] = [0, 1].map(partition => ({ topic, partition }))
      await using consumer = client.consumer()
      consumer.assign([
        { ...a!, from: 7 },
        { ...b!, from: { timestamp: 8 } },
      ])
      expect(offsetsOf(await take(consumer, 5))).toEqual({ 0: [7, 8, 9], 1: [8, 9] })
      expect([consumer.position(a!), consumer.position(b!)]).toEqual([10, 10])
      expect(consumer.lag(a!)).toBe(0)
      consumer.pause([a!])
      consumer.seek(a!, 'earliest')
      consumer.seek(b!, 9)
      expect(offsetsOf(await take(consumer, 1))).toEqual({ 1: [9] })
      expect(await consumer.poll({ timeoutMs: 50 })).toEqual([])
      expect(consumer.paused()).toEqual([a])
      consumer.resume([a!])
      expect(offsetsOf(await take(consumer, 10))).toEqual({ 0: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] })
    })

    test('an offset that is gone is an error, or where the policy says', async () => {
      const topic = await topicOf()
      await using producer = client.producer()
      await producer.sendAll(Array.from({ length: 5 }, () => ({ topic, value: 'v' })))
      await client.admin().deleteRecords([{ topic, partition: 0, offset: 3 }])
      await using strict = client.consumer({ autoOffsetReset: 'none' })
      strict.assign([{ topic, partition: 0, from: 1 }])
      const error = await strict.poll().catch(e => e)
      expect(error.codeName).toBe('OFFSET_OUT_OF_RANGE')
      await using lenient = client.consumer({ autoOffsetReset: 'earliest' })
      lenient.assign([{ topic, partition: 0, from: 1 }])
      expect(offsetsOf(await take(lenient, 2))).toEqual({ 0: [3, 4] })
    })

    test('records produced later arrive without being asked for again', async () => {
      const topic = await topicOf()
      await using producer = client.producer()
      await using consumer = client.consumer({ autoOffsetReset: 'earliest' })
      consumer.assign([{ topic, partition: 0 }])
      for (let i = 0; i < 5; i += 1) {
        await producer.send({ topic, value: `${i}` })
        const [record] = await take(consumer, 1)
        expect(record!.offset).toBe(i)
      }
    })

    test('leaving the loop keeps what was handed out apart from what was not', async () => {
      const topic = await topicOf()
      const groupId = unique('group')
      await using producer = client.producer()
      await producer.sendAll(Array.from({ length: 20 }, (_, i) => ({ topic, value: `${i}` })))
      const consumer = client.consumer({ groupId, topics: [topic], autoOffsetReset: 'earliest' })
      for await (const { offset } of consumer) if (offset === 6) break
      await consumer.close()
      expect(await client.admin().fetchOffsets(groupId)).toEqual([
        { topic, partition: 0, offset: 7, metadata: '' },
      ])
    })
  })

  describe('groups', () => {
    test('two members share, one leaves, the other takes over; nothing is lost', async () => {
      const topic = await topicOf(4)
      const groupId = unique('group')
      const events: string[] = []
      const member = (name: string) =>
        client.consumer({
          groupId,
          topics: [topic],
          autoOffsetReset: 'earliest',
          heartbeatIntervalMs: 100,
          onAssigned: places => void events.push(`${name} has ${places.length}`),
          onRevoked: places => void events.push(`${name} gives ${places.length}`),
        })
      const seen: string[] = []
      const run = (consumer: Consumer) =>
        consumer.run({ eachRecord: ({ value }) => void seen.push(value!.toString()) })
      await using producer = client.producer()
      const produce = (from: number) =>
        producer.sendAll(
          Array.from({ length: 40 }, (_, i) => ({
            topic,
            partition: i % 4,
            value: `${from + i}`,
          })),
        )
      const [one, two] = [member('one'), member('two')]
      const first = run(one)
      await until(() => events.includes('one has 4'))
      const second = run(two)
      await until(() => events.includes('one has 2') && events.includes('two has 2'))
      await produce(0)
      await until(() => seen.length >= 40)
      await one.close()
      await first
      await until(() => events.includes('two has 4'))
      await produce(40)
      await until(() => seen.length >= 80)
      await two.close()
      await second
      expect(seen.map(Number).sort((a, b) => a - b)).toEqual([...Array(80).keys()])
      expect(events.filter(event => event.startsWith('one'))).toEqual([
        'one has 4',
        'one gives 4',
        'one has 2',
        'one gives 2',
      ])
      const [group] = await client.admin().describeGroups([groupId])
      expect(group!.state).toBe('Empty')
    })

    test('a static member that restarts keeps its partitions', async () => {
      const topic = await topicOf(2)
      const groupId = unique('group')
      const member = (instanceId: string) =>
        client.consumer({ groupId, instanceId, topics: [topic], heartbeatIntervalMs: 100 })
      const [one, two] = [member('one'), member('two')]
      const loops = [one, two].map(consumer => consumer.run({ eachRecord: () => {} }))
      await until(() => [one, two].every(consumer => consumer.assignment().length === 1))
      const before = [one.assignment(), two.assignment()]
      await two.close()
      const again = member('two')
      const third = again.run({ eachRecord: () => {} })
      await until(() => again.assignment().length === 1)
      expect([one.assignment(), again.assignment()]).toEqual(before)
      await Promise.all([one.close(), again.close(), third, ...loops])
    })

    test('offsets are committed by hand and read again by whoever comes next', async () => {
      const topic = await topicOf()
      const groupId = unique('group')
      await using producer = client.producer()
      await producer.sendAll(Array.from({ length: 10 }, (_, i) => ({ topic, value: `${i}` })))
      const place = { topic, partition: 0 }
      const options = { groupId, topics: [topic], autoCommit: false } as const
      const first = client.consumer({ ...options, autoOffsetReset: 'earliest' })
      await take(first, 5)
      await first.commit([{ ...place, offset: 3, metadata: 'noted' }])
      expect(await first.committed([place])).toEqual([3])
      await take(first, 2)
      await first.close()
      const second = client.consumer(options)
      expect(offsetsOf(await take(second, 1))).toEqual({ 0: [3] })
      await second.commit()
      await second.close()
      expect(await client.admin().fetchOffsets(groupId, [place])).toMatchObject([{ offset: 4 }])
    })

    test.each(['range', 'roundrobin', 'sticky'] as const)('%s can be chosen', async assignor => {
      const topic = await topicOf(3)
      const groupId = unique('group')
      await using consumer = client.consumer({ groupId, topics: [topic], assignors: [assignor] })
      await consumer.poll({ timeoutMs: 300 })
      await until(async () => {
        await consumer.poll({ timeoutMs: 10 })
        return consumer.assignment().length === 3
      })
      const [group] = await client.admin().describeGroups([groupId])
      expect(group).toMatchObject({ state: 'Stable', protocol: assignor })
      expect(group!.members[0]!.assignment).toHaveLength(3)
    })
  })

  describe('administration', () => {
    test('topics are made, described, grown, altered and deleted', async () => {
      const admin = client.admin()
      const topic = unique('topic')
      await admin.createTopics([{ topic, partitions: 2 }], { validateOnly: true })
      expect(await admin.listTopics()).not.toContain(topic)
      await admin.createTopics([{ topic, partitions: 2, configs: { 'retention.ms': '1000' } }])
      await expect(admin.createTopics([topic])).rejects.toMatchObject({
        codeName: 'TOPIC_ALREADY_EXISTS',
      })
      await admin.createPartitions(topic, 3)
      const [description] = await admin.describeTopics([topic])
      expect(description!.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2])
      const resource = { type: 'topic', name: topic } as const
      await admin.alterConfigs(resource, [
        { name: 'retention.ms', value: null },
        { name: 'max.message.bytes', value: '5000' },
      ])
      const entries = await admin.describeConfigs(resource, ['retention.ms', 'max.message.bytes'])
      expect(entries.find(({ name }) => name === 'max.message.bytes')).toMatchObject({
        value: '5000',
        source: 'topic',
      })
      expect(entries.find(({ name }) => name === 'retention.ms')!.value).toBe('604800000')
      await admin.deleteTopics([topic])
      expect(await admin.listTopics()).not.toContain(topic)
      await expect(admin.deleteTopics([topic])).rejects.toMatchObject({
        codeName: 'UNKNOWN_TOPIC_OR_PARTITION',
      })
    })

    test('offsets are found by name and by time', async () => {
      const topic = await topicOf()
      const places = [{ topic, partition: 0 }]
      await using producer = client.producer()
      for (const timestamp of [100, 300, 200]) await producer.send({ topic, value: 'v', timestamp })
      const admin = client.admin()
      const find = async (spec: Parameters<typeof admin.listOffsets>[1]) =>
        (await admin.listOffsets(places, spec))[0]!.offset
      expect(await find('earliest')).toBe(0)
      expect(await find('latest')).toBe(3)
      expect(await find('max-timestamp')).toBe(1)
      expect(await find(150)).toBe(1)
      expect(await find(301)).toBe(-1)
    })

    test('groups are listed, moved and forgotten', async () => {
      const topic = await topicOf()
      const groupId = unique('group')
      const place = { topic, partition: 0 }
      const admin = client.admin()
      await using producer = client.producer()
      await producer.sendAll([1, 2, 3].map(i => ({ topic, value: `${i}`, timestamp: i })))
      await admin.commitOffsets(groupId, [{ ...place, offset: 2, metadata: 'm' }])
      expect(await admin.fetchOffsets(groupId)).toEqual([{ ...place, offset: 2, metadata: 'm' }])
      expect((await admin.listGroups()).map(group => group.groupId)).toContain(groupId)
      await admin.resetOffsets(groupId, [place], 'earliest')
      expect(await admin.fetchOffsets(groupId)).toMatchObject([{ offset: 0 }])
      await admin.resetOffsets(groupId, [place], 99)
      expect(await admin.fetchOffsets(groupId)).toMatchObject([{ offset: 3 }])
      await admin.deleteOffsets(groupId, [place])
      expect(await admin.fetchOffsets(groupId)).toEqual([])
      await admin.commitOffsets(groupId, [{ ...place, offset: 1 }])
      await using consumer = client.consumer({ groupId, topics: [topic] })
      await take(consumer, 1)
      await expect(admin.deleteGroups([groupId])).rejects.toMatchObject({
        codeName: 'NON_EMPTY_GROUP',
      })
      await expect(admin.resetOffsets(groupId, [place], 'latest')).rejects.toMatchObject({
        codeName: 'NON_EMPTY_GROUP',
      })
      await consumer.close()
      await admin.deleteGroups([groupId])
      expect((await admin.listGroups()).map(group => group.groupId)).not.toContain(groupId)
    })

    test('the cluster tells its brokers', async () => {
      const { brokers, clusterId, controllerId } = await client.admin().describeCluster()
      expect(brokers.map(({ nodeId }) => nodeId)).toContain(controllerId)
      expect(clusterId).toMatch(/^[\w-]{22}$/)
    })
  })
}

async function take(consumer: Consumer, count: number): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = []
  while (records.length < count) {
    const more = await consumer.poll({ maxRecords: count - records.length, timeoutMs: 10_000 })
    if (more.length === 0) throw new Error(`only ${records.length} of ${count} records came`)
    records.push(...more)
  }
  return records
}

function offsetsOf(records: readonly ConsumerRecord[]): Record<number, number[]> {
  const offsets: Record<number, number[]> = {}
  for (const { partition, offset } of records) {
    offsets[partition] ??= []
    offsets[partition].push(offset)
  }
  return offsets
}

/** Looks again in every turn until it is so; the test's own time limit is the limit. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(resolve => setImmediate(resolve))
}
