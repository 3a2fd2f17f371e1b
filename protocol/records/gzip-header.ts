/**
 * The header of a gzip member (RFC 1952), little-endian:
 *
 * ```
 *   1f 8b, 08, int8 flags, int32 time, 2 bytes
 *   flag 4: int16 size and that many bytes; flag 8: a name up to a 0; flag 16: a comment up to a 0;
 *   flag 2: the lower half of the CRC-32 of all that
 * ```
 *
 * Behind the deflated bytes follow their CRC-32 and their size modulo 2^32.
 */
const CRC = 0x02
const EXTRA = 0x04
const NAME = 0x08
const COMMENT = 0x10

/** Bytes of what follows the deflated bytes of a member. */
export const GZIP_TRAILER_BYTES = 8

/** Where the header that begins at `start` ends; -1 when no whole header begins there. */
export function gzipHeaderEnd(
  bytes: Uint8Array,
  start: number,
  crc32: (bytes: Uint8Array) => number,
): number {
  let at = start + 10
  if (at > bytes.length) return -1
  if (bytes[start] !== 0x1f || bytes[start + 1] !== 0x8b || bytes[start + 2] !== 8) return -1
  const flags = bytes[start + 3]!
  if ((flags & EXTRA) !== 0) {
    if (at + 2 > bytes.length) return -1
    at += 2 + (bytes[at]! | (bytes[at + 1]! << 8))
  }
  for (const flag of [NAME, COMMENT]) {
    if ((flags & flag) === 0) continue
    const zero = bytes.indexOf(0, at)
    if (zero < 0) return -1
    at = zero + 1
  }
  if ((flags & CRC) !== 0) {
    if (at + 2 > bytes.length) return -1
    const found = bytes[at]! | (bytes[at + 1]! << 8)
    if ((crc32(bytes.subarray(start, at)) & 0xffff) !== found) return -1
    at += 2
  }
  return at > bytes.length ? -1 : at
}
