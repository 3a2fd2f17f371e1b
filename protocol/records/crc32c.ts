/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) in plain JavaScript, sixteen bytes a step.
 * Hosts with a native one use that; this is the reference and the fallback.
 */
const POLYNOMIAL = 0x82f63b78
const SLICES = 16

/** `TABLE[256 * n + b]`: what byte `b` does to the checksum with `n` zero bytes behind it. */
const TABLE = makeTable()

function makeTable(): Int32Array {
  const table = new Int32Array(256 * SLICES)
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    table[byte] = crc
  }
  for (let at = 256; at < table.length; at += 1) {
    const before = table[at - 256]!
    table[at] = table[before & 0xff]! ^ (before >>> 8)
  }
  return table
}

/** The checksum of `bytes` as an unsigned 32-bit number, continued from `seed` (0 to begin). */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const t = TABLE
  let crc = ~seed
  let at = 0
  const wholeEnd = bytes.length - (bytes.length % SLICES)
  while (at < wholeEnd) {
    const b = bytes
    crc =
      t[3840 + (b[at]! ^ (crc & 0xff))]! ^
      t[3584 + (b[at + 1]! ^ ((crc >>> 8) & 0xff))]! ^
      t[3328 + (b[at + 2]! ^ ((crc >>> 16) & 0xff))]! ^
      t[3072 + (b[at + 3]! ^ (crc >>> 24))]! ^
      t[2816 + b[at + 4]!]! ^
      t[2560 + b[at + 5]!]! ^
      t[2304 + b[at + 6]!]! ^
      t[2048 + b[at + 7]!]! ^
      t[1792 + b[at + 8]!]! ^
      t[1536 + b[at + 9]!]! ^
      t[1280 + b[at + 10]!]! ^
      t[1024 + b[at + 11]!]! ^
      t[768 + b[at + 12]!]! ^
      t[512 + b[at + 13]!]! ^
      t[256 + b[at + 14]!]! ^
      t[b[at + 15]!]!
    at += SLICES
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
