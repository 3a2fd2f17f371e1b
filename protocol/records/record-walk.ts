/**
 * The walk over a batch's records that checks each where it lies: the part that sees whole records.
 */
import { CorruptRecords } from './corrupt-records.ts'
import { VarintCursor } from './varint.ts'

/** Six fields of a byte each. */
export const RECORD_BYTES_MIN = 6
export const BAD_LENGTH = 'a record length is impossible'

/** Record indexes listed at most, for each kind of failure. */
export const FAILED_RECORDS_MAX = 1000

/** What a topic asks of each record. Timestamps in milliseconds. */
export interface RecordRules {
  /**
   * Whether offset deltas must be 0, 1, 2 ... Else they may repeat and leave gaps, as Kafka lets
   * them in batches that are not compressed, but neither descend nor leave the batch: a reader
   * would go backwards, or meet the offsets of the next batch.
   */
  readonly consecutive: boolean
  /** Compacted topics take no record without a key. */
  readonly keyRequired: boolean
  /** Of the batch: what timestamp deltas are added to. */
  readonly baseTimestamp: number
  /** Inclusive; -Infinity for any. A timestamp of -1 ("none") always passes. */
  readonly timestampMin: number
  /** Inclusive; Infinity for any. */
  readonly timestampMax: number
}

/** What the records turned out to be. */
export interface CheckedRecords {
  /** Why the bytes are not `count` well-formed records, or null. The rest then means nothing. */
  readonly fault: RecordFault | null
  /** The greatest record timestamp, as Kafka counts: -1 at least. */
  readonly maxTimestamp: number
  /** Offset delta of the first record that has it. */
  readonly maxTimestampDelta: number
  /** Indexes of records outside the window, ascending, the first 1000; null for none. */
  readonly badTimestamps: readonly number[] | null
  /** Indexes of records without a required key, ascending, the first 1000; null for none. */
  readonly missingKeys: readonly number[] | null
}

/** A malformed record. */
export interface RecordFault {
  readonly reason: string
  /** From 0. The count itself when bytes are left over. */
  readonly recordIndex: number
}

/**
 * Checks the records from `first` on by a fast path: records with lengths of one or two bytes, with
 * or without a key and a value, without headers, and within the rules. The fast path ends at the
 * first other record, which `RecordWalk.record` must check, and returns the index of that record.
 * The function repeats the parsing of `record` so that its variables live in registers: 8 ns a
 * record instead of 30.
 */
export function plainRecords(walk: RecordWalk, first: number, count: number): number {
  let index = first
  const bytes = walk.bytes
  const { baseTimestamp, timestampMin, timestampMax } = walk.rules
  // The longest prefix of fields read below takes 11 bytes, so no read is out of bounds.
  const lastStart = bytes.length - 11
  let recordAt = walk.at
  let at = recordAt
  for (; index < count && recordAt <= lastStart; index += 1) {
    let size = bytes[at++]!
    if (size >= 0x80) size = (size & 0x7f) | (bytes[at++]! << 7)
    const end = at + (size >>> 1)
    at += 1
    let delta = bytes[at++]!
    if (delta >= 0x80) delta = (delta & 0x7f) | (bytes[at++]! << 7)
    let offset = bytes[at++]!
    if (offset >= 0x80) offset = (offset & 0x7f) | (bytes[at++]! << 7)
    let key = bytes[at++]!
    if (key >= 0x80) key = (key & 0x7f) | (bytes[at++]! << 7)
    at += key === 1 ? 0 : key >>> 1
    if (at + 2 >= bytes.length) break
    let value = bytes[at++]!
    if (value >= 0x80) value = (value & 0x7f) | (bytes[at++]! << 7)
    at += value === 1 ? 0 : value >>> 1
    // A third byte of any varint leaves its number above 16383, a negative one is odd.
    if ((size | delta | offset | key | value) > 0x3fff || ((size | offset) & 1) !== 0) break
    if (((key & 1) !== 0 && key !== 1) || ((value & 1) !== 0 && value !== 1)) break
    if (offset >>> 1 !== index || bytes[at] !== 0 || at + 1 !== end) break
    if (key === 1 && walk.rules.keyRequired) break
    const timestamp = baseTimestamp + ((delta >>> 1) ^ -(delta & 1))
    if (timestamp > timestampMax || timestamp < timestampMin) break
    walk.saw(timestamp, index)
    at = end
    recordAt = end
  }
  walk.at = recordAt
  if (index > first) walk.lastDelta = index - 1
  return index
}

