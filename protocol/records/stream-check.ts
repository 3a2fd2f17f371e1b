/**
 * The same check as `checkRecords` for records that come piece by piece: what is kept between two
 * pieces is less than one small record, however large the batch and its records are.
 *
 * Invariants:
 * 1. Between two calls at most one of `#part` and `#large` holds the record in progress.
 * 2. `#part` never holds more than 64 KiB and a length; a larger record is walked field by field.
 */
import { CorruptRecords } from './corrupt-records.ts'
import {
  BAD_LENGTH,
  type CheckedRecords,
  plainRecords,
  RECORD_BYTES_MIN,
  type RecordFault,
  type RecordRules,
  RecordWalk,
} from './record-walk.ts'
import { VARINT_BYTES_MAX, VARLONG_BYTES_MAX, VarintCursor } from './varint.ts'

/** Records up to this are put together where a piece ends within them. */
const SMALL_RECORD_BYTES = 64 * 1024

const NOTHING = Buffer.alloc(0)

/** Checks `count` records as their bytes pass by. */
export class StreamCheck {
  readonly #count: number
  readonly #walk: RecordWalk
  #index = 0
  #sizeBytes = 0
  #fault: RecordFault | null = null
  /** The beginning of a small record. */
  #part: Buffer = Buffer.alloc(0)
  #partBytes = 0
  #large: LargeRecord | null = null

  constructor(count: number, rules: RecordRules) {
    this.#count = count
    this.#walk = new RecordWalk(NOTHING, rules, count)
  }

