import { describe, expect, test } from 'vitest'
import { DiskError } from '../../host/disk-error.ts'
import { SimDisk } from '../../host/sim/disk.ts'
import { memoryDisk } from '../../host/sim/memory-disk.ts'
import type { Log } from '../../storage/log.ts'
import type { LogConfig } from '../../storage/log-config.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import { realTurn, untilTrue } from '../support/turns.ts'
import {
  append,
  appendDurably,
  batchOf,
  contentOf,
  DATA,
  type Fate,
  idempotent,
  oneLog,
  openDirectory,
  START_MS,
  smallConfig,
} from './support/log-world.ts'

/** Reopens as after kill -9 and returns what the log holds. */
async function contentAfterKill(
  directory: LogDirectory,
  disk: Parameters<typeof openDirectory>[0],
) {
  directory.abandon()
  const again = await openDirectory(disk)
  const log = again.get('topic', 0) as Log
  const content = contentOf(log)
  again.abandon()
  return { content, nextOffset: log.nextOffset }
}

describe('a stage that is written whole', () => {
  test('numbers the batches of a turn one after another and tells each waiter once', async () => {
    const { log } = await oneLog()
    const first = append(log, batchOf({ count: 3 }))
    const second = append(log, batchOf({ count: 2 }))
    expect(first.result).toEqual({ kind: 'appended', baseOffset: 0, lastOffset: 2 })
    expect(second.result).toEqual({ kind: 'appended', baseOffset: 3, lastOffset: 4 })
    expect([log.writtenOffset, log.nextOffset]).toEqual([0, 5])
    expect(await Promise.all([first.fate, second.fate])).toEqual(['durable', 'durable'])
    expect([log.durableOffset, log.writtenOffset]).toEqual([5, 5])
  })

  test('holds the frame until the write and not longer', async () => {
    const { log } = await oneLog()
    let references = 1
    const frame = { retain: () => references++, release: () => references-- }
    const { fate } = append(log, batchOf(), { frame })
    expect(references).toBe(2)
    await fate
    expect(references).toBe(1)
  })

  test("a duplicate of a batch that is still staged shares the first one's fate", async () => {
    const { log, disk } = await oneLog()
    await appendDurably(log, idempotent(0))
    const fault = disk.faults.add({ calls: ['write'], code: 'ENOSPC', path: '.log' })
    const first = append(log, idempotent(1))
    const again = append(log, idempotent(1))
    expect(again.result).toMatchObject({ kind: 'duplicate', baseOffset: 1, lastOffset: 1 })
    expect(await again.fate).toMatchObject({ code: 'ENOSPC' })
    expect(await first.fate).toMatchObject({ code: 'ENOSPC' })
    fault.remove()
    // Nothing is known of it: the same batch is accepted as the first of its kind.
    expect(append(log, idempotent(1)).result).toMatchObject({ kind: 'appended', baseOffset: 1 })
    expect(append(log, idempotent(0)).result).toMatchObject({ kind: 'duplicate', baseOffset: 0 })
  })

  test('is checked against what was sequenced before it in the same turn', async () => {
    const { log } = await oneLog()
    const results = [0, 1, 3, 2].map(sequence => append(log, idempotent(sequence)).result.kind)
    expect(results).toEqual(['appended', 'appended', 'refused', 'appended'])
  })
})

describe.each([['fsync'], ['os']] as const)('under durability %s', durability => {
  const config = smallConfig({ durability })

  test.each([
    ['fails at once', {}],
    ['is cut short after 1 byte', { afterBytes: 1 }],
    ['is cut short in the second batch', { afterBytes: 100 }],
    ['is cut short at the last byte', { afterBytes: batchOf().length * 3 - 1 }],
  ])('a write that %s leaves no ack, no phantom record and a usable log', async (_, fault) => {
    const { directory, log, disk } = await oneLog(config)
    await appendDurably(log, batchOf({ count: 2 }))
    const before = contentOf(log)
    disk.faults.add({ calls: ['write'], code: 'ENOSPC', path: '.log', ...fault })
    const appends = [1, 2, 3].map(() => append(log, batchOf()))
    expect(log.nextOffset).toBe(5)
    for (const { fate } of appends) expect(await fate).toBeInstanceOf(DiskError)
    expect([log.nextOffset, log.writtenOffset, log.durableOffset]).toEqual([2, 2, 2])
    expect(contentOf(log)).toEqual(before)
    expect(log.read(2, 1000, Infinity, true)).toBeNull()
    disk.faults.clear()
    expect(await appendDurably(log, batchOf())).toMatchObject({ baseOffset: 2 })
    const expected = contentOf(log)
    expect(await contentAfterKill(directory, disk)).toEqual({ content: expected, nextOffset: 3 })
  })
})

