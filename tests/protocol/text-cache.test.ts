import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolViolation } from '../../protocol/errors.ts'
import { textAt } from '../../protocol/text.ts'
import { TextCache } from '../../protocol/text-cache.ts'

test('the cache gives what the bytes say, whatever it gave before', () => {
  const cache = new TextCache()
  const anyText = fc.string({ unit: 'grapheme', maxLength: 80 })
  // Few letters: many of these fall into the slot of another.
  const alike = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 8 })
  fc.assert(
    fc.property(fc.oneof(anyText, alike), fc.nat(9), (text, start) => {
      const bytes = Buffer.concat([Buffer.alloc(start, 'x'), Buffer.from(text), Buffer.alloc(3)])
      const end = bytes.length - 3
      expect(cache.textAt(bytes, start, end)).toBe(textAt(bytes, start, end))
    }),
    { numRuns: 2000 },
  )
})

test('invalid UTF-8 is refused as without it', () => {
  const cache = new TextCache()
  cache.textAt(Buffer.from('ab'), 0, 2)
  expect(() => cache.textAt(Buffer.from([0x61, 0xe2]), 0, 2)).toThrow(ProtocolViolation)
})
