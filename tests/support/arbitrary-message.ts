/** Arbitrary messages, made from their declarations: what each version can carry, and no more. */
import fc from 'fast-check'
import type { Message, VersionRange } from '../../protocol/schema.ts'
import type { ElementType, FieldSpec, Fields, Primitive } from '../../protocol/schema-types.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import { buffers, clientNames, safeIntegers, signedIntegers } from './arbitrary.ts'

/** A draft that sets every field the version has, and only those. */
export function arbitraryMessage(message: Message, version: number): fc.Arbitrary<object> {
  return arbitraryStruct(message.fields, { version, isFlexible: message.isFlexible(version) })
}

interface Scope {
  readonly version: number
  readonly isFlexible: boolean
}

function arbitraryStruct(fields: Fields, scope: Scope): fc.Arbitrary<object> {
  const present = Object.entries(fields).filter(([, { spec }]) => isPresent(spec, scope))
  return fc.record(
    Object.fromEntries(present.map(([name, { spec }]) => [name, arbitraryField(spec, scope)])),
    { noNullPrototype: true },
  )
}

function isPresent(spec: FieldSpec, { version, isFlexible }: Scope): boolean {
  return includes(spec.versions, version) || (isFlexible && includes(spec.tagged, version))
}

function includes(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max
}

function arbitraryField(spec: FieldSpec, scope: Scope): fc.Arbitrary<unknown> {
  const value =
    spec.type.kind === 'array'
      ? fc.array(arbitraryElement(spec.type.element, scope), { maxLength: 3 })
      : arbitraryElement(spec.type, scope)
  return includes(spec.nullable, scope.version) ? fc.option(value, { freq: 4 }) : value
}

function arbitraryElement(type: ElementType, scope: Scope): fc.Arbitrary<unknown> {
  return type.kind === 'struct' ? arbitraryStruct(type.fields, scope) : PRIMITIVES[type.kind]
}

const uuids = fc.oneof(
  fc.constant(NO_UUID),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map(it => Buffer.from(it).toString('base64url')),
)

const PRIMITIVES: Readonly<Record<Primitive, fc.Arbitrary<unknown>>> = {
  int8: signedIntegers(8),
  int16: signedIntegers(16),
  int32: signedIntegers(32),
  int64: fc.oneof(
    { weight: 8, arbitrary: safeIntegers() },
    fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  ),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  uint32: fc.integer({ min: 0, max: 0xffff_ffff }),
  float64: fc.double(),
  bool: fc.boolean(),
  string: fc.oneof(clientNames(), fc.string({ unit: 'grapheme', maxLength: 20 })),
  uuid: uuids,
  bytes: buffers(40),
  // Some long enough to be referenced instead of copied.
  records: fc.oneof({ weight: 4, arbitrary: buffers(40) }, fc.constant(Buffer.alloc(2_000, 7))),
}