test('a disk that fills at any byte never leaves more or less than what was acked', async () => {
  const batch = batchOf({ count: 2 })
  for (let room = 0; room <= batch.length * 4; room += 7) {
    const { directory, log, disk } = await oneLog(smallConfig({ segmentBytes: 300 }))
    disk.capacityBytes = disk.usedBytes + room
    let acked = 0
    for (let at = 0; at < 6; at++) {
      const { fate } = append(log, batchOf({ count: 2 }))
      if ((await fate) === 'durable') acked += 2
    }
    expect(log.nextOffset).toBe(acked)
    disk.capacityBytes = Infinity
    expect(await appendDurably(log, batchOf())).toMatchObject({ baseOffset: acked })
    const content = contentOf(log)
    expect(await contentAfterKill(directory, disk)).toEqual({ content, nextOffset: acked + 1 })
  }
})

test.each(['EIO', 'EROFS'])('%s from a write takes the directory offline for good', async code => {
  const { directory, log, disk } = await oneLog()
  await appendDurably(log, batchOf())
  const told: DiskError[] = []
  directory.onOffline(error => told.push(error))
  disk.faults.add({ calls: ['write'], code, path: '.log', times: 1 })
  expect(await append(log, batchOf()).fate).toMatchObject({ code })
  await new Promise(resolve => setImmediate(resolve))
  expect(told).toHaveLength(1)
  expect(directory.offline).toMatchObject({ code })
  expect(append(log, batchOf()).result).toMatchObject({ kind: 'refused', reason: 'offline' })
  // What was durable can still be read.
  expect(log.read(0, 1000, log.durableOffset, true)).toMatchObject({ nextOffset: 1 })
  await directory.close(0)
  expect(disk.stat(`${DATA}/.kafka_cleanshutdown`)).toBeNull()
})

describe('an index that was dropped for room and is not to be had', () => {
  const config = smallConfig({ segmentBytes: 2000 })

  /** A log opened again, whose active segment's indexes are on disk only. */
  async function withoutIndexes() {
    const { directory: first, log: filled, disk } = await oneLog(config)
    const fill = (log: Log) => appendDurably(log, batchOf({ valueBytes: 200 }))
    while (filled.segments().length < 22) await fill(filled)
    for (let at = 0; at < 3; at++) await fill(filled)
    await first.close(START_MS)
    const directory = await openDirectory(disk, { logDefaults: config, indexBytesMax: 1 })
    const log = directory.get('topic', 0) as Log
    await appendDurably(log, batchOf())
    for (const { baseOffset, isActive } of log.segments()) {
      if (!isActive) log.read(baseOffset + 1, 1000, Infinity, true)
    }
    return { directory, log, disk }
  }

  test('fails the append, not the broker', async () => {
    const { directory, log, disk } = await withoutIndexes()
    const { nextOffset } = log
    const held = { retain: () => held.count++, release: () => held.count--, count: 0 }
    disk.faults.add({ calls: ['readFile'], path: 'index', code: 'EMFILE', times: 1 })
    const fates: (Fate | undefined)[] = []
    for (const valueBytes of [300, 10, 10]) {
      fates.push(await append(log, batchOf({ valueBytes }), { frame: held }).fate)
    }
    expect(fates).toEqual([expect.objectContaining({ code: 'EMFILE' }), 'durable', 'durable'])
    expect([held.count, log.nextOffset]).toEqual([0, nextOffset + 2])
    const after = await contentAfterKill(directory, disk)
    expect(after.nextOffset).toBe(nextOffset + 2)
  })

  test('leaves no file of a segment that was to be begun', async () => {
    const { directory, log, disk } = await withoutIndexes()
    disk.faults.add({ calls: ['readFile'], path: 'timeindex', code: 'EMFILE', times: 1 })
    const { fate } = append(log, batchOf({ valueBytes: 1500 }))
    expect(await fate).toMatchObject({ code: 'EMFILE' })
    for (let at = 0; at < 3; at++) await appendDurably(log, batchOf())
    const { nextOffset } = log
    const after = await contentAfterKill(directory, disk)
    expect(after.nextOffset).toBe(nextOffset)
  })

  test('nor is a batch let through when its producer can not be looked up', async () => {
    const { directory: first, log: filled, disk } = await oneLog(config)
    await appendDurably(filled, idempotent(0))
    await first.close(START_MS)
    const directory = await openDirectory(disk, { logDefaults: config })
    const log = directory.get('topic', 0) as Log
    disk.faults.add({ calls: ['readFile'], path: 'snapshot', code: 'EMFILE', times: 1 })
    expect(append(log, idempotent(0)).result).toMatchObject({ reason: 'disk-full' })
    expect(append(log, idempotent(0)).result).toMatchObject({ kind: 'duplicate', baseOffset: 0 })
  })
})

