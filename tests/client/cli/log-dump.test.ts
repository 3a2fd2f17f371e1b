import { describe, expect, test } from 'vitest'
import { CommandFailure } from '../../../client/cli/failure.ts'
import { type DumpedLine, type DumpHost, dumpFile } from '../../../client/cli/log-dump.ts'
import { logFilesUnder } from '../../../client/cli/log-files.ts'
import type { Disk } from '../../../host/host.ts'
import { simpleCrc32c } from '../../../host/sim/crc32c.ts'
import { memoryDisk } from '../../../host/sim/memory-disk.ts'
import { Codec } from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'

const FOLDER = '/data/orders-0'
const LOG = `${FOLDER}/00000000000000000000.log`
const INDEX = `${FOLDER}/00000000000000000000.index`

function batchAt(baseOffset: number, ...values: string[]): Buffer {
  const records = values.map((value, i) => ({
    timestamp: 1_700_000_000_000 + i,
    key: Buffer.from(`k${i}`),
    value: Buffer.from(value),
    headers: [{ key: 'h', value: Buffer.from('1') }],
  }))
  return buildBatch({ records, baseOffset, codec: Codec.GZIP })
}

function diskWith(files: Readonly<Record<string, Buffer | string>>): DumpHost {
  const disk = memoryDisk()
  for (const [path, content] of Object.entries(files)) write(disk, path, Buffer.from(content))
  return { disk, crc32c: simpleCrc32c }
}

function write(disk: Disk, path: string, content: Buffer): void {
  disk.makeFolder(path.slice(0, path.lastIndexOf('/')))
  const file = disk.open(path, 'create')
  file.writev([content], 0)
  file.close()
}

function dumped(host: DumpHost, path: string, withRecords = false): DumpedLine[] {
  return logFilesUnder(host.disk, path).flatMap(file => [...dumpFile(host, file, withRecords)])
}

function faultsIn(host: DumpHost, path: string): string[] {
  return dumped(host, path).flatMap(({ faults }) => faults)
}

describe('a segment', () => {
  const batches = [batchAt(0, 'a', 'b'), batchAt(2, 'c')]

  test('is told batch by batch, then as a whole', () => {
    const lines = dumped(diskWith({ [LOG]: Buffer.concat(batches) }), LOG)
    expect(lines.map(({ data }) => data)).toMatchObject([
      { position: 0, baseOffset: 0, lastOffset: 1, recordCount: 2, codec: 'gzip' },
      { position: batches[0]?.length, baseOffset: 2, lastOffset: 2, recordCount: 1 },
      { batches: 2, records: 3, trailingBytes: 0 },
    ])
    expect(lines.map(({ text }) => text).join('\n')).toContain('2 batches, 3 records')
    expect(lines.flatMap(({ faults }) => faults)).toEqual([])
  })

  test('is told with its records when asked for them', () => {
    const [first] = dumped(diskWith({ [LOG]: Buffer.concat(batches) }), LOG, true)
    expect(first?.data).toMatchObject({
      records: [
        { offset: 0, key: 'k0', value: 'a', headers: [{ key: 'h', value: '1' }] },
        { offset: 1, timestamp: 1_700_000_000_001, key: 'k1', value: 'b' },
      ],
    })
    expect(first?.text).toContain('"value":"b"')
  })

  test('that is torn has a fault at its end', () => {
    const torn = Buffer.concat([...batches, batchAt(3, 'd').subarray(0, 40)])
    expect(faultsIn(diskWith({ [LOG]: torn }), LOG)).toEqual(['the last 40 bytes are no batch'])
  })

  test('with one byte changed has a fault that says where', () => {
    const bytes = Buffer.concat(batches)
    bytes[bytes.length - 1]! ^= 1
    expect(faultsIn(diskWith({ [LOG]: bytes }), LOG)).toEqual([
      `batch at ${batches[0]?.length}: the checksum is wrong`,
    ])
  })

  test('whose offsets go back has a fault', () => {
    const bytes = Buffer.concat([batchAt(5, 'a'), batchAt(4, 'b')])
    expect(faultsIn(diskWith({ [LOG]: bytes }), LOG)).toHaveLength(1)
  })
})

describe('an index', () => {
  const log = Buffer.concat([batchAt(0, 'a', 'b'), batchAt(2, 'c')])

  function indexOf(lastOffset: number, position: number): Buffer {
    const entry = Buffer.alloc(8)
    entry.writeInt32BE(lastOffset, 0)
    entry.writeInt32BE(position, 4)
    return entry
  }

  test('is held against its log', () => {
    const good = diskWith({ [LOG]: log, [INDEX]: indexOf(1, 0) })
    expect(dumped(good, INDEX)[0]?.data).toEqual({ offset: 1, position: 0 })
    expect(faultsIn(good, INDEX)).toEqual([])
    expect(faultsIn(diskWith({ [LOG]: log, [INDEX]: indexOf(1, 7) }), INDEX)).toHaveLength(1)
  })

  test('without its log is a fault', () => {
    expect(faultsIn(diskWith({ [INDEX]: indexOf(1, 0) }), INDEX)).toHaveLength(1)
  })
})

describe('a folder', () => {
  test('has files that are known by name, those of every partition included', () => {
    const host = diskWith({
      '/data/meta.properties': 'version=1\nnode.id=7\n',
      '/data/replication-offset-checkpoint': '0\n1\norders 0 3\n',
      [LOG]: batchAt(0, 'a'),
      [`${FOLDER}/leader-epoch-checkpoint`]: '0\n1\n0 0\n',
      [`${FOLDER}/partition.metadata`]: 'version: 0\ntopic_id: hvibjmqeS66eEv4bAsGwgg',
      [`${FOLDER}/00000000000000000000.log.deleted`]: 'rubbish',
      [`${FOLDER}/notes.txt`]: 'rubbish',
    })
    expect(logFilesUnder(host.disk, '/data').map(({ kind }) => kind)).toEqual([
      'meta-properties',
      'segment',
      'epochs',
      'partition-metadata',
      'checkpoint',
    ])
    expect(faultsIn(host, '/data')).toEqual([])
    expect(dumped(host, '/data').map(({ data }) => data)).toContainEqual({
      partition: 'orders-0',
      offset: 3,
    })
  })

  test('whose meta.properties make no sense has a fault', () => {
    const host = diskWith({ '/data/meta.properties': 'version=5\nnode.id=1\n' })
    expect(faultsIn(host, '/data')).toEqual(['meta.properties has version 5'])
  })

  test('or file that is not there, or holds nothing of a log, is refused', () => {
    const { disk } = diskWith({ '/data/notes.txt': 'x' })
    for (const path of ['/nowhere', '/data', '/data/notes.txt']) {
      expect(() => logFilesUnder(disk, path)).toThrow(CommandFailure)
    }
  })
})
