/** Reader and writer of each primitive type, by encoding and nullability. */
import { ProtocolViolation } from './errors.ts'
import type { Primitive } from './schema-types.ts'
import type { WireReader } from './wire-reader.ts'
import type { Piece, WireWriter } from './wire-writer.ts'

export type Read = (reader: WireReader) => unknown
export type Write = (writer: WireWriter, value: unknown) => void

/** How a value of one type is coded, in one version. */
export interface ValueCodec {
  readonly read: Read
  readonly write: Write
  /** Fewest bytes a value can take. */
  readonly bytesMin: number
}

/** What decides the encoding of a value besides its type. */
export interface Encoding {
  readonly isFlexible: boolean
  readonly isNullable: boolean
  /** Names the value in errors. */
  readonly path: string
}

/** The codec of a primitive: one shared closure where the encoding does not matter. */
export function primitiveCodec(kind: Primitive, encoding: Encoding): ValueCodec {
  switch (kind) {
    case 'string':
      return encoding.isFlexible ? compactStringCodec(encoding) : stringCodec(encoding)
    case 'bytes':
    case 'records':
      return encoding.isFlexible ? compactBytesCodec(encoding) : bytesCodec(encoding)
    default:
      return FIXED[kind]
  }
}

const FIXED: Readonly<Record<Exclude<Primitive, 'string' | 'bytes' | 'records'>, ValueCodec>> = {
  int8: fixed(
    1,
    reader => reader.int8(),
    (writer, value: number) => writer.int8(value),
  ),
  int16: fixed(
    2,
    reader => reader.int16(),
    (writer, value: number) => writer.int16(value),
  ),
  int32: fixed(
    4,
    reader => reader.int32(),
    (writer, value: number) => writer.int32(value),
  ),
  int64: fixed(
    8,
    reader => reader.int64(),
    (writer, value: number) => writer.int64(value),
  ),
  uint16: fixed(
    2,
    reader => reader.uint16(),
    (writer, value: number) => writer.int16(value),
  ),
  uint32: fixed(
    4,
    reader => reader.uint32(),
    (writer, value: number) => writer.int32(value),
  ),
  float64: fixed(
    8,
    reader => reader.float64(),
    (writer, value: number) => writer.float64(value),
  ),
  bool: fixed(
    1,
    reader => reader.bool(),
    (writer, value: boolean) => writer.bool(value),
  ),
  uuid: fixed(
    16,
    reader => reader.uuid(),
    (writer, value: string) => writer.uuid(value),
  ),
}

function fixed<Value>(
  bytesMin: number,
  read: (reader: WireReader) => Value,
  write: (writer: WireWriter, value: Value) => void,
): ValueCodec {
  return { bytesMin, read, write: write as Write }
}

function stringCodec({ isNullable, path }: Encoding): ValueCodec {
  return fixed(
    2,
    reader => {
      const sizeBytes = reader.stringLength()
      return sizeBytes < 0 ? nullRead(isNullable, path) : reader.text(sizeBytes)
    },
    (writer, value: string | null) => {
      if (value === null) checkNullWritten(isNullable, path)
      writer.string(value)
    },
  )
}

function compactStringCodec({ isNullable, path }: Encoding): ValueCodec {
  return fixed(
    1,
    reader => {
      const sizeBytes = reader.compactLength()
      return sizeBytes < 0 ? nullRead(isNullable, path) : reader.text(sizeBytes)
    },
    (writer, value: string | null) => {
      if (value === null) checkNullWritten(isNullable, path)
      writer.compactString(value)
    },
  )
}

function bytesCodec({ isNullable, path }: Encoding): ValueCodec {
  return fixed(
    4,
    reader => {
      const sizeBytes = reader.bytesLength()
      return sizeBytes < 0 ? nullRead(isNullable, path) : reader.view(sizeBytes)
    },
    (writer, value: Piece | null) => {
      if (value === null) checkNullWritten(isNullable, path)
      writer.sizedBytes(value)
    },
  )
}

function compactBytesCodec({ isNullable, path }: Encoding): ValueCodec {
  return fixed(
    1,
    reader => {
      const sizeBytes = reader.compactLength()
      return sizeBytes < 0 ? nullRead(isNullable, path) : reader.view(sizeBytes)
    },
    (writer, value: Piece | null) => {
      if (value === null) checkNullWritten(isNullable, path)
      writer.compactBytes(value)
    },
  )
}

/** What a null on the wire is worth: null, or the end of the connection. */
export function nullRead(isNullable: boolean, path: string): null {
  if (!isNullable) throw new ProtocolViolation(`${path} is null, and may not be`)
  return null
}

/** A null where the version has none is a mistake of ours. */
export function checkNullWritten(isNullable: boolean, path: string): void {
  if (!isNullable) throw new Error(`${path} is null, and may not be`)
}
