import { expect, test } from 'vitest'
import type { Consumer } from '../../../client/index.ts'
import { offsetsOf, part, take, until } from './bench.ts'

export const groups = part('groups', bench => {
  test('two members share, one leaves, the other takes over; nothing is lost', async () => {
    const topic = await bench().topicOf(4)
    const groupId = bench().unique('group')
    const events: string[] = []
    const member = (name: string) =>
      bench().client.consumer({
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
    await using producer = bench().client.producer()
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
    const [group] = await bench().client.admin().describeGroups([groupId])
    expect(group!.state).toBe('Empty')
  })

  test('a static member that restarts keeps its partitions', async () => {
    const topic = await bench().topicOf(2)
    const groupId = bench().unique('group')
    const member = (instanceId: string) =>
      bench().client.consumer({ groupId, instanceId, topics: [topic], heartbeatIntervalMs: 100 })
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
    const topic = await bench().topicOf()
    const groupId = bench().unique('group')
    await using producer = bench().client.producer()
    await producer.sendAll(Array.from({ length: 10 }, (_, i) => ({ topic, value: `${i}` })))
    const place = { topic, partition: 0 }
    const options = { groupId, topics: [topic], autoCommit: false } as const
    const first = bench().client.consumer({ ...options, autoOffsetReset: 'earliest' })
    await take(first, 5)
    await first.commit([{ ...place, offset: 3, metadata: 'noted' }])
    expect(await first.committed([place])).toEqual([3])
    await take(first, 2)
    await first.close()
    const second = bench().client.consumer(options)
    expect(offsetsOf(await take(second, 1))).toEqual({ 0: [3] })
    await second.commit()
    await second.close()
    expect(await bench().client.admin().fetchOffsets(groupId, [place])).toMatchObject([
      { offset: 4 },
    ])
  })

  test.each(['range', 'roundrobin', 'sticky'] as const)('%s can be chosen', async assignor => {
    const topic = await bench().topicOf(3)
    const groupId = bench().unique('group')
    await using consumer = bench().client.consumer({
      groupId,
      topics: [topic],
      assignors: [assignor],
    })
    await consumer.poll({ timeoutMs: 300 })
    await until(async () => {
      await consumer.poll({ timeoutMs: 10 })
      return consumer.assignment().length === 3
    })
    const [group] = await bench().client.admin().describeGroups([groupId])
    expect(group).toMatchObject({ state: 'Stable', protocol: assignor })
    expect(group!.members[0]!.assignment).toHaveLength(3)
  })
})
