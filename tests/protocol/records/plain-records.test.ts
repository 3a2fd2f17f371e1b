/** The quick way through usual records and the way that judges every record say the same. */
import { expect, test } from 'vitest'
import { BATCH_HEADER_BYTES } from '../../../protocol/records/batch.ts'
import { buildBatch, type RecordDraft } from '../../../protocol/records/builder.ts'
import { checkRecords } from '../../../protocol/records/record-check.ts'

const RULES = {
  consecutive: true,
  keyRequired: false,
  baseTimestamp: 1000,
  timestampMax: Number.POSITIVE_INFINITY,
}
/** Nothing to complain about. */
const ANY_TIME = { ...RULES, timestampMin: Number.NEGATIVE_INFINITY }
/** Every record is looked at closely: each is too old. */
const NO_TIME = { ...RULES, timestampMin: Number.POSITIVE_INFINITY }

function payloadOf(records: readonly RecordDraft[]): Buffer {
  return buildBatch({ records }).subarray(BATCH_HEADER_BYTES)
}

const record = (timestamp: number, key: string | null, valueBytes: number | null): RecordDraft => ({
  timestamp,
  key: key === null ? null : Buffer.from(key),
  value: valueBytes === null ? null : Buffer.alloc(valueBytes, 'v'),
})

function bothWays(bytes: Buffer, count: number, what: string): void {
  const quick = checkRecords(bytes, count, ANY_TIME)
  const close = checkRecords(bytes, count, NO_TIME)
  expect([what, quick.fault]).toEqual([what, close.fault])
  if (quick.fault !== null) return
  expect([quick.maxTimestamp, quick.maxTimestampDelta]).toEqual([
    close.maxTimestamp,
    close.maxTimestampDelta,
  ])
}

test.each([
  ['short', [record(1000, 'k', 3), record(1001, null, 5), record(999, 'key', null)]],
  ['of a few bytes', [record(1000, null, null), record(1000, '', 0), record(1000, null, 0)]],
  ['long', [record(1000, 'k', 200), record(9000, 'k'.repeat(100), 70), record(1, 'k', 9000)]],
] as const)('%s records with one byte changed, or cut anywhere', (_, records) => {
  const payload = payloadOf(records)
  const changes = [0, 1, 2, 3, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xff]
  const ends = [...Array(Math.min(payload.length, 400)).keys()]
  for (const at of ends) {
    for (const change of [...changes, payload[at]! ^ 1, payload[at]! + 2, payload[at]! - 2]) {
      const bytes = Buffer.from(payload)
      bytes[at] = change
      bothWays(bytes, records.length, `${at} is ${change}`)
    }
    bothWays(payload.subarray(0, at), records.length, `cut at ${at}`)
    bothWays(payload.subarray(0, payload.length - at), records.length, `${at} bytes cut off`)
  }
})

test('a negative length or delta is not taken for what it would be without its sign', () => {
  const payload = payloadOf([record(1000, 'k', 20), record(1000, 'k', 20)])
  // Length, attributes, time, offset, key length, key, value length.
  for (const at of [0, 3, 4, 6]) {
    const bytes = Buffer.from(payload)
    bytes[at]! |= 1
    expect([at, checkRecords(bytes, 2, ANY_TIME).fault?.recordIndex]).toEqual([at, 0])
  }
})
