/**
 * What a producer might send in a record batch, field by field and frame by frame: the deliberate
 * cases of the comparison with Apache Kafka.
 */
import { type RawBatch, type RawRecord, rawBatch, rawRecord, rawRecords } from './record-bytes.ts'
import { CODEC_NAMES, CODECS, type CodecName, frameCases, pack } from './record-frames.ts'

/** The topics that the cases go to. */
export const TOPICS = {
  plain: {},
  compacted: { 'cleanup.policy': 'compact' },
  appendTime: { 'message.timestamp.type': 'LogAppendTime' },
  recoded: { 'compression.type': 'lz4' },
  uncompressed: { 'compression.type': 'uncompressed' },
  window: {
    'message.timestamp.before.max.ms': '60000',
    'message.timestamp.after.max.ms': '60000',
  },
} as const

export type TopicKind = keyof typeof TOPICS

export interface RecordCase {
  readonly name: string
  readonly topic: TopicKind
  /** Sent one after another to the same partition. */
  readonly sends: readonly Buffer[]
  readonly version?: number
  readonly transactionalId?: string | null
}

/** All deliberate cases. Every one is made of the same bytes for the same `nowMs`. */
export function recordCases(nowMs: number): RecordCase[] {
  return [
    ...batchFields(nowMs),
    ...producerFields(nowMs),
    ...recordFields(nowMs),
    ...counts(nowMs),
    ...times(nowMs),
    ...arrangements(nowMs),
    ...frameCases(nowMs),
    ...topicRules(nowMs),
  ]
}

const PLAIN: readonly RawRecord[] = [{}, {}, {}]

function made(
  nowMs: number,
  codec: CodecName,
  records: readonly RawRecord[],
  batch: RawBatch = {},
): Buffer {
  const attributes = (batch.attributes ?? 0) | CODECS[codec]
  return rawBatch(pack(codec, rawRecords(records)), records.length, { ...batch, attributes }, nowMs)
}

const BATCH_CHANGES: Record<string, RawBatch> = {
  nothing: {},
  'base offset 5': { baseOffset: 5 },
  'base offset -1': { baseOffset: -1 },
  'leader epoch 7': { leaderEpoch: 7 },
  'leader epoch -5': { leaderEpoch: -5 },
  'magic 0': { magic: 0 },
  'magic 1': { magic: 1 },
  'magic 3': { magic: 3 },
  'magic -1': { magic: -1 },
  'magic -128': { magic: -128 },
  'checksum off by one': { crcOff: 1 },
  'length 1 short': { lengthOff: -1 },
  'length 1 long': { lengthOff: 1 },
  'length 13': { batchLength: 13 },
  'length 14': { batchLength: 14 },
  'length 48': { batchLength: 48 },
  'length 49': { batchLength: 49 },
  'length 0': { batchLength: 0 },
  'length -1': { batchLength: -1 },
  'length least': { batchLength: -2147483648 },
  'length greatest': { batchLength: 2147483647 },
  'timestamp type': { attributes: 0x08 },
  transactional: { attributes: 0x10 },
  control: { attributes: 0x20 },
  'transactional control': { attributes: 0x30 },
  'delete horizon': { attributes: 0x40 },
  'attribute bit 7': { attributes: 0x80 },
  'attribute bit 8': { attributes: 0x100 },
  'attribute bit 14': { attributes: 0x4000 },
  'attribute bit 15': { attributes: -0x8000 },
  'last offset delta 0': { lastOffsetDelta: 0 },
  'last offset delta 1 more': { lastOffsetDelta: 3 },
  'last offset delta -1': { lastOffsetDelta: -1 },
  'last offset delta -2': { lastOffsetDelta: -2 },
  'last offset delta greatest': { lastOffsetDelta: 2147483647 },
}

