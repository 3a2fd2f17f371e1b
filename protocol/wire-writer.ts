/** The reverse of wire-reader.ts: Kafka's primitive types written, as pieces to send. */
import { putInt32, putInt64 } from './integers.ts'
import { putText, textBytes } from './text.ts'
import { NO_UUID, type Uuid, uuidToBytes } from './uuid.ts'

/** Bytes that are not in memory (a range of a file): passed through to the connection unread. */
export interface ExternalBytes {
  readonly sizeBytes: number
}

/** What a frame to send is made of, in order. */
export type Piece = Buffer | ExternalBytes

// Node makes the global `Buffer` a getter: once is enough.
const { allocUnsafe } = Buffer
/** What the fixed encoding's int16 can say. */
const TEXT_BYTES_MAX = 0x7fff
const CAPACITY_BYTES = 256
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

  readonly #capacityBytes: number

  /** `capacityBytes`: of the buffers it takes, where a message needs no more. */
  constructor(capacityBytes: number = CAPACITY_BYTES) {
    this.#capacityBytes = capacityBytes
    this.#buffer = allocUnsafe(capacityBytes)
  }

  /** Begins another message. What `pieces` gave of those before stays as it is. */
  restart(): void {
    const sizeBytes = this.#buffer.length
    if (sizeBytes > this.#capacityBytes || sizeBytes - this.#position < CAPACITY_BYTES) {
      this.#buffer = allocUnsafe(this.#capacityBytes)
      this.#position = 0
    }
    this.#start = this.#position
    this.#pieces = null
    this.#pieceBytes = 0
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
    const grown = allocUnsafe(Math.max(this.#capacityBytes, 2 * (open.length + sizeBytes)))
    open.copy(grown)
    this.#buffer = grown
    this.#start = 0
    this.#position = open.length + sizeBytes
    return open.length
  }

  #closePiece(): void {
    if (this.#position === this.#start) {
      this.#pieces ??= []
      return
    }
    const piece = this.#buffer.subarray(this.#start, this.#position)
    // A list of one is made to measure: most messages are one piece.
    if (this.#pieces === null) this.#pieces = [piece]
    else this.#pieces.push(piece)
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
      putInt64(buffer, at, value)
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
