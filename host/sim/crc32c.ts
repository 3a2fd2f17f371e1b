import type { Crc32c } from '../host.ts'

/** CRC-32C by one table of 256 entries: small and plain. Real hosts have faster ones. */
export const simpleCrc32c: Crc32c = (bytes, seed = 0) => {
  let crc = ~seed
  for (let i = 0; i < bytes.length; i++) {
    crc = (TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

const TABLE: Readonly<Int32Array> = Int32Array.from({ length: 256 }, (_, byte) => {
  let entry = byte
  for (let bit = 0; bit < 8; bit++) {
    // 0x82f63b78 is Castagnoli's polynomial, bits reversed.
    entry = entry & 1 ? (entry >>> 1) ^ 0x82f63b78 : entry >>> 1
  }
  return entry
})
