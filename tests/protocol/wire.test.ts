import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolViolation } from '../../protocol/errors.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import { buffers, clientNames, safeIntegers, signedIntegers } from '../support/arbitrary.ts'

const reader = (...bytes: number[]) => new WireReader(Buffer.from(bytes))
const written = (write: (writer: WireWriter) => void) => {
  const writer = new WireWriter(1)
  write(writer)
  return writer.bytes()
}
const hex = (write: (writer: WireWriter) => void) => written(write).toString('hex')

describe('integers', () => {
  it('are big-endian, and come back as they went', () => {
    fc.assert(
      fc.property(
        signedIntegers(8),
        signedIntegers(16),
        signedIntegers(32),
        safeIntegers(),
        (a, b, c, d) => {
          const bytes = written(writer => {
            writer.int8(a)
            writer.int16(b)
            writer.int32(c)
            writer.int64(d)
          })
          expect(bytes.readInt32BE(3)).toBe(c)
          expect(bytes.readBigInt64BE(7)).toBe(BigInt(d))
          const back = new WireReader(bytes)
          expect([back.int8(), back.int16(), back.int32(), back.int64()]).toEqual([a, b, c, d])
          expect(back.remaining).toBe(0)
        },
      ),
    )
  })

  it('without a sign reach up to their last bit', () => {
    expect(reader(0xff, 0xff).uint16()).toBe(0xffff)
    expect(reader(0xff, 0xff, 0xff, 0xff).uint32()).toBe(0xffff_ffff)
    expect(hex(writer => writer.int32(0xffff_fffe))).toBe('fffffffe')
  })

  it('of 64 bits turn into infinities at both ends', () => {
    const most = '7fffffffffffffff'
    const least = '8000000000000000'
    expect(hex(writer => writer.int64(Number.POSITIVE_INFINITY))).toBe(most)
    expect(hex(writer => writer.int64(Number.NEGATIVE_INFINITY))).toBe(least)
    expect(new WireReader(Buffer.from(most, 'hex')).int64()).toBe(Number.POSITIVE_INFINITY)
    expect(new WireReader(Buffer.from(least, 'hex')).int64()).toBe(Number.NEGATIVE_INFINITY)
  })

  it.each(['0020000000000000', 'ffe0000000000000', '7ffffffffffffffe', '8000000000000001'])(
    'of 64 bits that a number cannot hold are refused: %s',
    text => {
      expect(() => new WireReader(Buffer.from(text, 'hex')).int64()).toThrow(ProtocolViolation)
    },
  )

  it('of 64 bits reach ±(2^53-1)', () => {
    for (const edge of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      expect(new WireReader(written(writer => writer.int64(edge))).int64()).toBe(edge)
    }
  })

  it('refuse to be written if they are none', () => {
    expect(() => new WireWriter().int64(2 ** 53)).toThrow(RangeError)
    expect(() => new WireWriter().int64(Number.NaN)).toThrow(RangeError)
    expect(() => new WireWriter().int64(0.5)).toThrow(RangeError)
  })
})

describe('varints', () => {
  it('take seven bits a byte, least significant first', () => {
    expect(hex(writer => writer.uvarint(0))).toBe('00')
    expect(hex(writer => writer.uvarint(127))).toBe('7f')
    expect(hex(writer => writer.uvarint(300))).toBe('ac02')
    expect(hex(writer => writer.uvarint(0xffff_ffff))).toBe('ffffffff0f')
  })

  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), value => {
        expect(new WireReader(written(writer => writer.uvarint(value))).uvarint()).toBe(value)
      }),
    )
  })

  it('of more than 32 bits are refused, and so are those cut short', () => {
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x1f).uvarint()).toThrow(ProtocolViolation)
    expect(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).uvarint()).toThrow(ProtocolViolation)
    expect(() => reader(0x80, 0x80).uvarint()).toThrow(ProtocolViolation)
    expect(() => reader(0x80, 0x80, 0x80, 0x80).uvarint()).toThrow(ProtocolViolation)
    expect(() => reader().uvarint()).toThrow(ProtocolViolation)
  })

  it('may carry zeros at the end, as long as they fit 32 bits', () => {
    expect(reader(0x81, 0x80, 0x00).uvarint()).toBe(1)
  })
})

