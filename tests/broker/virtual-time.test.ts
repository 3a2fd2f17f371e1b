/** Time travel as a test with kafkajs sees it: what a week does to a live consumer. */
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { Broker } from '../../broker/in-process.ts'

process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'

const DAY_MS = 86_400_000
const CPU_MICROS_MAX = 1_000_000

interface Scene {
  readonly kafka: Kafka
  readonly consumer: Consumer
  readonly values: string[]
  /** Resolves when the next record has arrived. */
  next(): Promise<void>
}

/** A consumer in group `kitchen` that has read one record. */
async function liveConsumer(broker: Broker): Promise<Scene> {
  const brokers = [broker.bootstrapServers]
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20 } })
  const values: string[] = []
  let arrived = () => {}
  const next = () =>
    new Promise<void>(resolve => {
      arrived = resolve
    })
  const consumer = kafka.consumer({ groupId: 'kitchen' })
  const first = next()
  await send(kafka, 'before')
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value))
      arrived()
    },
  })
  await first
  return { kafka, consumer, values, next }
}

async function send(kafka: Kafka, value: string): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value }] })
  await producer.disconnect()
}

async function stateOf(kafka: Kafka): Promise<string | undefined> {
  const admin = kafka.admin()
  await admin.connect()
  const { groups } = await admin.describeGroups(['kitchen'])
  await admin.disconnect()
  return groups[0]?.state
}

test('a week with a live consumer whose membership is kept costs less than a second', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  await using broker = await Broker.start({ clock: 'virtual' })
  const { kafka, consumer, values, next } = await liveConsumer(broker)
  const before = process.cpuUsage()
  await broker.clock.advance(7 * DAY_MS, { keepMembers: true })
  const { user, system } = process.cpuUsage(before)
  expect(user + system).toBeLessThan(CPU_MICROS_MAX)
  expect(await stateOf(kafka)).toBe('Stable')
  const after = next()
  await send(kafka, 'after')
  await after
  expect(values).toEqual(['before', 'after'])
  await consumer.disconnect()
  process.off('warning', note)
  // kafkajs has a TimeoutNegativeWarning of its own: the broker's frames must not be on any.
  expect(warnings.filter(({ stack }) => stack?.includes('/host/'))).toEqual([])
})

test('a member that sends no heartbeat while its session passes is expired', async () => {
  await using broker = await Broker.start({ clock: 'virtual' })
  const { kafka, consumer, next, values } = await liveConsumer(broker)
  const joined = new Promise<void>(resolve => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve())
  })
  await broker.clock.advance(DAY_MS)
  // The answer to its long poll wakes kafkajs, whose heartbeat is refused: the consumer joins anew.
  await joined
  await send(kafka, 'after')
  while (!values.includes('after')) await next()
  await consumer.disconnect()
})
