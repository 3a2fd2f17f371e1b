/**
 * Zigzag base-128 integers, as record batches hold them: 0, -1, 1, -2 ... map to 0, 1, 2, 3 ...,
 * and go seven bits a byte, the lowest first, the top bit set on all but the last.
 */
import { CorruptRecords } from './corrupt-records.ts'

/** The longest a 32-bit one can be. */
export const VARINT_BYTES_MAX = 5
/** The longest a 64-bit one can be. */
export const VARLONG_BYTES_MAX = 10

/** Reads varints one after another. Throws `CorruptRecords` at the end or on too long a one. */
export class VarintCursor {
  bytes: Uint8Array
  /** Where the next read begins. */
  at: number
  /** Exclusive. */
  end: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  /** A signed 32-bit integer. */
  varint(): number {
    const at = this.at
    if (at < this.end) {
      const byte = this.bytes[at]!
      if (byte < 0x80) {
        this.at = at + 1
        return (byte >>> 1) ^ -(byte & 1)
      }
    }
    return this.#longVarint()
  }

  /** A signed 64-bit integer; beyond 2^53 the nearest double. */
  varlong(): number {
    const at = this.at
    if (at < this.end) {
      const byte = this.bytes[at]!
      if (byte < 0x80) {
        this.at = at + 1
        return (byte >>> 1) ^ -(byte & 1)
      }
    }
    return this.#longVarlong()
  }

  #longVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    throw new CorruptRecords('a varint is longer than 32 bits')
  }

  #longVarlong(): number {
    const first = this.byte()
    // Half of the unsigned value, kept apart from its lowest bit: the double stays exact to 2^53.
    let half = (first & 0x7f) >>> 1
    let scale = 64
    let byte = first
    for (let count = 1; byte >= 0x80; count += 1) {
      if (count === VARLONG_BYTES_MAX) throw new CorruptRecords('a varint is longer than 64 bits')
      byte = this.byte()
      if (count === 9 && byte > 1) throw new CorruptRecords('a varint is longer than 64 bits')
      half += (byte & 0x7f) * scale
      scale *= 128
    }
    return (first & 1) === 0 ? half : -half - 1
  }

  /** The next byte. */
  byte(): number {
    if (this.at >= this.end) throw new CorruptRecords('the records end within a record')
    const byte = this.bytes[this.at]!
    this.at += 1
    return byte
  }
}

/** Bytes `writeVarint` takes for a signed 32-bit integer. */
export function varintBytes(value: number): number {
  const bits = ((value << 1) ^ (value >> 31)) >>> 0
  if (bits < 0x80) return 1
  if (bits < 0x4000) return 2
  if (bits < 0x200000) return 3
  return bits < 0x10000000 ? 4 : 5
}

/** Writes a signed 32-bit integer; returns where it ends. The caller made room. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let bits = ((value << 1) ^ (value >> 31)) >>> 0
  while (bits >= 0x80) {
    target[at] = (bits & 0x7f) | 0x80
    bits >>>= 7
    at += 1
  }
  target[at] = bits
  return at + 1
}

/** Bytes `writeVarlong` takes for an integer within ±(2^53 - 1). */
export function varlongBytes(value: number): number {
  let rest = Math.floor((value < 0 ? -value - 1 : value) / 64)
  let size = 1
  while (rest > 0) {
    rest = Math.floor(rest / 128)
    size += 1
  }
  return size
}

/** Writes an integer within ±(2^53 - 1); returns where it ends. The caller made room. */
export function writeVarlong(target: Uint8Array, at: number, value: number): number {
  const sign = value < 0 ? 1 : 0
  const magnitude = sign === 1 ? -value - 1 : value
  let low = (magnitude % 64) * 2 + sign
  let rest = Math.floor(magnitude / 64)
  while (rest > 0) {
    target[at] = low | 0x80
    at += 1
    low = rest % 128
    rest = Math.floor(rest / 128)
  }
  target[at] = low
  return at + 1
}
