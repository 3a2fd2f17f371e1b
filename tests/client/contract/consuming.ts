import { expect, test } from 'vitest'
import { offsetsOf, part, take } from './bench.ts'

export const consuming = part('consuming', bench => {
  test('by hand: positions, seeking, pausing', async () => {
    const topic = await bench().topicOf(2)
    await using producer = bench().client.producer()
    for (const partition of [0, 1]) {
      await producer.sendAll(
        Array.from({ length: 10 }, (_, i) => ({ topic, partition, value: `${i}`, timestamp: i })),
      )
    }
    const [a, b] = [0, 1].map(partition => ({ topic, partition }))
    await using consumer = bench().client.consumer()
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
    const topic = await bench().topicOf()
    await using producer = bench().client.producer()
    await producer.sendAll(Array.from({ length: 5 }, () => ({ topic, value: 'v' })))
    await bench()
      .client.admin()
      .deleteRecords([{ topic, partition: 0, offset: 3 }])
    await using strict = bench().client.consumer({ autoOffsetReset: 'none' })
    strict.assign([{ topic, partition: 0, from: 1 }])
    const error = await strict.poll().catch(e => e)
    expect(error.codeName).toBe('OFFSET_OUT_OF_RANGE')
    await using lenient = bench().client.consumer({ autoOffsetReset: 'earliest' })
    lenient.assign([{ topic, partition: 0, from: 1 }])
    expect(offsetsOf(await take(lenient, 2))).toEqual({ 0: [3, 4] })
  })

  test('records produced later arrive without being asked for again', async () => {
    const topic = await bench().topicOf()
    await using producer = bench().client.producer()
    await using consumer = bench().client.consumer({ autoOffsetReset: 'earliest' })
    consumer.assign([{ topic, partition: 0 }])
    for (let i = 0; i < 5; i += 1) {
      await producer.send({ topic, value: `${i}` })
      const [record] = await take(consumer, 1)
      expect(record!.offset).toBe(i)
    }
  })

  test('leaving the loop keeps what was handed out apart from what was not', async () => {
    const topic = await bench().topicOf()
    const groupId = bench().unique('group')
    await using producer = bench().client.producer()
    await producer.sendAll(Array.from({ length: 20 }, (_, i) => ({ topic, value: `${i}` })))
    const consumer = bench().client.consumer({
      groupId,
      topics: [topic],
      autoOffsetReset: 'earliest',
    })
    for await (const { offset } of consumer) if (offset === 6) break
    await consumer.close()
    expect(await bench().client.admin().fetchOffsets(groupId)).toEqual([
      { topic, partition: 0, offset: 7, metadata: '' },
    ])
  })
})
