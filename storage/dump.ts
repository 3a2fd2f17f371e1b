/**
 * Pure walkers for tools: what lies in a partition's files, and what is wrong with it. Nothing is
 * changed, nothing is trusted; every problem is a sentence. Works on folders of Kafka's as well.
 */
import type { Crc32c, Disk, File } from '../host/host.ts'
import { BatchView, CRC_START } from '../protocol/records/batch.ts'
import { CorruptRecords, ExpansionLimit } from '../protocol/records/corrupt-records.ts'
import { expandedPayload, type LogRecord, readRecords } from '../protocol/records/reader.ts'
import { type EpochStart, parseStarts } from './leader-epochs.ts'
import { OffsetIndex } from './offset-index.ts'
import type { Producer } from './producer.ts'
import { decodeSnapshot } from './producer-snapshot.ts'
import { TimeIndex } from './time-index.ts'
import { type AbortedEntry, TransactionIndex } from './transaction-index.ts'
import { type FilePosition, NO_TIMESTAMP, type Offset, type TimestampMs } from './units.ts'

/** A compressed batch that expands to more is reported, not expanded. */
const EXPANDED_BYTES_MAX = 1_073_741_824

export interface DumpedBatch {
  readonly position: FilePosition
  /** Its bytes are valid until the next batch is asked for. */
  readonly batch: BatchView
  readonly isChecksumRight: boolean
  readonly problems: readonly string[]
  /** Only when asked for; empty if they can't be read. */
  readonly records: readonly LogRecord[]
}

export interface DumpOptions {
  readonly crc32c: Crc32c
  /** The segment's base: offsets below it are a problem. */
  readonly baseOffset: Offset
  /** Expand and check every record. */
  readonly deep: boolean
}

/**
 * Every batch of a segment file, then what follows the last whole one. Throws DiskError. Of the
 * bytes that follow nothing is said but how many they are.
 */
export function* dumpSegment(
  file: File,
  options: DumpOptions,
): Generator<DumpedBatch, { readonly validBytes: number; readonly trailingBytes: number }> {
  const { sizeBytes } = file
  let position = 0
  let next = options.baseOffset
  while (position + 61 <= sizeBytes) {
    const header = Buffer.alloc(61)
    file.read(header, position)
    const claim = new BatchView(header).sizeBytes
    if (header[16] !== 2 || claim < 61 || position + claim > sizeBytes) break
    const bytes = Buffer.allocUnsafe(claim)
    file.read(bytes, position)
    const batch = new BatchView(bytes)
    yield checkBatch(batch, position, next, options)
    next = Math.max(next, batch.lastOffset + 1)
    position += claim
  }
  return { validBytes: position, trailingBytes: sizeBytes - position }
}

function checkBatch(
  batch: BatchView,
  position: FilePosition,
  next: Offset,
  { crc32c, deep }: DumpOptions,
): DumpedBatch {
  const problems: string[] = []
  const isChecksumRight = crc32c(batch.buffer.subarray(CRC_START)) === batch.crc
  if (!isChecksumRight) problems.push('the checksum is wrong')
  if (batch.baseOffset < next) problems.push(`offset ${batch.baseOffset} follows ${next - 1}`)
  if (batch.lastOffsetDelta < 0 || batch.recordCount > batch.lastOffsetDelta + 1) {
    problems.push('the record count does not fit the offsets')
  }
  const records = deep && isChecksumRight ? recordsOf(batch, problems) : []
  return { position, batch, isChecksumRight, problems, records }
}

function recordsOf(batch: BatchView, problems: string[]): LogRecord[] {
  const records: LogRecord[] = []
  try {
    let before = batch.baseOffset - 1
    for (const record of readRecords(batch, expandedPayload(batch, EXPANDED_BYTES_MAX))) {
      if (record.offset <= before || record.offset > batch.lastOffset) {
        problems.push(`record offset ${record.offset} follows ${before}`)
      }
      before = record.offset
      records.push(record)
    }
  } catch (error) {
    if (!(error instanceof CorruptRecords || error instanceof ExpansionLimit)) throw error
    problems.push(`the records can't be read: ${error.message}`)
  }
  return records
}

/** Where batches lie: what indexes are checked against. */
interface Place {
  readonly position: FilePosition
  readonly lastOffset: Offset
  readonly maxTimestampMs: TimestampMs
}

function placesOf(disk: Disk, logPath: string, crc32c: Crc32c, baseOffset: Offset): Place[] {
  const file = disk.open(logPath, 'read')
  const places: Place[] = []
  try {
    for (const { position, batch } of dumpSegment(file, { crc32c, baseOffset, deep: false })) {
      const { lastOffset, maxTimestamp } = batch
      places.push({ position, lastOffset, maxTimestampMs: maxTimestamp })
    }
  } finally {
    file.close()
  }
  return places
}

