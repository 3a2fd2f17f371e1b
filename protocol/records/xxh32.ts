import { littleEndian4 } from './byte-runs.ts'

/** xxHash, 32 bits: the checksum of lz4 frames. Little-endian, sixteen bytes a step. */
const PRIME_1 = 0x9e3779b1
const PRIME_2 = 0x85ebca77
const PRIME_3 = 0xc2b2ae3d
const PRIME_4 = 0x27d4eb2f
const PRIME_5 = 0x165667b1

/** The hash of bytes that come piece by piece. */
export class Xxh32 {
  /** What is left of the pieces so far: less than a step. */
  readonly #tail = new Uint8Array(16)
  #tailBytes = 0
  #a = (PRIME_1 + PRIME_2) | 0
  #b = PRIME_2 | 0
  #c = 0
  #d = -PRIME_1 | 0
  #size = 0

  /** Takes a piece, of any length. */
  add(bytes: Uint8Array): void {
    let at = 0
    if (this.#tailBytes > 0) {
      at = Math.min(bytes.length, 16 - this.#tailBytes)
      this.#tail.set(bytes.subarray(0, at), this.#tailBytes)
      this.#tailBytes += at
      if (this.#tailBytes < 16) return
      this.#steps(this.#tail, 0, 16)
      this.#tailBytes = 0
    }
    at = this.#steps(bytes, at, bytes.length)
    this.#tail.set(bytes.subarray(at), 0)
    this.#tailBytes = bytes.length - at
  }

  /** The hash of all pieces. Unsigned. */
  digest(): number {
    return this.#finish(this.#tail, 0, this.#tailBytes)
  }

  /** The hash of one piece, of which no copy is made. Unsigned. */
  digestOf(bytes: Uint8Array, from: number, to: number): number {
    return this.#finish(bytes, this.#steps(bytes, from, to), to)
  }

  /** Takes whole steps of sixteen bytes from `from` on, to `to` at most; returns where it ended. */
  #steps(bytes: Uint8Array, from: number, to: number): number {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d]
    let at = from
    for (; at + 16 <= to; at += 16) {
      a = round(a, bytes, at)
      b = round(b, bytes, at + 4)
      c = round(c, bytes, at + 8)
      d = round(d, bytes, at + 12)
    }
    this.#a = a
    this.#b = b
    this.#c = c
    this.#d = d
    this.#size += at - from
    return at
  }

  #finish(bytes: Uint8Array, from: number, to: number): number {
    let at = from
    let hash = PRIME_5 | 0
    if (this.#size > 0) {
      hash = rotate(this.#a, 1) + rotate(this.#b, 7) + rotate(this.#c, 12) + rotate(this.#d, 18)
    }
    hash = (hash + this.#size + (to - at)) | 0
    for (; at + 4 <= to; at += 4) {
      hash = (hash + Math.imul(littleEndian4(bytes, at), PRIME_3)) | 0
      hash = Math.imul(rotate(hash, 17), PRIME_4)
    }
    for (; at < to; at += 1) {
      hash = (hash + Math.imul(bytes[at]!, PRIME_5)) | 0
      hash = Math.imul(rotate(hash, 11), PRIME_1)
    }
    hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
    hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
    return (hash ^ (hash >>> 16)) >>> 0
  }
}

/** The hash of `bytes` from `from` to `to` (exclusive), with seed 0. Unsigned. */
export function xxh32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  return new Xxh32().digestOf(bytes, from, to)
}

function round(accumulator: number, bytes: Uint8Array, at: number): number {
  const mixed = (accumulator + Math.imul(littleEndian4(bytes, at), PRIME_2)) | 0
  return Math.imul(rotate(mixed, 13), PRIME_1)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
