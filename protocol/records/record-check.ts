/**
 * Looks at every record of a batch where it lies, without making objects of them: a hostile or
 * broken producer must not get bytes into a log that a reader stumbles over later.
 */
import { CorruptRecords } from './corrupt-records.ts'
import { VarintCursor } from './varint.ts'

/** Record indexes listed at most, for each kind of failure. */
export const FAILED_RECORDS_MAX = 1000

/** What a topic asks of each record. Timestamps in milliseconds. */
export interface RecordRules {
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
  /** The greatest record timestamp; -1 of no records. */
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
 * Checks that `bytes` from `start` on (expanded) are exactly `count` records with offset deltas 0,
 * 1, 2 ..., every length within bounds and no null header key; lists records that break `rules`.
 * Never throws on any bytes.
 */
export function checkRecords(
  bytes: Buffer,
  count: number,
  rules: RecordRules,
  start = 0,
): CheckedRecords {
  const walk = new Walk(bytes, rules, start)
  let index = 0
  try {
    while (index < count) {
      index = plainRecords(walk, index, count)
      if (index === count) break
      walk.record(index)
      index += 1
    }
    if (walk.at !== bytes.length) throw new CorruptRecords('bytes follow the last record')
    return walk.result(null)
  } catch (error) {
    if (!(error instanceof CorruptRecords)) throw error
    return walk.result({ reason: error.message, recordIndex: index })
  }
}

/**
 * Walks the records from `index` that are as nearly all are: lengths of one or two bytes, a key and
 * a value or none, no headers, nothing to complain about. Stops at the first that is not, for
 * `Walk.record` to judge, and returns its index. It only saves time (8 ns a record, not 30): its
 * variables live in registers, which is why it repeats itself.
 */
function plainRecords(walk: Walk, index: number, count: number): number {
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
  return index
}

class Walk extends VarintCursor {
  readonly rules: RecordRules
  #maxTimestamp = -Infinity
  #maxTimestampDelta = 0
  #badTimestamps: number[] | null = null
  #missingKeys: number[] | null = null

  constructor(bytes: Uint8Array, rules: RecordRules, start: number) {
    super(bytes, start)
    this.rules = rules
  }

  record(index: number): void {
    const { baseTimestamp, timestampMin, timestampMax, keyRequired } = this.rules
    const size = this.varint()
    const end = this.at + size
    if (size < 6 || end > this.end) throw new CorruptRecords('a record length is impossible')
    this.at += 1
    const timestamp = baseTimestamp + this.varlong()
    if (this.varint() !== index) throw new CorruptRecords('offset deltas are not 0, 1, 2, ...')
    const keySize = this.varint()
    this.#skip(keySize, end)
    this.#skip(this.varint(), end)
    const headers = this.varint()
    if (headers !== 0) this.#headers(headers, end)
    if (this.at !== end) throw new CorruptRecords('a record is not as long as it says')
    this.saw(timestamp, index)
    if (timestamp > timestampMax || timestamp < timestampMin) {
      if (timestamp !== -1) this.#badTimestamps = listed(this.#badTimestamps, index)
    }
    if (keySize < 0 && keyRequired) this.#missingKeys = listed(this.#missingKeys, index)
  }

  saw(timestamp: number, index: number): void {
    if (timestamp <= this.#maxTimestamp) return
    this.#maxTimestamp = timestamp
    this.#maxTimestampDelta = index
  }

  result(fault: RecordFault | null): CheckedRecords {
    return {
      fault,
      maxTimestamp: this.#maxTimestamp === -Infinity ? -1 : this.#maxTimestamp,
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
