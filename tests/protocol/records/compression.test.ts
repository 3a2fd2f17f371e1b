import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Codec,
  CorruptRecords,
  compressNow,
  ExpansionLimit,
  expandLater,
  expandNow,
  planExpansion,
} from '../../../protocol/records/compression.ts'
import { compressSnappyRaw } from '../../../protocol/records/snappy.ts'
import { xxh32 } from '../../../protocol/records/xxh32.ts'

const CODECS = [Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD]
const FOX = Buffer.from(`${'the quick brown fox jumps over the lazy dog; '.repeat(4)}end`)
const SNAPPY_C =
  'b7017874686520717569636b2062726f776e20666f78206a756d7073206f766572200' +
  '11f206c617a7920646f673b050efe2d00ee2d000d2d08656e64'
const LZ4_CHECKED =
  '04224d187c40b700000000000000d339000000f01074686520717569636b2062726f776e20666f78206a756d' +
  '7073206f766572201f00916c617a7920646f673b0e000f2d006e503b20656e648e553d5f00000000db97d9a0'

/** Compressible, larger than a slice and than any block, the same every time. */
const LARGE = Buffer.from(
  Array.from({ length: 150_000 }, (_, i) => `${(i * 7919) % 10007} fox `).join(''),
)

const turn = () => Promise.resolve()
const sample = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array)),
  fc
    .array(fc.constantFrom('a', 'bc', 'the quick brown fox ', '0123456789'), { maxLength: 500 })
    .map(words => Buffer.from(words.join(''))),
)

describe.each(CODECS)('codec %i', codec => {
  test('gives back what it was given', () => {
    fc.assert(
      fc.property(sample, bytes => {
        const packed = compressNow(codec, bytes)
        expect(expandNow(codec, packed, bytes.length).equals(bytes)).toBe(true)
      }),
    )
  })

  test('does so for large input, at once and in turns', async () => {
    let turns = 0
    const packed = compressNow(codec, LARGE)
    expect(packed.length).toBeLessThan(LARGE.length * 0.7)
    expect(expandNow(codec, packed, LARGE.length).equals(LARGE)).toBe(true)
    const later = await expandLater(codec, packed, LARGE.length, () => {
      turns += 1
      return turn()
    })
    expect(later.equals(LARGE)).toBe(true)
    if (codec === Codec.LZ4 || codec === Codec.SNAPPY) expect(turns).toBeGreaterThan(0)
  })

  test('stops at the limit', async () => {
    const packed = compressNow(codec, LARGE)
    const limit = LARGE.length - 1
    expect(() => expandNow(codec, packed, limit)).toThrow(ExpansionLimit)
    await expect(expandLater(codec, packed, limit, turn)).rejects.toThrow(ExpansionLimit)
    const bomb = compressNow(codec, Buffer.alloc(20_000_000))
    expect(() => expandNow(codec, bomb, 100_000)).toThrow(ExpansionLimit)
  })

  test('of damaged or random bytes says that they are corrupt, or no more than that', async () => {
    const packed = compressNow(codec, LARGE.subarray(0, 3000))
    const change = fc.record({ at: fc.nat(packed.length - 1), to: fc.nat(255) })
    const damaged = fc
      .tuple(fc.array(change, { maxLength: 4 }), fc.nat(packed.length))
      .map(([changes, size]) => {
        const copy = Buffer.from(packed)
        for (const { at, to } of changes) copy[at] = to
        return copy.subarray(0, size)
      })
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, sample), async bytes => {
        const now = await outcome(async () => expandNow(codec, bytes, 5000))
        const later = await outcome(() => expandLater(codec, bytes, 5000, turn))
        expect(later).toBe(now)
      }),
      { numRuns: 300 },
    )
  })
})

