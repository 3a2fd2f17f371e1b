/** kafkajs 2.2.4 against a spawned broker: every codec it can be given, and groups. */
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { plugCodecs } from './support/kafkajs-codecs.ts'
import { type Sample, samples } from './support/sample.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

let broker: SpawnedBroker
let kafka: Kafka

beforeAll(async () => {
  broker = await spawnBroker()
  kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.ERROR })
  plugCodecs()
})
afterAll(() => broker[Symbol.asyncDispose]())

test.each([
  ['none', CompressionTypes.None, false],
  ['gzip', CompressionTypes.GZIP, true],
  ['snappy', CompressionTypes.Snappy, false],
  ['lz4', CompressionTypes.LZ4, true],
  ['zstd', CompressionTypes.ZSTD, false],
] as const)(
  'records sent with %s come back as they were',
  async (name, compression, idempotent) => {
    const topic = `kafkajs-${name}`
    const sent = samples()
    const producer = kafka.producer({ idempotent, maxInFlightRequests: 1 })
    await producer.connect()
    for (const sample of sent) {
      await producer.send({ topic, compression, acks: -1, messages: [{ ...sample }] })
    }
    await producer.disconnect()

    const consumer = kafka.consumer({ groupId: `group-${name}` })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const received: Sample[] = []
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, event => reject(event.payload.error))
      consumer
        .run({
          eachMessage: async ({ message }) => {
            received.push({
              key: message.key?.toString() ?? null,
              value: message.value?.toString() ?? null,
              headers: Object.fromEntries(
                Object.entries(message.headers ?? {}).map(([k, v]) => [k, String(v)]),
              ),
            })
            if (received.length === sent.length) resolve()
          },
        })
        .catch(reject)
    })
    await consumer.disconnect()
    expect(received).toEqual(sent)
  },
)
