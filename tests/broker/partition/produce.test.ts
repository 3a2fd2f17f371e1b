import { afterEach, describe, expect, test } from 'vitest'
import { virtualClock } from '../../../host/sim/clock.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { BatchView, Codec, TimestampType } from '../../../protocol/records/batch.ts'
import { buildBatch, type RecordDraft } from '../../../protocol/records/builder.ts'
import { readRecords } from '../../../protocol/records/reader.ts'
import {
  NOW_MS,
  type PartitionWorld,
  type PartitionWorldOptions,
  partitionWorld,
  produceOptions,
  stored,
  storedValues,
} from './support.ts'

let worlds: PartitionWorld[] = []

afterEach(() => {
  for (const world of worlds) world.close()
  worlds = []
})

async function world(options?: PartitionWorldOptions): Promise<PartitionWorld> {
  const made = await partitionWorld(options)
  worlds.push(made)
  return made
}

function record(value: string, changes: Partial<RecordDraft> = {}): RecordDraft {
  return { timestamp: NOW_MS, key: Buffer.from('k'), value: Buffer.from(value), ...changes }
}

type Envelope = Omit<Parameters<typeof buildBatch>[0], 'records'>

function batch(values: readonly (string | RecordDraft)[], envelope: Envelope = {}): Buffer {
  const records = values.map(value => (typeof value === 'string' ? record(value) : value))
  return buildBatch({ ...envelope, records })
}

/** A batch with bytes changed, and the checksum as if its producer had meant them. */
function tampered(bytes: Buffer, change: (bytes: Buffer) => void, fixesCrc = true): Buffer {
  const copy = Buffer.from(bytes)
  change(copy)
  if (fixesCrc) copy.writeUInt32BE(new BatchView(copy).computeCrc(crc32c) >>> 0, 17)
  return copy
}

let crc32c: (bytes: Uint8Array) => number = () => 0

describe('record errors', () => {
  test('name the records without a key on a compacted topic', async () => {
    const made = await world({ configs: { 'cleanup.policy': 'compact' } })
    const outcome = await made.produce(
      batch(['a', record('b', { key: null }), 'c', record('d', { key: null })]),
    )
    expect(outcome.errorCode).toBe(ErrorCode.INVALID_RECORD)
    expect(outcome.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 3])
    expect(outcome.logStartOffset).toBe(0)
  })

  test('name the records from the future, or too old', async () => {
    const made = await world({ configs: { 'message.timestamp.before.max.ms': '1000' } })
    const late = record('b', { timestamp: NOW_MS + 3_600_001 })
    const old = record('c', { timestamp: NOW_MS - 1001 })
    const outcome = await made.produce(
      batch(['a', late, old, record('d', { timestamp: -1 })], { codec: Codec.SNAPPY }),
    )
    expect(outcome.errorCode).toBe(ErrorCode.INVALID_TIMESTAMP)
    expect(outcome.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 2])
  })

  test('name every record of a batch that claims append time, far from now', async () => {
    const made = await world({ configs: { 'message.timestamp.before.max.ms': '1000' } })
    crc32c = made.crc32c
    const honest = batch(['a', 'b'], { timestampType: TimestampType.LOG_APPEND_TIME })
    const claimed = tampered(honest, bytes => bytes.writeBigInt64BE(BigInt(NOW_MS - 1001), 35))
    const outcome = await made.produce(claimed)
    expect(outcome.errorCode).toBe(ErrorCode.INVALID_TIMESTAMP)
    expect(outcome.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 1])
  })

  test('name every record whose time the broker was to set', async () => {
    const made = await world({ configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const timestampType = TimestampType.LOG_APPEND_TIME
    const outcome = await made.produce(batch(['a', 'b'], { timestampType }))
    expect(outcome).toMatchObject({
      errorCode: ErrorCode.INVALID_TIMESTAMP,
      baseOffset: -1,
      logStartOffset: 0,
    })
    expect(outcome.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 1])
    expect(made.log.nextOffset).toBe(0)
  })
})

