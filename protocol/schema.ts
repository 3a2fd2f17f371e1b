/**
 * The language messages are declared in. One declaration per message says fields, wire order,
 * versions, nulls, tags and defaults in Kafka's own terms; types and the codecs of all versions
 * follow from it.
 *
 *     message(12, 'HeartbeatRequest', { versions: '0-4', flexible: '4+' }, {
 *       groupId: string('0+'),
 *       groupInstanceId: string('3+').nullable().default(null),
 *     })
 *
 * Versions are written as upstream: '3' (one), '0-7' (inclusive), '3+' (from there on), 'none'.
 * `ValueOf` is what decoding gives: every field is there, those absent from the version hold their
 * default. `DraftOf` is what encoding takes: a field with a default may be left out, at any depth.
 */
import { ProtocolViolation } from './errors.ts'
import { compileStruct } from './schema-compile.ts'
import type { ValueCodec } from './schema-primitives.ts'
import type {
  Build,
  ByHand,
  ElementType,
  FieldSpec,
  Fields,
  Primitive,
  PrimitiveDraft,
  Primitives,
  StructDraft,
  StructValue,
  VersionRange,
} from './schema-types.ts'
import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

export type { Fields, StructDraft, StructValue, VersionRange } from './schema-types.ts'

/** What decoding a message gives. Bytes in it are views of the frame. */
export type ValueOf<M extends { readonly fields: Fields }> = StructValue<M['fields']>

/** What encoding a message takes. */
export type DraftOf<M extends { readonly fields: Fields }> = StructDraft<M['fields']>

const NO_VERSIONS: VersionRange = { min: 0, max: -1 }

/** One field: its declaration at run time, its types at compile time. */
export class Field<Value, Draft, Optional extends boolean> {
  readonly spec: FieldSpec
  declare readonly value: Value
  declare readonly draft: Draft
  declare readonly optional: Optional

  constructor(spec: FieldSpec) {
    this.spec = spec
  }

  /** May be null, in all its versions or in those given. */
  nullable(versions?: string): Field<Value | null, Draft | null, Optional> {
    const nullable = versions === undefined ? this.spec.versions : parseVersions(versions)
    return new Field({ ...this.spec, nullable })
  }

  /** Its value in versions that lack it, and in drafts that leave it out. */
  default(value: Draft): Field<Value, Draft, true> {
    return new Field({ ...this.spec, fallback: value })
  }

  /** A tagged field (KIP-482): sent only where it differs from its default. */
  tag(tagNumber: number, versions?: string): Field<Value, Draft, true> {
    const tagged = versions === undefined ? this.spec.versions : parseVersions(versions)
    return new Field({ ...this.spec, tagNumber, tagged })
  }

  /** Dropped without a word when the version lacks it; others make the encoder refuse. */
  ignorable(): Field<Value, Draft, Optional> {
    return new Field({ ...this.spec, isIgnorable: true })
  }

  /** Flexible in other versions than its message: the client id of the request header. */
  flexible(versions: string): Field<Value, Draft, Optional> {
    return new Field({ ...this.spec, flexible: parseVersions(versions) })
  }
}

function field<Value, Draft = Value>(
  type: FieldSpec['type'],
  versions: string,
): Field<Value, Draft, false> {
  return new Field({
    type,
    versions: parseVersions(versions),
    nullable: NO_VERSIONS,
    tagged: NO_VERSIONS,
    tagNumber: -1,
    flexible: null,
    fallback: undefined,
    isIgnorable: false,
  })
}

/** Declares a field of its type; given to `array` uncalled, it is the element's type. */
export interface PrimitiveType<P extends Primitive> {
  (versions: string): Field<Primitives[P], PrimitiveDraft<P>, false>
  readonly kind: P
}

function primitive<P extends Primitive>(kind: P): PrimitiveType<P> {
  const declare = (versions: string) =>
    field<Primitives[P], PrimitiveDraft<P>>({ kind } as { kind: Primitive }, versions)
  return Object.assign(declare, { kind })
}

export const int8 = primitive('int8')
export const int16 = primitive('int16')
export const int32 = primitive('int32')
/** A number; the ends of the 64-bit range are infinities (wire-reader.ts). */
export const int64 = primitive('int64')
export const uint16 = primitive('uint16')
export const uint32 = primitive('uint32')
export const float64 = primitive('float64')
export const bool = primitive('bool')
export const string = primitive('string')
export const uuid = primitive('uuid')
export const bytes = primitive('bytes')
/** Record batches, left as bytes; to encode, a range of a file will do. */
export const records = primitive('records')

/** `ByHand`, in the types of a declaration. */
export interface HandMade<F extends Fields> {
  readonly read?: (version: number) => (reader: WireReader) => StructValue<F>
  readonly write?: (version: number) => (writer: WireWriter, draft: StructDraft<F>) => boolean
}

