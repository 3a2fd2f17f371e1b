/**
 * CRC-32C in plain JavaScript, slicing by 16: sixteen table look-ups take sixteen bytes. For hosts
 * without the native one; equal to it by test.
 */

const POLYNOMIAL = 0x82f63b78
const SLICES = 16

/** `tables[slice * 256 + byte]`: the effect of `byte` standing `slice` bytes before the end. */
const tables = makeTables()

function makeTables(): Int32Array {
  const made = new Int32Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1))
    made[byte] = crc
  }
  for (let at = 256; at < made.length; at++) {
    const shorter = made[at - 256] as number
    made[at] = (shorter >>> 8) ^ (made[shorter & 0xff] as number)
  }
  return made
}

/** CRC-32C of `bytes`, continued from `seed`. */
export function crc32cInJs(bytes: Uint8Array, seed = 0): number {
  const t = tables
  const end = bytes.length
  let crc = ~seed
  let at = 0
  for (const last = end - SLICES; at <= last; at += SLICES) {
    const a = crc ^ word(bytes, at)
    const b = word(bytes, at + 4)
    const c = word(bytes, at + 8)
    const d = word(bytes, at + 12)
    crc = slice(t, a, 3840) ^ slice(t, b, 2816) ^ slice(t, c, 1792) ^ slice(t, d, 768)
  }
  for (; at < end; at++) {
    crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 0xff] as number)
  }
  return ~crc >>> 0
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** Four bytes at once; `base` is the table of the first of them. */
function slice(t: Int32Array, four: number, base: number): number {
  return (
    (t[base + (four & 0xff)] as number) ^
    (t[base - 256 + ((four >>> 8) & 0xff)] as number) ^
    (t[base - 512 + ((four >>> 16) & 0xff)] as number) ^
    (t[base - 768 + (four >>> 24)] as number)
  )
}
