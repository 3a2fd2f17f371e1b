/**
 * Makes batches. A `BatchBuilder` takes records one by one in the form they will have on the wire,
 * so that its size is known at every moment; `build` then adds the envelope.
 */
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD,
  BatchAttribute,
  BatchView,
  Codec,
  CRC_START,
  TimestampType,
} from './batch.ts'
import { compressNow } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from './varint.ts'

/** A record to be put into a batch. Its bytes are copied. */
export interface RecordDraft {
  /** Milliseconds, an integer; -1 for none. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | null }[]
}

/** The envelope around records. What is left out is "none": no producer, no sequence, no codec. */
export interface BatchEnvelope {
  readonly codec?: Codec
  /** The codec's own scale; its default if absent. */
  readonly level?: number
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  readonly timestampType?: TimestampType
  /** Of the checksum; the plain JavaScript one if absent. */
  readonly crc32c?: (bytes: Uint8Array) => number
}

const INITIAL_BYTES = 512

/** A batch in the making. */
export class BatchBuilder {
  #bytes: Buffer
  #size = BATCH_HEADER_BYTES
  #count = 0
  #lastOffsetDelta = -1
  #baseTimestamp = -1
  #maxTimestamp = -1

  /** `sizeHint`: bytes to set aside at once. */
  constructor(sizeHint = INITIAL_BYTES) {
    this.#bytes = Buffer.allocUnsafe(Math.max(sizeHint, BATCH_HEADER_BYTES))
  }

  get recordCount(): number {
    return this.#count
  }

  /** Of the batch as it stands, envelope included, before compression. */
  get sizeBytes(): number {
    return this.#size
  }

  /** The greatest timestamp so far; -1 of none. */
  get maxTimestamp(): number {
    return this.#maxTimestamp
  }

  /** Bytes that `record` would add if it were appended now. */
  sizeOf(record: RecordDraft): number {
    const body = this.#bodySize(record, this.#lastOffsetDelta + 1)
    return varintBytes(body) + body
  }

  /**
   * Takes a record. `offsetDelta` is the next one unless given, which only what copies a log with
   * gaps needs; it must be greater than the one before.
   */
  append(record: RecordDraft, offsetDelta = this.#lastOffsetDelta + 1): void {
    if (this.#count === 0) this.#baseTimestamp = record.timestamp
    const body = this.#bodySize(record, offsetDelta)
    this.#reserve(body + varintBytes(body))
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#size, body)
    bytes[at] = 0
    at = writeVarlong(bytes, at + 1, record.timestamp - this.#baseTimestamp)
    at = writeVarint(bytes, at, offsetDelta)
    at = writeField(bytes, at, record.key)
    at = writeField(bytes, at, record.value)
    const headers = record.headers ?? []
    at = writeVarint(bytes, at, headers.length)
    for (const header of headers) {
      const keySize = Buffer.byteLength(header.key)
      at = writeVarint(bytes, at, keySize)
      at += bytes.write(header.key, at, keySize, 'utf8')
      at = writeField(bytes, at, header.value)
    }
    this.#size = at
    this.#count += 1
    this.#lastOffsetDelta = offsetDelta
    this.#maxTimestamp = Math.max(this.#maxTimestamp, record.timestamp)
  }

  /** The finished batch; the builder must not be used after. */
  build(envelope: BatchEnvelope = {}): Buffer {
    const codec = envelope.codec ?? Codec.NONE
    const plain = this.#bytes.subarray(0, this.#size)
    if (codec === Codec.NONE) return this.#seal(plain, envelope)
    const packed = compressNow(codec, plain.subarray(BATCH_HEADER_BYTES), envelope.level)
    const bytes = Buffer.allocUnsafe(BATCH_HEADER_BYTES + packed.length)
    bytes.set(packed, BATCH_HEADER_BYTES)
    return this.#seal(bytes, envelope)
  }

  #seal(bytes: Buffer, envelope: BatchEnvelope): Buffer {
    writeHeader(bytes, envelope, {
      lastOffsetDelta: Math.max(0, this.#lastOffsetDelta),
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
      recordCount: this.#count,
    })
    return bytes
  }

  #bodySize(record: RecordDraft, offsetDelta: number): number {
    const base = this.#count === 0 ? record.timestamp : this.#baseTimestamp
    const headers = record.headers ?? []
    let size = 1 + varlongBytes(record.timestamp - base) + varintBytes(offsetDelta)
    size += fieldBytes(record.key) + fieldBytes(record.value) + varintBytes(headers.length)
    for (const header of headers) {
      const keySize = Buffer.byteLength(header.key)
      size += varintBytes(keySize) + keySize + fieldBytes(header.value)
    }
    return size
  }

  #reserve(size: number): void {
    const needed = this.#size + size
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = larger
  }
}

/** A whole batch of `records`. */
export function buildBatch(
  options: BatchEnvelope & { readonly records: Iterable<RecordDraft> },
): Buffer {
  const builder = new BatchBuilder()
  for (const record of options.records) builder.append(record)
  return builder.build(options)
}

/** What a batch's header says about its records. */
export interface BatchExtent {
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly recordCount: number
}

/**
 * Writes the header of a batch whose (compressed) records already lie in `bytes` from byte 61 to
 * its end, checksum included.
 */
export function writeHeader(bytes: Buffer, envelope: BatchEnvelope, extent: BatchExtent): void {
  let attributes: number = envelope.codec ?? Codec.NONE
  if (envelope.timestampType === TimestampType.LOG_APPEND_TIME) {
    attributes |= BatchAttribute.LOG_APPEND_TIME
  }
  if (envelope.isTransactional) attributes |= BatchAttribute.TRANSACTIONAL
  if (envelope.isControl) attributes |= BatchAttribute.CONTROL
  bytes.writeInt32BE(bytes.length - BATCH_LENGTH_OVERHEAD, 8)
  bytes[16] = 2
  bytes.writeInt16BE(attributes, 21)
  bytes.writeInt32BE(extent.lastOffsetDelta, 23)
  writeInt64(bytes, extent.baseTimestamp, 27)
  writeInt64(bytes, extent.maxTimestamp, 35)
  writeInt64(bytes, envelope.producerId ?? -1, 43)
  bytes.writeInt16BE(envelope.producerEpoch ?? -1, 51)
  bytes.writeInt32BE(envelope.baseSequence ?? -1, 53)
  bytes.writeInt32BE(extent.recordCount, 57)
  new BatchView(bytes).stamp(envelope.baseOffset ?? 0, envelope.leaderEpoch ?? -1)
  bytes.writeUInt32BE((envelope.crc32c ?? crc32c)(bytes.subarray(CRC_START)), 17)
}

function writeInt64(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 4294967296)
  bytes.writeInt32BE(high, at)
  bytes.writeUInt32BE(value - high * 4294967296, at + 4)
}

function fieldBytes(value: Uint8Array | null): number {
  return value === null ? 1 : varintBytes(value.length) + value.length
}

function writeField(bytes: Buffer, at: number, value: Uint8Array | null): number {
  if (value === null) return writeVarint(bytes, at, -1)
  const start = writeVarint(bytes, at, value.length)
  bytes.set(value, start)
  return start + value.length
}
