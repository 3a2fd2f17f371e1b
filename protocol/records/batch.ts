/**
 * A record batch (format 2, "magic 2"): the envelope in which records are produced, stored,
 * replicated and fetched, byte for byte the same on the wire and on disk. Big-endian.
 *
 * ```
 *   0  int64   baseOffset            of the first record; the broker's to set
 *   8  int32   batchLength           bytes that follow this field: the whole size less 12
 *  12  int32   partitionLeaderEpoch  the broker's to set; -1 unknown
 *  16  int8    magic                 2
 *  17  uint32  crc                   CRC-32C of bytes 21 to the end
 *  21  int16   attributes
 *  23  int32   lastOffsetDelta       kept by compaction, so that offsets and sequences stay whole
 *  27  int64   baseTimestamp         records hold deltas to it; delete horizon when bit 6 is set
 *  35  int64   maxTimestamp          the time of append when bit 3 is set
 *  43  int64   producerId            -1 none
 *  51  int16   producerEpoch
 *  53  int32   baseSequence          -1 none
 *  57  int32   recordCount           0 only in a batch that compaction emptied
 *  61  records                       one compressed stream when a codec is named
 *
 *  attributes
 *    bit   15 .. 7      6         5          4            3          2 1 0
 *         (unused)   delete    control  transactional  timestamp    codec
 *                    horizon                             type
 * ```
 *
 * The checksum begins behind the leader epoch on purpose: a broker places a batch in its log by
 * writing base offset and epoch over what the producer sent, and a follower does not recompute
 * either. What the checksum leaves uncovered (offset, length, epoch, magic) a reader must check for
 * plausibility itself. Changing the timestamp type or maxTimestamp does mean a fresh checksum.
 *
 * A record, every integer a zigzag varint:
 * ```
 *   length, int8 attributes (0), timestampDelta, offsetDelta, key length (-1 null), key,
 *   value length (-1 null), value, header count, and of each: key length, key, value length, value
 * ```
 */

import { int16At, int32At, int64At, putInt32, putInt64 } from '../integers.ts'

/** Bytes before the records. */
export const BATCH_HEADER_BYTES = 61
/** `baseOffset` and `batchLength`: what the length field does not count. */
export const BATCH_LENGTH_OVERHEAD = 12
/** Where the bytes begin that the checksum covers. */
export const CRC_START = 21

/** How a batch's records are compressed: the lowest three bits of its attributes. */
export const Codec = { NONE: 0, GZIP: 1, SNAPPY: 2, LZ4: 3, ZSTD: 4 } as const
export type Codec = (typeof Codec)[keyof typeof Codec]

/** Whose clock a batch's timestamps come from. */
export const TimestampType = { CREATE_TIME: 0, LOG_APPEND_TIME: 1 } as const
export type TimestampType = (typeof TimestampType)[keyof typeof TimestampType]

/** Bits of `attributes`. */
export const BatchAttribute = {
  CODEC: 0x07,
  LOG_APPEND_TIME: 0x08,
  TRANSACTIONAL: 0x10,
  CONTROL: 0x20,
  DELETE_HORIZON: 0x40,
  /** Those that mean something. */
  ALL: 0x7f,
} as const

/**
 * The size in bytes that the batch at `at` claims, envelope included; -1 when fewer than 12 bytes
 * are there. The claim is as the bytes have it: below 61 there can be no batch.
 */
export function batchSizeAt(buffer: Buffer, at: number): number {
  if (buffer.length - at < BATCH_LENGTH_OVERHEAD) return -1
  return int32At(buffer, at + 8) + BATCH_LENGTH_OVERHEAD
}

/** Sequence numbers count from 0 to 2^31 - 1 and then from 0 again. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 2147483648
}

/**
 * A batch's header, read and stamped in place. Holds no copy: it is valid as long as its buffer is.
 * Nothing is checked on construction; at least 61 bytes must lie at `start`, and `bytes` and
 * `payload` need the whole batch.
 */
export class BatchView {
  readonly buffer: Buffer
  readonly start: number

  constructor(buffer: Buffer, start = 0) {
    this.buffer = buffer
    this.start = start
  }

  get baseOffset(): number {
    return int64At(this.buffer, this.start)
  }

  /** Of the whole batch, envelope included, as its length field claims. */
  get sizeBytes(): number {
    return int32At(this.buffer, this.start + 8) + BATCH_LENGTH_OVERHEAD
  }

  get leaderEpoch(): number {
    return int32At(this.buffer, this.start + 12)
  }

  get magic(): number {
    return (this.buffer[this.start + 16]! << 24) >> 24
  }

  /** Unsigned. */
  get crc(): number {
    return int32At(this.buffer, this.start + 17) >>> 0
  }

  get attributes(): number {
    return int16At(this.buffer, this.start + 21)
  }

  /** May be 5 to 7, which name no codec, in a batch nobody checked. */
  get codec(): Codec {
    return (this.buffer[this.start + 22]! & BatchAttribute.CODEC) as Codec
  }

