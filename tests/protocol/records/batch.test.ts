import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BatchView,
  batchSizeAt,
  Codec,
  sequenceAfter,
  TimestampType,
} from '../../../protocol/records/batch.ts'
import { BatchBuilder, buildBatch } from '../../../protocol/records/builder.ts'
import {
  buildEndTransactionMarker,
  ControlType,
  readControlRecord,
} from '../../../protocol/records/control.ts'
import { crc32c } from '../../../protocol/records/crc32c.ts'
import { readRecords } from '../../../protocol/records/reader.ts'

const T = 1_700_000_000_000
// DumpLogSegments of Apache Kafka 4.3.0 reads all of these as described, every checksum valid.
const DATA =
  '00000000000000000000004200000000' +
  '02aea06dc70000000000010000018bcfe568000000018bcfe56801' +
  'ffffffffffffffffffffffffffff00000002' +
  '10000000026b0276000e00020201027700'
const COMMIT =
  '0000000000000005000000420000000702f01af560003000000000' +
  '0000018bcfe568000000018bcfe5680000000000000003e80003ffffffff00000001' +
  '20000000080000000' +
  '10c00000000000200'
const EMPTIED =
  '000000000000000a000000310000000102bfb4dc5e000000000004' +
  'ffffffffffffffff0000018bcfe5680100000000000003e8000300000005' +
  '00000000'

const bytes = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array))
const draft = fc.record({
  timestamp: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.record({ key: fc.string(), value: fc.option(bytes) }), { maxLength: 3 }),
})

describe('golden batches', () => {
  test('two records become the bytes that Kafka takes', () => {
    const batch = buildBatch({
      leaderEpoch: 0,
      records: [
        { timestamp: T, key: Buffer.from('k'), value: Buffer.from('v') },
        { timestamp: T + 1, key: null, value: Buffer.from('w') },
      ],
    })
    expect(batch.toString('hex')).toBe(DATA)
  })

  test('a transaction is ended by the marker that Kafka writes', () => {
    const marker = { producerId: 1000, producerEpoch: 3, coordinatorEpoch: 2, timestamp: T }
    const place = { baseOffset: 5, leaderEpoch: 7 }
    const commit = buildEndTransactionMarker({ type: ControlType.COMMIT, ...marker, ...place })
    expect(commit.toString('hex')).toBe(COMMIT)
    const abort = buildEndTransactionMarker({ type: ControlType.ABORT, ...marker, ...place })
    expect(new BatchView(abort).crc).toBe(0x04242328)
    expect(readControlRecord(new BatchView(commit))).toEqual({ type: 1, coordinatorEpoch: 2 })
    expect(readControlRecord(new BatchView(abort))).toEqual({ type: 0, coordinatorEpoch: 2 })
  })

  test('a batch that compaction emptied still tells its offsets and sequences', () => {
    const batch = new BatchView(Buffer.from(EMPTIED, 'hex'))
    expect(batch.computeCrc(crc32c)).toBe(batch.crc)
    expect(batch.lastOffset).toBe(14)
    expect(batch.lastSequence).toBe(9)
    expect(batch.recordCount).toBe(0)
    expect([...readRecords(batch)]).toEqual([])
    expect(readControlRecord(batch)).toBeNull()
  })
})

describe('a batch view', () => {
  test('reads where the batch lies', () => {
    const buffer = Buffer.concat([Buffer.alloc(3), Buffer.from(DATA, 'hex'), Buffer.alloc(5)])
    const batch = new BatchView(buffer, 3)
    expect(batchSizeAt(buffer, 3)).toBe(78)
    expect(batch.bytes.toString('hex')).toBe(DATA)
    expect(batch.payload.length).toBe(17)
    expect(batch.describe()).toBe('batch 0..1 epoch 0 (2 records, 78 bytes)')
    expect(batch.producerId).toBe(-1)
    expect(batch.lastSequence).toBe(-1)
  })

  test('is placed in a log without touching its checksum', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(), (offset, epoch) => {
        const batch = new BatchView(Buffer.from(DATA, 'hex'))
        batch.stamp(offset, epoch)
        expect([batch.baseOffset, batch.leaderEpoch]).toEqual([offset, epoch])
        expect(batch.computeCrc(crc32c)).toBe(batch.crc)
      }),
    )
  })

  test('takes the time of append and sums itself up afresh', () => {
    const batch = new BatchView(Buffer.from(DATA, 'hex'))
    batch.setTimestampType(TimestampType.LOG_APPEND_TIME, T + 99, crc32c)
    expect(batch.isLogAppendTime).toBe(true)
    expect(batch.computeCrc(crc32c)).toBe(batch.crc)
    expect([...readRecords(batch)].map(record => record.timestamp)).toEqual([T + 99, T + 99])
    batch.setTimestampType(TimestampType.CREATE_TIME, T + 1, crc32c)
    expect(batch.bytes.toString('hex')).toBe(DATA)
  })

  test('too few bytes have no size', () => {
    expect(batchSizeAt(Buffer.alloc(11), 0)).toBe(-1)
    expect(batchSizeAt(Buffer.alloc(12), 0)).toBe(12)
  })

  test('sequences go from the greatest int32 back to 0', () => {
    expect(sequenceAfter(2147483647, 1)).toBe(0)
    expect(sequenceAfter(2147483646, 5)).toBe(3)
  })
})

describe('building', () => {
  test.each(Object.entries(Codec))('%s: every record reads back', (_, codec) => {
    fc.assert(
      fc.property(fc.array(draft, { maxLength: 20 }), records => {
        const batch = new BatchView(buildBatch({ records, codec, baseOffset: 1000 }))
        expect(batch.codec).toBe(codec)
        expect(batch.computeCrc(crc32c)).toBe(batch.crc)
        const read = [...readRecords(batch)]
        expect(read.map(({ offset, ...record }) => record)).toEqual(records)
        expect(read.map(({ offset }) => offset)).toEqual(records.map((_, i) => 1000 + i))
        const times = records.map(({ timestamp }) => timestamp)
        expect(batch.maxTimestamp).toBe(Math.max(-1, ...times))
      }),
      { numRuns: 60 },
    )
  })

  test('its size is known before each record', () => {
    fc.assert(
      fc.property(fc.array(draft, { minLength: 1, maxLength: 20 }), records => {
        const builder = new BatchBuilder(61)
        for (const record of records) {
          const expected = builder.sizeBytes + builder.sizeOf(record)
          builder.append(record)
          expect(builder.sizeBytes).toBe(expected)
        }
        const size = builder.sizeBytes
        expect(builder.build()).toHaveLength(size)
      }),
    )
  })

  test('offsets may have gaps, for what copies a compacted log', () => {
    const builder = new BatchBuilder()
    for (const delta of [2, 5]) {
      builder.append({ timestamp: T, key: null, value: Buffer.alloc(1) }, delta)
    }
    const batch = new BatchView(builder.build({ baseOffset: 10 }))
    expect([...readRecords(batch)].map(({ offset }) => offset)).toEqual([12, 15])
    expect(batch.lastOffset).toBe(15)
  })
})
