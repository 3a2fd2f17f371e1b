import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolViolation } from '../../protocol/errors.ts'
import { array, Message, message } from '../../protocol/schema.ts'
import type { ByHand, Fields } from '../../protocol/schema-types.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import { arbitraryMessage } from '../support/arbitrary-message.ts'
import { loadDeclarations } from '../support/declarations.ts'

interface HandCoded {
  readonly name: string
  readonly declared: Message
  readonly fields: Fields
  readonly byHand: ByHand
}

/** Messages and structs that are read or written by hand, by the message they are in. */
const handCoded = [...(await loadDeclarations()).values()].flatMap((declared): HandCoded[] => {
  const { name, fields, byHand } = declared
  const structs = handCodedStructs(fields).map(type => ({ name, declared, ...type }))
  return byHand === undefined ? structs : [{ name, declared, fields, byHand }, ...structs]
})

function handCodedStructs(fields: Fields): Pick<HandCoded, 'fields' | 'byHand'>[] {
  return Object.values(fields).flatMap(({ spec }) => {
    const type = spec.type.kind === 'array' ? spec.type.element : spec.type
    if (type.kind !== 'struct') return []
    const { byHand } = type
    const inner = handCodedStructs(type.fields)
    return byHand === undefined ? inner : [{ fields: type.fields, byHand }, ...inner]
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

/** What a list of one decodes to and what is left behind it, or that it is refused. */
function decoded(list: Message, version: number, bytes: Buffer): unknown {
  const reader = new WireReader(bytes)
  try {
    return { value: list.decode(reader, version), left: reader.remaining }
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error
    return 'refused'
  }
}

test('there is something to compare', () => {
  const of = (way: 'read' | 'write') =>
    handCoded.filter(({ byHand }) => byHand[way]).map(({ name }) => name)
  expect(of('read')).toEqual(expect.arrayContaining(['ProduceRequest', 'FetchRequest']))
  expect(of('write')).toEqual(expect.arrayContaining(['ProduceResponse', 'FetchResponse']))
})

describe.each(handCoded)('what $name has by hand', ({ name, declared, fields, byHand }) => {
  const { min, max } = declared.versions
  const { min: from } = declared.flexibleVersions
  const versions = { versions: `${min}-${max}`, flexible: `${from}+` }
  const hand = array('0+', fields, null, byHand as never)
  const byHandList = message(1, name, versions, { list: hand })
  const declaredList = message(1, name, versions, { list: array('0+', fields) })
  const struct = new Message(1, name, versions, fields)
  const optional = Object.keys(fields).filter(field => {
    const { fallback, tagNumber } = fields[field]!.spec
    return fallback !== undefined || tagNumber >= 0
  })

  test('writes what the declaration would, in every version', () => {
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

  test('reads what the declaration would, whole and cut off, in every version', () => {
    for (let version = min; version <= max; version++) {
      const drafts = arbitraryMessage(struct, version)
      fc.assert(
        fc.property(drafts, fc.nat(), fc.uint8Array(), (draft, cut, junk) => {
          const whole = Buffer.from(outcome(declaredList, version, draft), 'hex')
          const part = whole.subarray(0, cut % whole.length)
          for (const bytes of [whole, part, Buffer.concat([part, junk])]) {
            const expected = decoded(declaredList, version, bytes)
            expect(decoded(byHandList, version, bytes)).toEqual(expected)
          }
        }),
        { numRuns: 200 },
      )
    }
  })
})
