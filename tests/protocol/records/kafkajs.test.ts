/** kafkajs 2.2.4, an independent implementation of batches, reads and writes the same bytes. */
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchView, Codec } from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { crc32c } from '../../../protocol/records/crc32c.ts'
import { readRecords } from '../../../protocol/records/reader.ts'

interface ForeignRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly offset: string
  readonly timestamp: string
  readonly headers: Record<string, Buffer>
}

const require = createRequire(import.meta.url)
const path = 'kafkajs/src/protocol'
const { RecordBatch } = require(`${path}/recordBatch/v0`) as {
  RecordBatch: (batch: object) => Promise<{ buffer: Buffer }>
}
const encodeRecord = require(`${path}/recordBatch/record/v0`) as (record: object) => object
const decodeBatch = require(`${path}/recordBatch/v0/decoder`) as (
  decoder: object,
) => Promise<{ records: readonly ForeignRecord[]; producerId: string; maxTimestamp: string }>
const Decoder = require(`${path}/decoder`) as new (bytes: Buffer) => object

const BASE = 1_700_000_000_000
const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))
// kafkajs keeps headers in a plain object, which has names of its own.
const headerName = fc.string({ minLength: 1, maxLength: 9 }).filter(name => !(name in {}))
const draft = fc.record({
  timestamp: fc.integer({ min: BASE, max: BASE + 100_000 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(headerName, bytes, { maxKeys: 3 }),
})
const drafts = fc.array(draft, { minLength: 1, maxLength: 20 })

test.each([Codec.NONE, Codec.GZIP])('codec %i: kafkajs reads what we write', async codec => {
  await fc.assert(
    fc.asyncProperty(drafts, async records => {
      const batch = buildBatch({
        codec,
        baseOffset: 100,
        producerId: 7,
        producerEpoch: 1,
        baseSequence: 0,
        records: records.map(({ headers, ...record }) => ({
          ...record,
          headers: Object.entries(headers).map(([key, value]) => ({ key, value })),
        })),
      })
      const foreign = await decodeBatch(new Decoder(batch))
      expect(foreign.producerId).toBe('7')
      expect(
        foreign.records.map(({ offset, timestamp, key, value, headers }) => {
          return { offset, timestamp, key, value, headers: { ...headers } }
        }),
      ).toEqual(
        records.map((record, i) => ({
          ...record,
          headers: { ...record.headers },
          offset: `${100 + i}`,
          timestamp: `${record.timestamp}`,
        })),
      )
    }),
    { numRuns: 50 },
  )
})

test('we read what kafkajs writes, checksum included', async () => {
  await fc.assert(
    fc.asyncProperty(drafts, async records => {
      const first = records[0]!.timestamp
      const { buffer } = await RecordBatch({
        firstTimestamp: first,
        maxTimestamp: Math.max(...records.map(({ timestamp }) => timestamp)),
        lastOffsetDelta: records.length - 1,
        records: records.map(({ timestamp, ...record }, offsetDelta) => {
          return encodeRecord({ ...record, offsetDelta, timestampDelta: timestamp - first })
        }),
      })
      const batch = new BatchView(buffer)
      expect(batch.computeCrc(crc32c)).toBe(batch.crc)
      expect(
        [...readRecords(batch)].map(({ timestamp, key, value, headers }) => ({
          timestamp,
          key,
          value,
          headers: headers.map(header => [header.key, header.value]),
        })),
      ).toEqual(
        records.map(({ headers, ...record }) => ({ ...record, headers: Object.entries(headers) })),
      )
    }),
    { numRuns: 50 },
  )
})
