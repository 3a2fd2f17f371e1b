import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isUuid, NO_UUID, newUuid, uuidFromBytes, uuidToBytes } from '../../protocol/uuid.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes))

describe('an id', () => {
  it('is 22 characters for 16 bytes, and back', () => {
    fc.assert(
      fc.property(sixteen, bytes => {
        const text = uuidFromBytes(Buffer.concat([Buffer.alloc(3), bytes]), 3)
        expect(text).toHaveLength(22)
        expect(isUuid(text)).toBe(true)
        expect(uuidToBytes(text).equals(bytes)).toBe(true)
      }),
    )
  })

  it('travels as it is', () => {
    fc.assert(
      fc.property(fc.oneof(sixteen, fc.constant(Buffer.alloc(16))), bytes => {
        const writer = new WireWriter(8)
        writer.uuid(uuidFromBytes(bytes, 0))
        expect(writer.bytes().equals(bytes)).toBe(true)
        expect(new WireReader(bytes).uuid()).toBe(uuidFromBytes(bytes, 0))
      }),
    )
  })

  it('of zeros is the one that says there is none', () => {
    expect(uuidFromBytes(Buffer.alloc(16), 0)).toBe(NO_UUID)
  })

  it.each(['', 'x', 'AAAAAAAAAAAAAAAAAAAAAB', 'AAAAAAAAAAAAAAAAAAAAA=', 'AAAAAAAAAAAAAAAAAAAAAAA'])(
    'is not %j',
    text => {
      expect(isUuid(text)).toBe(false)
      expect(() => uuidToBytes(text)).toThrow(RangeError)
    },
  )

  it('made of random bytes is of version 4, and never looks like an option', () => {
    fc.assert(
      fc.property(fc.oneof(sixteen, fc.constant(Buffer.alloc(16, 0xf8))), random => {
        const before = Buffer.from(random)
        const text = newUuid(random)
        const bytes = uuidToBytes(text)
        expect(text.startsWith('-')).toBe(false)
        expect(bytes[6]! >> 4).toBe(4)
        expect(bytes[8]! >> 6).toBe(2)
        expect(random.equals(before)).toBe(true)
      }),
    )
  })

  it('needs 16 random bytes', () => {
    expect(() => newUuid(Buffer.alloc(15))).toThrow(RangeError)
  })
})
