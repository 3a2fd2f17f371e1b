/** Compressed frames as producers of every kind write them, and as none should. */
import { gzipSync, crc32 as zlibCrc32 } from 'node:zlib'
import { type Codec, compressNow } from '../../../protocol/records/compression.ts'
import { compressSnappyRaw } from '../../../protocol/records/snappy.ts'
import { xxh32 } from '../../../protocol/records/xxh32.ts'
import { rawBatch, rawRecords } from './record-bytes.ts'
import type { RecordCase } from './record-cases.ts'

/** Codecs by name. */
export const CODECS = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
export type CodecName = keyof typeof CODECS
export const CODEC_NAMES = Object.keys(CODECS) as CodecName[]

/** Compressed as this project does. */
export function pack(codec: CodecName, records: Buffer): Buffer {
  return compressNow(CODECS[codec] as Codec, records)
}

/** Frames whose content is three good records, unless their name says otherwise. */
export function frameCases(nowMs: number): RecordCase[] {
  const records = rawRecords([{}, {}, {}])
  const large = rawRecords([{}, { value: Buffer.alloc(200_000, 'large ') }, {}])
  const cases: RecordCase[] = []
  const add = (codec: CodecName, what: string, packed: Buffer) => {
    const sends = [rawBatch(packed, 3, { attributes: CODECS[codec] }, nowMs)]
    cases.push({ name: `${codec}, frame: ${what}`, topic: 'plain', sends })
  }
  const garbage = Buffer.from('what follows is no frame of any codec at all')
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    for (const [size, bytes] of [
      ['', records],
      ['large, ', large],
    ] as const) {
      const whole = pack(codec, bytes)
      add(codec, `${size}whole`, whole)
      add(codec, `${size}a byte behind`, Buffer.concat([whole, Buffer.from([0])]))
      add(codec, `${size}eight zeros behind`, Buffer.concat([whole, Buffer.alloc(8)]))
      add(codec, `${size}garbage behind`, Buffer.concat([whole, garbage]))
      add(codec, `${size}itself behind`, Buffer.concat([whole, whole]))
      add(codec, `${size}an empty one behind`, Buffer.concat([whole, pack(codec, Buffer.alloc(0))]))
      add(codec, `${size}half of itself behind`, Buffer.concat([whole, whole.subarray(0, 20)]))
      for (const cut of [1, 2, 4, 5, 8, 9, 20]) {
        add(codec, `${size}cut by ${cut}`, whole.subarray(0, -cut))
      }
      const two = [pack(codec, bytes.subarray(0, 20)), pack(codec, bytes.subarray(20))]
      add(codec, `${size}in two`, Buffer.concat(two))
    }
    add(codec, 'no bytes', Buffer.alloc(0))
    add(codec, 'empty', pack(codec, Buffer.alloc(0)))
    add(codec, 'garbage', garbage)
    add(codec, 'plain records', records)
  }
  gzipFrames(records, (what, bytes) => add('gzip', what, bytes))
  snappyFrames(records, (what, bytes) => add('snappy', what, bytes))
  lz4Frames(records, (what, bytes) => add('lz4', what, bytes))
  zstdFrames(records, (what, bytes) => add('zstd', what, bytes))
  return cases
}

type AddFrame = (what: string, bytes: Buffer) => void