test('a segment that could not be begun for want of its producers is named on disk', async () => {
  const config = smallConfig({ segmentBytes: 600 })
  const { directory: first, log: filled, disk } = await oneLog(config, new SimDisk())
  for (let at = 0; at < 5; at++) await appendDurably(filled, batchOf({ valueBytes: 200 }))
  await first.close(START_MS)
  const folder = `${DATA}/topic-0`
  for (const { name } of disk.list(folder)) {
    if (name.endsWith('.snapshot')) disk.remove(`${folder}/${name}`)
  }
  const directory = await openDirectory(disk, { logDefaults: config })
  const log = directory.get('topic', 0) as Log
  await appendDurably(log, batchOf())
  disk.faults.add({
    calls: ['open', 'readFile'],
    path: '/00000000000000000000.',
    code: 'EMFILE',
    times: 1,
  })
  const { fate } = append(log, batchOf({ valueBytes: 400 }))
  expect(await fate).toMatchObject({ code: 'EMFILE' })
  await appendDurably(log, batchOf())
  const { nextOffset } = log
  disk.crash({ keep: 'synced' })
  const again = await openDirectory(disk, { logDefaults: config })
  expect(again.get('topic', 0)?.nextOffset).toBe(nextOffset)
})

test('a failed sync is never retried: every waiter fails, no later one succeeds', async () => {
  const { directory, log, disk } = await oneLog()
  disk.faults.add({ calls: ['sync'], code: 'EIO', times: 1 })
  const first = append(log, batchOf())
  expect(await first.fate).toMatchObject({ code: 'EIO' })
  expect(log.durableOffset).toBe(0)
  expect(await append(log, batchOf()).fate).toBeInstanceOf(DiskError)
  expect(directory.offline).toMatchObject({ code: 'EIO' })
})

test.each([
  ['the next segment cannot be made', 19, { calls: ['open'], path: '00000000000000000005.log' }],
  ['a snapshot cannot be written', 20, { calls: ['write'], path: '.snapshot' }],
  ['indexes cannot be written', 20, { calls: ['write'], path: 'index' }],
] as const)('when %s for want of room the log stays usable', async (_, ackedCount, fault) => {
  const config: LogConfig = smallConfig({ segmentBytes: 400 })
  const { directory, log, disk } = await oneLog(config)
  const { calls, path } = fault
  disk.faults.add({ calls, path, code: 'ENOSPC', times: 1 })
  let acked = 0
  for (let at = 0; at < 20; at++) {
    const told = await append(log, batchOf()).fate
    if (told === 'durable') acked++
    else expect(told).toMatchObject({ code: 'ENOSPC' })
  }
  expect(acked).toBe(ackedCount)
  expect(log.nextOffset).toBe(acked)
  expect(directory.offline).toBeNull()
  const content = contentOf(log)
  expect(await contentAfterKill(directory, disk)).toEqual({ content, nextOffset: acked })
})

test('waiters are never told from inside append, nor twice', async () => {
  const { log } = await oneLog(smallConfig({ durability: 'os', segmentBytes: 300 }))
  const told: number[] = []
  const appends = Array.from({ length: 12 }, (_, at) => {
    const { fate } = append(log, batchOf())
    void fate.then(() => told.push(at))
    expect(told).toEqual([])
    return fate
  })
  await Promise.all(appends)
  expect(told).toEqual([...appends.keys()])
  expect(log.segments().length).toBeGreaterThan(3)
})

test('a commit round that finds no descriptor waits for one', async () => {
  const { directory, log, disk } = await oneLog()
  disk.faults.add({ calls: ['open'], path: 'checkpoint', code: 'EMFILE', times: 3 })
  expect(await append(log, batchOf()).fate).toBe('durable')
  expect(directory.offline).toBeNull()
})

test('under durability os nothing piles up while segments come and go', async () => {
  const { directory, log, disk } = await oneLog(
    smallConfig({ durability: 'os', segmentBytes: 300 }),
  )
  for (let at = 0; at < 300; at++) await appendDurably(log, batchOf())
  directory.flushDue(START_MS + 29_000)
  await realTurn()
  expect(log.state.recoveryPoint).toBe(0)
  directory.flushDue(START_MS + 60_000)
  await untilTrue(() => log.state.recoveryPoint > 250)
  directory.abandon()
  await directory.checkpoint()
  const again = await openDirectory(disk)
  expect(again.get('topic', 0)?.nextOffset).toBe(300)
})

