/** Faults that a test asks of a broker in its process. */
import { expect, test } from 'vitest'
import { type ApiName, Broker, BrokerError, Client, type ErrorName } from '../../index.ts'

async function started() {
  const broker = await Broker.start()
  const client = new Client({ bootstrapServers: broker.bootstrapServers })
  await broker.createTopic('t')
  const stop = async () => {
    await client.close()
    await broker.stop()
  }
  return { broker, client, [Symbol.asyncDispose]: stop }
}

test('a reply is met so many times, counted, and without effect', async () => {
  await using scene = await started()
  const { broker, client } = scene
  const fault = broker.on('Produce').times(2).reply('MESSAGE_TOO_LARGE')
  const producer = client.producer({ idempotent: false })
  for (let at = 0; at < 2; at++) {
    const sent = producer.send({ topic: 't', value: 'x' })
    await expect(sent).rejects.toMatchObject({ codeName: 'MESSAGE_TOO_LARGE' })
  }
  await producer.send({ topic: 't', value: 'y' })
  expect(fault.fired).toBe(2)
  expect((await broker.topic('t').records()).map(({ value }) => value)).toEqual(['y'])
})

test('a fault ends when it is removed', async () => {
  await using scene = await started()
  const fault = scene.broker.on('ListGroups').reply('COORDINATOR_LOAD_IN_PROGRESS')
  const once = scene.client.admin({ timeoutMs: 100 }).listGroups()
  await expect(once).rejects.toBeInstanceOf(Error)
  fault.remove()
  expect(await scene.client.admin().listGroups()).toEqual([])
})

test('a disconnect costs the connection, and clients come again', async () => {
  await using scene = await started()
  const fault = scene.broker.on('Produce').once().disconnect()
  await scene.client.producer().send({ topic: 't', value: 'x' })
  expect(fault.fired).toBe(1)
  expect(await scene.broker.topic('t').records()).toHaveLength(1)
})

test('a delay holds a request, and the requests behind it keep their order', async () => {
  await using scene = await started()
  scene.broker.on('Produce').once().delay(50)
  const producer = scene.client.producer({ lingerMs: 0 })
  const began = performance.now()
  const sent = [1, 2, 3].map(n => producer.send({ topic: 't', partition: 0, value: String(n) }))
  const offsets = (await Promise.all(sent)).map(({ offset }) => offset)
  expect(performance.now() - began).toBeGreaterThanOrEqual(49)
  expect(offsets).toEqual([0, 1, 2])
})

test('the same seed draws the same requests', async () => {
  const firedWith = async (seed: number) => {
    await using scene = await started()
    const { broker, client } = scene
    broker.on('Produce').withProbability(0.5, seed).reply('MESSAGE_TOO_LARGE')
    const producer = client.producer({ idempotent: false })
    const drawn: boolean[] = []
    for (let at = 0; at < 12; at++) {
      const sent = producer.send({ topic: 't', value: 'x' })
      drawn.push(
        await sent.then(
          () => false,
          error => error instanceof BrokerError,
        ),
      )
    }
    return drawn
  }
  const drawn = await firedWith(7)
  expect(await firedWith(7)).toEqual(drawn)
  expect(new Set(drawn).size).toBe(2)
})

test('names that Kafka does not have are refused with the name that was meant', async () => {
  await using scene = await started()
  const { broker } = scene
  expect(() => broker.on('Prodcue' as ApiName)).toThrow('did you mean Produce?')
  const misspelt = 'NOT_LEADER_OR_FOLOWER' as ErrorName
  expect(() => broker.on('Produce').reply(misspelt)).toThrow('did you mean NOT_LEADER_OR_FOLLOWER?')
})

test('a disk in memory can be made to fail, a real disk cannot', async () => {
  await using scene = await started()
  const { broker, client } = scene
  const fault = broker.disk.fail({ calls: ['write'], path: 't-0', code: 'ENOSPC', times: 1 })
  const producer = client.producer({ idempotent: false, deliveryTimeoutMs: 2_000 })
  await producer.send({ topic: 't', value: 'x' })
  expect(fault.hits).toBe(1)
  await using real = await Broker.start({ disk: 'temporary' })
  expect(() => real.disk.fail({ calls: ['write'], code: 'EIO' })).toThrow("disk: 'memory'")
})

test('a wait that is given up says how the group stands', async () => {
  await using scene = await started()
  const wait = scene.broker.group('kitchen').stable({ timeoutMs: 20 })
  await expect(wait).rejects.toThrow('group kitchen is Dead with 0 members, after 20 ms')
})