function batchFields(nowMs: number): RecordCase[] {
  const cases: RecordCase[] = []
  for (const codec of ['none', 'gzip', 'lz4'] as const) {
    for (const [what, change] of Object.entries(BATCH_CHANGES)) {
      cases.push({
        name: `${codec}, batch: ${what}`,
        topic: 'plain',
        sends: [made(nowMs, codec, PLAIN, change)],
      })
    }
  }
  for (const codec of [5, 6, 7]) {
    const bytes = rawBatch(rawRecords(PLAIN), 3, { attributes: codec }, nowMs)
    cases.push({ name: `codec ${codec}`, topic: 'plain', sends: [bytes] })
  }
  return cases
}

function producerFields(nowMs: number): RecordCase[] {
  const cases: RecordCase[] = []
  let producerId = 1000
  const add = (name: string, sends: readonly RawBatch[], more: Partial<RecordCase> = {}) => {
    for (const codec of ['none', 'gzip'] as const) {
      producerId += 1
      const id = producerId
      cases.push({
        name: `${codec}, producer: ${name}`,
        topic: 'plain',
        sends: sends.map(batch => made(nowMs, codec, PLAIN, { producerId: id, ...batch })),
        ...more,
      })
    }
  }
  const good = { producerEpoch: 0, baseSequence: 0 }
  add('good', [good])
  add('id -2', [{ ...good, producerId: -2 }])
  add('id -1 with epoch', [{ producerId: -1, producerEpoch: 3 }])
  add('id -1 with sequence', [{ producerId: -1, baseSequence: 3 }])
  add('id -1 with epoch and sequence', [{ ...good, producerId: -1 }])
  add('id 0', [{ ...good, producerId: 0 }])
  add('id greatest', [{ ...good, producerId: 2n ** 63n - 1n }])
  add('epoch -1', [{ producerEpoch: -1, baseSequence: 0 }])
  add('epoch -2', [{ producerEpoch: -2, baseSequence: 0 }])
  add('epoch greatest', [{ producerEpoch: 32767, baseSequence: 0 }])
  add('sequence -1', [{ producerEpoch: 0, baseSequence: -1 }])
  add('sequence -2', [{ producerEpoch: 0, baseSequence: -2 }])
  add('sequence 5 first', [{ producerEpoch: 0, baseSequence: 5 }])
  add('sequence greatest first', [{ producerEpoch: 0, baseSequence: 2147483647 }])
  add('sequence wraps', [
    { producerEpoch: 0, baseSequence: 2147483645 },
    { producerEpoch: 0, baseSequence: 0 },
  ])
  add('sequence wraps within', [
    { producerEpoch: 0, baseSequence: 2147483646 },
    { producerEpoch: 0, baseSequence: 1 },
  ])
  add('the same twice', [good, good])
  add('sequence gap', [good, { producerEpoch: 0, baseSequence: 4 }])
  add('sequence follows', [good, { producerEpoch: 0, baseSequence: 3 }])
  add('sequence goes back', [
    good,
    { producerEpoch: 0, baseSequence: 3 },
    { producerEpoch: 0, baseSequence: 1 },
  ])
  add('epoch rises, sequence 0', [good, { producerEpoch: 1, baseSequence: 0 }])
  add('epoch rises, sequence goes on', [good, { producerEpoch: 1, baseSequence: 3 }])
  add('epoch falls', [
    { producerEpoch: 1, baseSequence: 0 },
    { producerEpoch: 0, baseSequence: 3 },
  ])
  add('epoch falls to -1', [good, { producerEpoch: -1, baseSequence: 3 }])
  add('transactional without id in the request', [{ ...good, attributes: 0x10 }])
  const noProducer = { producerId: -1, attributes: 0x10 }
  add('transactional without producer', [noProducer], { transactionalId: 'tx' })
  add('control of a producer', [{ ...good, attributes: 0x20 }])
  return cases
}

const big = Buffer.alloc(90_000, 'b')
const header = { key: Buffer.from('h'), value: Buffer.from('v') }