describe('what is stored', () => {
  test('a batch as it was sent, with offset and epoch', async () => {
    const made = await world()
    const sent = batch(['a', 'b'])
    const copy = Buffer.from(sent)
    const tail = Buffer.concat([sent, Buffer.from('a torn tail')])
    expect(await made.produce(tail)).toEqual({
      errorCode: 0,
      baseOffset: 0,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      recordErrors: [],
      errorMessage: null,
    })
    expect((await made.produce(batch(['c']))).baseOffset).toBe(2)
    const [first, second] = stored(made)
    expect(first?.bytes.subarray(16)).toEqual(copy.subarray(16))
    expect(first?.leaderEpoch).toBe(3)
    expect(second?.baseOffset).toBe(2)
  })

  test('the greatest time of the records, whatever the header said', async () => {
    const made = await world()
    crc32c = made.crc32c
    const wrong = tampered(batch(['a', record('b', { timestamp: NOW_MS + 5 })]), bytes => {
      bytes.writeInt32BE(1, 39)
      bytes.writeInt8(8, 22)
    })
    expect((await made.produce(wrong)).errorCode).toBe(ErrorCode.NONE)
    const [kept] = stored(made)
    expect(kept?.maxTimestamp).toBe(NOW_MS + 5)
    expect(kept?.isLogAppendTime).toBe(false)
    expect(kept?.crc).toBe((kept?.computeCrc(crc32c) ?? 0) >>> 0)
  })

  test("the broker's time where the topic asks for it", async () => {
    const made = await world({ configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const outcome = await made.produce(batch(['a', 'b'], { codec: Codec.ZSTD }), {
      nowMs: NOW_MS + 9,
    })
    expect(outcome.logAppendTimeMs).toBe(NOW_MS + 9)
    const [kept] = stored(made)
    expect(kept?.isLogAppendTime).toBe(true)
    expect([...readRecords(kept!)].map(({ timestamp }) => timestamp)).toEqual([
      NOW_MS + 9,
      NOW_MS + 9,
    ])
    expect(kept?.crc).toBe((kept?.computeCrc(made.crc32c) ?? 0) >>> 0)
  })

  for (const [type, codec] of [
    ['gzip', 1],
    ['snappy', 2],
    ['lz4', 3],
    ['zstd', 4],
    ['uncompressed', 0],
  ] as const) {
    for (const sent of [Codec.NONE, Codec.GZIP, Codec.LZ4]) {
      test(`codec ${sent} under compression.type=${type}`, async () => {
        const made = await world({ configs: { 'compression.type': type } })
        const values = ['a', 'b'.repeat(100_000), 'c']
        const envelope = { codec: sent, producerId: 5, producerEpoch: 1, baseSequence: 0 }
        expect((await made.produce(batch(values, envelope))).errorCode).toBe(ErrorCode.NONE)
        const [kept] = stored(made)
        expect(kept).toMatchObject({ codec, producerId: 5, producerEpoch: 1, baseSequence: 0 })
        expect(kept?.crc).toBe((kept?.computeCrc(made.crc32c) ?? 0) >>> 0)
        expect(storedValues(made)).toEqual(values)
      })
    }
  }

  test('what expands to much is checked off the loop, others go on meanwhile', async () => {
    const made = await world()
    const large = made.produce(batch(['x'.repeat(3_000_000)], { codec: Codec.GZIP }))
    const small = made.produce(batch(['small']))
    expect((await small).baseOffset).toBe(0)
    expect((await large).baseOffset).toBe(1)
  })

  test('a topic deleted while a batch is checked refuses it', async () => {
    const made = await world()
    const large = made.produce(batch(['x'.repeat(3_000_000)], { codec: Codec.GZIP }))
    made.partition.stop()
    expect((await large).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })
})

describe('idempotent producers', () => {
  const from = (baseSequence: number, producerEpoch = 0, values = ['x']) =>
    batch(values, { producerId: 9, producerEpoch, baseSequence })

  test('a repeated batch is answered with its first offset, and stored once', async () => {
    const made = await world()
    await made.produce(batch(['other']))
    expect((await made.produce(from(0))).baseOffset).toBe(1)
    const again = await made.produce(from(0))
    expect(again).toMatchObject({ errorCode: 0, baseOffset: 1, logAppendTimeMs: NOW_MS })
    expect(made.log.nextOffset).toBe(2)
  })

  test('a repeat in the same turn shares the fate of the first', async () => {
    const made = await world()
    const [first, second] = await Promise.all([made.produce(from(0)), made.produce(from(0))])
    expect([first.baseOffset, second.baseOffset]).toEqual([0, 0])
    expect(storedValues(made)).toEqual(['x'])
  })

  test('gaps, old epochs and epochs that do not begin at 0 are refused', async () => {
    const made = await world()
    await made.produce(from(0, 1))
    expect(await made.produce(from(2, 1))).toMatchObject({ errorCode: 45, logStartOffset: 0 })
    expect(await made.produce(from(1, 0))).toMatchObject({ errorCode: 47, logStartOffset: 0 })
    expect(await made.produce(from(1, 2))).toMatchObject({ errorCode: 45 })
    expect(await made.produce(from(0, 2))).toMatchObject({ errorCode: 0, baseOffset: 1 })
  })

  test('only the last five batches are remembered as repeats', async () => {
    const made = await world()
    for (let sequence = 0; sequence < 6; sequence++) await made.produce(from(sequence))
    expect((await made.produce(from(1))).baseOffset).toBe(1)
    expect((await made.produce(from(0))).errorCode).toBe(45)
  })
})

describe('acks', () => {
  test('acks 0 tells of refusals at once and waits for nothing', async () => {
    const made = await world()
    const told: number[] = []
    made.partition.append(batch(['a']), produceOptions({ acks: 0 }), o => told.push(o.errorCode))
    made.partition.append(null, produceOptions({ acks: 0 }), o => told.push(o.errorCode))
    expect(told).toEqual([ErrorCode.NONE, ErrorCode.INVALID_RECORD])
    expect(made.log.durableOffset).toBe(0)
  })

  test('nothing is acknowledged or visible before it is on disk', async () => {
    const made = await world()
    let told = 0
    made.partition.append(batch(['a']), produceOptions(), () => told++)
    expect(told).toBe(0)
    expect(made.partition.highWatermark).toBe(0)
    expect(made.log.nextOffset).toBe(1)
    await made.produce(batch(['b']), { acks: 1 })
    expect(told).toBe(1)
    expect(made.partition.highWatermark).toBe(2)
  })

  test('a late produce is answered REQUEST_TIMED_OUT, once', async () => {
    const clock = virtualClock()
    const opening = world({ clock, syncMs: 500 })
    await clock.advance(10_000)
    const made = await opening
    const told: number[] = []
    made.partition.append(batch(['a']), produceOptions({ timeoutMs: 100 }), outcome => {
      told.push(outcome.errorCode)
    })
    made.partition.append(batch(['b']), produceOptions({ timeoutMs: 10_000 }), outcome => {
      told.push(outcome.errorCode)
    })
    await clock.advance(99)
    expect(told).toEqual([])
    await clock.advance(51)
    expect(told).toEqual([ErrorCode.REQUEST_TIMED_OUT])
    await clock.advance(2000)
    expect(told).toEqual([ErrorCode.REQUEST_TIMED_OUT, ErrorCode.NONE])
    expect(made.partition.highWatermark).toBe(2)
    expect(made.deadlines.size).toBe(0)
  })

  test('a full disk refuses what it has no room for, and takes more later', async () => {
    const made = await world()
    await made.produce(batch(['a']))
    made.disk.capacityBytes = 0
    expect((await made.produce(batch(['b']))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    made.disk.capacityBytes = Number.POSITIVE_INFINITY
    expect((await made.produce(batch(['c']))).baseOffset).toBe(1)
    expect(storedValues(made)).toEqual(['a', 'c'])
  })
})
