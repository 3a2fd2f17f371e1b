import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { nodeCrc32c } from '../../host/node/host.ts'
import { NodeLoop } from '../../host/node/loop.ts'
import { memoryDisk } from '../../host/sim/memory-disk.ts'
import { SeededRandom } from '../../host/sim/random.ts'
import { ForeignDirectory } from '../../storage/directory-identity.ts'
import type { Log } from '../../storage/log.ts'
import { LogDirectory } from '../../storage/log-directory.ts'
import {
  append,
  appendDurably,
  batchOf,
  contentOf,
  DATA,
  oneLog,
  openDirectory,
  START_MS,
  smallConfig,
} from './support/log-world.ts'

const ID = 'AAECAwQFBgcICQoLDA0ODw'
type Disk = ReturnType<typeof memoryDisk>

function put(disk: Disk, path: string, content: Buffer | string): void {
  const file = disk.open(`${DATA}/${path}`, 'create')
  file.truncate(0)
  file.writev([Buffer.from(content as string)], 0)
  file.close()
}

const names = (disk: Disk, folder: string) => disk.list(`${DATA}/${folder}`).map(({ name }) => name)

/** A log of several segments, stopped cleanly. */
async function stoppedLog() {
  const config = smallConfig({ segmentBytes: 600, indexIntervalBytes: 100 })
  const { disk, directory, log } = await oneLog(config)
  for (let at = 0; at < 20; at++) await appendDurably(log, batchOf({ timestamp: START_MS + at }))
  const content = contentOf(log)
  const bases = log.segments().map(({ baseOffset }) => baseOffset)
  await directory.close(START_MS)
  const reopen = async () => {
    const again = await openDirectory(disk, { logDefaults: config })
    return { again, log: again.get('topic', 0) as Log }
  }
  return { disk, config, content, bases, reopen }
}

