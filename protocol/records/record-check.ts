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
 * Checks that `payload` (expanded) is exactly `count` records with offset deltas 0, 1, 2 ..., every
 * length within bounds and no null header key; lists records that break `rules`. Never throws on
 * any bytes.
 */
export function checkRecords(payload: Buffer, count: number, rules: RecordRules): CheckedRecords {
  const walk = new Walk(payload, rules)
  let index = 0
  try {
    for (; index < count; index += 1) walk.record(index)
    if (walk.at !== payload.length) throw new CorruptRecords('bytes follow the last record')
    return walk.result(null)
  } catch (error) {
    if (!(error instanceof CorruptRecords)) throw error
    return walk.result({ reason: error.message, recordIndex: index })
  }
}

class Walk extends VarintCursor {
  readonly #baseTimestamp: number
  readonly #timestampMin: number
  readonly #timestampMax: number
  readonly #keyRequired: boolean
  #maxTimestamp = -Infinity
  #maxTimestampDelta = 0
  #badTimestamps: number[] | null = null
  #missingKeys: number[] | null = null

  constructor(payload: Uint8Array, rules: RecordRules) {
    super(payload)
    this.#baseTimestamp = rules.baseTimestamp
    this.#timestampMin = rules.timestampMin
    this.#timestampMax = rules.timestampMax
    this.#keyRequired = rules.keyRequired
  }

  record(index: number): void {
    const size = this.varint()
    const end = this.at + size
    if (size < 6 || end > this.end) throw new CorruptRecords('a record length is impossible')
    this.at += 1
    const timestamp = this.#baseTimestamp + this.varlong()
    if (this.varint() !== index) throw new CorruptRecords('offset deltas are not 0, 1, 2, ...')
    const keySize = this.varint()
    this.#skip(keySize, end)
    this.#skip(this.varint(), end)
    const headers = this.varint()
    if (headers !== 0) this.#headers(headers, end)
    if (this.at !== end) throw new CorruptRecords('a record is not as long as it says')
    if (timestamp > this.#maxTimestamp) {
      this.#maxTimestamp = timestamp
      this.#maxTimestampDelta = index
    }
    if (timestamp > this.#timestampMax || timestamp < this.#timestampMin) {
      if (timestamp !== -1) this.#badTimestamps = listed(this.#badTimestamps, index)
    }
    if (keySize < 0 && this.#keyRequired) this.#missingKeys = listed(this.#missingKeys, index)
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
