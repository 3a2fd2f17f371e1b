import { describe, expect, it } from 'vitest'
import { messages } from '../../protocol/messages/index.ts'
import { type Message, parseVersions, type VersionRange } from '../../protocol/schema.ts'
import { isDefault, zeroOf } from '../../protocol/schema-defaults.ts'
import type { Fields, FieldType } from '../../protocol/schema-types.ts'
import { loadDeclarations } from '../support/declarations.ts'
import { readMessageSpec, type SpecField, type SpecMessage } from '../support/message-spec.ts'

const spec = readMessageSpec()
const declared = await loadDeclarations()

/** Kept out on purpose: coded by hand elsewhere, or spoken only between Kafka's own nodes. */
const UNDECLARED = [
  'DefaultPrincipalData',
  'ProducerSnapshot',
  'RemoteLogSegmentMetadataRecord',
  'RemoteLogSegmentMetadataSnapshotRecord',
  'RemoteLogSegmentMetadataUpdateRecord',
  'RemotePartitionDeleteMetadataRecord',
  'RequestHeader',
  'ResponseHeader',
]

describe('what Kafka 4.3.0 declares', () => {
  it('is declared here too, but for what no client and no record of ours needs', () => {
    const clientKeys = new Set(
      spec.messages.filter(m => m.listeners.includes('broker')).map(m => m.key),
    )
    const wanted = spec.messages.filter(m =>
      m.kind === 'request' || m.kind === 'response'
        ? clientKeys.has(m.key)
        : !UNDECLARED.includes(m.name),
    )
    expect([...declared.keys()].sort()).toEqual(wanted.map(m => m.name).sort())
  })

  it('lists the same APIs in the same versions', () => {
    const ours = [...messages].map(([key, { listed }]) => [
      key,
      listed === null ? 'UNSUPPORTED' : rangeText(listed),
    ])
    expect(ours).toEqual([...spec.listed])
  })

  for (const [name, message] of declared) {
    it(`${name} has the same fields in the same versions`, () => {
      const theirs = spec.messages.find(m => m.name === name)!
      const versions = parseVersions(theirs.versions)
      expect({
        key: message.key,
        versions: message.versions,
        flexible: message.flexibleVersions,
        latestListed: message.latestListed,
      }).toEqual({
        key: theirs.key,
        versions,
        flexible: parseVersions(theirs.flexible),
        latestListed: theirs.isLatestUnstable ? versions.max - 1 : versions.max,
      })
      expect(ourFields(message, message.fields, versions)).toEqual(
        theirFields(theirs, theirs.fields, versions),
      )
    })
  }
})

/** What is compared of a field; versions only as far as the message has them. */
interface Row {
  name: string
  type: string
  versions: string
  nullable: string
  tag: string
  flexible: string | null
  default: string
  ignorable: boolean
  fields: Row[]
}

function ourFields(message: Message, fields: Fields, scope: VersionRange): Row[] {
  return Object.entries(fields).map(([name, { spec: field }]) => {
    const versions = overlap(field.versions, scope)
    const element = field.type.kind === 'array' ? field.type.element : field.type
    const fallback = field.fallback === undefined ? zeroOf(field.type) : field.fallback
    return {
      name,
      type: (field.type.kind === 'array' ? '[]' : '') + element.kind,
      versions: rangeText(versions),
      nullable: rangeText(overlap(field.nullable, versions)),
      tag: tagText(field.tagNumber, overlap(field.tagged, versions)),
      flexible: field.flexible === null ? null : rangeText(field.flexible),
      default: fallbackText(field.type, fallback),
      ignorable: field.isIgnorable,
      fields: element.kind === 'struct' ? ourFields(message, element.fields, versions) : [],
    }
  })
}

function theirFields(
  message: SpecMessage,
  fields: readonly SpecField[],
  scope: VersionRange,
): Row[] {
  return fields.map(field => {
    const versions = overlap(parseVersions(field.versions || field.tagVersions), scope)
    const isArray = field.type.startsWith('[]')
    const element = isArray ? field.type.slice(2) : field.type
    const inner = field.fields.length > 0 ? field.fields : message.structs.get(element)
    const kind = inner === undefined ? element : 'struct'
    return {
      name: camelCase(field.name),
      type: (isArray ? '[]' : '') + kind,
      versions: rangeText(versions),
      nullable: rangeText(overlap(parseVersions(field.nullable), versions)),
      tag: tagText(field.tag, overlap(parseVersions(field.tagVersions), versions)),
      flexible: field.flexible,
      default: defaultText(isArray ? 'array' : kind, field.default),
      ignorable: field.isIgnorable,
      fields: inner === undefined ? [] : theirFields(message, inner, versions),
    }
  })
}

function camelCase(name: string): string {
  return name[0]!.toLowerCase() + name.slice(1)
}

function overlap(a: VersionRange, b: VersionRange): VersionRange {
  return { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) }
}

function rangeText({ min, max }: VersionRange): string {
  if (max < min) return 'none'
  return max === min ? `${min}` : `${min}-${max}`
}

function tagText(tag: number, versions: VersionRange): string {
  return versions.max < versions.min ? 'none' : `${tag}(${rangeText(versions)})`
}

/** A default of ours in upstream's words; its absence and Kafka's zero are the same. */
function fallbackText(type: FieldType, fallback: unknown): string {
  if (fallback === null) return 'null'
  if (isDefault(fallback, zeroOf(type))) return 'zero'
  return String(fallback)
}

function defaultText(kind: string, text: string | null): string {
  if (text === null || text === '') return 'zero'
  if (text === 'null' || text === 'None') return 'null'
  if (kind === 'bool') return text.toLowerCase() === 'false' ? 'zero' : 'true'
  if (kind === 'int64' && text === '9223372036854775807') return 'Infinity'
  return Number(text) === 0 ? 'zero' : String(Number(text))
}
