import { describe, expect, test } from 'vitest'
import { nodeCrc32c } from '../../host/node/host.ts'
import { SimLoop } from '../../host/sim/loop.ts'
import { SeededRandom } from '../../host/sim/random.ts'
import { Simulation } from '../../host/sim/simulation.ts'
import { decodeSnapshot } from '../../storage/producer-snapshot.ts'
import { realTurn } from '../support/turns.ts'
import {
  append,
  appendDurably,
  batchOf,
  contentOf,
  DATA,
  idempotent,
  oneLog,
  openDirectory,
  START_MS,
  smallConfig,
} from './support/log-world.ts'

const BATCH_BYTES = batchOf().length
/** Two batches a stage, so four a turn. */
const stageBytesMax = 2 * BATCH_BYTES
const segmentBytes = 100 * BATCH_BYTES
const config = smallConfig({ durability: 'os', segmentBytes })
const stagedLog = (changes = {}) =>
  oneLog(smallConfig({ durability: 'os', segmentBytes, ...changes }), undefined, { stageBytesMax })

describe('more than a turn should write', () => {
  test('is written in order by the turns that follow, and told turn by turn', async () => {
    const { log } = await stagedLog()
    const told: number[] = []
    for (let at = 0; at < 10; at++) void append(log, batchOf()).fate.then(() => told.push(at))
    const ends: number[] = []
    while (log.writtenOffset < 10) {
      await realTurn()
      ends.push(log.writtenOffset)
    }
    expect(ends).toEqual([4, 8, 10])
    expect(log.durableOffset).toBe(10)
    await realTurn()
    expect(told).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('holds each frame until its own write', async () => {
    const { log } = await stagedLog()
    let references = 0
    const frame = { retain: () => references++, release: () => references-- }
    for (let at = 0; at < 10; at++) append(log, batchOf(), { frame })
    expect(references).toBe(10)
    await realTurn()
    expect(references).toBe(6)
  })

  test('lets logs that asked first go first, each with its share', async () => {
    const { directory, log } = await stagedLog()
    const other = directory.create('topic', 1, 'AAECAwQFBgcICQoLDA0ODw', config, START_MS)
    for (let at = 0; at < 6; at++) append(log, batchOf())
    append(other, batchOf())
    await realTurn()
    expect([log.writtenOffset, other.writtenOffset]).toEqual([4, 0])
    // What comes now queues up behind.
    append(log, batchOf())
    await realTurn()
    expect([log.writtenOffset, other.writtenOffset]).toEqual([7, 1])
  })

  test('is written whole by a clean stop, and not at all by an abandoned directory', async () => {
    for (const isClean of [true, false]) {
      const { directory, log, disk } = await stagedLog()
      for (let at = 0; at < 10; at++) append(log, batchOf())
      await realTurn()
      if (isClean) await directory.close(START_MS)
      else directory.abandon()
      await realTurn()
      const again = await openDirectory(disk, { logDefaults: config })
      expect(again.get('topic', 0)?.nextOffset).toBe(isClean ? 10 : 4)
      again.abandon()
    }
  })

  test('is failed whole by a truncation, from the first batch that was not written', async () => {
    const { log } = await stagedLog()
    const appends = Array.from({ length: 10 }, () => append(log, batchOf()))
    await realTurn()
    log.truncateTo(2)
    const fates = await Promise.all(appends.map(({ fate }) => fate))
    expect(fates.map(fate => fate === 'durable')).toEqual([...Array(10)].map((_, at) => at < 4))
    expect(await appendDurably(log, batchOf())).toMatchObject({ baseOffset: 2 })
  })

  test('takes the same turns for the same seed in a simulation', async () => {
    const run = async () => {
      const simulation = new Simulation()
      const owner = { name: 'broker', isAlive: true }
      const loop = new SimLoop(simulation, owner)
      const { log } = await simulation.runUntilSettled(
        oneLog(config, undefined, { stageBytesMax, loop }),
      )
      const told: number[] = []
      for (let at = 0; at < 10; at++) {
        void append(log, batchOf()).fate.then(() => told.push(simulation.nowMs))
      }
      simulation.schedule(0, 'socket', owner, () => {})
      await simulation.runUntilIdle()
      return told
    }
    const told = await run()
    expect(new Set(told).size).toBe(3)
    expect(await run()).toEqual(told)
  })
})

describe('a disk that fills between two stages', () => {
  test('keeps the first with their producers and fails all behind them', async () => {
    const { log, disk } = await stagedLog()
    await appendDurably(log, idempotent(0))
    // The second stage does not fit.
    disk.capacityBytes = disk.usedBytes + 3 * BATCH_BYTES
    const appends = [1, 2, 3, 4, 5].map(sequence => append(log, idempotent(sequence)))
    const fates = await Promise.all(appends.map(({ fate }) => fate))
    expect(fates.map(fate => fate === 'durable')).toEqual([true, true, false, false, false])
    expect([log.nextOffset, log.writtenOffset, log.durableOffset]).toEqual([3, 3, 3])
    disk.capacityBytes = Number.POSITIVE_INFINITY
    for (const sequence of [1, 2]) {
      expect(append(log, idempotent(sequence)).result).toMatchObject({
        kind: 'duplicate',
        baseOffset: sequence,
      })
    }
    expect(append(log, idempotent(4)).result).toMatchObject({ kind: 'refused' })
    expect(append(log, idempotent(3)).result).toMatchObject({ kind: 'appended', baseOffset: 3 })
  })

  test('for want of a next segment fails what was to go there', async () => {
    const { directory, log, disk } = await stagedLog({ segmentBytes: 3 * BATCH_BYTES })
    disk.faults.add({ calls: ['open'], path: '00000000000000000003.log', code: 'ENOSPC', times: 1 })
    const appends = Array.from({ length: 8 }, () => append(log, batchOf()))
    const fates = await Promise.all(appends.map(({ fate }) => fate))
    expect(fates.map(fate => fate === 'durable')).toEqual([...Array(8)].map((_, at) => at < 3))
    expect(directory.offline).toBeNull()
    expect(await appendDurably(log, batchOf())).toMatchObject({ baseOffset: 3 })
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 3])
  })
})

