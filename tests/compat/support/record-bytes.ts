/**
 * Record batches of any content, right or wrong, for asking two brokers what they take. Unlike the
 * builder of `protocol/`, nothing here refuses to write nonsense.
 */
import { crc32c } from '../../../protocol/records/crc32c.ts'
import { writeVarint, writeVarlong } from '../../../protocol/records/varint.ts'

/** A record's fields; lengths are those of the bytes unless they are given. */
export interface RawRecord {
  readonly length?: number
  readonly attributes?: number
  readonly timestampDelta?: number
  readonly offsetDelta?: number
  readonly key?: Buffer | null
  readonly keyLength?: number
  readonly value?: Buffer | null
  readonly valueLength?: number
  readonly headerCount?: number
  readonly headers?: readonly { key: Buffer | null; value: Buffer | null; keyLength?: number }[]
  /** Bytes behind the headers, counted in the record's length. */
  readonly tail?: Buffer
}

/** A batch's fields; what is left out is what a good producer would write. */
export interface RawBatch {
  readonly baseOffset?: number
  readonly batchLength?: number
  /** Added to the right length. */
  readonly lengthOff?: number
  readonly leaderEpoch?: number
  readonly magic?: number
  /** Added to the right checksum. */
  readonly crcOff?: number
  readonly attributes?: number
  readonly lastOffsetDelta?: number
  readonly baseTimestamp?: number | bigint
  readonly maxTimestamp?: number | bigint
  readonly producerId?: number | bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly count?: number
}

export function varint(value: number): Buffer {
  const bytes = Buffer.alloc(5)
  return bytes.subarray(0, writeVarint(bytes, 0, value))
}

export function varlong(value: number): Buffer {
  const bytes = Buffer.alloc(10)
  return bytes.subarray(0, writeVarlong(bytes, 0, value))
}

function field(bytes: Buffer | null, length = bytes === null ? -1 : bytes.length): Buffer {
  return Buffer.concat([varint(length), bytes ?? Buffer.alloc(0)])
}

export function rawRecord(index: number, record: RawRecord = {}): Buffer {
  const { key = Buffer.from('key'), value = Buffer.from(`value ${index}`), headers = [] } = record
  const body = Buffer.concat([
    Buffer.from([record.attributes ?? 0]),
    varlong(record.timestampDelta ?? index),
    varint(record.offsetDelta ?? index),
    field(key, record.keyLength),
    field(value, record.valueLength),
    varint(record.headerCount ?? headers.length),
    ...headers.flatMap(header => [field(header.key, header.keyLength), field(header.value)]),
    record.tail ?? Buffer.alloc(0),
  ])
  return Buffer.concat([varint(record.length ?? body.length), body])
}

export function rawRecords(records: readonly RawRecord[]): Buffer {
  return Buffer.concat(records.map((record, index) => rawRecord(index, record)))
}

/** `records`: what follows the header, compressed where `attributes` say so. */
export function rawBatch(records: Buffer, count: number, batch: RawBatch, nowMs: number): Buffer {
  const bytes = Buffer.alloc(61 + records.length)
  records.copy(bytes, 61)
  bytes.writeBigInt64BE(BigInt(batch.baseOffset ?? 0), 0)
  bytes.writeInt32BE(batch.batchLength ?? bytes.length - 12 + (batch.lengthOff ?? 0), 8)
  bytes.writeInt32BE(batch.leaderEpoch ?? -1, 12)
  bytes.writeInt8(batch.magic ?? 2, 16)
  bytes.writeInt16BE(batch.attributes ?? 0, 21)
  bytes.writeInt32BE(batch.lastOffsetDelta ?? count - 1, 23)
  bytes.writeBigInt64BE(BigInt(batch.baseTimestamp ?? nowMs), 27)
  bytes.writeBigInt64BE(BigInt(batch.maxTimestamp ?? nowMs + count - 1), 35)
  bytes.writeBigInt64BE(BigInt(batch.producerId ?? -1), 43)
  bytes.writeInt16BE(batch.producerEpoch ?? -1, 51)
  bytes.writeInt32BE(batch.baseSequence ?? -1, 53)
  bytes.writeInt32BE(batch.count ?? count, 57)
  return sealed(bytes, batch.crcOff)
}

/** The checksum made right, or wrong by `off`. */
export function sealed(bytes: Buffer, off = 0): Buffer {
  if (bytes.length < 61) return bytes
  const claimed = Math.min(bytes.length, Math.max(61, bytes.readInt32BE(8) + 12))
  bytes.writeUInt32BE((crc32c(bytes.subarray(21, claimed)) + off) >>> 0, 17)
  return bytes
}
