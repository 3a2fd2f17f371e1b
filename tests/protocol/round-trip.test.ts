import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Message } from '../../protocol/schema.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import { arbitraryMessage } from '../support/arbitrary-message.ts'
import { loadDeclarations } from '../support/declarations.ts'

const RUNS = 20
const declared = await loadDeclarations()

describe('decoding what was encoded', () => {
  for (const [name, message] of declared) {
    it(`gives ${name} back, in every version`, () => {
      for (let version = message.versions.min; version <= message.versions.max; version++) {
        fc.assert(
          fc.property(arbitraryMessage(message, version), draft => {
            const bytes = encoded(message, version, draft)
            const reader = new WireReader(bytes)
            const value = message.decode(reader, version)
            expect(reader.remaining).toBe(0)
            // The value has more fields than the draft: those the version lacks, at their default.
            expect(value).toMatchObject(draft)
            expect(encoded(message, version, value).equals(bytes)).toBe(true)
          }),
          { numRuns: RUNS },
        )
      }
    })
  }
})

function encoded(message: Message, version: number, draft: object): Buffer {
  const writer = new WireWriter(16)
  message.encode(writer, version, draft as never)
  return writer.bytes()
}
