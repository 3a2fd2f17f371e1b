/** Readers that share a spent budget, driven one landing at a time. */
import { describe, expect, test } from 'vitest'
import { NodeLoop } from '../../../host/node/loop.ts'
import { ReceiveMemory } from '../../../host/node/receive-memory.ts'
import { SLAB_BYTES } from '../../../host/node/slabs.ts'
import { frameOf } from '../contract/peer.ts'
import { Source } from './source.ts'

const STALL_MS = 100
const BUDGET_BYTES = 4 * SLAB_BYTES

function sources(memory: ReceiveMemory, count: number): Source[] {
  return Array.from({ length: count }, () => new Source(memory))
}

describe('a spent budget', () => {
  test('does not stop a reader whose frame fits in the slab that spent it', () => {
    const memory = new ReceiveMemory(BUDGET_BYTES, STALL_MS)
    const readers = sources(memory, 4)
    for (const source of readers) source.bring(frameOf(Buffer.alloc(500_000)).subarray(0, 100_000))
    expect(memory.isSpent).toBe(true)
    expect(readers.map(source => source.reader.isWaiting)).toEqual([false, false, false, false])
    expect(readers.map(source => source.isReading)).toEqual([true, true, true, true])
    for (const { reader } of readers) reader.close()
    expect(memory.usedBytes).toBe(0)
  })

  test('lets a small frame through while long ones wait for memory', () => {
    const { memory, long } = spent()
    const small = new Source(memory)
    const frame = frameOf(Buffer.alloc(64 << 10))
    expect(small.bring(frame)).toBe(frame.length)
    expect(small.frames).toHaveLength(1)
    small.releaseAll()
    leave(memory, [small, ...long])
  })

  test('keeps nothing of a long frame that begins but what landed with its length', () => {
    const { memory, long } = spent()
    const before = memory.usedBytes
    const late = sources(memory, 50)
    for (const each of late) each.bring(LONG)
    expect(late.map(({ isReading }) => isReading)).not.toContain(true)
    expect(memory.usedBytes - before).toBeLessThan(2 * SLAB_BYTES)
    leave(memory, [...late, ...long])
  })

  test('lets long frames through one after another', () => {
    const { memory, long, rest } = spent()
    for (let round = 0; round < 8; round++) {
      for (const [at, each] of long.entries()) {
        rest[at] = (rest[at] as Buffer).subarray(each.bring(rest[at] as Buffer))
        each.releaseAll()
      }
    }
    expect(rest.map(({ length }) => length)).toEqual([0, 0, 0])
    leave(memory, long)
  })

  test('is not kept by a frame that was favoured and is paused', async () => {
    const { memory, long, rest } = spent()
    const favoured = long.findIndex(({ reader }) => memory.isFavoured(reader))
    long[favoured]?.reader.pause()
    for (const [at, each] of long.entries()) {
      if (at === favoured) continue
      for (let round = 0; round < 8; round++) {
        rest[at] = (rest[at] as Buffer).subarray(each.bring(rest[at] as Buffer))
        each.releaseAll()
      }
      expect(rest[at]).toHaveLength(0)
    }
    long[favoured]?.reader.resume()
    await new NodeLoop().nextTurn()
    expect(long[favoured]?.isReading).toBe(true)
    leave(memory, long)
  })

  test('closes who trickles inside a long frame, and nobody who goes on', () => {
    const { memory, long, rest } = spent()
    const favoured = long.findIndex(({ reader }) => memory.isFavoured(reader))
    const honest = new Source(memory)
    for (let tick = 0; tick < 3; tick++) {
      const trickle = rest[favoured] as Buffer
      rest[favoured] = trickle.subarray(long[favoured]?.bring(trickle.subarray(0, 1)))
      honest.bring(frameOf(Buffer.alloc(1000)))
      memory.relief.tick()
    }
    expect(long[favoured]?.reason?.message).toContain('stalled inside a frame')
    expect(long.filter(({ reason }) => reason !== null)).toHaveLength(1)
    expect(honest.reason).toBeNull()
    leave(memory, [honest, ...long])
  })
})

describe('bytes behind a pause', () => {
  test('are few, lie in memory of their own, and go first when they are many', () => {
    const memory = new ReceiveMemory(BUDGET_BYTES, STALL_MS)
    const paused = sources(memory, 200)
    for (const each of paused) {
      each.pausesAtFrame = true
      each.bring(Buffer.concat(Array.from({ length: 3000 }, () => frameOf('a small request'))))
    }
    for (const each of paused) each.releaseAll()
    const keptBytes = paused[0]?.reader.heldBytes as number
    expect(keptBytes).toBeLessThan(21 << 10)
    memory.relief.tick()
    memory.relief.tick()
    const left = paused.filter(({ reason }) => reason === null)
    expect(left.length * keptBytes).toBeLessThanOrEqual(memory.budgetBytes / 2)
    expect(memory.usedBytes).toBeLessThan(memory.budgetBytes / 2 + 2 * SLAB_BYTES)
    leave(memory, paused)
  })

  test('do not grow by looking for the end of a peer that left', () => {
    const memory = new ReceiveMemory(BUDGET_BYTES, STALL_MS)
    const source = new Source(memory)
    source.reader.pause()
    for (let probe = 0; probe < 100; probe++) {
      source.reader.probe()
      source.bring(Buffer.alloc(4 << 10))
    }
    expect(source.reader.heldBytes).toBeLessThan(56 << 10)
    expect(source.isReading).toBe(false)
    leave(memory, [source])
  })
})

test('what comes after this side is done with a connection lands in nobody else’s frame', () => {
  const memory = new ReceiveMemory(BUDGET_BYTES, STALL_MS)
  const [given, other] = sources(memory, 2) as [Source, Source]
  const long = frameOf(Buffer.alloc(1_000_000, 'given up'))
  given.bring(long.subarray(0, 300_000))
  given.reader.discard()
  const payload = Buffer.alloc(1_000_000, 'kept')
  const kept = frameOf(payload)
  other.bring(kept.subarray(0, 700_000))
  given.bring(long.subarray(300_000))
  other.bring(kept.subarray(700_000))
  expect(other.frames).toHaveLength(1)
  expect(other.frames[0]?.bytes.equals(payload)).toBe(true)
  leave(memory, [given, other])
})

const LONG = frameOf(Buffer.alloc(3.5 * SLAB_BYTES))

/** Three long frames that have brought what they could, and what they have still to bring. */
function spent() {
  const memory = new ReceiveMemory(BUDGET_BYTES, STALL_MS)
  const long = sources(memory, 3)
  const rest = long.map(each => {
    const begun = LONG.subarray(0, 1.5 * SLAB_BYTES)
    return LONG.subarray(each.bring(begun))
  })
  expect([memory.isSpent, memory.isShut]).toEqual([true, false])
  return { memory, long, rest }
}

function leave(memory: ReceiveMemory, all: readonly Source[]): void {
  for (const each of all) {
    each.releaseAll()
    each.reader.close()
  }
  expect(memory.usedBytes).toBe(0)
}
