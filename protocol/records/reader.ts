import type { BatchView } from './batch.ts'
import { Codec } from './batch.ts'
import { expandNow } from './compression.ts'
import { CorruptRecords } from './corrupt-records.ts'
import { VarintCursor } from './varint.ts'

/** A header of a record. Values are bytes; null is a value of its own. */
export interface RecordHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** One record as a log holds it. Key, value and header values are views of the batch's bytes. */
export interface LogRecord {
  readonly offset: number
  /** Milliseconds as its producer, or for LogAppendTime the broker, set it; -1 for none. */
  readonly timestamp: number
  readonly key: Buffer | null
  /** Null is a tombstone. */
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

const NO_HEADERS: readonly RecordHeader[] = []

/**
 * The records of a batch, in order. `payload` is what follows the header, expanded; without it a
 * compressed batch is expanded here, synchronously, up to `limitBytes`. Throws `CorruptRecords`
 * when the walk reaches a malformed record, `ExpansionLimit` before the first.
 */
export function* readRecords(
  batch: BatchView,
  payload: Buffer = expandedPayload(batch, Infinity),
): Generator<LogRecord, void, undefined> {
  const cursor = new VarintCursor(payload)
  const base = batch.baseOffset
  const baseTimestamp = batch.baseTimestamp
  const appendTime = batch.isLogAppendTime ? batch.maxTimestamp : null
  const count = batch.recordCount
  for (let index = 0; index < count; index += 1) {
    const size = cursor.varint()
    const end = cursor.at + size
    if (size < 6 || end > cursor.end) throw new CorruptRecords('a record length is impossible')
    cursor.at += 1
    const timestamp = baseTimestamp + cursor.varlong()
    const offset = base + cursor.varint()
    const key = field(payload, cursor, end)
    const value = field(payload, cursor, end)
    const headers = readHeaders(payload, cursor, end)
    if (cursor.at !== end) throw new CorruptRecords('a record is not as long as it says')
    yield { offset, timestamp: appendTime ?? timestamp, key, value, headers }
  }
  if (cursor.at !== cursor.end) throw new CorruptRecords('bytes follow the last record')
}

/** What follows a batch's header, expanded if it is compressed; a view if it is not. */
export function expandedPayload(batch: BatchView, limitBytes: number): Buffer {
  const codec = batch.codec
  return codec === Codec.NONE ? batch.payload : expandNow(codec, batch.payload, limitBytes)
}

function field(payload: Buffer, cursor: VarintCursor, end: number): Buffer | null {
  const size = cursor.varint()
  if (size === -1) return null
  const at = cursor.at
  const next = at + size
  if (size < 0 || next > end) throw new CorruptRecords('a field reaches beyond its record')
  cursor.at = next
  return payload.subarray(at, next)
}

function readHeaders(payload: Buffer, cursor: VarintCursor, end: number): readonly RecordHeader[] {
  const count = cursor.varint()
  if (count === 0) return NO_HEADERS
  if (count < 0 || count > (end - cursor.at) / 2) {
    throw new CorruptRecords('a header count is impossible')
  }
  const headers: RecordHeader[] = []
  for (let i = 0; i < count; i += 1) {
    const key = field(payload, cursor, end)
    if (key === null) throw new CorruptRecords('a header key is null')
    headers.push({ key: key.toString('utf8'), value: field(payload, cursor, end) })
  }
  return headers
}