describe('frames of others', () => {
  test('a raw snappy block of the C library', () => {
    expect(expandNow(Codec.SNAPPY, Buffer.from(SNAPPY_C, 'hex'), 1000).equals(FOX)).toBe(true)
    expect(expandNow(Codec.SNAPPY, compressSnappyRaw(LARGE), LARGE.length).equals(LARGE)).toBe(true)
  })

  test('joined xerial streams', () => {
    const stream = compressNow(Codec.SNAPPY, FOX)
    const both = expandNow(Codec.SNAPPY, Buffer.concat([stream, stream]), 1000)
    expect(both.equals(Buffer.concat([FOX, FOX]))).toBe(true)
  })

  test('an lz4 frame with content size and every checksum, and what may follow it', () => {
    const frame = Buffer.from(LZ4_CHECKED, 'hex')
    expect(expandNow(Codec.LZ4, frame, 1000).equals(FOX)).toBe(true)
    for (let at = 0; at < frame.length; at += 1) {
      const damaged = Buffer.from(frame)
      damaged[at]! ^= 1
      expect(() => expandNow(Codec.LZ4, damaged, 1000)).toThrow(CorruptRecords)
    }
    expect(expandNow(Codec.LZ4, Buffer.concat([frame, frame]), 1000).equals(FOX)).toBe(true)
  })

  test('an lz4 frame whose blocks may refer to one another is corrupt', () => {
    const frame = Buffer.from(LZ4_CHECKED, 'hex')
    frame[4]! &= ~0x20
    frame[14] = (xxh32(frame, 4, 14) >>> 8) & 0xff
    expect(() => expandNow(Codec.LZ4, frame, 1000)).toThrow('not independent')
  })

  test('gzip members are joined, and what is no member is not looked at', async () => {
    const member = compressNow(Codec.GZIP, FOX)
    const twice = Buffer.concat([FOX, FOX])
    for (const [bytes, expected] of [
      [Buffer.concat([member, member]), twice],
      [Buffer.concat([member, Buffer.from('no member at all, however long')]), FOX],
      [Buffer.concat([member, member.subarray(0, 12)]), FOX],
    ] as const) {
      expect(expandNow(Codec.GZIP, bytes, 1000).equals(expected)).toBe(true)
      expect((await expandLater(Codec.GZIP, bytes, 1000, turn)).equals(expected)).toBe(true)
    }
    const damaged = Buffer.from(member)
    damaged[member.length - 6]! ^= 1
    expect(() => expandNow(Codec.GZIP, damaged, 1000)).toThrow(CorruptRecords)
    const unfinished = Buffer.concat([member, member.subarray(0, -4)])
    expect(() => expandNow(Codec.GZIP, unfinished, 1000)).toThrow(CorruptRecords)
  })

  test('zstd frames are joined, skippable ones passed over, nothing else may follow', async () => {
    const frame = compressNow(Codec.ZSTD, FOX)
    const skippable = Buffer.from('502a4d1802000000ffff', 'hex')
    const bytes = Buffer.concat([skippable, frame, skippable, frame])
    const expected = Buffer.concat([FOX, FOX])
    expect(expandNow(Codec.ZSTD, bytes, 1000).equals(expected)).toBe(true)
    expect((await expandLater(Codec.ZSTD, bytes, 1000, turn)).equals(expected)).toBe(true)
    const followed = Buffer.concat([frame, Buffer.from('x')])
    expect(() => expandNow(Codec.ZSTD, followed, 1000)).toThrow(CorruptRecords)
    await expect(expandLater(Codec.ZSTD, followed, 1000, turn)).rejects.toThrow(CorruptRecords)
  })

  test('a zstd window is counted as far as the limit lets it fill, up to 128 MiB', async () => {
    // An empty last block behind a window field: 11 << 3 would be 2 MiB, 17 << 3 128 MiB.
    const framed = (window: number) => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window, 1, 0, 0])
    const memory = (window: number, limitBytes: number) =>
      planExpansion(Codec.ZSTD, framed(window), limitBytes, turn).memoryBytes
    const context = memory(0, 0)
    expect(memory(11 << 3, 2 ** 30) - context).toBe(2 ** 21)
    expect(memory(17 << 3, 2 ** 30) - context).toBe(2 ** 27)
    expect(memory(17 << 3, 1000) - context).toBe(1000)
    expect(expandNow(Codec.ZSTD, framed(17 << 3), 0)).toHaveLength(0)
    expect(() => memory((17 << 3) + 1, 1000)).toThrow(CorruptRecords)
  })

  test('however many parts a batch has, a few of them are expanded between turns', async () => {
    const count = 2_000
    const empty = Buffer.alloc(0)
    const [member, frame] = [compressNow(Codec.GZIP, empty), compressNow(Codec.ZSTD, empty)]
    const xerial = compressNow(Codec.SNAPPY, empty)
    const frameHead = compressNow(Codec.LZ4, empty).subarray(0, 7)
    const blocks = (hex: string) => Buffer.alloc((count * hex.length) / 2, Buffer.from(hex, 'hex'))
    for (const [codec, bytes, partsATurn] of [
      [Codec.GZIP, Buffer.alloc(count * member.length, member), 16],
      [Codec.SNAPPY, Buffer.concat([xerial, blocks('0000000100')]), 256],
      [Codec.LZ4, Buffer.concat([frameHead, blocks('0100000000'), Buffer.alloc(4)]), 256],
      [Codec.LZ4, Buffer.concat([frameHead, blocks('0100008041'), Buffer.alloc(4)]), 256],
      [Codec.ZSTD, Buffer.alloc(count * frame.length, frame), Infinity],
    ] as const) {
      let turns = 0
      const nextTurn = () => {
        turns += 1
        return turn()
      }
      const expanded = await expandLater(codec, bytes, count, nextTurn)
      expect(turns).toBeGreaterThanOrEqual(Math.floor((count - 1) / partsATurn))
      expect(expandNow(codec, bytes, count, count).equals(expanded)).toBe(true)
      expect(() => expandNow(codec, bytes, count, count - 1)).toThrow(ExpansionLimit)
    }
  })

  test('a gzip member behind the first may be large, and is cut off at the limit', async () => {
    const bytes = Buffer.concat([compressNow(Codec.GZIP, FOX), compressNow(Codec.GZIP, LARGE)])
    const expected = Buffer.concat([FOX, LARGE])
    const { length } = expected
    expect((await expandLater(Codec.GZIP, bytes, length, turn)).equals(expected)).toBe(true)
    await expect(expandLater(Codec.GZIP, bytes, length - 1, turn)).rejects.toThrow(ExpansionLimit)
  })

  test('a claim that the input cannot fulfil is refused before room is made for it', () => {
    // Snappy that says 2 GiB in five bytes; an lz4 frame that says so in its content size.
    const snappy = Buffer.from('ffffffff0700', 'hex')
    expect(() => expandNow(Codec.SNAPPY, snappy, 2 ** 40)).toThrow(CorruptRecords)
    const lz4 = Buffer.from('04224d186840ffffff7f0000000000' + '00000000', 'hex')
    lz4[14] = (xxh32(lz4, 4, 14) >>> 8) & 0xff
    expect(() => expandNow(Codec.LZ4, lz4, 2 ** 40)).toThrow(CorruptRecords)
    expect(() => expandNow(Codec.LZ4, lz4, 1000)).toThrow(ExpansionLimit)
  })

  test('a codec that does not exist is corrupt', () => {
    expect(() => expandNow(5 as Codec, Buffer.alloc(1), 10)).toThrow(CorruptRecords)
  })

  test('xxHash is xxHash', () => {
    expect(xxh32(Buffer.alloc(0))).toBe(0x02cc5d05)
    expect(xxh32(Buffer.from('Nobody inspects the spammish repetition'))).toBe(0xe2293b2f)
  })
})

async function outcome(expand: () => Promise<Buffer>): Promise<string> {
  try {
    return (await expand()).toString('hex')
  } catch (error) {
    if (error instanceof CorruptRecords || error instanceof ExpansionLimit) return error.name
    throw error
  }
}