const LAST_RECORDS: Record<string, RawRecord> = {
  'attributes 1': { attributes: 1 },
  'attributes -1': { attributes: 255 },
  'length 1 short': { length: 12 },
  'length 1 long': { length: 14 },
  'length 0': { length: 0 },
  'length -1': { length: -1 },
  'length 5': { length: 5 },
  'length greatest': { length: 2147483647 },
  'timestamp delta negative': { timestampDelta: -1000 },
  'timestamp delta greatest': { timestampDelta: Number.MAX_SAFE_INTEGER },
  'offset delta 0': { offsetDelta: 0 },
  'offset delta 1': { offsetDelta: 1 },
  'offset delta 3': { offsetDelta: 3 },
  'offset delta 1000': { offsetDelta: 1000 },
  'offset delta -1': { offsetDelta: -1 },
  'offset delta least': { offsetDelta: -2147483648 },
  'key null': { key: null },
  'key empty': { key: Buffer.alloc(0) },
  'key length -2': { key: null, keyLength: -2 },
  'key length least': { key: null, keyLength: -2147483648 },
  'key length 1 more': { keyLength: 4 },
  'key length greatest': { keyLength: 2147483647 },
  'value null': { value: null },
  'value empty': { value: Buffer.alloc(0) },
  'value length -2': { value: null, valueLength: -2 },
  'value length least': { value: null, valueLength: -2147483648 },
  'value length 1 more': { valueLength: 8 },
  'value length greatest': { valueLength: 2147483647 },
  'value of 90 kB': { value: big },
  'key of 90 kB': { key: big },
  'one header': { headers: [header] },
  'a thousand headers': { headers: Array.from({ length: 1000 }, () => header) },
  'header value null': { headers: [{ ...header, value: null }] },
  'header key empty': { headers: [{ ...header, key: Buffer.alloc(0) }] },
  'header key null': { headers: [{ ...header, key: null }] },
  'header key length -2': { headers: [{ ...header, key: null, keyLength: -2 }] },
  'header key no text': { headers: [{ ...header, key: Buffer.from([0xff, 0xfe]) }] },
  'header count -1': { headerCount: -1 },
  'header count 1 more': { headers: [header], headerCount: 2 },
  'header count 1 less': { headers: [header], headerCount: 0 },
  'header count greatest': { headerCount: 2147483647 },
  'bytes behind the headers': { tail: Buffer.from('tail') },
  'bytes behind a value of 90 kB': { value: big, tail: Buffer.from('tail') },
  'length short of a value of 90 kB': { value: big, length: 90_000 },
  'length beyond a value of 90 kB': { value: big, length: 90_050 },
  'header key null behind 90 kB': { value: big, headers: [{ ...header, key: null }] },
  'header count 1 more behind 90 kB': { value: big, headerCount: 1 },
}

const ALL_RECORDS: Record<string, readonly RawRecord[]> = {
  'all offset deltas 0': [{ offsetDelta: 0 }, { offsetDelta: 0 }, { offsetDelta: 0 }],
  'all offset deltas 2': [{ offsetDelta: 2 }, { offsetDelta: 2 }, { offsetDelta: 2 }],
  'offset deltas from 1': [{ offsetDelta: 1 }, { offsetDelta: 2 }, { offsetDelta: 2 }],
  'offset deltas with a gap': [{ offsetDelta: 0 }, { offsetDelta: 2 }, { offsetDelta: 2 }],
  'offset deltas descending': [{ offsetDelta: 2 }, { offsetDelta: 1 }, { offsetDelta: 0 }],
  'offset deltas in disorder': [{ offsetDelta: 1 }, { offsetDelta: 0 }, { offsetDelta: 2 }],
  'a null key among others': [{}, { key: null }, {}],
  'first length long': [{ length: 14 }, {}, {}],
  'first length short': [{ length: 12 }, {}, {}],
  'two lengths that make up for each other': [{ length: 14 }, { length: 12 }, {}],
}

