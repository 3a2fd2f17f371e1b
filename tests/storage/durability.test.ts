/** When appends are told to be durable, on a disk whose syncs take their time. */
import { describe, expect, test } from 'vitest'
import { virtualClock } from '../../host/sim/clock.ts'
import { SimDisk } from '../../host/sim/disk.ts'
import { SeededRandom } from '../../host/sim/random.ts'
import { BatchView } from '../../protocol/records/batch.ts'
import type { LogConfig } from '../../storage/log-config.ts'
import { realTurn, untilTrue } from '../support/turns.ts'
import {
  append,
  appendDurably,
  batchOf,
  DATA,
  flowing,
  idempotent,
  oneLog,
  smallConfig,
} from './support/log-world.ts'

const SYNC_MS = 10

async function slowLog(changes: Partial<LogConfig> = {}, stageBytesMax?: number) {
  const clock = virtualClock()
  const random = new SeededRandom('durability')
  const disk = new SimDisk({ random, clock, syncMs: { least: SYNC_MS, most: SYNC_MS } })
  const options = stageBytesMax === undefined ? {} : { stageBytesMax }
  const world = await flowing(clock, oneLog(smallConfig(changes), disk, options))
  return { ...world, disk, clock }
}

/** Whether the fate is known once all that takes no time has happened. */
async function isTold(fate: Promise<unknown>): Promise<boolean> {
  let told = false
  void fate.then(() => (told = true))
  for (let turn = 0; turn < 5; turn++) await realTurn()
  return told
}

describe('an append is durable', () => {
  test('when its sync is over and not before, and so is its duplicate', async () => {
    const { clock, log } = await slowLog()
    const first = append(log, idempotent(0))
    await untilTrue(() => log.writtenOffset === 1)
    const again = append(log, idempotent(0))
    expect(again.result.kind).toBe('duplicate')
    expect([await isTold(first.fate), await isTold(again.fate)]).toEqual([false, false])
    expect(log.durableOffset).toBe(0)
    expect(await flowing(clock, Promise.all([first.fate, again.fate]))).toEqual([
      'durable',
      'durable',
    ])
    expect(log.durableOffset).toBe(1)
  })

  test('by a sync that began after its write', async () => {
    const { clock, log } = await slowLog()
    const first = append(log, batchOf())
    await untilTrue(() => log.writtenOffset === 1)
    await realTurn()
    const second = append(log, batchOf())
    await untilTrue(() => log.writtenOffset === 2)
    await flowing(clock, first.fate)
    expect([log.durableOffset, await isTold(second.fate)]).toEqual([1, false])
    expect(await flowing(clock, second.fate)).toBe('durable')
    expect(log.durableOffset).toBe(2)
  })

  test('not by a sync that began while it was staged', async () => {
    const { clock, log } = await slowLog({}, 2 * batchOf().length)
    const fates = Array.from({ length: 10 }, () => append(log, batchOf()).fate)
    await untilTrue(() => log.writtenOffset === 10)
    await clock.advance(SYNC_MS)
    await untilTrue(() => log.durableOffset > 0)
    expect(log.durableOffset).toBeLessThan(10)
    expect(await isTold(fates[9] as Promise<unknown>)).toBe(false)
    await flowing(clock, Promise.all(fates))
    expect(log.durableOffset).toBe(10)
  })

  test('not by the sync of what was cut off at its offset', async () => {
    const { clock, log } = await slowLog()
    const cut = append(log, batchOf({ count: 4 }))
    await untilTrue(() => log.writtenOffset === 4)
    await realTurn()
    log.truncateTo(0)
    const second = append(log, batchOf({ count: 2 }))
    await untilTrue(() => log.writtenOffset === 2)
    await flowing(clock, cut.fate)
    expect([log.durableOffset, await isTold(second.fate)]).toEqual([0, false])
    expect(await flowing(clock, second.fate)).toBe('durable')
    expect(log.durableOffset).toBe(2)
  })

  test.each([
    [1, [false, false, false]],
    [2, [true, false, false]],
    [3, [true, true, false]],
  ])("under 'os' with flush.messages=%i when that many are unsynced", async (count, told) => {
    const { clock, log } = await slowLog({ durability: 'os', flushMessages: count })
    const fates = []
    for (let at = 0; at < told.length; at++) {
      const { fate } = append(log, batchOf())
      expect(await isTold(fate)).toBe(told[at])
      fates.push(fate)
    }
    await flowing(clock, Promise.all(fates))
    expect(log.state.syncedOffset).toBeGreaterThanOrEqual(count)
  })

  test.each(['fsync', 'os'] as const)('under %s, though nobody waits for it', async durability => {
    const { clock, log } = await slowLog({ durability })
    let toldOffset = -1
    log.onProgress = () => {
      toldOffset = log.durableOffset
    }
    log.append(new BatchView(batchOf()), { leaderEpoch: 0, origin: 'client', nowMs: 0 }, null)
    await flowing(
      clock,
      untilTrue(() => log.durableOffset === 1),
    )
    expect(toldOffset).toBe(1)
  })
})