export interface IndexTarget {
  readonly disk: Disk
  readonly crc32c: Crc32c
  readonly path: string
  /** The .log it belongs to. */
  readonly logPath: string
  readonly baseOffset: Offset
}

export interface DumpedIndex<Entry> {
  readonly entries: readonly Entry[]
  readonly problems: readonly string[]
}

/** Kafka's rule: an entry's offset is the last of the batch that starts at its position. */
export function dumpOffsetIndex(
  target: IndexTarget,
): DumpedIndex<{ readonly offset: Offset; readonly position: FilePosition }> {
  const { disk, path, logPath, crc32c, baseOffset } = target
  const index = new OffsetIndex(path)
  const problems = index.entries.load(disk) ? [] : ['the size is not a multiple of 8']
  const places = placesOf(disk, logPath, crc32c, baseOffset)
  const lastAt = new Map(places.map(({ position, lastOffset }) => [position, lastOffset]))
  const entries: { offset: Offset; position: FilePosition }[] = []
  for (let slot = 0; slot < index.count; slot++) {
    const entry = { offset: baseOffset + index.key(slot), position: index.position(slot) }
    if (lastAt.get(entry.position) !== entry.offset) {
      problems.push(`entry ${slot}: no batch at ${entry.position} ends with ${entry.offset}`)
    }
    if (slot > 0 && index.key(slot) <= index.key(slot - 1)) {
      problems.push(`entry ${slot}: offset ${entry.offset} does not ascend`)
    }
    entries.push(entry)
  }
  return { entries, problems }
}

/** Kafka's rule: the batch that ends with the offset has the timestamp; timestamps ascend. */
export function dumpTimeIndex(
  target: IndexTarget,
): DumpedIndex<{ readonly timestampMs: TimestampMs; readonly offset: Offset }> {
  const { disk, path, logPath, crc32c, baseOffset } = target
  const index = new TimeIndex(path)
  const problems = index.entries.load(disk) ? [] : ['the size is not a multiple of 12']
  const places = placesOf(disk, logPath, crc32c, baseOffset)
  const maximumOf = new Map(places.map(place => [place.lastOffset, place.maxTimestampMs]))
  const entries: { timestampMs: TimestampMs; offset: Offset }[] = []
  for (let slot = 0; slot < index.count; slot++) {
    const timestampMs = index.key(slot)
    const offset = baseOffset + index.relativeOffset(slot)
    if (maximumOf.get(offset) !== timestampMs) {
      problems.push(`entry ${slot}: the batch that ends with ${offset} has not ${timestampMs}`)
    }
    if (slot > 0 && timestampMs <= index.key(slot - 1)) {
      problems.push(`entry ${slot}: timestamp ${timestampMs} does not ascend`)
    }
    entries.push({ timestampMs, offset })
  }
  const largest = places.reduce((max, place) => Math.max(max, place.maxTimestampMs), NO_TIMESTAMP)
  if ((entries.at(-1)?.timestampMs ?? NO_TIMESTAMP) > largest) {
    problems.push(`the last timestamp is above the segment's largest, ${largest}`)
  }
  return { entries, problems }
}

/** Aborted transactions of one segment. */
export function dumpTransactionIndex(
  disk: Disk,
  path: string,
  baseOffset: Offset,
): DumpedIndex<AbortedEntry> {
  const index = new TransactionIndex(path)
  const problems = index.entries.load(disk) ? [] : ['the size is not a multiple of 34']
  if (!index.isSane(baseOffset, Number.POSITIVE_INFINITY)) {
    problems.push('markers do not ascend, or a version is not 0')
  }
  const entries = Array.from({ length: index.count }, (_, slot) => index.entry(slot))
  return { entries, problems }
}

/** The producers of a snapshot. */
export function dumpSnapshot(disk: Disk, path: string, crc32c: Crc32c): DumpedIndex<Producer> {
  const producers = decodeSnapshot(disk.readFile(path), crc32c)
  if (producers === null) {
    return { entries: [], problems: ['not a snapshot of version 1, or its checksum is wrong'] }
  }
  return { entries: [...producers.values()], problems: [] }
}

/** The entries of a leader-epoch-checkpoint. */
export function dumpEpochs(disk: Disk, path: string): DumpedIndex<EpochStart> {
  const starts = parseStarts(disk.readFile(path).toString('utf8'))
  return {
    entries: starts ?? [],
    problems: starts === null ? ['not a checkpoint of version 0'] : [],
  }
}
