/** How `ottla consume` prints a record: by a format, or as JSON. */
import { unescaped } from './escapes.ts'
import { UsageError } from './failure.ts'

/** A record as it was read. */
export interface PrintableRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970; -1 where there is none. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly PrintableHeader[]
}

export interface PrintableHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** Gives the bytes that stand for a record, keys and values byte for byte. */
export type RecordPrinter = (record: PrintableRecord) => Buffer[]

type Part = Buffer | ((record: PrintableRecord) => Buffer)

/**
 * Compiles a format: `%k` key, `%v` value, `%o` offset, `%p` partition, `%t` topic, `%T` timestamp
 * in milliseconds, `%h` headers as `a=1,b=2`, `%%` a percent sign; escapes as in `unescaped`.
 * `nullText` stands for a null key, value or header value. Throws UsageError.
 */
export function compileFormat(format: string, nullText: string): RecordPrinter {
  const nullBytes = Buffer.from(nullText)
  const parts: Part[] = []
  for (const [piece] of format.matchAll(/%[\s\S]?|[^%]+/g)) {
    parts.push(piece.startsWith('%') ? field(piece, nullBytes) : Buffer.from(unescaped(piece)))
  }
  return record => parts.map(part => (Buffer.isBuffer(part) ? part : part(record)))
}

function field(piece: string, nullBytes: Buffer): Part {
  switch (piece) {
    case '%k':
      return record => record.key ?? nullBytes
    case '%v':
      return record => record.value ?? nullBytes
    case '%o':
      return record => Buffer.from(String(record.offset))
    case '%p':
      return record => Buffer.from(String(record.partition))
    case '%t':
      return record => Buffer.from(record.topic)
    case '%T':
      return record => Buffer.from(String(record.timestamp))
    case '%h':
      return record => headerList(record.headers, nullBytes)
    case '%%':
      return Buffer.from('%')
    default:
      throw new UsageError(
        `${piece} is no part of a record: use %k %v %o %p %t %T %h, or %% for a percent sign`,
      )
  }
}

function headerList(headers: readonly PrintableHeader[], nullBytes: Buffer): Buffer {
  const pieces = headers.flatMap(({ key, value }, at) => [
    Buffer.from(`${at === 0 ? '' : ','}${key}=`),
    value ?? nullBytes,
  ])
  return Buffer.concat(pieces)
}

/**
 * A record as JSON. Bytes that are UTF-8 are a string in `key` and `value`; others are in
 * `keyBase64` and `valueBase64`, and `key` and `value` are then absent.
 */
export function jsonOf(record: PrintableRecord): object {
  return { topic: record.topic, partition: record.partition, ...contentOf(record) }
}

/** The same without saying where the record was. */
export function contentOf(record: Omit<PrintableRecord, 'topic' | 'partition'>): object {
  return {
    offset: record.offset,
    timestamp: record.timestamp,
    ...named('key', record.key),
    ...named('value', record.value),
    headers: record.headers.map(({ key, value }) => ({ key, ...named('value', value) })),
  }
}

function named(name: string, bytes: Buffer | null): object {
  if (bytes === null) return { [name]: null }
  const text = bytes.toString('utf8')
  // What was no UTF-8 has replacement characters in it, and does not come back as the same bytes.
  if (!text.includes('\ufffd') || Buffer.from(text).equals(bytes)) return { [name]: text }
  return { [`${name}Base64`]: bytes.toString('base64') }
}
