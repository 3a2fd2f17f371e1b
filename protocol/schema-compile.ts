/**
 * Turns the declaration of a struct, at one version, into a pair of closures that never look at a
 * version again. Which fields are there, how they are encoded and what the others default to is
 * all decided here, once per (message, version).
 */
import { ProtocolViolation } from './errors.ts'
import { isDefault, zeroOf } from './schema-defaults.ts'
import {
  checkNullWritten,
  nullRead,
  primitiveCodec,
  type Read,
  type ValueCodec,
  type Write,
} from './schema-primitives.ts'
import type {
  Build,
  ByHand,
  ElementType,
  FieldSpec,
  Fields,
  FieldType,
  VersionRange,
} from './schema-types.ts'
import type { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

/** What the closures of one struct are compiled for. */
export interface CompileContext {
  readonly version: number
  readonly isFlexible: boolean
  /** Names the struct in errors: 'FetchRequest v12.topics'. */
  readonly path: string
}

interface ValueContext extends CompileContext {
  readonly isNullable: boolean
}

/** A struct's value under construction, or a draft: its fields by name. */
type Values = Record<string, unknown>

/** A field that is on the wire in this version. */
interface PresentField {
  readonly name: string
  readonly read: Read
  readonly write: Write
  readonly fallback: unknown
  readonly tagNumber: number
}

interface AbsentField {
  readonly name: string
  readonly fallback: unknown
}

interface Layout {
  /** In wire order. */
  readonly plain: readonly PresentField[]
  /** By ascending tag. */
  readonly tagged: readonly PresentField[]
  /** Those a draft must not set, for the version would lose them. */
  readonly refused: readonly AbsentField[]
  /** A value with every field at its fallback. */
  readonly template: Readonly<Values>
  readonly bytesMin: number
}

/** Compiles a struct, and all structs in it. */
export function compileStruct(
  fields: Fields,
  context: CompileContext,
  build?: Build | undefined,
  byHand?: ByHand | undefined,
): ValueCodec {
  const layout = layOut(fields, context)
  const readByHand = byHand?.read?.(context.version)
  const writeByHand = byHand?.write?.(context.version)
  const write = structWriter(layout, context)
  return {
    read: readByHand
      ? handReader(layout, context, readByHand)
      : build
        ? builtReader(layout, context, build)
        : structReader(layout, context),
    write: writeByHand ? handWriter(writeByHand, write) : write,
    bytesMin: layout.bytesMin,
  }
}

function layOut(fields: Fields, context: CompileContext): Layout {
  const plain: PresentField[] = []
  const tagged: PresentField[] = []
  const refused: AbsentField[] = []
  const template: Values = {}
  let bytesMin = context.isFlexible ? 1 : 0
  for (const [name, { spec }] of Object.entries(fields)) {
    const fallback = fallbackOf(spec)
    template[name] = fallback
    const isTagged = context.isFlexible && includes(spec.tagged, context.version)
    if (!isTagged && !includes(spec.versions, context.version)) {
      if (!spec.isIgnorable) refused.push({ name, fallback })
      continue
    }
    const codec = valueCodec(spec.type, encodingOf(name, spec, context))
    const { read, write } = codec
    if (isTagged) tagged.push({ name, read, write, fallback, tagNumber: spec.tagNumber })
    else {
      plain.push({ name, read, write, fallback, tagNumber: -1 })
      bytesMin += codec.bytesMin
    }
  }
  tagged.sort((a, b) => a.tagNumber - b.tagNumber)
  return { plain, tagged, refused, template, bytesMin }
}

/** A field's own version range may override the flexibility of its struct. */
function encodingOf(name: string, spec: FieldSpec, context: CompileContext): ValueContext {
  const { version } = context
  return {
    version,
    isFlexible: spec.flexible === null ? context.isFlexible : includes(spec.flexible, version),
    isNullable: includes(spec.nullable, version),
    path: `${context.path}.${name}`,
  }
}

function includes(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max
}

function fallbackOf(spec: FieldSpec): unknown {
  return spec.fallback === undefined ? zeroOf(spec.type) : spec.fallback
}

function structReader(layout: Layout, context: CompileContext): Read {
  const { template } = layout
  const names = layout.plain.map(field => field.name)
  const reads = layout.plain.map(field => field.read)
  const count = reads.length
  const readTagged = context.isFlexible ? taggedReader(layout, context) : null
  return reader => {
    const value: Values = { ...template }
    for (let i = 0; i < count; i++) value[names[i]!] = reads[i]!(reader)
    if (readTagged !== null) readTagged(reader, value)
    return value
  }
}

/** As `structReader`, for a declaration that says how to build the value. */
function builtReader(layout: Layout, context: CompileContext, build: Build): Read {
  const names = Object.keys(layout.template)
  const built = build(names) as Values
  if (names.some(name => built[name] !== name)) throw new Error(`${context.path} is built wrong`)
  const fallbacks = Object.values(layout.template)
  const slots = layout.plain.map(field => names.indexOf(field.name))
  const reads = layout.plain.map(field => field.read)
  const count = reads.length
  const readTagged = context.isFlexible ? taggedReader(layout, context) : null
  return reader => {
    const values = fallbacks.slice()
    for (let i = 0; i < count; i++) values[slots[i]!] = reads[i]!(reader)
    const value = build(values) as Values
    if (readTagged !== null) readTagged(reader, value)
    return value
  }
}

/** As `structReader`, for a declaration whose fields are read by hand. */
function handReader(
  layout: Layout,
  context: CompileContext,
  read: (reader: WireReader) => object,
): Read {
  if (!context.isFlexible) return read
  const readTagged = taggedReader(layout, context)
  return reader => {
    const value = read(reader)
    readTagged(reader, value as Values)
    return value
  }
}

function handWriter(
  writeUsual: (writer: WireWriter, draft: object) => boolean,
  write: Write,
): Write {
  return (writer, draft) => {
    if (!writeUsual(writer, draft as object)) write(writer, draft)
  }
}

function taggedReader(layout: Layout, { path }: CompileContext) {
  if (layout.tagged.length === 0) return (reader: WireReader) => reader.skipTaggedFields()
  const byTag = new Map(layout.tagged.map(field => [field.tagNumber, field]))
  return (reader: WireReader, value: Values): void => {
    let previous = -1
    for (let left = reader.uvarint(); left > 0; left--) {
      previous = reader.tag(previous)
      const sizeBytes = reader.uvarint()
      const field = byTag.get(previous)
      if (field === undefined) {
        reader.skip(sizeBytes)
        continue
      }
      const next = reader.position + sizeBytes
      value[field.name] = field.read(reader)
      if (reader.position !== next) {
        throw new ProtocolViolation(`${path}.${field.name} does not fill its ${sizeBytes} bytes`)
      }
    }
  }
}

function structWriter(layout: Layout, context: CompileContext): Write {
  const { plain, refused } = layout
  const writeTagged = context.isFlexible ? taggedWriter(layout) : null
  return (writer, draft) => {
    const values = draft as Values
    for (const field of plain) {
      const value = values[field.name]
      field.write(writer, value === undefined ? field.fallback : value)
    }
    if (writeTagged !== null) writeTagged(writer, values)
    for (const field of refused) {
      if (isDefault(values[field.name], field.fallback)) continue
      throw new Error(`${context.path}.${field.name} is set, and this version cannot carry it`)
    }
  }
}

function taggedWriter(layout: Layout) {
  if (layout.tagged.length === 0) return (writer: WireWriter) => writer.int8(0)
  return (writer: WireWriter, values: Values): void => {
    const sent = layout.tagged.filter(field => !isDefault(values[field.name], field.fallback))
    writer.uvarint(sent.length)
    for (const field of sent) {
      const inner = new WireWriter()
      field.write(inner, values[field.name])
      writer.uvarint(field.tagNumber)
      writer.uvarint(inner.sizeBytes)
      for (const piece of inner.pieces()) writer.raw(piece)
    }
  }
}

function valueCodec(type: FieldType, context: ValueContext): ValueCodec {
  if (type.kind === 'array') return arrayCodec(type.element, context)
  if (type.kind !== 'struct') return primitiveCodec(type.kind, context)
  if (context.isNullable) return nullableStructCodec(type.fields, context)
  return compileStruct(type.fields, context, type.build, type.byHand)
}

/** A nullable struct has a byte before it: negative for null. */
function nullableStructCodec(fields: Fields, context: CompileContext): ValueCodec {
  const { read, write } = compileStruct(fields, context)
  return {
    bytesMin: 1,
    read: reader => (reader.int8() < 0 ? null : read(reader)),
    write: (writer, value) => {
      writer.int8(value === null ? -1 : 1)
      if (value !== null) write(writer, value)
    },
  }
}

/** Longer arrays grow as their elements arrive: a count is a claim. */
const PRESIZED_ELEMENTS_MAX = 1024

function arrayCodec(elementType: ElementType, context: ValueContext): ValueCodec {
  const { isFlexible, isNullable, path } = context
  const element = valueCodec(elementType, { ...context, isNullable: false })
  const elementBytesMin = Math.max(1, element.bytesMin)
  const readElement = element.read
  const writeElement = element.write
  return {
    bytesMin: isFlexible ? 1 : 4,
    read: reader => {
      const count = isFlexible
        ? reader.compactArrayLength(elementBytesMin)
        : reader.arrayLength(elementBytesMin)
      if (count <= 0) return count === 0 ? [] : nullRead(isNullable, path)
      if (count === 1) return [readElement(reader)]
      const elements = new Array(Math.min(count, PRESIZED_ELEMENTS_MAX))
      for (let i = 0; i < count; i++) elements[i] = readElement(reader)
      return elements
    },
    write: (writer, value) => {
      const elements = value as readonly unknown[] | null
      const count = elements === null ? -1 : elements.length
      if (isFlexible) writer.uvarint(count + 1)
      else writer.int32(count)
      if (elements === null) checkNullWritten(isNullable, path)
      else for (let i = 0; i < count; i++) writeElement(writer, elements[i])
    },
  }
}
