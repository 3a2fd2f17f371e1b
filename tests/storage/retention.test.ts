import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { nextRetention, type RetentionFacts } from '../../storage/retention.ts'
import { untilTrue } from '../support/turns.ts'
import {
  append,
  appendDurably,
  batchOf,
  contentOf,
  DATA,
  oneLog,
  START_MS,
  smallConfig,
} from './support/log-world.ts'

const DAY = 86_400_000

/** Segments of 100 bytes and ten offsets each; the newest timestamps as given. */
function facts(timestamps: number[], changes: Partial<RetentionFacts> = {}): RetentionFacts {
  const segments = timestamps.map((maxTimestampMs, at) => ({
    baseOffset: at * 10,
    nextOffset: at * 10 + 10,
    sizeBytes: 100,
    maxTimestampMs,
    modifiedMs: 0,
  }))
  const config = smallConfig({ retentionMs: Infinity })
  const highWatermark = timestamps.length * 10
  return { segments, config, highWatermark, logStartOffset: 0, nowMs: START_MS, ...changes }
}

describe('retention', () => {
  test('by size never goes below the limit', () => {
    const of = (retentionBytes: number) =>
      nextRetention(
        facts([1, 1, 1, 1], { config: smallConfig({ retentionBytes, retentionMs: Infinity }) }),
      )
    expect([of(400), of(301), of(300), of(201), of(0)]).toEqual([
      null,
      null,
      { count: 1, reason: 'size' },
      { count: 1, reason: 'size' },
      { count: 4, reason: 'size' },
    ])
  })

  test('by time stops at the first segment that is young enough, and at the future', () => {
    const config = smallConfig({ retentionMs: DAY })
    const old = START_MS - DAY - 1
    expect(nextRetention(facts([old, old, START_MS - DAY, old], { config }))).toEqual({
      count: 2,
      reason: 'time',
    })
    expect(nextRetention(facts([START_MS * 2, old, old], { config }))).toBeNull()
    // Without timestamps the file's own time decides.
    expect(nextRetention(facts([-1, START_MS], { config }))).toEqual({ count: 1, reason: 'time' })
  })

  test('takes nothing that is not wholly below the high watermark', () => {
    const config = smallConfig({ retentionMs: 1 })
    expect(nextRetention(facts([1, 1, 1], { config, highWatermark: 19 }))?.count).toBe(1)
    expect(nextRetention(facts([1, 1, 1], { config, highWatermark: 9 }))).toBeNull()
  })

  test('of a compacted log only drops what lies before its start', () => {
    const config = smallConfig({ deleteEnabled: false, compactEnabled: true, retentionMs: 1 })
    expect(nextRetention(facts([1, 1, 1], { config }))).toBeNull()
    expect(nextRetention(facts([1, 1, 1], { config, logStartOffset: 20 }))).toEqual({
      count: 2,
      reason: 'start',
    })
  })
})

test('a sweep removes segments, moves the start, and unlinks after the delay', async () => {
  const config = smallConfig({ segmentBytes: 300, retentionBytes: 450 })
  const { directory, log, disk } = await oneLog(config)
  for (let at = 0; at < 20; at++) await appendDurably(log, batchOf())
  const before = log.segments().length
  const [report] = directory.sweep(START_MS)
  expect(report).toMatchObject({ reason: 'size', topic: 'topic', partition: 0 })
  expect(log.segments().length).toBe(before - (report?.removedSegments ?? 0))
  expect(log.sizeBytes).toBeGreaterThanOrEqual(450)
  expect(log.logStartOffset).toBe(log.segments()[0]?.baseOffset)
  expect(log.read(0, 100, Infinity, true)).toBe('out-of-range')
  const deleted = () => disk.list(`${DATA}/topic-0`).filter(({ name }) => name.endsWith('.deleted'))
  expect(deleted().length).toBeGreaterThan(0)
  await directory.unlinkDue(START_MS + 59_999)
  expect(deleted().length).toBeGreaterThan(0)
  await directory.unlinkDue(START_MS + 60_000)
  expect(deleted().length).toBe(0)
})

test('when everything expired an empty segment takes over and offsets go on', async () => {
  const { directory, log } = await oneLog(smallConfig({ retentionMs: 1000 }))
  await appendDurably(log, batchOf({ count: 5 }))
  directory.sweep(START_MS + 500)
  expect(log.logStartOffset).toBe(0)
  directory.sweep(START_MS + 2000)
  expect([log.logStartOffset, log.nextOffset, log.sizeBytes]).toEqual([5, 5, 0])
  expect(await appendDurably(log, batchOf())).toMatchObject({ baseOffset: 5 })
})

test('what is staged when everything before it expired stays', async () => {
  const { directory, log } = await oneLog(smallConfig({ retentionMs: 1000 }))
  await appendDurably(log, batchOf())
  const fresh = batchOf({ timestamp: START_MS + 2000 })
  const { fate } = append(log, fresh)
  directory.sweep(START_MS + 2000)
  expect(await fate).toBe('durable')
  expect(contentOf(log).subarray(-fresh.length)).toEqual(fresh)
})

test("what was removed before a round under 'os' synced it takes no memory", async () => {
  const config = smallConfig({ durability: 'os', segmentBytes: 300, retentionBytes: 300 })
  const { directory, log } = await oneLog(config)
  const removed: WeakRef<object>[] = []
  for (let at = 0; at < 30; at++) {
    await appendDurably(log, batchOf())
    removed.push(new WeakRef(log.state.segments[0] as object))
    directory.sweep(START_MS)
  }
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const left = () => new Set(removed.map(ref => ref.deref()).filter(one => one !== undefined)).size
  await untilTrue(
    () => {
      collect()
      return left() <= 3
    },
    'collection',
    20,
  )
})

describe('a segment is closed', () => {
  const bases = async (
    changes: Parameters<typeof smallConfig>[0],
    sketches: Parameters<typeof batchOf>[0][],
  ) => {
    const { log } = await oneLog(smallConfig({ segmentBytes: 1e6, ...changes }))
    for (const sketch of sketches) await appendDurably(log, batchOf(sketch))
    return log.segments().map(({ baseOffset }) => baseOffset)
  }
  const size = batchOf().length

  test('when the next batch would exceed segment.bytes, not when it just fits', async () => {
    expect(await bases({ segmentBytes: size * 2 }, [{}, {}, {}, {}])).toEqual([0, 2])
    expect(await bases({ segmentBytes: size * 2 - 1 }, [{}, {}])).toEqual([0, 1])
  })

  test('when record time moved on by more than segment.ms, never by old timestamps', async () => {
    const at = (timestamp: number) => ({ timestamp: START_MS + timestamp })
    expect(await bases({ segmentMs: 100 }, [at(0), at(100), at(101), at(-5000), at(150)])).toEqual([
      0, 2,
    ])
    expect(await bases({ segmentMs: 100, segmentJitterMs: 100 }, [at(0), at(101)])).toEqual([0, 1])
  })

  test('when an index is full, the time index with one slot left for its end', async () => {
    const dense = { indexIntervalBytes: 0, segmentIndexBytes: 24 }
    const sketches = Array.from({ length: 8 }, (_, at) => ({ timestamp: START_MS + at }))
    // Two time entries fit, one of them reserved: the second indexed batch closes the segment.
    expect(await bases(dense, sketches)).toEqual([0, 2, 4, 6])
    const equal = Array.from({ length: 9 }, () => ({ timestamp: -1 }))
    expect(await bases(dense, equal)).toEqual([0, 4, 8])
  })
})
