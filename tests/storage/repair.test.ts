import { expect, test } from 'vitest'
import { nodeCrc32c } from '../../host/node/host.ts'
import type { SimDisk } from '../../host/sim/disk.ts'
import type { Log } from '../../storage/log.ts'
import { segmentFileName } from '../../storage/names.ts'
import { repairLogs } from '../../storage/repair.ts'
import {
  appendDurably,
  batchOf,
  contentOf,
  DATA,
  oneLog,
  openDirectory,
  smallConfig,
} from './support/log-world.ts'

const SIZE = batchOf({ valueBytes: 20 }).length
/** Two batches a segment. */
const config = smallConfig({ segmentBytes: 2 * SIZE })
const repair = (disk: SimDisk, apply: boolean) =>
  repairLogs({ disk, crc32c: nodeCrc32c(), path: DATA, apply })

/** A log of batches of one record each that was not stopped cleanly and has no checkpoints. */
async function killedLog(count: number) {
  const { directory, log, disk } = await oneLog(config)
  for (let at = 0; at < count; at++) await appendDurably(log, batchOf({ valueBytes: 20 }))
  const content = contentOf(log)
  directory.abandon()
  return { disk, content }
}

function damage(disk: SimDisk, base: number, position: number): string {
  const path = `${DATA}/topic-0/${segmentFileName(base, '.log')}`
  disk.corrupt(path, position, Buffer.from([0xff]))
  return path
}

test('a log goes on behind the end of a segment that a repair took out', async () => {
  const { disk, content } = await killedLog(6)
  const path = damage(disk, 2, SIZE + 70)
  const damaged = disk.readFile(path).subarray(SIZE)
  const want = [{ path, position: SIZE, bytes: SIZE, kind: 'taken-out' }]
  expect(await repair(disk, false)).toMatchObject(want)
  expect(disk.readFile(path)).toHaveLength(2 * SIZE)
  expect(await repair(disk, true)).toMatchObject(want)
  expect(await repair(disk, true)).toEqual([])
  expect(disk.readFile(path)).toHaveLength(SIZE)
  expect(disk.readFile(`${path}.removed-${SIZE}-${SIZE}`)).toEqual(damaged)
  for (let start = 0; start < 2; start++) {
    const directory = await openDirectory(disk, { logDefaults: config })
    const log = directory.get('topic', 0) as Log
    expect(directory.report.findings).toEqual([])
    expect(log.nextOffset).toBe(6)
    expect(contentOf(log)).toEqual(
      Buffer.concat([content.subarray(0, 3 * SIZE), content.subarray(4 * SIZE)]),
    )
    directory.abandon()
    disk.killed()
  }
})

test('the last batch keeps its offset when a repair took out the batch before it', async () => {
  const { disk, content } = await killedLog(4)
  damage(disk, 2, 70)
  await repair(disk, true)
  const directory = await openDirectory(disk, { logDefaults: config })
  const log = directory.get('topic', 0) as Log
  expect(directory.report.findings).toEqual([])
  expect(log.nextOffset).toBe(4)
  expect(contentOf(log)).toEqual(
    Buffer.concat([content.subarray(0, 2 * SIZE), content.subarray(3 * SIZE)]),
  )
  directory.abandon()
})

test('offsets of a damaged end that a repair took out are not given again', async () => {
  const { directory, log, disk } = await oneLog(config)
  for (let at = 0; at < 4; at++) await appendDurably(log, batchOf({ valueBytes: 20 }))
  await directory.close(0)
  damage(disk, 2, SIZE + 70)
  await repair(disk, true)
  const again = await openDirectory(disk, { logDefaults: config })
  expect(again.get('topic', 0)?.nextOffset).toBe(4)
  again.abandon()
})