function gzipFrames(records: Buffer, add: AddFrame): void {
  const whole = gzipSync(records)
  const body = whole.subarray(10)
  const withFlags = (flags: number, fields: Buffer) => {
    const header = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]), fields])
    const sum = Buffer.alloc(2)
    sum.writeUInt16LE(zlibCrc32(header) & 0xffff)
    return { plain: Buffer.concat([header, body]), summed: Buffer.concat([header, sum, body]) }
  }
  add('flag text', withFlags(1, Buffer.alloc(0)).plain)
  add('header checksum', withFlags(2, Buffer.alloc(0)).summed)
  add('wrong header checksum', Buffer.concat([withFlags(2, Buffer.from([1, 1])).plain]))
  add('extra field', withFlags(4, Buffer.from([3, 0, 1, 2, 3])).plain)
  add('name', withFlags(8, Buffer.from('name\0')).plain)
  add('name and comment', withFlags(24, Buffer.from('name\0comment\0')).plain)
  add('name without end', withFlags(8, Buffer.alloc(0)).plain.subarray(0, 14))
  add('every field', withFlags(31, Buffer.from('\x02\0xxname\0comment\0')).summed)
  for (const flags of [32, 64, 128]) add(`flag ${flags}`, withFlags(flags, Buffer.alloc(0)).plain)
  for (const [what, at] of [
    ['magic', 1],
    ['method', 2],
  ] as const) {
    const bytes = Buffer.from(whole)
    bytes[at]! ^= 1
    add(`wrong ${what}`, bytes)
  }
  for (const [what, from] of [
    ['checksum', 8],
    ['size', 4],
  ] as const) {
    const bytes = Buffer.from(whole)
    bytes[bytes.length - from]! ^= 1
    add(`wrong ${what}`, bytes)
  }
  const damagedSecond = Buffer.from(whole)
  damagedSecond[15]! ^= 0xff
  add('a damaged one behind', Buffer.concat([whole, damagedSecond]))
  add('a header behind', Buffer.concat([whole, whole.subarray(0, 10)]))
  add('a header and 9 bytes behind', Buffer.concat([whole, whole.subarray(0, 19)]))
}

function snappyFrames(records: Buffer, add: AddFrame): void {
  const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
  const int = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [i, value] of values.entries()) bytes.writeInt32BE(value, 4 * i)
    return bytes
  }
  const raw = compressSnappyRaw(records)
  const header = Buffer.concat([magic, int(1, 1)])
  const chunk = Buffer.concat([int(raw.length), raw])
  add('raw block', raw)
  add('raw block and a byte', Buffer.concat([raw, Buffer.from([0])]))
  add('raw block twice', Buffer.concat([raw, raw]))
  add('raw block cut', raw.subarray(0, -1))
  add('version 0', Buffer.concat([magic, int(0, 1), chunk]))
  add('version 2', Buffer.concat([magic, int(2, 1), chunk]))
  add('version -1', Buffer.concat([magic, int(-1, 1), chunk]))
  add('oldest reader 2', Buffer.concat([magic, int(1, 2), chunk]))
  add('only a header', header)
  add('only the magic', magic)
  add('half a header', header.subarray(0, 12))
  add('two headers', Buffer.concat([header, header, chunk]))
  add('a header between', Buffer.concat([header, chunk, header, Buffer.from([0, 0, 0, 1, 0])]))
  add('a header at the end', Buffer.concat([header, chunk, header]))
  add('an empty block', Buffer.concat([header, int(1), Buffer.from([0]), chunk]))
  add('an empty block at the end', Buffer.concat([header, chunk, int(1), Buffer.from([0])]))
  add('a block of no bytes', Buffer.concat([header, int(0), chunk]))
  add('a block of no bytes at the end', Buffer.concat([header, chunk, int(0)]))
  add('a negative block size', Buffer.concat([header, chunk, int(-1)]))
  add('a block too large', Buffer.concat([header, int(raw.length + 1), raw]))
  add('a block size of 3 bytes', Buffer.concat([header, chunk, Buffer.alloc(3)]))
  add(
    'a literal size of 4 bytes',
    Buffer.concat([Buffer.from([records.length, 63 << 2, records.length - 1, 0, 0, 0]), records]),
  )
  add('a wrong size', Buffer.concat([Buffer.from([raw[0]! + 1]), raw.subarray(1)]))
}

function lz4Frames(records: Buffer, add: AddFrame): void {
  lz4Flags(records, add)
  lz4Blocks(records, add)
}

const END = Buffer.alloc(4)
const NO_FIELDS = Buffer.alloc(0)

