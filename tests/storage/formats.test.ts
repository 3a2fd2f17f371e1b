import { describe, expect, test } from 'vitest'
import { nodeCrc32c } from '../../host/node/host.ts'
import { memoryDisk } from '../../host/sim/memory-disk.ts'
import { BatchView } from '../../protocol/records/batch.ts'
import { readRecords } from '../../protocol/records/reader.ts'
import { formatCheckpoint, parseCheckpoint, parseOffsets } from '../../storage/checkpoint.ts'
import { LeaderEpochs, parseStarts } from '../../storage/leader-epochs.ts'
import { parseMarker } from '../../storage/marker.ts'
import { formatMetaProperties, parseMetaProperties } from '../../storage/meta-properties.ts'
import {
  asideFolderName,
  parseFolderName,
  parseSegmentFileName,
  segmentFileName,
} from '../../storage/names.ts'
import {
  formatPartitionMetadata,
  parsePartitionMetadata,
} from '../../storage/partition-metadata.ts'
import { Producer } from '../../storage/producer.ts'
import { decodeSnapshot, encodeSnapshot } from '../../storage/producer-snapshot.ts'
import { TransactionIndex } from '../../storage/transaction-index.ts'
import { batchOf } from './support/log-world.ts'

const crc32c = nodeCrc32c()
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('bytes that Kafka 4.3.0 reads as described', () => {
  test('a batch of two records', () => {
    const bytes = hex(
      `0000000000000000 00000042 00000000 02 aea06dc7 0000 00000001 0000018bcfe56800
      0000018bcfe56801 ffffffffffffffff ffff ffffffff 00000002 10000000026b027600
      0e00020201027700`.replaceAll(/\s/g, ''),
    )
    const batch = new BatchView(bytes)
    expect([batch.sizeBytes, batch.lastOffset, batch.computeCrc(crc32c) === batch.crc]).toEqual([
      78,
      1,
      true,
    ])
    const pairs = [...readRecords(batch)].map(({ key, value }) => [
      key?.toString(),
      value?.toString(),
    ])
    expect(pairs).toEqual([
      ['k', 'v'],
      [undefined, 'w'],
    ])
  })

  test('a commit marker', () => {
    const bytes = hex(
      `0000000000000005 00000042 00000007 02 f01af560 0030 00000000 0000018bcfe56800
      0000018bcfe56800 00000000000003e8 0003 ffffffff 00000001 20 00 00 00 08 00000001 0c
      000000000002 00`.replaceAll(/\s/g, ''),
    )
    expect(parseMarker(new BatchView(bytes))).toEqual({ commits: true, coordinatorEpoch: 2 })
  })

  test('an ordinary batch and a batch that compaction emptied are no markers', () => {
    expect(parseMarker(new BatchView(batchOf()))).toBeNull()
    const emptied = hex(
      `000000000000000a 00000031 00000001 02 bfb4dc5e 0000 00000004
      ffffffffffffffff 0000018bcfe56801 00000000000003e8 0003 00000005 00000000`.replaceAll(
        /\s/g,
        '',
      ),
    )
    expect(new BatchView(emptied).computeCrc(crc32c)).toBe(0xbfb4dc5e)
    expect(parseMarker(new BatchView(emptied))).toBeNull()
  })

  test('producer snapshots, empty and with one producer', () => {
    expect(encodeSnapshot(new Map(), crc32c).toString('hex')).toBe('000148674bc700000000')
    const producer = new Producer(1000, 3)
    producer.remember(9, 41, 4, 1_700_000_000_000)
    const bytes = encodeSnapshot(new Map([[1000, producer]]), crc32c)
    const golden = hex(
      `0001 bbcec89c 00000001 00000000000003e8 0003 00000009 0000000000000029
      00000004 0000018bcfe56800 ffffffff ffffffffffffffff`.replaceAll(/\s/g, ''),
    )
    expect(bytes).toEqual(golden)
    expect(decodeSnapshot(golden, crc32c)).toEqual(new Map([[1000, producer]]))
  })

  test('an entry of the transaction index', () => {
    const disk = memoryDisk()
    const index = new TransactionIndex('/x.txnindex')
    index.entries.reset()
    index.append({ producerId: 1000, firstOffset: 5, lastOffset: 9, lastStableOffset: 10 })
    index.persist(disk).close()
    expect(disk.readFile('/x.txnindex')).toEqual(
      hex('0000 00000000000003e8 0000000000000005 0000000000000009 000000000000000a'),
    )
  })
})

test('a snapshot with any byte wrong, missing or too many is no snapshot', () => {
  const producer = new Producer(1, 0)
  producer.remember(0, 0, 0, 5)
  const bytes = encodeSnapshot(new Map([[1, producer]]), crc32c)
  for (let at = 0; at < bytes.length; at++) {
    const wrong = Buffer.from(bytes)
    wrong[at] = (wrong[at] as number) ^ 1
    expect(decodeSnapshot(wrong, crc32c)).toBeNull()
    expect(decodeSnapshot(bytes.subarray(0, at), crc32c)).toBeNull()
  }
  expect(decodeSnapshot(Buffer.concat([bytes, Buffer.alloc(1)]), crc32c)).toBeNull()
})

