/**
 * Producer state on disk, version 1. The file's name says the offset before which it holds.
 *
 *   0   int16   version 1
 *   2   uint32  CRC-32C of everything from byte 6
 *   6   int32   number of producers, each:
 *               int64 producer id       int16 epoch            int32 last sequence
 *               int64 last data offset  int32 offset delta     int64 timestamp
 *               int32 coordinator epoch int64 first offset of the open transaction
 *
 * It keeps one batch a producer. Written in place, not renamed: after a crash it may be torn, which
 * the checksum tells; then an older one and the log itself say the same.
 */
import type { Crc32c } from '../host/host.ts'
import { int64At, putInt64 } from '../protocol/integers.ts'
import { Producer } from './producer.ts'

const VERSION = 1
const PREFIX_BYTES = 6
const HEADER_BYTES = 10
const ENTRY_BYTES = 46

/** The bytes of a snapshot of these producers. */
export function encodeSnapshot(producers: ReadonlyMap<number, Producer>, crc32c: Crc32c): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + producers.size * ENTRY_BYTES)
  bytes.writeInt16BE(VERSION, 0)
  bytes.writeInt32BE(producers.size, PREFIX_BYTES)
  let at = HEADER_BYTES
  for (const producer of producers.values()) {
    putInt64(bytes, at, producer.producerId)
    bytes.writeInt16BE(producer.producerEpoch, at + 8)
    bytes.writeInt32BE(producer.lastSequence, at + 10)
    putInt64(bytes, at + 14, producer.lastOffset)
    bytes.writeInt32BE(producer.lastOffsetDelta, at + 22)
    putInt64(bytes, at + 26, producer.lastTimestampMs)
    bytes.writeInt32BE(producer.coordinatorEpoch, at + 34)
    putInt64(bytes, at + 38, producer.transactionFirstOffset)
    at += ENTRY_BYTES
  }
  bytes.writeUInt32BE(crc32c(bytes.subarray(PREFIX_BYTES)), 2)
  return bytes
}

/** The producers of a snapshot; null if it is torn, of another version or otherwise not one. */
export function decodeSnapshot(bytes: Buffer, crc32c: Crc32c): Map<number, Producer> | null {
  if (bytes.length < HEADER_BYTES || bytes.readInt16BE(0) !== VERSION) return null
  if (bytes.readUInt32BE(2) !== crc32c(bytes.subarray(PREFIX_BYTES))) return null
  const count = bytes.readInt32BE(PREFIX_BYTES)
  if (bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) return null
  const producers = new Map<number, Producer>()
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
    const producer = new Producer(int64At(bytes, at), bytes.readInt16BE(at + 8))
    const lastOffset = int64At(bytes, at + 14)
    const timestampMs = int64At(bytes, at + 26)
    if (lastOffset >= 0) {
      const offsetDelta = bytes.readInt32BE(at + 22)
      producer.remember(bytes.readInt32BE(at + 10), lastOffset, offsetDelta, timestampMs)
    }
    producer.lastTimestampMs = timestampMs
    producer.coordinatorEpoch = bytes.readInt32BE(at + 34)
    producer.transactionFirstOffset = int64At(bytes, at + 38)
    producers.set(producer.producerId, producer)
  }
  return producers
}