describe('a directory', () => {
  test('gives itself an identity once and keeps it', async () => {
    const disk = memoryDisk()
    const first = await openDirectory(disk)
    await first.close(0)
    const second = await openDirectory(disk, { nodeId: 9 })
    expect(second.identity).toEqual(first.identity)
    expect(second.identity.nodeId).toBe(1)
  })

  test('of another cluster or node is refused and let go', async () => {
    const disk = memoryDisk()
    await (await openDirectory(disk)).close(0)
    await expect(openDirectory(disk, { expected: { nodeId: 2 } })).rejects.toThrow(ForeignDirectory)
    await expect(openDirectory(disk, { expected: { clusterId: 'x' } })).rejects.toThrow('cluster')
    await (await openDirectory(disk)).close(0)
  })

  test('belongs to one broker at a time', async () => {
    const disk = memoryDisk()
    const first = await openDirectory(disk)
    await expect(openDirectory(disk)).rejects.toMatchObject({ code: 'LOCKED' })
    await first.close(0)
    expect((await openDirectory(disk)).wasCleanStop).toBe(true)
  })

  test('opens after a clean stop without scanning, with all it knew', async () => {
    const { log, reopen, content } = await stoppedLog().then(async stopped => ({
      ...stopped,
      ...(await stopped.reopen()),
    }))
    expect(log.state.environment.offline).toBeNull()
    expect(contentOf(log)).toEqual(content)
    expect([log.nextOffset, log.highWatermark, log.latestEpoch]).toEqual([20, 20, 0])
    expect(log.topicId).toBe(ID)
    expect(reopen).toBeTypeOf('function')
  })

  test('writes nothing for logs that did not change', async () => {
    const { disk, reopen } = await stoppedLog()
    const { again } = await reopen()
    const fault = disk.faults.add({ calls: ['open', 'write'], path: 'topic-0', code: 'EIO' })
    await again.close(START_MS)
    expect(fault.hits).toBe(0)
    fault.remove()
    expect((await reopen()).again.wasCleanStop).toBe(true)
  })

  test('reports what is not its own and leaves it alone', async () => {
    const disk = memoryDisk()
    for (const name of ['lost+found', `t-0.${'a'.repeat(32)}-stray`, '__cluster_metadata-0', 'x']) {
      disk.makeFolder(`${DATA}/${name}`)
    }
    const directory = await openDirectory(disk)
    expect([...directory.logs()]).toEqual([])
    expect(directory.report.findings.map(({ kind }) => kind)).toEqual(['skipped', 'skipped'])
    expect(directory.strays).toMatchObject([{ topic: 't', partition: 0, reason: null }])
    await directory.close(0)
    expect(disk.list(DATA).filter(({ isFolder }) => isFolder)).toHaveLength(4)
  })

  test('keeps descriptors within its budget while every log stays usable', async () => {
    const disk = memoryDisk({ descriptorsMax: 20 })
    const directory = await openDirectory(disk, { openFilesMax: 4 })
    const config = smallConfig({ segmentBytes: 300 })
    const logs: Log[] = []
    for (let at = 0; at < 12; at++) {
      const log = directory.create('topic', at, ID, config, START_MS)
      logs.push(log)
      for (let batch = 0; batch < 8; batch++) await appendDurably(log, batchOf())
      expect(directory.openFileCount).toBeLessThanOrEqual(8)
    }
    for (const log of logs) expect(contentOf(log).length).toBe(batchOf().length * 8)
    await new Promise(resolve => setImmediate(resolve))
    expect(directory.openFileCount).toBeLessThanOrEqual(4)
    await directory.close(0)
    expect(disk.openCount).toBe(0)
  })

  test.each(['fsync', 'os'] as const)(
    'of many more logs than descriptors is synced by "%s", at a clean stop and by recovery',
    async durability => {
      const disk = memoryDisk({ descriptorsMax: 60 })
      const config = smallConfig({ durability })
      const changes = { openFilesMax: 4, logDefaults: config }
      const directory = await openDirectory(disk, changes)
      for (let at = 0; at < 40; at++) {
        await appendDurably(directory.create('topic', at, ID, config, START_MS), batchOf())
      }
      const image = disk.image({ keep: 'all' })
      await directory.close(0)
      const recovered = await openDirectory(image, changes)
      expect([...recovered.logs()].map(({ nextOffset }) => nextOffset)).toEqual(Array(40).fill(1))
      await recovered.close(0)
      expect([disk.openCount, image.openCount]).toEqual([0, 0])
    },
  )

  test('a deleted log is gone at once, its bytes after the delay or the next start', async () => {
    const { disk, directory, log } = await oneLog()
    const { fate } = append(log, batchOf())
    directory.delete(log, START_MS)
    expect(await fate).toMatchObject({ code: 'ENOENT' })
    expect(directory.get('topic', 0)).toBeUndefined()
    expect(append(log, batchOf()).result).toMatchObject({ kind: 'refused', reason: 'offline' })
    directory.create('topic', 0, ID, smallConfig(), START_MS)
    await directory.unlinkDue(START_MS + 59_999)
    expect(disk.list(DATA).some(({ name }) => name.endsWith('-delete'))).toBe(true)
    directory.abandon()
    const again = await openDirectory(disk)
    await again.unlinkDue(START_MS)
    expect(disk.list(DATA).some(({ name }) => name.endsWith('-delete'))).toBe(false)
    expect(again.get('topic', 0)?.nextOffset).toBe(0)
  })

  test('checkpoints keep log starts and high watermarks over kill -9', async () => {
    const { disk, directory, log } = await oneLog()
    await appendDurably(log, batchOf({ count: 9 }))
    log.advanceLogStart(4)
    await directory.checkpoint()
    directory.abandon()
    const again = (await openDirectory(disk)).get('topic', 0) as Log
    expect([again.logStartOffset, again.highWatermark, again.nextOffset]).toEqual([4, 9, 9])
    expect(again.read(3, 10, 9, true)).toBe('out-of-range')
    expect(again.read(4, 10, 9, true)).toMatchObject({ nextOffset: 9 })
  })

  test('unreadable checkpoints cost a scan, not records', async () => {
    const { disk, content, reopen } = await stoppedLog()
    disk.remove(`${DATA}/.kafka_cleanshutdown`)
    for (const name of ['recovery-point', 'log-start', 'replication']) {
      put(disk, `${name}-offset-checkpoint`, '0\n1\nrubbish\n')
    }
    const { again, log } = await reopen()
    expect(contentOf(log)).toEqual(content)
    expect(again.report.findings.filter(({ kind }) => kind === 'repaired')).toHaveLength(3)
  })
})

