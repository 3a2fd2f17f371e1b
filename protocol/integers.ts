/**
 * Big-endian integers in bytes that are known to be there: nothing is checked, a read beyond the
 * end gives nonsense. Node's own accessors cost several times as much where headers are read.
 *
 * 64 bits are two halves, no BigInt: exact to 2^53, what lies beyond rounds to the nearest double.
 */
const TWO_32 = 0x1_0000_0000

export function int16At(bytes: Uint8Array, at: number): number {
  return (((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16
}

export function int32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

export function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) * TWO_32 + (int32At(bytes, at + 4) >>> 0)
}

/** The lowest 32 bits of `value`. */
export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export function putInt64(bytes: Uint8Array, at: number, value: number): void {
  putInt32(bytes, at, Math.floor(value / TWO_32))
  putInt32(bytes, at + 4, value)
}
