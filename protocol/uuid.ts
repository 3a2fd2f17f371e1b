/** Ids of topics, members, directories: 16 bytes on the wire, 22 characters of base64 inside. */

/** A UUID as Kafka prints it: URL-safe base64 without padding, always 22 characters. */
export type Uuid = string

/** Sixteen zero bytes: Kafka's way of saying "no id". */
export const NO_UUID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** The id of `__cluster_metadata`, reserved by Kafka (KIP-516). */
export const METADATA_TOPIC_ID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ'

const UUID_BYTES = 16
// 128 bits in 22 characters of 6 leave 4 bits of the last one at zero: only A, Q, g, w can end it.
const PATTERN = /^[A-Za-z0-9_-]{21}[AQgw]$/

/** Reads the 16 bytes at `at`; the caller has checked that they are there. */
export function uuidFromBytes(buffer: Buffer, at: number): Uuid {
  return buffer.toString('base64url', at, at + UUID_BYTES)
}

/** A fresh buffer of the id's 16 bytes; throws a RangeError if `text` is no UUID. */
export function uuidToBytes(text: Uuid): Buffer {
  if (!isUuid(text)) throw new RangeError(`not a UUID of 22 characters: ${JSON.stringify(text)}`)
  return Buffer.from(text, 'base64url')
}

/** Whether `text` is the canonical form of some 16 bytes. */
export function isUuid(text: string): boolean {
  return PATTERN.test(text)
}

/**
 * A version 4 UUID out of 16 random bytes, which are not changed. Kafka's own ids never start with
 * '-', because tools read such an argument as an option: that bit is turned off here.
 */
export function newUuid(random16: Buffer): Uuid {
  const bytes = Buffer.from(random16.subarray(0, UUID_BYTES))
  if (bytes.length < UUID_BYTES) throw new RangeError('a UUID needs 16 random bytes')
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  // '-' is 62 (111110): clearing the top bit leaves 30, a letter.
  if (bytes[0]! >> 2 === 62) bytes[0] = bytes[0]! & 0x7f
  return uuidFromBytes(bytes, 0)
}
