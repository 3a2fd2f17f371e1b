import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolViolation } from '../../protocol/errors.ts'
import { array, Message, message } from '../../protocol/schema.ts'
import type { Fields, StructType } from '../../protocol/schema-types.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import { arbitraryMessage } from '../support/arbitrary-message.ts'
import { loadDeclarations } from '../support/declarations.ts'

const messages = [...(await loadDeclarations()).values()]

/** Structs that are coded by hand one way or the other, by the message they are in. */
function byHand(way: 'readByHand' | 'writeByHand') {
  return messages.flatMap(declared =>
    handMade(declared.fields, way).map(type => ({ name: declared.name, declared, type })),
  )
}

function handMade(fields: Fields, way: 'readByHand' | 'writeByHand'): StructType[] {
  return Object.values(fields).flatMap(({ spec }) => {
    const type = spec.type.kind === 'array' ? spec.type.element : spec.type
    if (type.kind !== 'struct') return []
    return [...(type[way] ? [type] : []), ...handMade(type.fields, way)]
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
  expect(byHand('readByHand').map(({ name }) => name)).toContain('ProduceRequest')
  expect(byHand('writeByHand').map(({ name }) => name)).toContain('FetchResponse')
})

describe.each(byHand('readByHand'))('what $name reads by hand', ({ name, declared, type }) => {
  const { min, max } = declared.versions
  const versions = versionsOf(declared)
  const hand = array('0+', type.fields, null, null, type.readByHand as never)
  const byHandList = message(1, name, versions, { list: hand })
  const declaredList = message(1, name, versions, { list: array('0+', type.fields) })

  test('is what the declaration would read, of whole bytes and of broken ones', () => {
    for (let version = min; version <= max; version++) {
      const spoiled = fc.record({
        draft: arbitraryMessage(new Message(1, name, versions, type.fields), version),
        spoil: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
        cut: fc.option(fc.nat(), { freq: 3 }),
      })
      fc.assert(
        fc.property(spoiled, ({ draft, spoil, cut }) => {
          const writer = new WireWriter()
          declaredList.encode(writer, version, { list: [draft, draft] } as never)
          const whole = Buffer.from(writer.bytes())
          for (const [at, value] of spoil) whole[at % whole.length] = value
          const bytes = cut === null ? whole : whole.subarray(0, cut % whole.length)
          const expected = readOutcome(declaredList, version, bytes)
          expect(readOutcome(byHandList, version, bytes)).toEqual(expected)
        }),
        { numRuns: 300 },
      )
    }
  })
})

/** The value and how far it reaches, or that it was refused. */
function readOutcome(list: Message, version: number, bytes: Buffer): unknown {
  const reader = new WireReader(bytes)
  try {
    return { value: list.decode(reader, version), end: reader.position }
  } catch (error) {
    if (error instanceof ProtocolViolation) return 'refused'
    throw error
  }
}

function versionsOf({ versions, flexibleVersions }: Message) {
  return {
    versions: `${versions.min}-${versions.max}`,
    flexible: `${flexibleVersions.min}+`,
  }
}

describe.each(byHand('writeByHand'))('what $name writes by hand', ({ name, declared, type }) => {
  const { min, max } = declared.versions
  const versions = versionsOf(declared)
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
