/**
 * The record fuzzer: batches of every codec with one lie in header, payload or compressed bytes.
 * The checker never throws, readers throw CorruptRecords, codecs stay under their limit.
 */
import { BATCH_HEADER_BYTES, BatchView, batchSizeAt, Codec } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { CorruptRecords, ExpansionLimit, expandNow } from '../../protocol/records/compression.ts'
import { readControlRecord } from '../../protocol/records/control.ts'
import { crc32c } from '../../protocol/records/crc32c.ts'
import { readRecords } from '../../protocol/records/reader.ts'
import { checkRecords } from '../../protocol/records/record-check.ts'
import { mutations, type Random, seededRandom } from './mutations.ts'

const EXPANDED_BYTES_MAX = 256 * 1024

export interface RecordFuzzReport {
  readonly wholesome: number
  readonly refused: number
  readonly slowestMs: number
}

/** Walks so many mutants; throws on the first that behaves worse than it should. */
export function fuzzRecords(seed: number, mutants: number): RecordFuzzReport {
  const random = seededRandom(seed)
  const batches = Object.values(Codec).flatMap(codec => [0, 1, 7, 60].map(n => batchOf(codec, n)))
  const report = { wholesome: 0, refused: 0, slowestMs: 0 }
  for (let i = 0; i < mutants; i++) {
    const bytes = mutantOf(random.pick(batches), random, random.pick(batches))
    const what = () => `seed ${seed}, mutant ${i}: ${bytes.subarray(0, 4_096).toString('hex')}`
    const began = performance.now()
    if (isWholesome(bytes, what)) report.wholesome++
    else report.refused++
    report.slowestMs = Math.max(report.slowestMs, quickest(bytes, performance.now() - began))
  }
  return report
}

function batchOf(codec: Codec, count: number): Buffer {
  const records = Array.from({ length: count }, (_, i) => ({
    timestamp: 1_700_000_000_000 + i * 3,
    key: i % 3 === 0 ? null : Buffer.from(`key-${i}`),
    value: i % 5 === 0 ? null : Buffer.alloc(i * 7, i),
    headers: i % 4 === 0 ? [{ key: 'trace', value: Buffer.from([i]) }] : [],
  }))
  return buildBatch({ codec, records, producerId: 4, producerEpoch: 0, baseSequence: 9 })
}

/** Mostly with lengths and checksum set right again, or nothing would get past them. */
function mutantOf(batch: Buffer, random: Random, other: Buffer): Buffer {
  const payload = batch.subarray(BATCH_HEADER_BYTES)
  const name = random.pick(['bitFlips', 'truncate', 'splice', 'insert', 'glue'])
  const sample = { bytes: random.below(4) === 0 ? batch : payload, sites: [] }
  const broken = mutations[name]!(sample, random, other.subarray(BATCH_HEADER_BYTES))
  if (sample.bytes === batch) return broken
  const bytes = Buffer.concat([batch.subarray(0, BATCH_HEADER_BYTES), broken])
  if (random.below(3) === 0) lieInHeader(bytes, random)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeUInt32BE(new BatchView(bytes).computeCrc(crc32c), 17)
  return bytes
}

function lieInHeader(bytes: Buffer, random: Random): void {
  const lie = random.pick([-2, -1, 0, 1, 2, 0x7fff_ffff, -0x8000_0000])
  switch (random.below(4)) {
    case 0:
      bytes.writeInt32BE(lie, 57) // Count of records.
      break
    case 1:
      bytes.writeInt32BE(lie, 23) // Last offset delta.
      break
    case 2:
      bytes[22] = random.below(256) // Attributes: codec, control, timestamps.
      break
    default:
      bytes.writeInt32BE(lie, 27 + 4 * random.below(4)) // Timestamps.
  }
}

function isWholesome(bytes: Buffer, what: () => string): boolean {
  const sizeBytes = batchSizeAt(bytes, 0)
  if (sizeBytes < BATCH_HEADER_BYTES || sizeBytes > bytes.length) return false
  try {
    return walk(new BatchView(bytes))
  } catch (error) {
    if (error instanceof CorruptRecords || error instanceof ExpansionLimit) return false
    throw new Error(what(), { cause: error })
  }
}

function walk(batch: BatchView): boolean {
  const expanded = expandNow(batch.codec, batch.payload, EXPANDED_BYTES_MAX)
  if (batch.codec !== Codec.NONE && expanded.length > EXPANDED_BYTES_MAX) {
    throw new Error(`${expanded.length} bytes expanded`)
  }
  const rules = {
    consecutive: true,
    keyRequired: false,
    baseTimestamp: batch.baseTimestamp,
    timestampMin: Number.NEGATIVE_INFINITY,
    timestampMax: Number.POSITIVE_INFINITY,
  }
  const { fault } = checkRecords(expanded, batch.recordCount, rules)
  if (batch.isControl) readControlRecord(batch)
  const isReadable = canRead(batch, expanded)
  if (fault === null && !isReadable) throw new Error('checked, and yet no reader can read it')
  return fault === null
}

function canRead(batch: BatchView, expanded: Buffer): boolean {
  try {
    let read = 0
    for (const record of readRecords(batch, expanded)) read += 1 + record.headers.length
    return read >= 0
  } catch (error) {
    if (error instanceof CorruptRecords) return false
    throw error
  }
}

function quickest(bytes: Buffer, firstMs: number): number {
  if (firstMs < 20) return firstMs
  const began = process.threadCpuUsage()
  isWholesome(bytes, () => 'again')
  const { user, system } = process.threadCpuUsage(began)
  return Math.min(firstMs, (user + system) / 1000)
}