describe('indexes that lie are made again', () => {
  const zeros = Buffer.alloc(10_485_756)
  test.each<[string, string, (content: Buffer) => Buffer | null]>([
    [
      '.timeindex',
      'is padded with zeros (KAFKA-10207)',
      c => Buffer.concat([c, Buffer.alloc(120)]),
    ],
    ['.timeindex', 'was preallocated and never cut (KAFKA-12734)', () => zeros],
    ['.timeindex', 'is empty', () => Buffer.alloc(0)],
    ['.timeindex', 'is missing', () => null],
    ['.timeindex', 'has half an entry', c => c.subarray(0, c.length - 5)],
    ['.timeindex', 'has a descending last entry', c => Buffer.concat([c, c.subarray(0, 12)])],
    ['.index', 'is padded with zeros', c => Buffer.concat([c, Buffer.alloc(80)])],
    ['.index', 'was preallocated', () => Buffer.alloc(10_485_760)],
    ['.index', 'is empty', () => Buffer.alloc(0)],
    ['.index', 'is missing', () => null],
    ['.index', 'has half an entry', c => c.subarray(0, c.length - 3)],
    [
      '.index',
      'points behind the log',
      c => Buffer.concat([c, Buffer.from('0000ffff00ffffff', 'hex')]),
    ],
  ])('when a %s %s', async (suffix, _, change) => {
    const { disk, content, bases, reopen } = await stoppedLog()
    for (const name of names(disk, 'topic-0').filter(one => one.endsWith(suffix))) {
      const changed = change(disk.readFile(`${DATA}/topic-0/${name}`))
      if (changed === null) disk.remove(`${DATA}/topic-0/${name}`)
      else put(disk, `topic-0/${name}`, changed)
    }
    const { again, log } = await reopen()
    expect(again.wasCleanStop).toBe(true)
    again.sweep(START_MS + 1000)
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual(bases)
    for (let offset = 0; offset < 20; offset++) {
      expect(log.read(offset, 1, 20, true)).toMatchObject({ nextOffset: offset + 1 })
      expect(await log.offsetForTimestamp(START_MS + offset, 20)).toMatchObject({ offset })
    }
    for (let at = 0; at < 20; at++) await appendDurably(log, batchOf({ timestamp: START_MS + 99 }))
    expect(contentOf(log).subarray(0, content.length)).toEqual(content)
    await again.close(START_MS)
    expect((await reopen()).log.nextOffset).toBe(40)
  })
})

describe('what an interrupted change of files left is finished or undone', () => {
  async function withLeftovers(change: (disk: Disk, bases: number[]) => void) {
    const stopped = await stoppedLog()
    change(stopped.disk, stopped.bases)
    const { again, log } = await stopped.reopen()
    return { ...stopped, again, log }
  }
  const file = (base: number, rest: string) => `topic-0/${String(base).padStart(20, '0')}${rest}`

  test('.deleted and .cleaned files and indexes without a log go', async () => {
    const { disk, log, content } = await withLeftovers((on, bases) => {
      put(on, file(0, '.log.deleted'), 'x')
      put(on, file(0, '.log.cleaned'), 'x')
      put(on, file((bases[1] as number) + 1, '.index'), 'x')
    })
    expect(contentOf(log)).toEqual(content)
    const left = names(disk, 'topic-0')
    expect(left.filter(name => /deleted|cleaned/.test(name))).toEqual([])
    expect(left.filter(name => name.endsWith('.index')).length).toBe(log.segments().length)
  })

  test('a finished rewrite (.swap) takes the place of what it covers', async () => {
    const { log, content } = await withLeftovers((on, bases) => {
      // One segment that holds what the first two held.
      const third = bases[2] as number
      const merged = [0, bases[1] as number].map(base =>
        on.readFile(`${DATA}/${file(base, '.log')}`),
      )
      put(on, file(0, '.log.swap'), Buffer.concat(merged))
      put(on, file(0, '.index.swap'), '')
      put(on, file(0, '.timeindex.swap'), '')
      expect(third).toBeGreaterThan(0)
    })
    expect(contentOf(log)).toEqual(content)
    expect(await log.offsetForTimestamp(START_MS + 3, 20)).toMatchObject({ offset: 3 })
  })

  test('an unfinished one (.cleaned beside .swap) is dropped', async () => {
    const { log, content } = await withLeftovers((on, bases) => {
      put(on, file(0, '.log.cleaned'), 'x')
      put(on, file(bases[1] as number, '.log.swap'), 'x')
    })
    expect(contentOf(log)).toEqual(content)
  })

  test('an old message format keeps the partition closed, untouched and reported', async () => {
    const legacy = Buffer.from(
      '000000000000000000000018000000000100000018bcfe56800000000001'.padEnd(58, '0') +
        '6b0000000176',
      'hex',
    )
    legacy[16] = 1
    legacy.writeInt32BE(legacy.length - 12, 8)
    legacy.writeUInt32BE(crc32(legacy.subarray(16)), 12)
    const { disk, again } = await withLeftovers((on, bases) => {
      put(on, file(bases.at(-1) as number, '.log'), legacy)
    })
    expect(again.get('topic', 0)).toBeUndefined()
    expect(again.report.findings).toMatchObject([{ kind: 'refused' }])
    expect(
      names(disk, 'topic-0').some(name => disk.readFile(`${DATA}/topic-0/${name}`).equals(legacy)),
    ).toBe(true)
  })

  test('a start beyond the end of a log that was stopped cleanly is not believed', async () => {
    const { log, again } = await withLeftovers(on => {
      put(on, 'log-start-offset-checkpoint', '0\n1\ntopic 0 500\n')
    })
    expect([log.logStartOffset, log.nextOffset]).toEqual([0, 20])
    expect(again.report.findings).toMatchObject([{ kind: 'repaired' }])
  })

  test('a log that ends before its start begins anew there, and nothing is removed', async () => {
    const { disk, log } = await withLeftovers(on => {
      put(on, 'log-start-offset-checkpoint', '0\n1\ntopic 0 500\n')
      on.remove(`${DATA}/.kafka_cleanshutdown`)
    })
    expect(names(disk, 'topic-0').some(name => name.includes('.log.torn-0-'))).toBe(true)
    expect([log.logStartOffset, log.nextOffset, log.highWatermark]).toEqual([500, 500, 500])
    expect(await appendDurably(log, batchOf())).toMatchObject({ baseOffset: 500 })
  })

  test('a topic id that is missing or damaged is written again as the verdict says', async () => {
    for (const text of ['version: 0\ntopic', '', '\0'.repeat(43)]) {
      const { disk, directory } = await oneLog()
      await directory.close(0)
      put(disk, 'topic-0/partition.metadata', text)
      const again = await claimed(disk)
      expect(again.folders).toMatchObject([{ name: 'topic-0', topicId: null }])
      await again.openLogs(() => ({ kind: 'open', topicId: ID, config: smallConfig() }), START_MS)
      expect(again.get('topic', 0)?.topicId).toBe(ID)
      expect(again.report.findings).toMatchObject([{ kind: 'repaired' }])
      await again.close(0)
      expect((await claimed(disk)).folders).toMatchObject([{ topicId: ID }])
    }
  })
})