  get isLogAppendTime(): boolean {
    return (this.buffer[this.start + 22]! & BatchAttribute.LOG_APPEND_TIME) !== 0
  }

  get isTransactional(): boolean {
    return isTransactionalAt(this.buffer, this.start)
  }

  get isControl(): boolean {
    return (this.buffer[this.start + 22]! & BatchAttribute.CONTROL) !== 0
  }

  /** Whether `baseTimestamp` is the time from which compaction may drop the batch's tombstones. */
  get hasDeleteHorizon(): boolean {
    return (this.buffer[this.start + 22]! & BatchAttribute.DELETE_HORIZON) !== 0
  }

  get lastOffsetDelta(): number {
    return int32At(this.buffer, this.start + 23)
  }

  /** Inclusive. */
  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta
  }

  /** Milliseconds as clients mean them; beyond 2^53 the nearest double. */
  get baseTimestamp(): number {
    return int64At(this.buffer, this.start + 27)
  }

  /** Milliseconds as clients mean them; beyond 2^53 the nearest double. */
  get maxTimestamp(): number {
    return int64At(this.buffer, this.start + 35)
  }

  /** -1 for none. */
  get producerId(): number {
    return int64At(this.buffer, this.start + 43)
  }

  /** Whether `producerId` names one. */
  get hasProducer(): boolean {
    return this.buffer[this.start + 43]! < 0x80
  }

  get producerEpoch(): number {
    return int16At(this.buffer, this.start + 51)
  }

  /** -1 for none. Means nothing without a producer id. */
  get baseSequence(): number {
    return int32At(this.buffer, this.start + 53)
  }

  /** Of the last offset, whether or not compaction left its record. -1 for none. */
  get lastSequence(): number {
    const first = this.baseSequence
    return first < 0 ? -1 : sequenceAfter(first, this.lastOffsetDelta)
  }

  get recordCount(): number {
    return int32At(this.buffer, this.start + 57)
  }

  /** The batch and nothing else, as a view; the buffer itself if it holds nothing else. */
  get bytes(): Buffer {
    const { buffer, start, sizeBytes } = this
    if (start === 0 && sizeBytes === buffer.length) return buffer
    return buffer.subarray(start, start + sizeBytes)
  }

  /** What follows the header, still compressed, as a view. */
  get payload(): Buffer {
    return this.buffer.subarray(this.start + BATCH_HEADER_BYTES, this.start + this.sizeBytes)
  }

  /** Places the batch in a log: offset and epoch, which the checksum does not cover. */
  stamp(baseOffset: number, leaderEpoch: number): void {
    putInt64(this.buffer, this.start, baseOffset)
    putInt32(this.buffer, this.start + 12, leaderEpoch)
  }

  /** Says whose clock the batch follows and what its latest time is; sums it up afresh. */
  setTimestampType(
    type: TimestampType,
    maxTimestamp: number,
    crc32c: (bytes: Uint8Array) => number,
  ): void {
    const at = this.start + 22
    const bit = BatchAttribute.LOG_APPEND_TIME
    // Kafka writes the attributes anew where it changes a time: bits without a meaning are lost.
    const rest = this.buffer[at]! & ~bit & BatchAttribute.ALL
    this.buffer[at - 1] = 0
    this.buffer[at] = type === TimestampType.LOG_APPEND_TIME ? rest | bit : rest
    putInt64(this.buffer, this.start + 35, maxTimestamp)
    putInt32(this.buffer, this.start + 17, this.computeCrc(crc32c))
  }

  /** Says who produced the batch and from which sequence on; sums it up afresh. */
  setProducer(
    producer: { readonly id: number; readonly epoch: number; readonly baseSequence: number },
    crc32c: (bytes: Uint8Array) => number,
  ): void {
    putInt64(this.buffer, this.start + 43, producer.id)
    this.buffer.writeInt16BE(producer.epoch, this.start + 51)
    putInt32(this.buffer, this.start + 53, producer.baseSequence)
    putInt32(this.buffer, this.start + 17, this.computeCrc(crc32c))
  }

  /** The checksum the batch should carry, by its content. */
  computeCrc(crc32c: (bytes: Uint8Array) => number): number {
    return crc32c(this.buffer.subarray(this.start + CRC_START, this.start + this.sizeBytes))
  }

  /** One line for logs and transcripts. */
  describe(): string {
    const producer = this.producerId < 0 ? '' : ` producer ${this.producerId}/${this.producerEpoch}`
    const sequence = this.baseSequence < 0 ? '' : ` sequence ${this.baseSequence}`
    const kind = this.isControl ? 'control batch' : 'batch'
    return (
      `${kind} ${this.baseOffset}..${this.lastOffset} epoch ${this.leaderEpoch}` +
      ` (${this.recordCount} records, ${this.sizeBytes} bytes)${producer}${sequence}`
    )
  }
}

/** `BatchView.isTransactional` without a view, for what is asked of every batch of a request. */
export function isTransactionalAt(buffer: Buffer, start: number): boolean {
  return (buffer[start + 22]! & BatchAttribute.TRANSACTIONAL) !== 0
}
