import { expect, test } from 'vitest'
import { SimDisk } from '../../host/sim/disk.ts'
import { untilTrue } from '../support/turns.ts'
import {
  append,
  appendDurably,
  batchOf,
  contentOf,
  oneLog,
  openDirectory,
  smallConfig,
} from './support/log-world.ts'

/** Three batches a segment. */
const config = smallConfig({ segmentBytes: 300 })

/** What a power cut leaves of the log that must have been synced. */
async function endAfterPowerCut(disk: SimDisk): Promise<number | undefined> {
  disk.faults.clear()
  disk.crash({ keep: 'synced' })
  const again = await openDirectory(disk, { logDefaults: config })
  return again.get('topic', 0)?.nextOffset
}

test('a log that begins anew before it was ever synced keeps its name', async () => {
  const { disk, log } = await oneLog(config, new SimDisk())
  log.truncateFullyAndStartAt(100)
  expect([log.logStartOffset, log.highWatermark, log.nextOffset]).toEqual([100, 100, 100])
  await appendDurably(log, batchOf())
  expect(await endAfterPowerCut(disk)).toBe(101)
})

test('a closed segment below a cut is synced before anything above it is acked', async () => {
  const { disk, log } = await oneLog(config, new SimDisk())
  await appendDurably(log, batchOf())
  disk.faults.add({ calls: ['open'], path: 'index', code: 'EMFILE' })
  for (let at = 0; at < 4; at++) append(log, batchOf())
  log.appender.flush()
  expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 3])
  log.truncateTo(4)
  await appendDurably(log, batchOf())
  expect(await endAfterPowerCut(disk)).toBe(5)
})

test('a segment that is cut and written to while it is sealed is not sealed', async () => {
  const { disk, log } = await oneLog(config, new SimDisk())
  const syncAll = disk.syncAll.bind(disk)
  const fresh = batchOf({ valueBytes: 20 })
  let fate: Promise<unknown> | null = null
  disk.syncAll = (files, folders) => {
    const done = syncAll(files, folders)
    if (fate === null && files.some(({ path }) => path.endsWith('index'))) {
      log.truncateTo(1)
      fate = append(log, fresh).fate
      log.appender.flush()
    }
    return done
  }
  for (let at = 0; at < 4; at++) append(log, batchOf())
  await untilTrue(() => fate !== null)
  expect(await fate).toBe('durable')
  disk.crash({ keep: 'synced' })
  const again = await openDirectory(disk, { logDefaults: config })
  const after = again.get('topic', 0)
  expect(after === undefined ? null : contentOf(after).subarray(-fresh.length)).toEqual(fresh)
})
