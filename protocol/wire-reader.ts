/**
 * Kafka's primitive types read from bytes: big-endian integers, strings, lengths of both encodings
 * (fixed until a message turns flexible, varint after: KIP-482). Every bound is checked here and
 * nowhere else; what fails is a ProtocolViolation, whatever the bytes were.
 *
 * An int64 is a number. 2^63-1 and -2^63, which Kafka uses for "no limit", are Infinity and
 * -Infinity; any other value beyond ±(2^53-1) is refused.
 */
import { ProtocolViolation } from './errors.ts'
import { int16At, int32At } from './integers.ts'
import { textAt } from './text.ts'
import type { TextCache } from './text-cache.ts'
import { NO_UUID, type Uuid, uuidFromBytes } from './uuid.ts'

const TWO_32 = 0x1_0000_0000
const EMPTY = Buffer.alloc(0)

/**
 * Reads one message's bytes from front to back. Buffers it returns are views of the given one and
 * live as long as that does.
 */
export class WireReader {
  readonly buffer: Buffer
  /** The next byte to read. */
  position: number
  /** Exclusive. */
  readonly end: number
  readonly #texts: TextCache | null

  /** `texts`: for strings that messages repeat. */
  constructor(buffer: Buffer, start = 0, end = buffer.length, texts: TextCache | null = null) {
    this.buffer = buffer
    this.position = start
    this.end = end
    this.#texts = texts
  }

  get remaining(): number {
    return this.end - this.position
  }

  #take(sizeBytes: number): number {
    const at = this.position
    if (sizeBytes > this.end - at) throw truncated(sizeBytes, this.end - at)
    this.position = at + sizeBytes
    return at
  }

  int8(): number {
    return (this.buffer[this.#take(1)]! << 24) >> 24
  }

  /** Any byte but 0 is true, as in Kafka. */
  bool(): boolean {
    return this.buffer[this.#take(1)] !== 0
  }

  int16(): number {
    return int16At(this.buffer, this.#take(2))
  }

  uint16(): number {
    const at = this.#take(2)
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!
  }

  int32(): number {
    return int32At(this.buffer, this.#take(4))
  }

  uint32(): number {
    return int32At(this.buffer, this.#take(4)) >>> 0
  }

  int64(): number {
    const at = this.#take(8)
    const high = int32At(this.buffer, at)
    const low = int32At(this.buffer, at + 4) >>> 0
    const value = high * TWO_32 + low
    if (high >= -0x20_0000 && high < 0x20_0000 && value !== -(2 ** 53)) return value
    if (high === 0x7fff_ffff && low === 0xffff_ffff) return Number.POSITIVE_INFINITY
    if (high === -0x8000_0000 && low === 0) return Number.NEGATIVE_INFINITY
    throw new ProtocolViolation(`int64 beyond ±(2^53-1), about ${value}`)
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.#take(8))
  }

  uuid(): Uuid {
    const { buffer } = this
    const at = this.#take(16)
    let bits = 0
    for (let i = at; i < at + 16; i++) bits |= buffer[i]!
    return bits === 0 ? NO_UUID : uuidFromBytes(buffer, at)
  }

  /** Base 128, least significant group first, at most 32 bits in at most 5 bytes. */
  uvarint(): number {
    const { buffer, end } = this
    let at = this.position
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw truncated(1, 0)
      const byte = buffer[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.position = at
        return value
      }
    }
    if (at >= end) throw truncated(1, 0)
    const last = buffer[at++]!
    if (last > 0x0f) throw new ProtocolViolation('varint of more than 32 bits')
    this.position = at
    return (value | (last << 28)) >>> 0
  }

  /** Length of a string in the fixed encoding; -1 is null. */
  stringLength(): number {
    return checkedLength(this.int16(), this.end - this.position)
  }

  /** Length of bytes or records in the fixed encoding; -1 is null. */
  bytesLength(): number {
    return checkedLength(this.int32(), this.end - this.position)
  }

  /** Length of a string, bytes or records in the compact encoding; -1 is null. */
  compactLength(): number {
    return checkedLength(this.uvarint() - 1, this.end - this.position)
  }

  /** Element count of an array, -1 for null; there is room left for so many elements. */
  arrayLength(elementBytesMin: number): number {
    return checkedLength(this.int32(), (this.end - this.position) / elementBytesMin)
  }

  /** The same in the compact encoding. */
  compactArrayLength(elementBytesMin: number): number {
    return checkedLength(this.uvarint() - 1, (this.end - this.position) / elementBytesMin)
  }

  /** So many bytes as text; invalid UTF-8 is refused. */
  text(sizeBytes: number): string {
    const at = this.#take(sizeBytes)
    const texts = this.#texts
    if (texts !== null) return texts.textAt(this.buffer, at, at + sizeBytes)
    return textAt(this.buffer, at, at + sizeBytes)
  }

  /** So many bytes as a view. */
  view(sizeBytes: number): Buffer {
    const at = this.#take(sizeBytes)
    return sizeBytes === 0 ? EMPTY : this.buffer.subarray(at, at + sizeBytes)
  }

  /** Passes over so many bytes. */
  skip(sizeBytes: number): void {
    this.#take(sizeBytes)
  }

  /** Passes over a block of tagged fields none of which is known (KIP-482). */
  skipTaggedFields(): void {
    let previous = -1
    for (let left = this.uvarint(); left > 0; left--) {
      previous = this.tag(previous)
      this.skip(this.uvarint())
    }
  }

  /** The next tag. KIP-482: tags ascend, so one that repeats is malformed. */
  tag(previous: number): number {
    const tag = this.uvarint()
    if (tag <= previous) throw new ProtocolViolation(`tag ${tag} after tag ${previous}`)
    return tag
  }
}

function checkedLength(length: number, lengthMax: number): number {
  if (length > lengthMax || length < -1) {
    throw new ProtocolViolation(`length ${length}, at most ${Math.floor(lengthMax)} possible`)
  }
  return length
}

function truncated(wanted: number, left: number): ProtocolViolation {
  return new ProtocolViolation(`${wanted} bytes wanted, ${left} left`)
}