describe('strings', () => {
  it('come back as they went, in both encodings', () => {
    fc.assert(
      fc.property(fc.oneof(clientNames(), fc.string({ unit: 'binary' })), text => {
        const bytes = written(writer => {
          writer.string(text)
          writer.compactString(text)
        })
        const back = new WireReader(bytes)
        expect(back.text(back.stringLength())).toBe(text)
        expect(back.text(back.compactLength())).toBe(text)
      }),
    )
  })

  it('say null with -1, or with 0 when compact', () => {
    expect(hex(writer => writer.string(null))).toBe('ffff')
    expect(hex(writer => writer.compactString(null))).toBe('00')
    expect(reader(0xff, 0xff).stringLength()).toBe(-1)
    expect(reader(0).compactLength()).toBe(-1)
  })

  it('may hold U+FFFD if it was sent as such', () => {
    const bytes = Buffer.from('a\ufffdb')
    expect(new WireReader(bytes).text(bytes.length)).toBe('a\ufffdb')
  })

  it.each(['ff', 'c080', 'eda080', 'e282', 'f8888080', '41c3'])(
    'that are not UTF-8 are refused: %s',
    text => {
      const bytes = Buffer.from(text, 'hex')
      expect(() => new WireReader(bytes).text(bytes.length)).toThrow(ProtocolViolation)
      const long = Buffer.concat([Buffer.alloc(100, 0x41), bytes])
      expect(() => new WireReader(long).text(long.length)).toThrow(ProtocolViolation)
    },
  )

  it('longer than an int16 can say are our own mistake', () => {
    expect(() => new WireWriter().string('x'.repeat(40_000))).toThrow(RangeError)
  })
})

describe('lengths', () => {
  it('below -1 or beyond what is left are refused', () => {
    expect(() => reader(0xff, 0xfe).stringLength()).toThrow(ProtocolViolation)
    expect(() => reader(0xff, 0xff, 0xff, 0xfe).bytesLength()).toThrow(ProtocolViolation)
    expect(() => reader(0, 2, 65).stringLength()).toThrow(ProtocolViolation)
    expect(() => reader(0, 0, 0, 2, 65).bytesLength()).toThrow(ProtocolViolation)
    expect(() => reader(3, 65).compactLength()).toThrow(ProtocolViolation)
  })

  it('of arrays count elements, each of which needs its fewest bytes', () => {
    expect(reader(0, 0, 0, 2, 1, 1, 1, 1).arrayLength(2)).toBe(2)
    expect(() => reader(0, 0, 0, 3, 1, 1, 1, 1).arrayLength(2)).toThrow(ProtocolViolation)
    expect(() => reader(0x7f, 0xff, 0xff, 0xff).arrayLength(1)).toThrow(ProtocolViolation)
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f).compactArrayLength(1)).toThrow(
      ProtocolViolation,
    )
    expect(reader(0).compactArrayLength(1)).toBe(-1)
  })
})

describe('tagged fields', () => {
  it('that nobody knows are passed over by their size', () => {
    const block = reader(2, 0, 1, 0xaa, 7, 2, 0xbb, 0xcc, 0x55)
    block.skipTaggedFields()
    expect(block.int8()).toBe(0x55)
  })

  it('must ascend', () => {
    expect(() => reader(2, 7, 0, 7, 0).skipTaggedFields()).toThrow(ProtocolViolation)
    expect(() => reader(2, 7, 0, 6, 0).skipTaggedFields()).toThrow(ProtocolViolation)
  })

  it('may not claim more than is there', () => {
    expect(() => reader(1, 0, 9, 0).skipTaggedFields()).toThrow(ProtocolViolation)
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f).skipTaggedFields()).toThrow(ProtocolViolation)
  })
})

describe('a writer', () => {
  it('copies short bytes, and refers to long ones and to file ranges, in order', () => {
    const long = Buffer.alloc(5_000, 3)
    const range = { sizeBytes: 700 }
    const writer = new WireWriter()
    writer.sizedBytes(Buffer.from([1, 2]))
    writer.sizedBytes(long)
    writer.compactBytes(range)
    writer.int8(9)
    const pieces = writer.pieces()
    expect(pieces[1]).toBe(long)
    expect(pieces[3]).toBe(range)
    expect(
      pieces.map(piece => (piece instanceof Uint8Array ? piece.length : piece.sizeBytes)),
    ).toEqual([10, 5_000, 2, 700, 1])
    expect(writer.sizeBytes).toBe(5_713)
    expect(() => writer.bytes()).toThrow('not in memory')
  })

  it('is used again without touching what it gave', () => {
    fc.assert(
      fc.property(fc.array(fc.array(buffers(400), { maxLength: 6 }), { maxLength: 30 }), all => {
        const writer = new WireWriter(512)
        const given = all.map(parts => {
          writer.restart()
          for (const part of parts) writer.sizedBytes(part)
          return writer.pieces()
        })
        for (const [at, parts] of all.entries()) {
          const fresh = new WireWriter()
          for (const part of parts) fresh.sizedBytes(part)
          expect(Buffer.concat(given[at] as Buffer[]).equals(fresh.bytes())).toBe(true)
        }
      }),
    )
  })

  it('keeps what it wrote when it has to grow', () => {
    fc.assert(
      fc.property(fc.array(buffers(3_000), { maxLength: 12 }), parts => {
        const writer = new WireWriter(1)
        for (const part of parts) {
          writer.sizedBytes(part)
          writer.int8(5)
        }
        const back = new WireReader(writer.bytes())
        expect(back.remaining).toBe(writer.sizeBytes)
        for (const part of parts) {
          expect(back.view(back.bytesLength()).equals(part)).toBe(true)
          expect(back.int8()).toBe(5)
        }
      }),
    )
  })
})
