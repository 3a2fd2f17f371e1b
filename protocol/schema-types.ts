/** What a declaration is made of, and the types that follow from it. The language is schema.ts. */

import type { Uuid } from './uuid.ts'
import type { WireReader } from './wire-reader.ts'
import type { Piece, WireWriter } from './wire-writer.ts'

/** Kafka's primitive types, and what each is inside; to write, records may also be file ranges. */
export interface Primitives {
  int8: number
  int16: number
  int32: number
  int64: number
  uint16: number
  uint32: number
  float64: number
  bool: boolean
  string: string
  uuid: Uuid
  bytes: Buffer
  records: Buffer
}
export type Primitive = keyof Primitives

/** Versions from `min` to `max`, both inclusive; empty if `max < min`. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** The type of a field, of an array's element, or both. */
export type FieldType =
  | { readonly kind: Primitive }
  | StructType
  | { readonly kind: 'array'; readonly element: ElementType }
export type ElementType = Exclude<FieldType, { readonly kind: 'array' }>

export interface StructType {
  readonly kind: 'struct'
  readonly fields: Fields
  readonly build?: Build
  readonly byHand?: ByHand
}

/**
 * Makes a struct of its fields' values, in the order of their declaration. An object written out
 * costs a fifth of one filled by names that are not known until run time: worth it for structs that
 * arrive by the hundred in a request, or in a hundred thousand requests a second.
 */
export type Build = (values: readonly unknown[]) => object

/** Code of one version written out by hand: half the cost, for structs that come by the hundred. */
export interface ByHand {
  /** Reads the fields that are not tagged, into a struct with the others at their defaults. */
  readonly read?: (version: number) => (reader: WireReader) => object
  /**
   * Writes what the declaration would, or nothing and answers false for a draft that is not a usual
   * one, which the declaration then writes.
   */
  readonly write?: (version: number) => (writer: WireWriter, draft: object) => boolean
}

/** All that is declared of a field besides its name. */
export interface FieldSpec {
  readonly type: FieldType
  readonly versions: VersionRange
  /** In which versions it may be null. */
  readonly nullable: VersionRange
  /** In which versions it travels as a tagged field, under `tagNumber`. */
  readonly tagged: VersionRange
  readonly tagNumber: number
  /** Overrides the message's flexible versions; only the request header needs it. */
  readonly flexible: VersionRange | null
  /** What a draft may leave out, and what an absent field decodes to. Undefined: Kafka's zero. */
  readonly fallback: unknown
  /** Whether it may be dropped silently in versions that lack it. */
  readonly isIgnorable: boolean
}

/** A field and, for the compiler only, its types. */
export interface AnyField {
  readonly spec: FieldSpec
  /** The type when decoded: never there at run time, like its neighbours. */
  readonly value: unknown
  readonly draft: unknown
  readonly optional: boolean
}

/** Fields of a struct, in wire order. */
export type Fields = { readonly [name: string]: AnyField }

/** A decoded struct: every field is there. */
export type StructValue<F extends Fields> = {
  -readonly [Name in keyof F]: F[Name]['value']
}

/** A struct to encode: fields that have a default may be left out, at every depth. */
export type StructDraft<F extends Fields> = {
  readonly [Name in keyof F as F[Name]['optional'] extends true ? never : Name]: F[Name]['draft']
} & {
  readonly [Name in keyof F as F[Name]['optional'] extends true ? Name : never]?:
    | F[Name]['draft']
    | undefined
}

/** What a primitive may be to encode. */
export type PrimitiveDraft<P extends Primitive> = P extends 'records' ? Piece : Primitives[P]