test('the small files of a log are on disk with its first record', async () => {
  const { clock, log, disk, directory } = await slowLog()
  await flowing(clock, appendDurably(log, batchOf(), { leaderEpoch: 1 }))
  directory.abandon()
  disk.crash({ keep: 'synced' })
  const textOf = (name: string) => disk.readFile(`${DATA}/topic-0/${name}`).toString()
  expect(textOf('partition.metadata')).toContain(log.topicId)
  expect(textOf('leader-epoch-checkpoint')).toBe('0\n1\n1 0\n')
})

describe('a leader epoch', () => {
  test('begins with its first batch', async () => {
    const { clock, log } = await slowLog()
    await flowing(clock, appendDurably(log, batchOf({ count: 3 })))
    await flowing(clock, appendDurably(log, batchOf(), { leaderEpoch: 1 }))
    expect(log.latestEpoch).toBe(1)
    expect(log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 3 })
  })

  test('that a failed write began begins with the next batch', async () => {
    const { clock, log, disk } = await slowLog()
    disk.faults.add({ calls: ['write'], code: 'ENOSPC', path: '.log', times: 1 })
    const failed = [0, 1].map(leaderEpoch => append(log, batchOf(), { leaderEpoch }).fate)
    for (const fate of failed) expect(await flowing(clock, fate)).toMatchObject({ code: 'ENOSPC' })
    await flowing(clock, appendDurably(log, batchOf(), { leaderEpoch: 1 }))
    expect(log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 0 })
  })
})

describe('a sync without a descriptor to begin it', () => {
  test('is no failed sync: the append waits for the next round', async () => {
    const { clock, log, disk, directory } = await slowLog()
    const fault = disk.faults.add({ calls: ['syncFolder'], code: 'EMFILE', times: 5 })
    const { fate } = append(log, batchOf())
    expect(await flowing(clock, fate)).toBe('durable')
    expect(fault.hits).toBe(5)
    expect(directory.offline).toBeNull()
    directory.abandon()
    disk.crash({ keep: 'synced' })
    expect(disk.stat(`${DATA}/topic-0/00000000000000000000.log`)?.sizeBytes).toBeGreaterThan(0)
  })

  test('does not hide that another sync of the round failed', async () => {
    const { clock, log, disk, directory } = await slowLog()
    disk.faults.add({ calls: ['syncFolder'], code: 'EMFILE' })
    disk.faults.add({ calls: ['sync'], code: 'EIO', path: '.log', times: 1 })
    const { fate } = append(log, batchOf())
    expect(await flowing(clock, fate)).toMatchObject({ code: 'EIO' })
    expect(directory.offline).toMatchObject({ code: 'EIO' })
  })
})