  /** Of the pieces so far. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Takes the next piece, of which no view is kept. False when there is no use in more. */
  add(piece: Uint8Array): boolean {
    this.#sizeBytes += piece.length
    if (this.#fault !== null) return false
    try {
      for (let at = 0; at < piece.length; ) {
        if (this.#large !== null) at = this.#addLarge(this.#large, piece, at)
        else if (this.#partBytes > 0) at = this.#addToPart(piece, at)
        else at = this.#addWhole(piece, at)
      }
      return true
    } catch (error) {
      this.#fault = faultOf(error, this.#index)
      return false
    }
  }

  /** There are no more pieces. */
  finish(): CheckedRecords {
    if (this.#fault === null && this.#index < this.#count) {
      const reason = 'the records end within a record'
      this.#fault = { reason, recordIndex: this.#index }
    }
    return this.#walk.result(this.#fault)
  }

  /** Checks the records that lie whole in the piece; keeps the beginning of the next. */
  #addWhole(piece: Uint8Array, start: number): number {
    const walk = this.#walk
    walk.turnTo(piece, start)
    for (;;) {
      this.#index = plainRecords(walk, this.#index, this.#count)
      if (walk.at === piece.length) return walk.at
      if (this.#index === this.#count) throw new CorruptRecords('bytes follow the last record')
      const size = sizeAt(walk)
      if (size < 0 || walk.at + size > piece.length) break
      walk.record(this.#index)
      this.#index += 1
    }
    const { at } = walk
    return this.#begin(piece, at)
  }

  /** A record begins that the piece does not hold whole. */
  #begin(piece: Uint8Array, at: number): number {
    const size = sizeAt(this.#walk)
    if (size > SMALL_RECORD_BYTES + VARINT_BYTES_MAX) {
      const cursor = new VarintCursor(piece, at)
      this.#large = new LargeRecord(cursor.varint())
      return cursor.at
    }
    if (this.#part.length === 0) {
      this.#part = Buffer.allocUnsafe(SMALL_RECORD_BYTES + VARINT_BYTES_MAX)
    }
    this.#part.set(piece.subarray(at), 0)
    this.#partBytes = piece.length - at
    return piece.length
  }

  #addToPart(piece: Uint8Array, start: number): number {
    const part = this.#part
    const walk = this.#walk
    let at = start
    let size = -1
    for (;;) {
      walk.turnTo(part.subarray(0, this.#partBytes), 0)
      size = sizeAt(walk)
      if (size >= 0) break
      if (at === piece.length) return at
      part[this.#partBytes] = piece[at]!
      this.#partBytes += 1
      at += 1
    }
    if (size > SMALL_RECORD_BYTES + VARINT_BYTES_MAX) {
      // Only its length was here.
      this.#large = new LargeRecord(walk.varint())
      this.#partBytes = 0
      return at
    }
    const taken = Math.min(size - this.#partBytes, piece.length - at)
    part.set(piece.subarray(at, at + taken), this.#partBytes)
    this.#partBytes += taken
    if (this.#partBytes < size) return at + taken
    walk.turnTo(part.subarray(0, size), 0)
    walk.record(this.#index)
    this.#index += 1
    this.#partBytes = 0
    return at + taken
  }

  #addLarge(large: LargeRecord, piece: Uint8Array, start: number): number {
    const at = large.add(piece, start)
    if (large.isDone) {
      this.#walk.judge(this.#index, large.timestampDelta, large.offsetDelta, large.hasKey)
      this.#index += 1
      this.#large = null
    }
    return at
  }
}

/** Bytes of the record at the cursor, its length included; -1 when its length is not all there. */
function sizeAt(walk: RecordWalk): number {
  const { at, bytes } = walk
  let end = at
  while (end < bytes.length && end - at < VARINT_BYTES_MAX && bytes[end]! >= 0x80) end += 1
  if (end === bytes.length) return -1
  const size = walk.varint()
  const total = walk.at - at + size
  walk.at = at
  if (size < RECORD_BYTES_MIN) throw new CorruptRecords(BAD_LENGTH)
  return total
}

function faultOf(error: unknown, recordIndex: number): RecordFault {
  if (!(error instanceof CorruptRecords)) throw error
  return { reason: error.message, recordIndex }
}

/** The fields of a record, in order; the last two come once for each header. */
const Field = {
  ATTRIBUTES: 0,
  TIMESTAMP: 1,
  OFFSET: 2,
  KEY: 3,
  VALUE: 4,
  HEADERS: 5,
  HEADER_KEY: 6,
  HEADER_VALUE: 7,
} as const

/** A record walked field by field; of keys and values nothing is kept. */
class LargeRecord {
  timestampDelta = 0
  offsetDelta = 0
  hasKey = false
  /** Of the record. */
  #leftBytes: number
  /** Of a key or value. */
  #skipBytes = 0
  #field: number = Field.ATTRIBUTES
  #headers = 0
  /** The varint in progress. */
  readonly #varint = new Uint8Array(VARLONG_BYTES_MAX)
  #varintBytes = 0

  constructor(sizeBytes: number) {
    this.#leftBytes = sizeBytes
  }

  get isDone(): boolean {
    return this.#leftBytes === 0
  }

  /** Walks on; returns where in the bytes it stopped: at their end, or behind the record. */
  add(bytes: Uint8Array, start: number): number {
    let at = start
    while (at < bytes.length && this.#leftBytes > 0) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, bytes.length - at)
        this.#skipBytes -= skipped
        this.#leftBytes -= skipped
        at += skipped
        continue
      }
      this.#leftBytes -= 1
      this.#takeByte(bytes[at]!)
      at += 1
    }
    if (this.#leftBytes === 0 && !this.#isComplete()) {
      throw new CorruptRecords('a field reaches beyond its record')
    }
    return at
  }

  /** Whether all headers were seen: the next field would be one more of them. */
  #isComplete(): boolean {
    return this.#field === Field.HEADER_KEY && this.#headers === 0 && this.#varintBytes === 0
  }

  #takeByte(byte: number): void {
    if (this.#field === Field.ATTRIBUTES) {
      this.#field = Field.TIMESTAMP
      return
    }
    if (this.#isComplete()) throw new CorruptRecords('a record is not as long as it says')
    this.#varint[this.#varintBytes] = byte
    this.#varintBytes += 1
    if (byte >= 0x80 && this.#varintBytes < VARLONG_BYTES_MAX) return
    const cursor = new VarintCursor(this.#varint, 0, this.#varintBytes)
    this.#varintBytes = 0
    if (this.#field === Field.TIMESTAMP) {
      this.timestampDelta = cursor.varlong()
      this.#field = Field.OFFSET
    } else {
      this.#takeNumber(cursor.varint())
    }
  }

  #takeNumber(value: number): void {
    const field = this.#field
    switch (field) {
      case Field.OFFSET:
        this.offsetDelta = value
        this.#field = Field.KEY
        return
      case Field.HEADERS:
        if (value < 0 || value > this.#leftBytes / 2) {
          throw new CorruptRecords('a header count is impossible')
        }
        this.#headers = value
        this.#field = Field.HEADER_KEY
        return
      case Field.HEADER_KEY:
        if (value < 0) throw new CorruptRecords('a header key is null')
        this.#headers -= 1
        break
      case Field.KEY:
        this.hasKey = value >= 0
        break
    }
    if (value < -1) throw new CorruptRecords('a length is negative')
    if (value > this.#leftBytes) throw new CorruptRecords('a field reaches beyond its record')
    this.#skipBytes = Math.max(0, value)
    this.#field = field === Field.HEADER_VALUE ? Field.HEADER_KEY : field + 1
  }
}