/**
 * An array of primitives or of structs. Where there are many of them, `build` makes decoding
 * cheaper; where there are hundreds, `byHand` makes both directions so.
 */
export function array<P extends Primitive>(
  versions: string,
  element: PrimitiveType<P>,
): Field<readonly Primitives[P][], readonly PrimitiveDraft<P>[], false>
export function array<F extends Fields>(
  versions: string,
  element: F,
  build?: ((values: readonly unknown[]) => StructValue<F>) | null,
  byHand?: HandMade<F>,
): Field<readonly StructValue<F>[], readonly StructDraft<F>[], false>
export function array(
  versions: string,
  element: PrimitiveType<Primitive> | Fields,
  build?: Build | null,
  byHand?: ByHand,
): Field<readonly unknown[], readonly unknown[], false> {
  if (typeof element === 'function') {
    return field({ kind: 'array', element: { kind: element.kind } }, versions)
  }
  const type: ElementType = {
    kind: 'struct',
    fields: element,
    ...(build && { build }),
    ...(byHand && { byHand }),
  }
  return field({ kind: 'array', element: type }, versions)
}

/** A struct inside a struct. Without a default it falls back to the defaults of its fields. */
export function struct<F extends Fields>(
  versions: string,
  fields: F,
): Field<StructValue<F>, StructDraft<F>, false> {
  return field({ kind: 'struct', fields }, versions)
}

/** Which versions a message has, and from which on it is flexible. */
export interface MessageVersions {
  readonly versions: string
  readonly flexible: string
  /** The last version listed to clients where newer ones are declared but unstable. */
  readonly latestListed?: number
}

export type MessageKind = 'request' | 'response' | 'data'

/** A request, a response, or a stored record: declared once, coded in every version it has. */
export class Message<F extends Fields = Fields> {
  /** API key, or the record's type; -1 where there is none. */
  readonly key: number
  readonly name: string
  readonly kind: MessageKind
  readonly versions: VersionRange
  readonly flexibleVersions: VersionRange
  /** The last version listed to clients; at most `versions.max`. */
  readonly latestListed: number
  readonly fields: F
  /** What of it is coded by hand; undefined for nearly all. */
  readonly byHand: ByHand | undefined
  readonly #build: Build | undefined
  readonly #codecs: (ValueCodec | undefined)[] = []

  constructor(
    key: number,
    name: string,
    versions: MessageVersions,
    fields: F,
    build?: Build | null,
    byHand?: ByHand | undefined,
  ) {
    this.key = key
    this.name = name
    this.kind = name.endsWith('Request')
      ? 'request'
      : name.endsWith('Response')
        ? 'response'
        : 'data'
    this.versions = parseVersions(versions.versions)
    this.flexibleVersions = parseVersions(versions.flexible)
    this.latestListed = versions.latestListed ?? this.versions.max
    this.fields = fields
    this.#build = build ?? undefined
    this.byHand = byHand
  }

  isFlexible(version: number): boolean {
    return version >= this.flexibleVersions.min && version <= this.flexibleVersions.max
  }

  /**
   * Reads one message; what follows it is left unread. Throws ProtocolViolation, and nothing else,
   * for bytes that are not one or a version that does not exist.
   */
  decode(reader: WireReader, version: number): StructValue<F> {
    return this.#codec(version).read(reader) as StructValue<F>
  }

  /** Writes one message. A draft that does not fit the version throws: that is our own mistake. */
  encode(writer: WireWriter, version: number, draft: StructDraft<F>): void {
    this.#codec(version).write(writer, draft)
  }

  #codec(version: number): ValueCodec {
    return this.#codecs[version] ?? this.#compile(version)
  }

  #compile(version: number): ValueCodec {
    const { min, max } = this.versions
    if (!(version >= min && version <= max)) {
      throw new ProtocolViolation(`${this.name} has no version ${version}, only ${min}-${max}`)
    }
    const context = {
      version,
      isFlexible: this.isFlexible(version),
      path: `${this.name} v${version}`,
    }
    const codec = compileStruct(this.fields, context, this.#build, this.byHand)
    this.#codecs[version] = codec
    return codec
  }
}

/** Declares a message, whose kind follows from its name's ending. The rest is as in `array`. */
export function message<const F extends Fields>(
  key: number,
  name: string,
  versions: MessageVersions,
  fields: F,
  build?: ((values: readonly unknown[]) => StructValue<F>) | null,
  byHand?: HandMade<F>,
): Message<F> {
  return new Message(key, name, versions, fields, build, byHand as ByHand | undefined)
}

/** 'none', '3', '0-7' or '3+'. */
export function parseVersions(text: string): VersionRange {
  if (text === 'none') return NO_VERSIONS
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  if (match === null) throw new Error(`not a range of versions: ${text}`)
  const min = Number(match[1])
  if (match[2] !== undefined) return { min, max: Number.POSITIVE_INFINITY }
  return { min, max: match[3] === undefined ? min : Number(match[3]) }
}