function recordFields(nowMs: number): RecordCase[] {
  const cases: RecordCase[] = []
  for (const codec of CODEC_NAMES) {
    for (const [what, change] of Object.entries(LAST_RECORDS)) {
      const sends = [made(nowMs, codec, [{}, {}, change])]
      cases.push({ name: `${codec}, record: ${what}`, topic: 'plain', sends })
    }
    for (const [what, records] of Object.entries(ALL_RECORDS)) {
      const sends = [made(nowMs, codec, records)]
      cases.push({ name: `${codec}, records: ${what}`, topic: 'plain', sends })
    }
  }
  return cases
}

function counts(nowMs: number): RecordCase[] {
  const records = rawRecords(PLAIN)
  const changes: Record<string, [Buffer, RawBatch]> = {
    'too few': [records, { count: 2, lastOffsetDelta: 1 }],
    'too many': [records, { count: 4, lastOffsetDelta: 3 }],
    'too few for the last delta': [records, { count: 2 }],
    'too many for the last delta': [records, { count: 4 }],
    zero: [records, { count: 0, lastOffsetDelta: -1 }],
    'zero with last delta 0': [records, { count: 0, lastOffsetDelta: 0 }],
    negative: [records, { count: -1, lastOffsetDelta: -2 }],
    'negative with last delta 2': [records, { count: -1 }],
    greatest: [records, { count: 2147483647, lastOffsetDelta: 2147483646 }],
    'none and zero': [Buffer.alloc(0), { count: 0, lastOffsetDelta: 0 }],
    'none and one': [Buffer.alloc(0), { count: 1, lastOffsetDelta: 0 }],
    'a byte behind': [Buffer.concat([records, Buffer.from([0])]), {}],
    'a record behind': [Buffer.concat([records, rawRecord(3)]), {}],
    'cut by a byte': [records.subarray(0, -1), {}],
    'cut by a record': [records.subarray(0, 28), {}],
    'cut in a length': [records.subarray(0, 1), {}],
  }
  const cases: RecordCase[] = []
  for (const codec of CODEC_NAMES) {
    for (const [what, [bytes, batch]] of Object.entries(changes)) {
      const attributes = CODECS[codec]
      const sends = [rawBatch(pack(codec, bytes), 3, { ...batch, attributes }, nowMs)]
      cases.push({ name: `${codec}, count: ${what}`, topic: 'plain', sends })
    }
  }
  return cases
}

function times(nowMs: number): RecordCase[] {
  const batches: Record<string, RawBatch> = {
    'base 0': { baseTimestamp: 0 },
    'base -1': { baseTimestamp: -1, maxTimestamp: -1 },
    'base -2': { baseTimestamp: -2 },
    'base least': { baseTimestamp: -(2n ** 63n) },
    'base greatest': { baseTimestamp: 2n ** 63n - 1n },
    'an hour ahead': { baseTimestamp: nowMs + 3_500_000 },
    'two hours ahead': { baseTimestamp: nowMs + 7_200_000 },
    'a year back': { baseTimestamp: nowMs - 31_536_000_000 },
    'max too low': { maxTimestamp: nowMs },
    'max too high': { maxTimestamp: nowMs + 5000 },
    'max -1': { maxTimestamp: -1 },
    'max greatest': { maxTimestamp: 2n ** 63n - 1n },
    'append time claimed': { attributes: 0x08 },
    'append time claimed, far ahead': { attributes: 0x08, maxTimestamp: nowMs + 7_200_000 },
    'delete horizon claimed': { attributes: 0x40 },
  }
  const records: Record<string, readonly RawRecord[]> = {
    'all none': PLAIN.map(() => ({ timestampDelta: -nowMs - 1 })),
    'second too old': [{}, { timestampDelta: -70_000 }, {}],
    'second too new': [{}, { timestampDelta: 3_700_000 }, {}],
    'all too old': PLAIN.map(() => ({ timestampDelta: -70_000 })),
  }
  const cases: RecordCase[] = []
  for (const topic of ['plain', 'appendTime', 'window'] as const) {
    for (const codec of ['none', 'zstd'] as const) {
      for (const [what, batch] of Object.entries(batches)) {
        const sends = [made(nowMs, codec, PLAIN, batch)]
        cases.push({ name: `${codec} to ${topic}, time: ${what}`, topic, sends })
      }
      for (const [what, list] of Object.entries(records)) {
        const sends = [made(nowMs, codec, list)]
        cases.push({ name: `${codec} to ${topic}, times: ${what}`, topic, sends })
      }
    }
  }
  return cases
}