describe('names', () => {
  test('of segments have twenty digits, also beyond what a number can hold exactly', () => {
    expect(segmentFileName(42, '.log')).toBe('00000000000000000042.log')
    expect(parseSegmentFileName('00000000000000000042.log.swap')).toEqual({
      baseOffset: 42,
      kind: '.log',
      suffix: '.swap',
    })
    expect(parseSegmentFileName('09223372036854775807.log')).toBeNull()
    for (const name of ['42.log', 'leader-epoch-checkpoint', '00000000000000000042.txt', 'x.log']) {
      expect(parseSegmentFileName(name)).toBeNull()
    }
  })

  test('of folders split at the last dash', () => {
    expect(parseFolderName('a-b-3')).toEqual({ kind: 'partition', topic: 'a-b', partition: 3 })
    const deleted = asideFolderName('t'.repeat(249), 12, '0'.repeat(32), 'delete')
    expect(deleted).toHaveLength(255)
    expect(parseFolderName(deleted)).toEqual({ kind: 'delete' })
    for (const name of [
      'lost+found',
      'nodash',
      'a-',
      '-1',
      'a-01',
      'a-b',
      'a-99999999999',
      'a-delete',
    ]) {
      expect(parseFolderName(name)).toEqual({ kind: 'unknown' })
    }
  })
})

describe('small text files', () => {
  test('checkpoints read back what they say, and nothing that is torn or foreign', () => {
    const text = formatCheckpoint(['topic 0 42', 'to.pic-x 17 0'])
    expect(text).toBe('0\n2\ntopic 0 42\nto.pic-x 17 0\n')
    expect(parseOffsets(text)).toEqual(
      new Map([
        ['topic-0', 42],
        ['to.pic-x-17', 0],
      ]),
    )
    expect(parseOffsets('')).toEqual(new Map())
    const bad = [
      '1\n0\n',
      '0\n2\na 0 1\n',
      '0\n1\na 0\n',
      '0\n1\na 0 x\n',
      '0\n1\na 0 -1\n',
      'x',
      '0\n1\n',
    ]
    for (const broken of bad) expect(parseOffsets(broken)).toBeNull()
    for (let cut = 1; cut < text.length; cut++) {
      expect(parseCheckpoint(text.slice(0, cut), 3)).toBeNull()
    }
  })

  test('epoch starts that do not ascend are no epoch starts', () => {
    expect(parseStarts('0\n2\n0 0\n3 10\n')).toHaveLength(2)
    expect(parseStarts('0\n2\n3 0\n0 10\n')).toBeNull()
    expect(parseStarts('0\n2\n0 10\n3 10\n')).toBeNull()
  })

  test('meta.properties of versions 0 and 1, escaped or not', () => {
    const identity = { clusterId: 'abc=:\\#', nodeId: 7, directoryId: 'AAECAwQFBgcICQoLDA0ODw' }
    expect(parseMetaProperties(formatMetaProperties(identity))).toEqual(identity)
    const old = '#Sat Nov 21\nversion=0\nbroker.id=3\ncluster.id : x\\:y\n'
    expect(parseMetaProperties(old)).toEqual({ clusterId: 'x:y', nodeId: 3, directoryId: null })
    expect(() => parseMetaProperties('version=2')).toThrow('version 2')
    expect(() => parseMetaProperties('version=1\nnode.id=x')).toThrow('not a number')
  })

  test('partition.metadata says one id or none', () => {
    const id = 'AAECAwQFBgcICQoLDA0ODw'
    expect(parsePartitionMetadata(formatPartitionMetadata(id))).toBe(id)
    const none = [formatPartitionMetadata('AAAAAAAAAAAAAAAAAAAAAA'), '', 'version: 1\ntopic_id: x']
    for (const text of none) expect(parsePartitionMetadata(text)).toBeNull()
  })
})

describe('leader epochs', () => {
  const epochs = () => {
    const disk = memoryDisk()
    disk.makeFolder('/t-0')
    return {
      disk,
      epochs: new LeaderEpochs(disk, '/t-0', () => [{ leaderEpoch: 9, startOffset: 1 }]),
    }
  }

  test('answer where an epoch ended, as KIP-101 asks', () => {
    const { epochs: known } = epochs()
    expect(known.endOffsetFor(0, 100)).toBeNull()
    known.assign(2, 10)
    known.assign(5, 20)
    known.assign(7, 30)
    const answer = (epoch: number) => {
      const end = known.endOffsetFor(epoch, 100)
      return end === null ? null : [end.leaderEpoch, end.endOffset]
    }
    expect([-1, 0, 2, 3, 5, 6, 7, 8].map(answer)).toEqual([
      null,
      [0, 10],
      [2, 20],
      [2, 20],
      [5, 30],
      [5, 30],
      [7, 100],
      null,
    ])
  })

  test('are written when they change and read when first asked for', () => {
    const { disk, epochs: known } = epochs()
    known.assign(0, 0)
    known.assign(0, 5)
    known.assign(4, 7)
    expect(disk.readFile('/t-0/leader-epoch-checkpoint').toString()).toBe('0\n2\n0 0\n4 7\n')
    known.assign(3, 9)
    expect(disk.readFile('/t-0/leader-epoch-checkpoint').toString()).toBe('0\n2\n0 0\n3 9\n')
    expect(new LeaderEpochs(disk, '/t-0', () => []).latest).toBe(3)
    known.truncateFromStart(9)
    expect(known.starts).toEqual([{ leaderEpoch: 3, startOffset: 9 }])
    known.truncateFromEnd(9)
    expect(known.starts).toEqual([])
  })

  test('are made again when the file is torn', () => {
    const { disk, epochs: known } = epochs()
    const file = disk.open('/t-0/leader-epoch-checkpoint', 'create')
    file.writev([Buffer.from('0\n2\n0 0\n')], 0)
    expect(known.latest).toBe(9)
    expect(new LeaderEpochs(disk, '/t-0', () => []).latest).toBe(9)
  })
})
