/**
 * Kafka's primitive types over bytes: big-endian integers, strings, lengths of both encodings
 * (fixed until a message turns flexible, varint after: KIP-482). Every bound is checked here and
 * nowhere else; what fails is a ProtocolViolation, whatever the bytes were.
 *
 * An int64 is a number. 2^63-1 and -2^63, which Kafka uses for "no limit", are Infinity and
 * -Infinity; any other value beyond ±(2^53-1) is refused.
 */
import { ProtocolViolation } from './errors.ts'
import { putText, textAt, textBytes } from './text.ts'
import { NO_UUID, type Uuid, uuidFromBytes, uuidToBytes } from './uuid.ts'

/** Bytes that are not in memory (a range of a file): passed through to the connection unread. */
export interface ExternalBytes {
  readonly sizeBytes: number
}

/** What a frame to send is made of, in order. */
export type Piece = Buffer | ExternalBytes

const TWO_32 = 0x1_0000_0000
const EMPTY = Buffer.alloc(0)
/** What the fixed encoding's int16 can say. */
const TEXT_BYTES_MAX = 0x7fff

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

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer
    this.position = start
    this.end = end
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
    const at = this.#take(2)
    return (((this.buffer[at]! << 8) | this.buffer[at + 1]!) << 16) >> 16
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

const CAPACITY_BYTES = 256
/** What was closed is not copied again, so a long message costs few steps and no more memory. */
const GROWTH = 4
/** Bytes from this length on are sent from where they are, not copied. */
const REFERENCED_BYTES_MIN = 1024

/**
 * Writes one message into a buffer that grows. Long bytes and ranges of files are referenced in
 * between, so the result is a list of pieces; what is referenced must not change until it is sent.
 */
export class WireWriter {
  #buffer: Buffer
  #pieces: Piece[] | null = null
  /** Bytes in `#pieces`. */
  #pieceBytes = 0
  /** Where in `#buffer` the piece begins that is not closed yet. */
  #start = 0
  #position = 0

  constructor(capacityBytes: number = CAPACITY_BYTES) {
    this.#buffer = Buffer.allocUnsafe(capacityBytes)
  }

  /** Bytes written so far, referenced ones included. */
  get sizeBytes(): number {
    return this.#pieceBytes + this.#position - this.#start
  }

  /** All that was written, in order. The first is a Buffer, unless nothing came before a range. */
  pieces(): Piece[] {
    this.#closePiece()
    return this.#pieces ?? []
  }

  /** All that was written as one buffer; refuses (with an Error) if a range of a file is in it. */
  bytes(): Buffer {
    const pieces = this.pieces()
    if (pieces.length === 1 && pieces[0] instanceof Uint8Array) return pieces[0] as Buffer
    return Buffer.concat(pieces.map(memoryOnly))
  }

  #reserve(sizeBytes: number): number {
    const at = this.#position
    const next = at + sizeBytes
    if (next > this.#buffer.length) return this.#grow(sizeBytes)
    this.#position = next
    return at
  }

  #grow(sizeBytes: number): number {
    const open = this.#buffer.subarray(this.#start, this.#position)
    const grown = Buffer.allocUnsafe(
      Math.max(GROWTH * this.#buffer.length, 2 * (open.length + sizeBytes)),
    )
    open.copy(grown)
    this.#buffer = grown
    this.#start = 0
    this.#position = open.length + sizeBytes
    return open.length
  }

  #closePiece(): void {
    this.#pieces ??= []
    if (this.#position === this.#start) return
    this.#pieces.push(this.#buffer.subarray(this.#start, this.#position))
    this.#pieceBytes += this.#position - this.#start
    this.#start = this.#position
  }