/** A stored block of `records` that claims `size`, with its checksum where asked. */
function lz4Stored(records: Buffer, size = records.length, sumsBlock = false): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE((size | 0x80000000) >>> 0)
  const sum = Buffer.alloc(sumsBlock ? 4 : 0)
  if (sumsBlock) sum.writeUInt32LE(xxh32(records))
  return Buffer.concat([head, records, sum])
}

function lz4Framed(flags: number, bd: number, fields: Buffer, ...rest: Buffer[]): Buffer {
  const descriptor = Buffer.concat([Buffer.from([flags, bd]), fields])
  const check = Buffer.from([(xxh32(descriptor) >>> 8) & 0xff])
  return Buffer.concat([Buffer.from([4, 0x22, 0x4d, 0x18]), descriptor, check, ...rest])
}

function lz4Size(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return bytes
}

function lz4Flags(records: Buffer, add: AddFrame): void {
  const sum = Buffer.alloc(4)
  sum.writeUInt32LE(xxh32(records))
  const wrongSum = Buffer.from(sum)
  wrongSum[0]! ^= 1
  add('stored block', lz4Framed(0x60, 0x40, NO_FIELDS, lz4Stored(records), END))
  add('linked blocks', lz4Framed(0x40, 0x40, NO_FIELDS, lz4Stored(records), END))
  for (const code of [0, 3, 4, 5, 6, 7]) {
    add(`block size code ${code}`, lz4Framed(0x60, code << 4, NO_FIELDS, lz4Stored(records), END))
  }
  add('reserved block bits', lz4Framed(0x60, 0x41, NO_FIELDS, lz4Stored(records), END))
  add('reserved top block bit', lz4Framed(0x60, 0xc0, NO_FIELDS, lz4Stored(records), END))
  add('version 0', lz4Framed(0x20, 0x40, NO_FIELDS, lz4Stored(records), END))
  add('version 2', lz4Framed(0xa0, 0x40, NO_FIELDS, lz4Stored(records), END))
  add('reserved flag', lz4Framed(0x62, 0x40, NO_FIELDS, lz4Stored(records), END))
  add('dictionary flag', lz4Framed(0x61, 0x40, NO_FIELDS, lz4Stored(records), END))
  add('dictionary id', lz4Framed(0x61, 0x40, Buffer.alloc(4), lz4Stored(records), END))
  add(
    'block checksum',
    lz4Framed(0x70, 0x40, NO_FIELDS, lz4Stored(records, records.length, true), END),
  )
  const wrongBlockSum = lz4Stored(records, records.length, true)
  wrongBlockSum[wrongBlockSum.length - 1]! ^= 1
  add('wrong block checksum', lz4Framed(0x70, 0x40, NO_FIELDS, wrongBlockSum, END))
  add('content checksum', lz4Framed(0x64, 0x40, NO_FIELDS, lz4Stored(records), END, sum))
  add('wrong content checksum', lz4Framed(0x64, 0x40, NO_FIELDS, lz4Stored(records), END, wrongSum))
  add('missing content checksum', lz4Framed(0x64, 0x40, NO_FIELDS, lz4Stored(records), END))
  add('content size', lz4Framed(0x68, 0x40, lz4Size(records.length), lz4Stored(records), END))
  add(
    'content size too small',
    lz4Framed(0x68, 0x40, lz4Size(records.length - 1), lz4Stored(records), END),
  )
  add(
    'content size too large',
    lz4Framed(0x68, 0x40, lz4Size(records.length + 1), lz4Stored(records), END),
  )
  add('content size absurd', lz4Framed(0x68, 0x40, lz4Size(2 ** 40), lz4Stored(records), END))
  add('content size 0', lz4Framed(0x68, 0x40, lz4Size(0), lz4Stored(records), END))
}

