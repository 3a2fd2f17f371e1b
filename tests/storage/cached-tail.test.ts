import { describe, expect, test } from 'vitest'
import type { Disk } from '../../host/host.ts'
import { PIECE_BYTES } from '../../storage/cached-tail.ts'
import type { Log } from '../../storage/log.ts'
import type { LogConfig } from '../../storage/log-config.ts'
import { realTurn, untilTrue } from '../support/turns.ts'
import {
  appendDurably,
  batchOf,
  contentOf,
  oneLog,
  openDirectory,
  START_MS,
  smallConfig,
} from './support/log-world.ts'

/** Four of these and a few bytes more are a piece. */
const BATCH = batchOf({ valueBytes: PIECE_BYTES / 4 })
const MIB = 1 << 20

function logWithBound(cachedBytesMax: number | undefined, changes: Partial<LogConfig> = {}) {
  const config = smallConfig({ segmentBytes: 64 * MIB, ...changes })
  return oneLog(config, undefined, cachedBytesMax === undefined ? {} : { cachedBytesMax })
}

async function fill(log: Log, pieces: number): Promise<void> {
  for (let at = 0; at < 4 * pieces; at++) await appendDurably(log, BATCH)
  await realTurn()
}

async function sealed(log: Log): Promise<void> {
  await untilTrue(() => log.state.segments.every(({ isSealed }) => isSealed), 'sealing')
  await realTurn()
}

/** Pieces of each segment that left the page cache. */
function droppedOf(disk: Disk, log: Log): number[] {
  return log.state.segments.map(({ slot, sizeBytes }) => {
    const file = disk.open(slot.path, 'read')
    let position = 0
    while (position < sizeBytes && !file.isCached(position, 1)) position += PIECE_BYTES
    file.close()
    return Math.ceil(Math.min(position, sizeBytes) / PIECE_BYTES)
  })
}

describe('the page cache', () => {
  test('keeps what was written last, up to the bound', async () => {
    const { disk, log } = await logWithBound(2 * PIECE_BYTES)
    await fill(log, 2)
    expect(droppedOf(disk, log)).toEqual([0])
    await fill(log, 3)
    expect(droppedOf(disk, log)).toEqual([3])
    expect(contentOf(log).length).toBe(20 * BATCH.length)
  })

  test('is left to the kernel without a bound', async () => {
    const { disk, log } = await logWithBound(undefined)
    await fill(log, 5)
    expect(droppedOf(disk, log)).toEqual([0])
  })

  test('gives up what is oldest, whichever log wrote it', async () => {
    const { directory, disk, log } = await logWithBound(2 * PIECE_BYTES)
    const other = directory.create('topic', 1, log.topicId, log.config, START_MS)
    other.assignEpoch(0, 0)
    await fill(log, 1)
    await fill(other, 2)
    expect([droppedOf(disk, log), droppedOf(disk, other)]).toEqual([[1], [0]])
    await fill(log, 1)
    expect([droppedOf(disk, log), droppedOf(disk, other)]).toEqual([[1], [1]])
  })

  test('gives up the ends of closed segments with them', async () => {
    // Six batches a segment: a piece and half of one.
    const { disk, log } = await logWithBound(PIECE_BYTES, {
      segmentBytes: 6 * BATCH.length,
    })
    await fill(log, 5)
    await sealed(log)
    expect(droppedOf(disk, log)).toEqual([2, 2, 1, 0])
  })

  test("under 'os' gives up what was closed and sealed", async () => {
    const { directory, disk, log } = await logWithBound(PIECE_BYTES, {
      segmentBytes: 8 * BATCH.length,
      durability: 'os',
    })
    await fill(log, 5)
    expect(droppedOf(disk, log)).toEqual([0, 0, 0])
    directory.flushDue(START_MS + 30_000)
    await sealed(log)
    expect(droppedOf(disk, log)).toEqual([3, 2, 0])
  })

  test('is not asked for what was there before the start', async () => {
    const { directory, disk, log } = await logWithBound(PIECE_BYTES)
    await fill(log, 3)
    await directory.close(START_MS)
    expect(droppedOf(disk, log)).toEqual([2])
    const again = await openDirectory(disk, {
      logDefaults: log.config,
      cachedBytesMax: PIECE_BYTES,
    })
    const reopened = again.get('topic', 0) as Log
    await fill(reopened, 2)
    expect(droppedOf(disk, reopened)).toEqual([2])
    await again.close(START_MS)
  })
})

test('a small segment counts as the page it takes', async () => {
  const { disk, log } = await logWithBound(10 * 4096, { segmentBytes: 300 })
  // Three fit a segment; the last one is not sealed.
  for (let at = 0; at < 3 * 30 + 1; at++) await appendDurably(log, batchOf())
  await sealed(log)
  expect(droppedOf(disk, log)).toEqual([...Array(20).fill(1), ...Array(11).fill(0)])
})

test('segments and logs that are gone take no part', async () => {
  const { directory, disk, log } = await logWithBound(PIECE_BYTES, {
    segmentBytes: 4 * BATCH.length,
    retentionBytes: 4 * BATCH.length,
  })
  const other = directory.create('topic', 1, log.topicId, log.config, START_MS)
  other.assignEpoch(0, 0)
  await fill(log, 3)
  await fill(other, 1)
  log.highWatermark = log.durableOffset
  directory.sweep(START_MS)
  directory.delete(other, START_MS)
  await fill(log, 3)
  await sealed(log)
  expect(contentOf(log).length % BATCH.length).toBe(0)
  expect(directory.offline).toBeNull()
  await directory.close(START_MS)
  expect(disk.openCount).toBe(0)
})
