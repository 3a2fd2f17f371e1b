/** Runs of at most this many bytes are copied by hand, longer ones by the engine. */
const BY_HAND_BYTES = 32

/** Copies `length` bytes between two arrays. */
export function copyRun(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
  length: number,
): void {
  if (length > BY_HAND_BYTES) target.set(source.subarray(from, from + length), to)
  else for (let i = 0; i < length; i += 1) target[to + i] = source[from + i]!
}

/**
 * Repeats at `to` what lies `offset` bytes before it. Where source and target overlap, bytes just
 * written are read again: an offset of 1 fills with one byte.
 */
export function repeatRun(bytes: Uint8Array, to: number, offset: number, length: number): void {
  const from = to - offset
  if (length > BY_HAND_BYTES && offset >= length) {
    bytes.copyWithin(to, from, from + length)
    return
  }
  for (let i = 0; i < length; i += 1) bytes[to + i] = bytes[from + i]!
}

/** Four bytes, the lowest first, as a signed integer. */
export function littleEndian4(b: Uint8Array, at: number): number {
  return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)
}