function lz4Blocks(records: Buffer, add: AddFrame): void {
  add('no end mark', lz4Framed(0x60, 0x40, NO_FIELDS, lz4Stored(records)))
  add('half an end mark', lz4Framed(0x60, 0x40, NO_FIELDS, lz4Stored(records), END.subarray(0, 2)))
  add('no blocks', lz4Framed(0x60, 0x40, NO_FIELDS, END))
  add(
    'an empty stored block',
    lz4Framed(0x60, 0x40, NO_FIELDS, Buffer.from([0, 0, 0, 0x80]), lz4Stored(records), END),
  )
  add(
    'a block too long',
    lz4Framed(0x60, 0x40, NO_FIELDS, lz4Stored(records, records.length + 1), END),
  )
  const overLong = Buffer.concat([Buffer.from([1, 0, 1, 0x80]), Buffer.alloc(65_537)])
  add('a block beyond its size', lz4Framed(0x60, 0x40, NO_FIELDS, overLong, END))
  const wrongHeader = lz4Framed(0x60, 0x40, NO_FIELDS, lz4Stored(records), END)
  wrongHeader[6]! ^= 1
  add('wrong header checksum', wrongHeader)
  const legacy = Buffer.from(lz4Framed(0x60, 0x40, NO_FIELDS, lz4Stored(records), END))
  legacy.writeUInt32LE(0x184c2102)
  add('legacy frame', legacy)
  const skippable = Buffer.from('502a4d1802000000ffff', 'hex')
  add('a skippable frame before', Buffer.concat([skippable, pack('lz4', records)]))
  add('a skippable frame behind', Buffer.concat([pack('lz4', records), skippable]))
}

function zstdFrames(records: Buffer, add: AddFrame): void {
  const raw = (bytes: Buffer, isLast = true) => {
    const head = Buffer.alloc(3)
    head.writeUIntLE((bytes.length << 3) | (isLast ? 1 : 0), 0, 3)
    return Buffer.concat([head, bytes])
  }
  const framed = (header: readonly number[], ...rest: Buffer[]) => {
    return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...header]), ...rest])
  }
  const skippable = Buffer.from('502a4d1802000000ffff', 'hex')
  const { length } = records
  add('single segment', framed([0x20, length], raw(records)))
  add('content size too small', framed([0x20, length - 1], raw(records)))
  add('content size too large', framed([0x20, length + 1], raw(records)))
  for (const log of [10, 17, 23, 24, 26, 27, 28, 31, 41]) {
    add(`window of 2^${log}`, framed([0, (log - 10) << 3], raw(records)))
  }
  add('window a little above 2^27', framed([0, (17 << 3) | 1], raw(records)))
  add('unused bit', framed([0x10, 0x38], raw(records)))
  add('reserved bit', framed([0x08, 0x38], raw(records)))
  add('dictionary id 0', framed([0x01, 0x38, 0], raw(records)))
  add('dictionary id 7', framed([0x01, 0x38, 7], raw(records)))
  add('checksum missing', framed([0x04, 0x38], raw(records)))
  add('checksum wrong', framed([0x04, 0x38], raw(records), Buffer.alloc(4)))
  add('two blocks', framed([0, 0x38], raw(records.subarray(0, 9), false), raw(records.subarray(9))))
  add('an empty last block', framed([0, 0x38], raw(records, false), raw(Buffer.alloc(0))))
  add('no last block', framed([0, 0x38], raw(records, false)))
  add('a reserved block', framed([0, 0x38], Buffer.from([7, 0, 0])))
  add('a skippable frame before', Buffer.concat([skippable, framed([0, 0x38], raw(records))]))
  add('a skippable frame behind', Buffer.concat([framed([0, 0x38], raw(records)), skippable]))
  add(
    'half a skippable frame',
    Buffer.concat([framed([0, 0x38], raw(records)), skippable.subarray(0, 9)]),
  )
  add('only a skippable frame', skippable)
  add('magicless', framed([0, 0x38], raw(records)).subarray(4))
  add('version 0.7', Buffer.concat([Buffer.from([0x27, 0xb5, 0x2f, 0xfd]), records]))
}
