import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CorruptRecords } from '../../../protocol/records/corrupt-records.ts'
import { crc32c } from '../../../protocol/records/crc32c.ts'
import {
  VarintCursor,
  varintBytes,
  varlongBytes,
  writeVarint,
  writeVarlong,
} from '../../../protocol/records/varint.ts'

describe('varints', () => {
  test('every int32 reads back, in the bytes foretold', () => {
    fc.assert(
      fc.property(fc.integer(), value => {
        const target = new Uint8Array(5)
        const end = writeVarint(target, 0, value)
        expect(end).toBe(varintBytes(value))
        const cursor = new VarintCursor(target)
        expect(cursor.varint()).toBe(value)
        expect(cursor.at).toBe(end)
      }),
    )
  })

  test('every safe integer reads back, in the bytes foretold', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), value => {
        const target = new Uint8Array(10)
        const end = writeVarlong(target, 0, value)
        expect(end).toBe(varlongBytes(value))
        const cursor = new VarintCursor(target)
        expect(cursor.varlong()).toBe(value)
        expect(cursor.at).toBe(end)
      }),
    )
  })

  test('the ends of 64 bits read as the nearest double', () => {
    const most = Uint8Array.from([0xfe, ...Array(8).fill(0xff), 1])
    const least = Uint8Array.from([...Array(9).fill(0xff), 1])
    expect(new VarintCursor(most).varlong()).toBe(2 ** 63)
    expect(new VarintCursor(least).varlong()).toBe(-(2 ** 63))
  })

  test('too long a varint, or half of one, is refused', () => {
    const refused = (...bytes: number[]) => {
      const read = (kind: 'varint' | 'varlong') => () =>
        new VarintCursor(Uint8Array.from(bytes))[kind]()
      expect(read('varint')).toThrow(CorruptRecords)
      expect(read('varlong')).toThrow(CorruptRecords)
    }
    refused()
    refused(0x80)
    refused(...Array(9).fill(0xff), 2)
    refused(...Array(10).fill(0xff), 0)
    const cursor = new VarintCursor(Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x10]))
    expect(() => cursor.varint()).toThrow(CorruptRecords)
  })
})

describe('CRC-32C', () => {
  test('is Castagnoli’s', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(0))).toBe(0)
    // RFC 3720, B.4: 32 bytes of zeros, of ones, ascending.
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  })

  test('goes on from where it was', () => {
    const bytes = fc.uint8Array({ maxLength: 100 })
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(crc32c(b, crc32c(a))).toBe(crc32c(Buffer.concat([a, b])))
      }),
    )
  })
})
