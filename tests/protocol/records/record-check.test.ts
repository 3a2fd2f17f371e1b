import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchView } from '../../../protocol/records/batch.ts'
import { BatchBuilder, buildBatch, type RecordDraft } from '../../../protocol/records/builder.ts'
import { CorruptRecords } from '../../../protocol/records/corrupt-records.ts'
import { readRecords } from '../../../protocol/records/reader.ts'
import {
  checkRecords,
  FAILED_RECORDS_MAX,
  type RecordRules,
} from '../../../protocol/records/record-check.ts'

const T = 1_700_000_000_000
const ANY: RecordRules = {
  consecutive: true,
  keyRequired: false,
  baseTimestamp: T,
  timestampMin: Number.NEGATIVE_INFINITY,
  timestampMax: Number.POSITIVE_INFINITY,
}

const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array))
const draft = fc.record({
  timestamp: fc.integer({ min: T - 20_000, max: T + 20_000 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.record({ key: fc.string(), value: fc.option(bytes) }), { maxLength: 2 }),
})

function check(batch: BatchView, rules = ANY) {
  const { payload, recordCount, baseTimestamp } = batch
  return checkRecords(payload, recordCount, { ...rules, baseTimestamp })
}

function batchOf(records: readonly RecordDraft[]): BatchView {
  return new BatchView(buildBatch({ records }))
}

function plain(count: number, timestamp = T): RecordDraft[] {
  const record = { timestamp, key: Buffer.from('k'), value: Buffer.from('v') }
  return Array.from({ length: count }, () => record)
}

describe('checking records', () => {
  test('finds nothing wrong with any batch that was built, and its latest time', () => {
    fc.assert(
      fc.property(fc.array(draft, { minLength: 1, maxLength: 40 }), records => {
        const times = records.map(({ timestamp }) => timestamp)
        const latest = Math.max(...times)
        expect(check(batchOf(records))).toEqual({
          fault: null,
          maxTimestamp: latest,
          maxTimestampDelta: times.indexOf(latest),
          badTimestamps: null,
          missingKeys: null,
        })
      }),
    )
  })

  test('on any damage agrees with the reader on whether the bytes are records', () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat(255) })
    fc.assert(
      fc.property(
        fc.array(draft, { minLength: 1, maxLength: 8 }),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.nat(3),
        (records, changes, cut) => {
          const whole = buildBatch({ records })
          const batch = new BatchView(Buffer.from(whole))
          const payload = batch.payload.subarray(0, Math.max(0, batch.payload.length - cut))
          for (const { at, to } of changes) payload[at % Math.max(1, payload.length)] = to
          const { recordCount, baseTimestamp } = batch
          const { fault } = checkRecords(payload, recordCount, { ...ANY, baseTimestamp })
          expect(fault === null).toBe(readsInOrder(batch, payload))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('refuses offset deltas that jump, repeat or do not begin at 0', () => {
    for (const deltas of [[1], [0, 2], [0, 1, 3]]) {
      const builder = new BatchBuilder()
      for (const delta of deltas) builder.append(plain(1)[0]!, delta)
      const batch = new BatchView(builder.build())
      expect(check(batch).fault).toEqual({
        reason: 'offset deltas are not 0, 1, 2, ...',
        recordIndex: deltas.length - 1,
      })
    }
  })

  test('lets offset deltas repeat and leave gaps where that is asked for, and no more', () => {
    const loose = { ...ANY, consecutive: false }
    const faultOf = (deltas: readonly number[]) => {
      const records = plain(deltas.length)
      const batch = batchOf(records)
      // Every record is as long as the first; its fourth byte is the offset delta.
      const size = batch.payload.length / deltas.length
      for (const [i, delta] of deltas.entries()) {
        batch.payload[i * size + 3] = delta < 0 ? -delta * 2 - 1 : delta * 2
      }
      return check(batch, loose).fault
    }
    for (const deltas of [
      [0, 0, 0],
      [1, 1, 2],
      [0, 2, 2],
      [2, 2, 2],
    ]) {
      expect([deltas, faultOf(deltas)]).toEqual([deltas, null])
    }
    const descending = 'offset deltas descend'
    expect(faultOf([0, 2, 1])).toEqual({ reason: descending, recordIndex: 2 })
    expect(faultOf([0, 1, 0])).toEqual({ reason: descending, recordIndex: 2 })
    expect(faultOf([-1, 0, 0])).toEqual({ reason: descending, recordIndex: 0 })
    const beyond = 'an offset delta is beyond the last of its batch'
    expect(faultOf([0, 1, 3])).toEqual({ reason: beyond, recordIndex: 2 })
  })

  test('refuses bytes left over and records that are not there', () => {
    const { payload } = batchOf(plain(3))
    const fault = (count: number) => checkRecords(payload, count, ANY).fault
    expect(fault(2)).toEqual({ reason: 'bytes follow the last record', recordIndex: 2 })
    expect(fault(4)?.recordIndex).toBe(3)
    expect(checkRecords(Buffer.alloc(0), 0, ANY).fault).toBeNull()
  })

  test('refuses a header without a key', () => {
    const [record] = plain(1)
    const batch = batchOf([{ ...record!, headers: [{ key: 'h', value: null }] }])
    // The header's key length is the third byte from the end: key length, key, value length.
    batch.payload[batch.payload.length - 3] = 1
    expect(check(batch).fault?.reason).toBe('a header key is null')
  })

  test('lists records without a key where one is required', () => {
    const records = plain(5).map((record, i) => (i % 2 === 1 ? { ...record, key: null } : record))
    const rules = { ...ANY, keyRequired: true }
    expect(check(batchOf(records), rules).missingKeys).toEqual([1, 3])
    expect(check(batchOf(plain(5)), rules).missingKeys).toBeNull()
  })

  test('lists records outside the window of time, and lets those without a time pass', () => {
    const rules = { ...ANY, timestampMin: T - 10, timestampMax: T + 10 }
    const times = [T, T + 11, -1, T - 11, T - 10, T + 10]
    const records = times.map(timestamp => ({ ...plain(1)[0]!, timestamp }))
    expect(check(batchOf(records), rules).badTimestamps).toEqual([1, 3])
  })

  test('lists no more failures than is sensible', () => {
    const rules = { ...ANY, timestampMax: 0 }
    const checked = check(batchOf(plain(FAILED_RECORDS_MAX + 5)), rules)
    expect(checked.badTimestamps).toHaveLength(FAILED_RECORDS_MAX)
  })
})

/** Whether the reader gives all records, with offset deltas 0, 1, 2. */
function readsInOrder(batch: BatchView, payload: Buffer): boolean {
  let next = batch.baseOffset
  try {
    for (const { offset } of readRecords(batch, payload)) {
      if (offset !== next) return false
      next += 1
    }
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(CorruptRecords)
    return false
  }
}