describe('without a verdict on a folder', () => {
  test('a claimed directory is unchanged, and has its marker of a clean stop', async () => {
    const { disk } = await stoppedLog()
    const before = disk.list(`${DATA}/topic-0`)
    const directory = await claimed(disk)
    expect([...directory.logs()]).toEqual([])
    expect(directory.wasCleanStop).toBe(true)
    directory.abandon()
    expect(disk.list(`${DATA}/topic-0`)).toEqual(before)
    expect(disk.stat(`${DATA}/.kafka_cleanshutdown`)).not.toBeNull()
  })

  test('a stray keeps every byte under a name of Kafka, and is told at every start', async () => {
    const { disk, config, content, reopen } = await stoppedLog()
    const directory = await claimed(disk)
    await directory.openLogs(() => ({ kind: 'stray', reason: 'nobody knows it' }), START_MS)
    const [stray] = directory.strays
    expect(stray).toMatchObject({ topic: 'topic', partition: 0, reason: 'nobody knows it' })
    expect(stray?.name).toMatch(/^topic-0\.[0-9a-f]{32}-stray$/)
    directory.create('topic', 0, ID, config, START_MS)
    await directory.unlinkDue(Number.MAX_SAFE_INTEGER)
    await directory.close(0)
    const { again } = await reopen()
    expect(again.strays).toEqual([{ ...stray, reason: null }])
    await again.close(0)
    disk.remove(`${DATA}/topic-0`)
    disk.rename(`${DATA}/${stray?.name}`, `${DATA}/topic-0`)
    expect(contentOf((await reopen()).log)).toEqual(content)
  })

  test('an empty log never takes the place of records', async () => {
    const { disk, config } = await stoppedLog()
    const directory = await claimed(disk)
    expect(() => directory.create('topic', 0, ID, config, START_MS)).toThrow('EEXIST')
    await directory.openLogs(() => ({ kind: 'open', topicId: ID, config }), START_MS)
    expect(directory.get('topic', 0)?.nextOffset).toBe(20)
    expect(() => directory.create('topic', 0, ID, config, START_MS)).toThrow('EEXIST')
    await directory.close(0)
  })
})

/** Locked and listed, no log opened. */
function claimed(disk: Disk): Promise<LogDirectory> {
  return LogDirectory.claim({
    path: DATA,
    disk,
    loop: new NodeLoop(),
    crc32c: nodeCrc32c(),
    random: new SeededRandom('directory'),
    newId: () => 'qqsMzN3u_wARIjNEVWZ3iA',
    nodeId: 1,
    openFilesMax: 64,
  })
}