test('a segment that is full while much is staged rolls where it should', async () => {
  const { directory, log, disk } = await stagedLog({ segmentBytes: 3 * BATCH_BYTES })
  for (let at = 0; at < 20; at++) append(log, idempotent(at))
  expect(log.segments()).toHaveLength(1)
  while (log.writtenOffset < 20) await realTurn()
  const bases = log.segments().map(({ baseOffset }) => baseOffset)
  expect(bases).toEqual([0, 3, 6, 9, 12, 15, 18])
  const content = contentOf(log)
  expect(content.length).toBe(20 * BATCH_BYTES)
  // Each snapshot tells of what lies below its base and of nothing that was staged behind it.
  for (const base of bases.slice(1)) {
    const path = `${DATA}/topic-0/${String(base).padStart(20, '0')}.snapshot`
    const producers = decodeSnapshot(disk.readFile(path), nodeCrc32c())
    expect(producers?.get(7)?.lastSequence).toBe(base - 1)
  }
  directory.abandon()
  const again = await openDirectory(disk, { logDefaults: config })
  const found = again.get('topic', 0)
  expect(found === undefined ? null : contentOf(found)).toEqual(content)
  again.abandon()
})

test('a segment is also rolled by time while its first batch is staged', async () => {
  const { log } = await stagedLog({ segmentMs: 1000, segmentBytes: 3 * BATCH_BYTES })
  const times = [0, 10, 20, 30, 1100, 1200]
  for (const ms of times) append(log, batchOf({ timestamp: START_MS + ms }))
  while (log.writtenOffset < times.length) await realTurn()
  expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 3, 4])
})

test('whatever is staged, rolled or failed, producers go on where the log ends', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new SeededRandom(`staged ${seed}`)
    const { log, disk } = await stagedLog({ segmentBytes: random.between(2, 9) * BATCH_BYTES })
    const acked = [0, 0]
    const sent = [0, 0]
    for (let at = 0; at < 60; at++) {
      const producerId = random.between(0, 1)
      const baseSequence = sent[producerId] as number
      const bytes = batchOf({ producerId, producerEpoch: 0, baseSequence })
      const { result, fate } = append(log, bytes)
      if (result.kind === 'appended') sent[producerId] = baseSequence + 1
      void fate.then(told => {
        if (told === 'durable') acked[producerId] = baseSequence + 1
        // The client sends again from the first that failed.
        else sent[producerId] = Math.min(sent[producerId] as number, baseSequence)
      })
      if (random.chance(0.1))
        disk.capacityBytes = disk.usedBytes + random.between(0, 5) * BATCH_BYTES
      if (random.chance(0.1)) disk.capacityBytes = Number.POSITIVE_INFINITY
      if (random.chance(0.2)) await realTurn()
    }
    disk.capacityBytes = Number.POSITIVE_INFINITY
    while (log.writtenOffset < log.nextOffset) await realTurn()
    await realTurn()
    const held = [...log.readBatches(0, Number.POSITIVE_INFINITY)].map(
      ({ producerId, baseSequence }) => ({ producerId, baseSequence }),
    )
    for (const producerId of [0, 1]) {
      const sequences = held.filter(batch => batch.producerId === producerId)
      expect(sequences.map(({ baseSequence }) => baseSequence)).toEqual(
        Array.from({ length: acked[producerId] as number }, (_, at) => at),
      )
    }
  }
})
