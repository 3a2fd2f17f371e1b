/** @platformatic/kafka against a spawned broker: flexible versions, topic ids, fetch sessions. */
import { Consumer, Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sample, samples } from './support/sample.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

let broker: SpawnedBroker

beforeAll(async () => {
  broker = await spawnBroker()
})
afterAll(() => broker[Symbol.asyncDispose]())

test.each([
  ['none', true],
  ['gzip', false],
  ['snappy', true],
  ['lz4', false],
  ['zstd', true],
] as const)('records sent with %s come back as they were', async (compression, idempotent) => {
  const topic = `platformatic-${compression}`
  const sent = samples()
  const connection = { clientId: 'compat', bootstrapBrokers: [broker.address] }
  const producer = new Producer({ ...connection, autocreateTopics: true })
  for (const { key, value, headers } of sent) {
    const bytes = (text: string) => Buffer.from(text)
    await producer.send({
      compression,
      acks: -1,
      ...(idempotent ? { idempotent: true } : {}),
      messages: [
        {
          topic,
          partition: 0,
          ...(key === null ? {} : { key: bytes(key) }),
          ...(value === null ? {} : { value: bytes(value) }),
          headers: new Map(Object.entries(headers).map(([k, v]) => [bytes(k), bytes(v)])),
        },
      ],
    })
  }
  await producer.close()

  const consumer = new Consumer({ ...connection, groupId: `group-${compression}` })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true })
  const received: Sample[] = []
  for await (const message of stream) {
    received.push({
      key: message.key?.toString() ?? null,
      value: message.value?.toString() ?? null,
      headers: Object.fromEntries([...message.headers].map(([k, v]) => [String(k), String(v)])),
    })
    if (received.length === sent.length) break
  }
  await consumer.close(true)
  expect(received).toEqual(sent)
})
