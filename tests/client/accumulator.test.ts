import { describe, expect, test } from 'vitest'
import { Accumulator, type OutgoingBatch } from '../../client/accumulator.ts'

const nothing = { delivered: () => {}, failed: () => {} }
const place = { topic: 't', partition: 0 }

function record(size = 10) {
  return { timestamp: 1, key: null, value: Buffer.alloc(size) }
}

function filled(accumulator: Accumulator, batches: number): OutgoingBatch[] {
  // Two records of 60 bytes do not fit a batch of 150: each has one of its own.
  for (let i = 0; i < batches; i += 1) accumulator.append(place, record(60), nothing, i)
  return takeAll(accumulator, 1e9)
}

function takeAll(accumulator: Accumulator, nowMs: number): OutgoingBatch[] {
  const taken: OutgoingBatch[] = []
  for (;;) {
    const [queue] = accumulator.ready(nowMs, false)
    if (queue === undefined) return taken
    taken.push(accumulator.take(queue))
  }
}

describe('an accumulator', () => {
  test('waits for company until the linger time is over, or the batch is full', () => {
    const accumulator = new Accumulator({ batchBytes: 150, lingerMs: 5 })
    accumulator.append(place, record(), nothing, 100)
    expect(accumulator.ready(104, false)).toEqual([])
    expect(accumulator.nextDueMs(104, 1000)).toBe(105)
    expect(accumulator.ready(105, false)).toHaveLength(1)
    expect(accumulator.ready(104, true)).toHaveLength(1)
    accumulator.append(place, record(), nothing, 104)
    accumulator.append(place, record(60), nothing, 104)
    expect(accumulator.ready(104, false)).toHaveLength(1)
    expect(takeAll(accumulator, 104)[0]!.records).toHaveLength(2)
  })

  test('lets a record larger than a batch go alone', () => {
    const accumulator = new Accumulator({ batchBytes: 150, lingerMs: 0 })
    accumulator.append(place, record(), nothing, 0)
    accumulator.append(place, record(5000), nothing, 0)
    accumulator.append(place, record(), nothing, 0)
    expect(takeAll(accumulator, 0).map(({ records }) => records.length)).toEqual([1, 1, 1])
  })

  test('numbers batches in the order they leave', () => {
    const accumulator = new Accumulator({ batchBytes: 150, lingerMs: 0 })
    const batches = filled(accumulator, 3)
    expect(batches.map(({ baseSequence }) => baseSequence)).toEqual([0, 1, 2])
  })

  test('puts batches back in their order and lets none overtake them', () => {
    const accumulator = new Accumulator({ batchBytes: 150, lingerMs: 0 })
    const [first, second, third] = filled(accumulator, 3)
    accumulator.append(place, record(), nothing, 10)
    accumulator.putBack(third!, 0)
    accumulator.putBack(first!, 50)
    expect(accumulator.ready(40, false)).toEqual([])
    // The second is still in flight, so even now the first has to wait.
    expect(accumulator.ready(60, false)).toEqual([])
    accumulator.done(second!)
    const [queue] = accumulator.ready(60, false)
    expect(accumulator.take(queue!)).toBe(first)
    expect(accumulator.ready(60, false)).toEqual([])
    accumulator.done(first!)
    expect(accumulator.take(accumulator.ready(60, false)[0]!)).toBe(third)
    expect(third!.baseSequence).toBe(2)
  })

  test('splits what is too large into halves with the same sequences', () => {
    const accumulator = new Accumulator({ batchBytes: 10_000, lingerMs: 0 })
    for (let i = 0; i < 5; i += 1) accumulator.append(place, record(), nothing, 0)
    const [batch] = takeAll(accumulator, 0)
    accumulator.append(place, record(), nothing, 0)
    accumulator.split(batch!)
    // The first part is still too large, and goes in two.
    accumulator.split(accumulator.take(accumulator.ready(0, false)[0]!))
    const leaving: [number, number][] = []
    while (!accumulator.isEmpty) {
      const half = accumulator.take(accumulator.ready(0, false)[0]!)
      leaving.push([half.baseSequence, half.records.length])
      accumulator.done(half)
    }
    expect(leaving).toEqual([
      [0, 2],
      [2, 1],
      [3, 2],
      [5, 1],
    ])
  })

  test('gives up what has waited too long, and only that', () => {
    const accumulator = new Accumulator({ batchBytes: 150, lingerMs: 1000 })
    accumulator.append(place, record(), nothing, 0)
    accumulator.append({ topic: 't', partition: 1 }, record(), nothing, 50)
    expect(accumulator.expired(99, 100)).toEqual([])
    const [late] = accumulator.expired(100, 100)
    expect(late!.queue.partition).toBe(0)
    accumulator.done(late!)
    expect(accumulator.isEmpty).toBe(false)
    expect(accumulator.nextDueMs(100, 100)).toBe(150)
  })

  test('numbers afresh after the epoch went up', () => {
    const accumulator = new Accumulator({ batchBytes: 150, lingerMs: 0 })
    const [first, second] = filled(accumulator, 2)
    accumulator.done(first!)
    accumulator.putBack(second!, 0)
    accumulator.resequence()
    expect(takeAll(accumulator, 100)[0]!.baseSequence).toBe(0)
  })
})
