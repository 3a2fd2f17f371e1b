import { Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { Broker } from '../../index.ts'

// kafkajs warns once about its partitioner, and its timers about themselves: both are its own.
process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'

const DAY_MS = 86_400_000

function kafkaOf(broker: Broker): Kafka {
  const retry = { initialRetryTime: 20 }
  return new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING, retry })
}

/** The service under test: takes orders, and confirms each in another topic. */
async function orderService(broker: Broker) {
  const kafka = kafkaOf(broker)
  const producer = kafka.producer()
  const consumer = kafka.consumer({
    groupId: 'order-service',
    heartbeatInterval: 50,
    maxWaitTimeInMs: 50,
  })
  await producer.connect()
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ message: { key, value } }) => {
      await producer.send({ topic: 'confirmations', messages: [{ key, value: `sold: ${value}` }] })
    },
  })
  const joined = (): Promise<void> =>
    new Promise(resolve => {
      consumer.on(consumer.events.GROUP_JOIN, () => resolve())
    })
  const stop = () => Promise.all([consumer.disconnect(), producer.disconnect()])
  return { joined, stop }
}

async function order(broker: Broker, ...messages: { key: string; value: string }[]) {
  const producer = kafkaOf(broker).producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages })
  await producer.disconnect()
}

async function confirmations(broker: Broker): Promise<(string | null)[]> {
  const records = await broker.topic('confirmations').records()
  return records.map(({ value }) => value)
}

test('an order is confirmed', async () => {
  await using broker = await Broker.start()
  await broker.createTopic('orders')
  const service = await orderService(broker)
  await order(broker, { key: 'alice', value: 'two apples' })
  await broker.group('order-service').caughtUp()
  expect(await confirmations(broker)).toEqual(['sold: two apples'])
  await service.stop()
})

test('two members share the orders, and each order is confirmed once', async () => {
  await using broker = await Broker.start()
  await broker.createTopic('orders', { partitions: 4 })
  const services = [await orderService(broker), await orderService(broker)]
  await broker.group('order-service').stable({ members: 2 })
  const customers = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']
  await order(broker, ...customers.map(key => ({ key, value: `a pear for ${key}` })))
  await broker.group('order-service').caughtUp()
  const expected = customers.map(key => `sold: a pear for ${key}`)
  expect((await confirmations(broker)).sort()).toEqual(expected)
  await Promise.all(services.map(service => service.stop()))
})

test('an order that the broker refuses at first is sent again, and stored once', async () => {
  await using broker = await Broker.start()
  await broker.createTopic('orders')
  const refused = broker.on('Produce').once().reply('NOT_LEADER_OR_FOLLOWER')
  await order(broker, { key: 'alice', value: 'two apples' })
  expect(refused.fired).toBe(1)
  const records = await broker.topic('orders').records()
  expect(records.map(({ key, value }) => [key, value])).toEqual([['alice', 'two apples']])
})

test('a member whose session passes joins anew, and orders of a week ago are gone', async () => {
  await using broker = await Broker.start({ clock: 'virtual' })
  await broker.createTopic('orders', { config: { 'retention.ms': 7 * DAY_MS } })
  const service = await orderService(broker)
  await order(broker, { key: 'alice', value: 'two apples' })
  await broker.group('order-service').caughtUp()

  const joined = service.joined()
  await broker.clock.advance(60_000)
  await joined

  await broker.clock.advance(8 * DAY_MS, { keepMembers: true })
  expect(await broker.topic('orders').records()).toEqual([])
  await service.stop()
})

test('orders outlive a restart of the broker, and its death', async () => {
  await using broker = await Broker.start({ disk: 'temporary' })
  await broker.createTopic('orders')
  await order(broker, { key: 'alice', value: 'two apples' })
  await broker.restart()
  await order(broker, { key: 'bob', value: 'one pear' })
  await broker.crash()
  const records = await broker.topic('orders').records()
  expect(records.map(({ key }) => key)).toEqual(['alice', 'bob'])
})

test('two brokers know nothing of each other', async () => {
  await using east = await Broker.start()
  await using west = await Broker.start()
  await east.createTopic('orders')
  await west.createTopic('orders')
  await order(east, { key: 'alice', value: 'two apples' })
  expect(await east.topic('orders').records()).toHaveLength(1)
  expect(await west.topic('orders').records()).toEqual([])
})
