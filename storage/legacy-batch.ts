/**
 * Message formats 0 and 1, which this broker does not read but must not mistake for garbage:
 *
 *   0  int64  offset    8  int32  bytes that follow    12  uint32  CRC-32 (of zip) from byte 16 on
 *   16 int8   magic 0 or 1
 */
const POLYNOMIAL = 0xedb88320
const CRC_AT = 12
const COVERED_FROM = 16
/** Envelope, checksum, magic, attributes, and lengths of key and value. */
const SIZE_MIN = 26

/** Whether these bytes, to the last, are one message of an old format, by its checksum. */
export function isLegacyBatch(bytes: Buffer): boolean {
  if (bytes.length < SIZE_MIN || (bytes[COVERED_FROM] as number) > 1) return false
  return crc32(bytes.subarray(COVERED_FROM)) === bytes.readUInt32BE(CRC_AT)
}

/** Bit by bit: it is asked for once a folder at most. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
  }
  return ~crc >>> 0
}
