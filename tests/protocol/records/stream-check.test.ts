import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchView } from '../../../protocol/records/batch.ts'
import { buildBatch, type RecordDraft } from '../../../protocol/records/builder.ts'
import {
  type CheckedRecords,
  checkRecords,
  type RecordRules,
} from '../../../protocol/records/record-check.ts'
import { StreamCheck } from '../../../protocol/records/stream-check.ts'

const T = 1_700_000_000_000
const RULES: RecordRules = {
  consecutive: true,
  keyRequired: true,
  baseTimestamp: T,
  timestampMin: T - 1000,
  timestampMax: T + 1000,
}

const small = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array))
const bytes = fc.oneof(
  { weight: 49, arbitrary: small },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 65_000, max: 70_000 }).map(size => Buffer.alloc(size)),
  },
)
const draft = fc.record({
  timestamp: fc.integer({ min: T - 1500, max: T + 1500 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.record({ key: fc.string(), value: fc.option(bytes) }), { maxLength: 2 }),
})

function inPieces(payload: Buffer, count: number, ends: readonly number[]): CheckedRecords {
  const check = new StreamCheck(count, RULES)
  let at = 0
  for (const end of [...ends, payload.length]) {
    // A copy that is gone after the call: nothing may be kept of a piece.
    const piece = Buffer.from(payload.subarray(at, end))
    const goesOn = check.add(piece)
    piece.fill(0xff)
    if (!goesOn) break
    at = end
  }
  return check.finish()
}

function payloadOf(records: readonly RecordDraft[]): Buffer {
  const batch = new BatchView(buildBatch({ records: [{ ...NO_TIME, timestamp: T }, ...records] }))
  return batch.payload
}

const NO_TIME = { key: Buffer.from('k'), value: null }

test('records that come in pieces are found to be what they are as a whole', () => {
  fc.assert(
    fc.property(
      fc.array(draft, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { maxLength: 2 }),
      fc.integer({ min: -1, max: 1 }),
      (records, cuts, changes, off) => {
        const payload = Buffer.from(payloadOf(records))
        for (const { at, to } of changes) payload[at % payload.length] = to
        const count = records.length + 1 + off
        const ends = cuts.map(cut => cut % payload.length).sort((a, b) => a - b)
        const whole = checkRecords(payload, count, RULES)
        const streamed = inPieces(payload, count, ends)
        if (whole.fault === null) expect(streamed).toEqual(whole)
        else expect(streamed.fault?.recordIndex).toBe(whole.fault.recordIndex)
      },
    ),
    { numRuns: 200 },
  )
})

test('records cut at every byte are found to be what they are as a whole', () => {
  const headers = [{ key: 'header', value: Buffer.from('x') }]
  const draft = { timestamp: T - 7, key: Buffer.from('key'), value: Buffer.alloc(70_000), headers }
  const payload = payloadOf([{ ...NO_TIME, timestamp: T + 300 }, draft, { ...draft, value: null }])
  const whole = checkRecords(payload, 4, RULES)
  expect(whole).toMatchObject({ fault: null, maxTimestamp: T + 300, maxTimestampDelta: 1 })
  const near = [...Array(payload.length).keys()].filter(at => at < 60 || at > 70_000)
  for (const at of near) expect(inPieces(payload, 4, [at, at + 1])).toEqual(whole)
  expect(inPieces(payload, 4, near)).toEqual(whole)
})

test('a record length is believed no further than its bytes come', () => {
  const check = new StreamCheck(1, RULES)
  // A record that claims 2 GiB: nothing is set aside for it.
  expect(check.add(Buffer.from('feffffff0f000000', 'hex'))).toBe(true)
  expect(check.finish().fault?.recordIndex).toBe(0)
})