/** Where a check stands, and what it has found. */
export class RecordWalk extends VarintCursor {
  readonly rules: RecordRules
  readonly #count: number
  #maxTimestamp = -1
  #maxTimestampDelta = 0
  #badTimestamps: number[] | null = null
  #missingKeys: number[] | null = null

  /** The offset delta of the record before; -1 before the first. */
  lastDelta = -1

  /** `count`: how many records the batch claims. */
  constructor(bytes: Uint8Array, rules: RecordRules, count: number, start = 0) {
    super(bytes, start)
    this.rules = rules
    this.#count = count
  }

  /** Goes on in other bytes. */
  turnTo(bytes: Uint8Array, at: number): void {
    this.bytes = bytes
    this.at = at
    this.end = bytes.length
  }

  /** Checks the record that begins here, whole. */
  record(index: number): void {
    const size = this.varint()
    const end = this.at + size
    if (size < RECORD_BYTES_MIN || end > this.end) throw new CorruptRecords(BAD_LENGTH)
    this.at += 1
    const timestampDelta = this.varlong()
    const offsetDelta = this.varint()
    const keySize = this.varint()
    this.#skip(keySize, end)
    this.#skip(this.varint(), end)
    const headers = this.varint()
    if (headers !== 0) this.#headers(headers, end)
    if (this.at !== end) throw new CorruptRecords('a record is not as long as it says')
    this.judge(index, timestampDelta, offsetDelta, keySize >= 0)
  }

  /** Holds a record against the rules. */
  judge(index: number, timestampDelta: number, offsetDelta: number, hasKey: boolean): void {
    const { baseTimestamp, timestampMin, timestampMax, keyRequired, consecutive } = this.rules
    if (offsetDelta !== index) {
      if (consecutive) throw new CorruptRecords('offset deltas are not 0, 1, 2, ...')
      if (offsetDelta < this.lastDelta || offsetDelta < 0) {
        throw new CorruptRecords('offset deltas descend')
      }
      if (offsetDelta >= this.#count) {
        throw new CorruptRecords('an offset delta is beyond the last of its batch')
      }
    }
    this.lastDelta = offsetDelta
    const timestamp = baseTimestamp + timestampDelta
    this.saw(timestamp, offsetDelta)
    if (timestamp > timestampMax || timestamp < timestampMin) {
      if (timestamp !== -1) this.#badTimestamps = listed(this.#badTimestamps, index)
    }
    if (!hasKey && keyRequired) this.#missingKeys = listed(this.#missingKeys, index)
  }

  saw(timestamp: number, offsetDelta: number): void {
    if (timestamp <= this.#maxTimestamp) return
    this.#maxTimestamp = timestamp
    this.#maxTimestampDelta = offsetDelta
  }

  result(fault: RecordFault | null): CheckedRecords {
    return {
      fault,
      maxTimestamp: this.#maxTimestamp,
      maxTimestampDelta: this.#maxTimestampDelta,
      badTimestamps: this.#badTimestamps,
      missingKeys: this.#missingKeys,
    }
  }

  #headers(count: number, end: number): void {
    // A header takes two bytes at least.
    if (count < 0 || count > (end - this.at) / 2) {
      throw new CorruptRecords('a header count is impossible')
    }
    for (let i = 0; i < count; i += 1) {
      const keySize = this.varint()
      if (keySize < 0) throw new CorruptRecords('a header key is null')
      this.#skip(keySize, end)
      this.#skip(this.varint(), end)
    }
  }

  /** Passes over `size` bytes; -1 is null. */
  #skip(size: number, end: number): void {
    if (size < 0) {
      if (size !== -1) throw new CorruptRecords('a length is negative')
      return
    }
    const next = this.at + size
    if (next > end) throw new CorruptRecords('a field reaches beyond its record')
    this.at = next
  }
}

function listed(list: number[] | null, index: number): number[] {
  if (list === null) return [index]
  if (list.length < FAILED_RECORDS_MAX) list.push(index)
  return list
}
