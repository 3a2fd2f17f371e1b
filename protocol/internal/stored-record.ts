/**
 * Keys and values of the coordinators' topics: an int16 and a body. A key's int16 is the type of
 * the record, a value's the version of its body. A missing value is a tombstone.
 */
import type { DraftOf, Fields, Message, ValueOf } from '../schema.ts'
import { WireReader } from '../wire-reader.ts'
import { WireWriter } from '../wire-writer.ts'

/** A record whose type this code does not know, or a version of one. It is safe to pass over it. */
export class UnknownRecord extends Error {
  override readonly name = 'UnknownRecord'
}

/** The int16 in front: of a key its type, of a value its version. Throws `UnknownRecord`. */
export function prefixOf(bytes: Buffer): number {
  if (bytes.length < 2) throw new UnknownRecord('a stored record is too short')
  return bytes.readInt16BE(0)
}

/** A key: the declaration's own number is the type. */
export function encodeKey<F extends Fields>(key: Message<F>, draft: DraftOf<Message<F>>): Buffer {
  return encode(key, key.key, 0, draft)
}

/** A value in one of its versions. */
export function encodeValue<F extends Fields>(
  value: Message<F>,
  version: number,
  draft: DraftOf<Message<F>>,
): Buffer {
  return encode(value, version, version, draft)
}

/** Reads a key of a type known to be its own. Throws ProtocolViolation when it is malformed. */
export function decodeKey<F extends Fields>(key: Message<F>, bytes: Buffer): ValueOf<Message<F>> {
  return key.decode(new WireReader(bytes, 2), 0)
}

/** Reads a value, whatever its version. Throws `UnknownRecord`, or ProtocolViolation. */
export function decodeValue<F extends Fields>(
  value: Message<F>,
  bytes: Buffer,
): ValueOf<Message<F>> {
  const version = prefixOf(bytes)
  const { min, max } = value.versions
  if (version < min || version > max) {
    throw new UnknownRecord(`${value.name} has no version ${version}`)
  }
  return value.decode(new WireReader(bytes, 2), version)
}

function encode<F extends Fields>(
  declaration: Message<F>,
  prefix: number,
  version: number,
  draft: DraftOf<Message<F>>,
): Buffer {
  const writer = new WireWriter()
  writer.int16(prefix)
  declaration.encode(writer, version, draft)
  return writer.bytes()
}
