import { describe, expect, it } from 'vitest'
import { ProtocolViolation } from '../../protocol/errors.ts'
import type { Message } from '../../protocol/schema.ts'
import { zeroOf } from '../../protocol/schema-defaults.ts'
import type { Fields, FieldType } from '../../protocol/schema-types.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import { loadDeclarations } from '../support/declarations.ts'
import { fuzzMessages, fuzzTruncations, HEAP_FACTOR_MAX } from '../support/fuzz.ts'
import { heapBytes } from '../support/heap-size.ts'

const declared = await loadDeclarations()
const SEED = 20261121

describe('hostile bytes', () => {
  it('do no worse than a ProtocolViolation, and hold the loop for less than 50 ms', () => {
    const report = fuzzMessages(declared.values(), { seed: SEED, mutants: 50_000 })
    expect(report.slowestMs).toBeLessThan(50)
    expect(report.decoded).toBeGreaterThan(5_000)
    expect(report.refused).toBeGreaterThan(20_000)
  })

  it('may end anywhere', () => {
    expect(fuzzTruncations(declared.values(), SEED)).toBeGreaterThan(50_000)
  })

  it('cannot fill the heap with the smallest elements that an array can have', () => {
    for (const message of declared.values()) {
      for (let version = message.versions.min; version <= message.versions.max; version++) {
        for (const draft of fullestDrafts(message.fields)) {
          const bytes = encodeIfPossible(message, version, draft)
          if (bytes === null) continue
          const heap = heapBytes(message.decode(new WireReader(bytes), version))
          expect(heap, `${message.name} v${version}`).toBeLessThan(HEAP_FACTOR_MAX * bytes.length)
        }
      }
    }
  })

  it('cannot claim more elements than there are bytes for', () => {
    const request = declared.get('MetadataRequest')!
    const claim = new WireWriter()
    claim.int32(0x7fff_ffff)
    expect(() => request.decode(new WireReader(claim.bytes()), 0)).toThrow(ProtocolViolation)
  })
})

/** For each array at any depth, a draft with many of its emptiest elements. */
function fullestDrafts(fields: Fields): object[] {
  return Object.entries(fields).flatMap(([name, { spec }]) =>
    fullestValues(spec.type).map(value => ({ [name]: value })),
  )
}

function fullestValues(type: FieldType): unknown[] {
  if (type.kind === 'struct') return fullestDrafts(type.fields)
  if (type.kind !== 'array') return []
  const { element } = type
  if (element.kind !== 'struct') return [Array.from({ length: 300 }, () => zeroOf(element))]
  const inner = fullestDrafts(element.fields).map(draft => [draft])
  return [Array.from({ length: 300 }, () => ({})), ...inner]
}

function encodeIfPossible(message: Message, version: number, draft: object): Buffer | null {
  const writer = new WireWriter()
  try {
    message.encode(writer, version, draft as never)
  } catch {
    // The version lacks the field: there is nothing to attack.
    return null
  }
  return writer.bytes()
}