  int8(value: number): void {
    const at = this.#reserve(1)
    this.#buffer[at] = value
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  /** Signed or unsigned. */
  int16(value: number): void {
    const at = this.#reserve(2)
    const buffer = this.#buffer
    buffer[at] = value >> 8
    buffer[at + 1] = value
  }

  /** Signed or unsigned. */
  int32(value: number): void {
    const at = this.#reserve(4)
    putInt32(this.#buffer, at, value)
  }

  /** An integer within ±(2^53-1), or an infinity for the ends of Kafka's range. */
  int64(value: number): void {
    const at = this.#reserve(8)
    const buffer = this.#buffer
    if ((value | 0) === value) {
      putInt32(buffer, at, value >> 31)
      putInt32(buffer, at + 4, value)
    } else if (Number.isSafeInteger(value)) {
      putInt32(buffer, at, Math.floor(value / TWO_32))
      putInt32(buffer, at + 4, value)
    } else if (value === Number.POSITIVE_INFINITY) {
      putInt32(buffer, at, 0x7fff_ffff)
      putInt32(buffer, at + 4, -1)
    } else if (value === Number.NEGATIVE_INFINITY) {
      putInt32(buffer, at, -0x8000_0000)
      putInt32(buffer, at + 4, 0)
    } else {
      throw new RangeError(`${value} is not an int64`)
    }
  }

  float64(value: number): void {
    const at = this.#reserve(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  uuid(value: Uuid): void {
    const at = this.#reserve(16)
    if (value === NO_UUID) this.#buffer.fill(0, at, at + 16)
    else uuidToBytes(value).copy(this.#buffer, at)
  }

  /** An unsigned integer of 32 bits, base 128. */
  uvarint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.int8((rest & 0x7f) | 0x80)
      rest = rest >>> 7
    }
    this.int8(rest)
  }

  /** Length (-1 for null) and bytes of a string in the fixed encoding. */
  string(value: string | null): void {
    const sizeBytes = value === null ? -1 : textBytes(value)
    if (sizeBytes > TEXT_BYTES_MAX) throw new RangeError(`string of ${sizeBytes} bytes`)
    this.int16(sizeBytes)
    if (value !== null) this.#text(value, sizeBytes)
  }

  /** Length and bytes of a string in the compact encoding. */
  compactString(value: string | null): void {
    const sizeBytes = value === null ? -1 : textBytes(value)
    this.uvarint(sizeBytes + 1)
    if (value !== null) this.#text(value, sizeBytes)
  }

  #text(value: string, sizeBytes: number): void {
    const at = this.#reserve(sizeBytes)
    putText(this.#buffer, at, value, sizeBytes)
  }

  /** Length and bytes, referenced from `REFERENCED_BYTES_MIN` on, in the fixed encoding. */
  sizedBytes(value: Piece | null): void {
    const sizeBytes = value === null ? -1 : pieceBytes(value)
    this.int32(sizeBytes)
    if (value !== null) this.#put(value, sizeBytes)
  }

  /** The same in the compact encoding. */
  compactBytes(value: Piece | null): void {
    const sizeBytes = value === null ? -1 : pieceBytes(value)
    this.uvarint(sizeBytes + 1)
    if (value !== null) this.#put(value, sizeBytes)
  }

  /** Bytes with no length before them. */
  raw(value: Piece): void {
    this.#put(value, pieceBytes(value))
  }

  #put(value: Piece, sizeBytes: number): void {
    if (sizeBytes < REFERENCED_BYTES_MIN && value instanceof Uint8Array) {
      const at = this.#reserve(sizeBytes)
      this.#buffer.set(value, at)
      return
    }
    if (sizeBytes === 0) return
    this.#closePiece()
    this.#pieces!.push(value)
    this.#pieceBytes += sizeBytes
  }
}

/** Bytes of a piece, wherever it lies. */
export function pieceBytes(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.sizeBytes
}

function memoryOnly(piece: Piece): Buffer {
  if (!(piece instanceof Uint8Array)) throw new Error('a range of a file is not in memory')
  return piece as Buffer
}

function putInt32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24
  buffer[at + 1] = value >>> 16
  buffer[at + 2] = value >>> 8
  buffer[at + 3] = value
}

function int32At(buffer: Buffer, at: number): number {
  return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!
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
