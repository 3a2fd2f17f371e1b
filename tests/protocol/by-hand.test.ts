import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array, Message, message } from '../../protocol/schema.ts'
import type { Fields, StructType } from '../../protocol/schema-types.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import { arbitraryMessage } from '../support/arbitrary-message.ts'
import { loadDeclarations } from '../support/declarations.ts'

/** Structs that are written by hand, by the message they are in. */
const byHand = [...(await loadDeclarations()).values()].flatMap(declared =>
  handWritten(declared.fields).map(type => ({ name: declared.name, declared, type })),
)

function handWritten(fields: Fields): StructType[] {
  return Object.values(fields).flatMap(({ spec }) => {
    const type = spec.type.kind === 'array' ? spec.type.element : spec.type
    if (type.kind !== 'struct') return []
    return [...(type.writeByHand ? [type] : []), ...handWritten(type.fields)]
  })
}

/** The bytes of a list of one, or why there are none. */
function outcome(list: Message, version: number, draft: object): string {
  const writer = new WireWriter()
  try {
    list.encode(writer, version, { list: [draft] } as never)
    return writer.bytes().toString('hex')
  } catch (error) {
    return (error as Error).message
  }
}

test('there is something to compare', () => {
  expect(byHand.map(({ name }) => name)).toContain('FetchResponse')
})

describe.each(byHand)('what $name writes by hand', ({ name, declared, type }) => {
  const { min, max } = declared.versions
  const { min: from } = declared.flexibleVersions
  const versions = { versions: `${min}-${max}`, flexible: `${from}+` }
  const hand = array('0+', type.fields, null, type.writeByHand as never)
  const byHandList = message(1, name, versions, { list: hand })
  const declaredList = message(1, name, versions, { list: array('0+', type.fields) })
  const struct = new Message(1, name, versions, type.fields)
  const optional = Object.keys(type.fields).filter(field => {
    const { fallback, tagNumber } = type.fields[field]!.spec
    return fallback !== undefined || tagNumber >= 0
  })

  test('is what the declaration would write, in every version', () => {
    for (let version = min; version <= max; version++) {
      // Of another version: what this one cannot carry must be refused alike.
      const drafts = fc.oneof(
        arbitraryMessage(struct, version),
        arbitraryMessage(struct, version),
        arbitraryMessage(struct, max),
      )
      fc.assert(
        fc.property(drafts, fc.subarray(optional), (full, left) => {
          const kept = Object.entries(full).filter(([field]) => !left.includes(field))
          const draft = Object.fromEntries(kept)
          const expected = outcome(declaredList, version, draft)
          expect(outcome(byHandList, version, draft)).toBe(expected)
        }),
        { numRuns: 200 },
      )
    }
  })
})