function arrangements(nowMs: number): RecordCase[] {
  const one = made(nowMs, 'none', PLAIN)
  const idempotent = (baseSequence: number) =>
    made(nowMs, 'none', PLAIN, { producerId: 77, producerEpoch: 0, baseSequence })
  const old = Buffer.from(one)
  old.writeInt8(1, 16)
  const unknown = Buffer.from(one)
  unknown.writeInt8(3, 16)
  const sends: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    'one byte': Buffer.alloc(1),
    'sixteen bytes': one.subarray(0, 16),
    'seventeen bytes': one.subarray(0, 17),
    'a header without records': one.subarray(0, 61),
    'half a batch': one.subarray(0, 70),
    'two batches': Buffer.concat([one, one]),
    'two batches, compressed': Buffer.concat([
      made(nowMs, 'gzip', PLAIN),
      made(nowMs, 'lz4', PLAIN),
    ]),
    'two batches of a producer': Buffer.concat([idempotent(0), idempotent(3)]),
    'a batch and a half': Buffer.concat([one, one.subarray(0, 70)]),
    'a batch and 11 bytes': Buffer.concat([one, one.subarray(0, 11)]),
    'a batch and 16 bytes': Buffer.concat([one, one.subarray(0, 16)]),
    'a batch and 17 bytes': Buffer.concat([one, one.subarray(0, 17)]),
    'a batch and 11 zeros': Buffer.concat([one, Buffer.alloc(11)]),
    'a batch and 12 zeros': Buffer.concat([one, Buffer.alloc(12)]),
    'a batch and 100 zeros': Buffer.concat([one, Buffer.alloc(100)]),
    'a batch and one of magic 1': Buffer.concat([one, old]),
    'a batch and one of magic 3': Buffer.concat([one, unknown]),
    'one of magic 1 and a batch': Buffer.concat([old, one]),
    zeros: Buffer.alloc(100),
  }
  const cases: RecordCase[] = Object.entries(sends).map(([what, bytes]) => {
    return { name: `arrangement: ${what}`, topic: 'plain', sends: [bytes] }
  })
  for (const version of [3, 6, 7, 8]) {
    for (const codec of CODEC_NAMES) {
      const bytes = made(nowMs, codec, PLAIN)
      cases.push({
        name: `${codec} by Produce ${version}`,
        topic: 'plain',
        sends: [bytes],
        version,
      })
    }
  }
  return cases
}

function topicRules(nowMs: number): RecordCase[] {
  const noKey = [{}, { key: null }, {}]
  const cases: RecordCase[] = []
  for (const topic of Object.keys(TOPICS) as TopicKind[]) {
    for (const codec of CODEC_NAMES) {
      const sends = [made(nowMs, codec, PLAIN), made(nowMs, codec, noKey)]
      cases.push({ name: `${codec} to ${topic}: records with and without keys`, topic, sends })
      const large = [{ value: Buffer.alloc(90_000, 'x') }, { key: null }, {}]
      const name = `${codec} to ${topic}: a large record, then none with a key`
      cases.push({ name, topic, sends: [made(nowMs, codec, large)] })
    }
  }
  const tooLarge = made(nowMs, 'none', [{ value: Buffer.alloc(1_100_000) }])
  cases.push({ name: 'larger than max.message.bytes', topic: 'plain', sends: [tooLarge] })
  return cases
}
