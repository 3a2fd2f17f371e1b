import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { nodeCrc32c, nodeDisk } from '../../host/node/host.ts'
import { memoryDisk } from '../../host/sim/memory-disk.ts'
import {
  dumpEpochs,
  dumpOffsetIndex,
  dumpSegment,
  dumpSnapshot,
  dumpTimeIndex,
  dumpTransactionIndex,
} from '../../storage/dump.ts'
import { readMetadataBatches } from '../../storage/kraft.ts'
import { parseSegmentFileName } from '../../storage/names.ts'
import { temporaryFolder } from '../support/folder.ts'
import { appendDurably, batchOf, DATA, oneLog, smallConfig } from './support/log-world.ts'

const crc32c = nodeCrc32c()
const ARCHIVE = new URL('../vectors/kafka-data-4.3.0.tar.gz', import.meta.url).pathname

function kafkaFolder(): string {
  const folder = temporaryFolder('dump')
  execFileSync('tar', ['xzf', ARCHIVE, '-C', folder])
  return folder
}

test('every file of a folder of Kafka is walked and found whole', () => {
  const disk = nodeDisk()
  const root = kafkaFolder()
  const problems: string[] = []
  const counts = new Map<string, number>()
  for (const { name: partition, isFolder } of disk.list(root)) {
    if (!isFolder) continue
    for (const { name } of disk.list(`${root}/${partition}`)) {
      const path = `${root}/${partition}/${name}`
      const found = dumpFile(path, name)
      problems.push(...found.problems.map(problem => `${partition}/${name}: ${problem}`))
      const kind = name.slice(name.indexOf('.') + 1)
      counts.set(kind, (counts.get(kind) ?? 0) + found.entries)
    }
  }
  expect(problems).toEqual([])
  expect(counts.get('txnindex')).toBe(1)
  expect(counts.get('index')).toBeGreaterThan(200)
  expect(counts.get('log')).toBeGreaterThan(500)

  function dumpFile(path: string, name: string): { problems: readonly string[]; entries: number } {
    if (name === 'leader-epoch-checkpoint') return counted(dumpEpochs(disk, path))
    const file = parseSegmentFileName(name)
    if (file === null || file.suffix !== '') return { problems: [], entries: 0 }
    const { baseOffset, kind } = file
    const target = { disk, crc32c, path, logPath: path.replace(/\.\w+$/, '.log'), baseOffset }
    if (kind === '.index') return counted(dumpOffsetIndex(target))
    if (kind === '.timeindex') return counted(dumpTimeIndex(target))
    if (kind === '.txnindex') return counted(dumpTransactionIndex(disk, path, baseOffset))
    if (kind === '.snapshot') return counted(dumpSnapshot(disk, path, crc32c))
    const log = disk.open(path, 'read')
    const batches = [...dumpSegment(log, { crc32c, baseOffset, deep: true })]
    log.close()
    return { problems: batches.flatMap(one => one.problems), entries: batches.length }
  }
})

function counted(found: { entries: readonly unknown[]; problems: readonly string[] }) {
  return { problems: found.problems, entries: found.entries.length }
}

test('what is wrong is named', async () => {
  const { directory, log, disk } = await oneLog(smallConfig({ indexIntervalBytes: 0 }))
  for (let at = 0; at < 4; at++) await appendDurably(log, batchOf({ count: 2 }))
  await directory.close(0)
  const size = batchOf({ count: 2 }).length
  const path = (suffix: string) => `${DATA}/topic-0/00000000000000000000${suffix}`
  disk.corrupt(path('.log'), size + 70, Buffer.from([0xee]))
  disk.corrupt(path('.log'), size * 4, Buffer.from([1, 2, 3]))
  disk.corrupt(path('.index'), 7, Buffer.from([1]))
  disk.corrupt(path('.timeindex'), 7, Buffer.from([0x55]))
  const file = disk.open(path('.log'), 'read')
  const walk = dumpSegment(file, { crc32c, baseOffset: 0, deep: true })
  const found: string[][] = []
  let step = walk.next()
  for (; !step.done; step = walk.next()) found.push([...step.value.problems])
  expect(found).toEqual([[], ['the checksum is wrong'], [], []])
  expect(step.value).toEqual({ validBytes: size * 4, trailingBytes: 3 })
  const target = (suffix: string) => ({
    disk,
    crc32c,
    path: path(suffix),
    logPath: path('.log'),
    baseOffset: 0,
  })
  expect(dumpOffsetIndex(target('.index')).problems).toHaveLength(1)
  expect(dumpTimeIndex(target('.timeindex')).problems.length).toBeGreaterThan(0)
})

test("KRaft's metadata log is given batch by batch, and absent where there is none", () => {
  const batches = [...readMetadataBatches(nodeDisk(), kafkaFolder())]
  expect(batches.length).toBeGreaterThan(20)
  expect(batches.every(batch => batch.computeCrc(crc32c) === batch.crc)).toBe(true)
  expect([...readMetadataBatches(memoryDisk(), '/nowhere')]).toEqual([])
})