test('under durability os a segment synced while written to may be closed for room', async () => {
  const { log, disk } = await oneLog(smallConfig({ durability: 'os', flushMessages: 1 }))
  const syncAll = disk.syncAll.bind(disk)
  disk.syncAll = async (files, folders) => {
    if (log.nextOffset < 5) {
      append(log, batchOf())
      log.appender.flush()
    }
    await syncAll(files, folders)
  }
  await append(log, batchOf()).fate
  await untilTrue(() => log.state.syncedOffset === 5)
  expect(log.state.active.slot.pins).toBe(0)
})

test('many logs of a turn share one commit round', async () => {
  const disk = memoryDisk()
  const directory = await openDirectory(disk)
  let rounds = 0
  const syncAll = disk.syncAll.bind(disk)
  disk.syncAll = (files, folders) => {
    rounds++
    return syncAll(files, folders)
  }
  const logs = [0, 1, 2, 3].map(at =>
    directory.create('topic', at, 'AAECAwQFBgcICQoLDA0ODw', smallConfig(), 0),
  )
  await Promise.all(logs.map(log => append(log, batchOf()).fate))
  expect(rounds).toBe(1)
})

test('segments of many logs that are full together are sealed together', async () => {
  const disk = memoryDisk()
  const directory = await openDirectory(disk, { openFilesMax: 512 })
  const config = smallConfig({ segmentBytes: 300 })
  const logs = Array.from({ length: 100 }, (_, at) =>
    directory.create('topic', at, 'AAECAwQFBgcICQoLDA0ODw', config, START_MS),
  )
  let sealings = 0
  const syncAll = disk.syncAll.bind(disk)
  disk.syncAll = (files, folders) => {
    if (files.some(({ path }) => path.endsWith('index'))) sealings++
    return syncAll(files, folders)
  }
  // Three fit a segment.
  for (let at = 0; at < 4; at++) {
    await Promise.all(logs.map(log => append(log, batchOf()).fate))
  }
  await untilTrue(() => logs.every(({ state }) => state.recoveryPoint === 4))
  expect(logs.every(log => log.segments().length === 2)).toBe(true)
  expect(sealings).toBe(4)
  expect(disk.openCount).toBeLessThan(210)
  await directory.close(START_MS)
  expect(disk.openCount).toBe(0)
})

test('a log deleted while its segment is sealed harms nobody', async () => {
  const { directory, log, disk } = await oneLog(smallConfig({ segmentBytes: 300 }))
  const other = directory.create('topic', 1, 'AAECAwQFBgcICQoLDA0ODw', log.config, START_MS)
  const syncAll = disk.syncAll.bind(disk)
  disk.syncAll = (files, folders) => {
    const seals = files.some(({ path }) => path.endsWith('index'))
    if (seals && !log.isDeleted) directory.delete(log, START_MS)
    return syncAll(files, folders)
  }
  for (let at = 0; at < 4; at++) {
    append(log, batchOf())
    await append(other, batchOf()).fate
  }
  await untilTrue(() => log.isDeleted && other.state.recoveryPoint === 4)
  expect(directory.offline).toBe(null)
  expect(await append(other, batchOf()).fate).toBe('durable')
  directory.abandon()
  expect(disk.openCount).toBe(0)
})

test('a failed sync of a segment that is sealed takes the directory offline', async () => {
  const { directory, log, disk } = await oneLog(smallConfig({ segmentBytes: 300 }))
  disk.faults.add({ calls: ['sync'], path: 'index', code: 'EIO' })
  for (let at = 0; at < 4; at++) await append(log, batchOf()).fate
  await untilTrue(() => directory.offline !== null)
  expect(directory.offline).toMatchObject({ code: 'EIO' })
  expect(log.state.recoveryPoint).toBe(0)
  directory.abandon()
  await untilTrue(() => disk.openCount === 0)
})

test('under durability os a clean stop seals every closed segment with its indexes', async () => {
  const { directory, log, disk } = await oneLog(
    smallConfig({ durability: 'os', segmentBytes: 300 }),
  )
  for (let at = 0; at < 30; at++) await appendDurably(log, batchOf())
  const synced = new Set<string>()
  const syncAll = disk.syncAll.bind(disk)
  disk.syncAll = (files, folders) => {
    for (const { path } of files) synced.add(path)
    return syncAll(files, folders)
  }
  const closed = log.segments().slice(0, -1)
  expect(closed.length).toBeGreaterThan(5)
  await directory.close(START_MS)
  for (const { baseOffset } of closed) {
    const name = String(baseOffset).padStart(20, '0')
    expect(synced).toContain(`${DATA}/topic-0/${name}.timeindex`)
  }
})
