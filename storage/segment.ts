/**
 * A file of consecutive record batches, named for the lowest offset it may hold, with two sparse
 * indexes and the aborted transactions whose markers it holds. A segment never edits a batch:
 * offsets and leader epoch are stamped before they reach it.
 *
 * Invariants:
 *   (1) baseOffset <= every offset held < nextOffset, ascending in the file.
 *   (2) An offset-index entry names a batch's last offset and the position where it starts.
 *   (3) sizeBytes counts whole batches whose effects are committed, and the damaged ranges between
 *       them (`damage`); bytes after it are nobody's.
 *   (4) Indexes are loaded when first needed and checked then (of order 1); an index that lies is
 *       made again from the headers, never trusted and never a reason to fail.
 *
 * Crash story: what lies below the recovery point was synced with its indexes and is trusted;
 * everything else is scanned, cut at the first bad batch and indexed again (recovery.ts).
 */
import type { File } from '../host/host.ts'
import type { BatchCursor } from './batch-cursor.ts'
import { PIECE_BYTES } from './cached-tail.ts'
import type { DamagedRange } from './damage.ts'
import type { LogEnvironment } from './environment.ts'
import { FileKind, segmentFileName } from './names.ts'
import { OFFSET_ENTRY_BYTES, OffsetIndex } from './offset-index.ts'
import { FileSlot } from './open-files.ts'
import { TIME_ENTRY_BYTES, TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'
import { type FilePosition, NO_TIMESTAMP, type Offset, type TimestampMs } from './units.ts'

/** What is known of a segment's files without opening them. */
export interface SegmentFacts {
  readonly baseOffset: Offset
  readonly sizeBytes: number
  /** Exclusive; for a closed segment the next one's base will do. */
  readonly nextOffset: Offset
  readonly createdMs: number
  readonly hasTransactionIndex: boolean
  readonly indexIntervalBytes: number
}

export class Segment {
  readonly baseOffset: Offset
  readonly slot: FileSlot
  sizeBytes: number
  nextOffset: Offset
  readonly createdMs: number
  /** A random part taken off segment.ms, so that many logs don't roll at once. */
  jitterMs = 0
  /** False for a closed segment that is not yet durable together with its indexes. */
  isSealed = true
  /** When the next segment took over, wall clock; 0 for before this start. */
  closedMs = 0
  isRemoved = false
  /** Ranges of the file that hold no batch, ascending; null for none, as nearly always. */
  damage: readonly DamagedRange[] | null = null
  /** Every batch of it was checked since this process opened it. */
  isChecked = false
  /** A repair took batches out: gaps between offsets are believed, as in a compacted log. */
  hasGaps = false
  /** What lies below was counted by CachedTail, or was there when this process started. */
  piecesEnd: FilePosition
  readonly #environment: LogEnvironment
  readonly #folder: string
  readonly #indexIntervalBytes: number
  #hasTransactionIndex: boolean
  #offsets: OffsetIndex | null = null
  #times: TimeIndex | null = null
  #transactions: TransactionIndex | null = null
  #unindexedBytes = 0
  /** NaN: not known yet. */
  #maxTimestampMs = Number.NaN
  #maxTimestampOffset: Offset = -1
  #firstTimestampMs = Number.NaN

  constructor(environment: LogEnvironment, folder: string, facts: SegmentFacts) {
    this.#environment = environment
    this.#folder = folder
    this.baseOffset = facts.baseOffset
    this.sizeBytes = facts.sizeBytes
    this.piecesEnd = facts.sizeBytes - (facts.sizeBytes % PIECE_BYTES)
    this.nextOffset = facts.nextOffset
    this.createdMs = facts.createdMs
    this.#hasTransactionIndex = facts.hasTransactionIndex
    this.#indexIntervalBytes = facts.indexIntervalBytes
    this.slot = new FileSlot(this.pathOf(FileKind.LOG))
    if (facts.sizeBytes === 0) this.#maxTimestampMs = NO_TIMESTAMP
  }

  pathOf(kind: FileKind): string {
    return `${this.#folder}/${segmentFileName(this.baseOffset, kind)}`
  }

  /** The open .log. Throws DiskError. */
  file(): File {
    return this.#environment.openFiles.use(this.slot)
  }

  // ------------------------------------------------------------------------------------- append

  /** Whether the next batch still fits, by everything but time. */
  hasRoomFor(
    sizeBytes: number,
    lastOffset: Offset,
    { segmentBytes, segmentIndexBytes }: SegmentLimits,
    stagedBytes: number,
  ): boolean {
    if (this.sizeBytes + stagedBytes > segmentBytes - sizeBytes) return false
    if (lastOffset - this.baseOffset > 0x7fffffff) return false
    const offsets = this.#offsets
    if (offsets !== null && offsets.count >= Math.floor(segmentIndexBytes / OFFSET_ENTRY_BYTES)) {
      return false
    }
    // The last slot is for the entry that closes the segment.
    const times = this.#times
    return times === null || times.count < Math.floor(segmentIndexBytes / TIME_ENTRY_BYTES) - 1
  }

  /** The maximum timestamp of the first batch; -1 for none. */
  get firstTimestampMs(): TimestampMs {
    if (Number.isNaN(this.#firstTimestampMs)) {
      if (this.sizeBytes === 0) return NO_TIMESTAMP
      const cursor = this.#environment.cursor.start(this.file(), 0, this.sizeBytes, this.damage)
      this.#firstTimestampMs = cursor.next() ? cursor.maxTimestampMs : NO_TIMESTAMP
    }
    return this.#firstTimestampMs
  }

  /** Has in memory what `accept` goes on with. Throws DiskError. */
  prepare(): void {
    if (Number.isNaN(this.#maxTimestampMs)) this.#loadMaxTimestamp()
    if (this.sizeBytes === 0) return
    this.offsets()
    this.times()
  }

  /** The effects of one batch that lies at the end of the file. */
  accept(sizeBytes: number, lastOffset: Offset, maxTimestampMs: TimestampMs): void {
    if (this.sizeBytes === 0) this.#begin(maxTimestampMs)
    // Strictly greater: the earliest batch that has the maximum is the one named (KAFKA-16341).
    if (maxTimestampMs > this.#maxTimestampMs) {
      this.#maxTimestampMs = maxTimestampMs
      this.#maxTimestampOffset = lastOffset
    }
    if (this.#unindexedBytes > this.#indexIntervalBytes) this.#index(lastOffset)
    this.#unindexedBytes += sizeBytes
    this.sizeBytes += sizeBytes
    this.nextOffset = lastOffset + 1
  }

  /** What lies before `position` and was not accepted is no batch. */
  skipTo(position: FilePosition): void {
    if (position > this.sizeBytes) this.sizeBytes = position
  }

  #begin(firstTimestampMs: TimestampMs): void {
    this.#firstTimestampMs = firstTimestampMs
    this.resetIndexes()
  }

  #index(lastOffset: Offset): void {
    const times = this.times()
    this.offsets().append(lastOffset - this.baseOffset, this.sizeBytes)
    if (this.#maxTimestampMs > NO_TIMESTAMP) {
      times.append(this.#maxTimestampMs, this.#maxTimestampOffset - this.baseOffset)
    }
    this.#unindexedBytes = 0
  }

  /** Closes the time index with the segment's maximum, for retention and look-ups by time. */
  finish(): void {
    if (this.sizeBytes === 0) return
    const maximum = this.maxTimestampMs
    if (maximum > NO_TIMESTAMP) {
      this.times().append(maximum, this.#maxTimestampOffset - this.baseOffset)
    }
  }

  // ------------------------------------------------------------------------------------ indexes

  offsets(): OffsetIndex {
    if (this.#offsets?.entries.isLoaded) return this.#offsets
    return this.#loadOffsets()
  }

  times(): TimeIndex {
    if (this.#times?.entries.isLoaded) return this.#times
    return this.#loadTimes()
  }

  /** Null when no transaction was aborted in this segment. */
  transactions(): TransactionIndex | null {
    if (!this.#hasTransactionIndex) return null
    this.#transactions ??= new TransactionIndex(this.pathOf(FileKind.TRANSACTION_INDEX))
    const { entries } = this.#transactions
    if (!entries.isLoaded) {
      entries.load(this.#environment.disk)
      this.#environment.mirrors.loaded(entries)
    }
    return this.#transactions
  }

  /** The transaction index, made if there is none. */
  transactionsToWrite(): TransactionIndex {
    const known = this.transactions()
    if (known !== null) return known
    this.#hasTransactionIndex = true
    this.#transactions = new TransactionIndex(this.pathOf(FileKind.TRANSACTION_INDEX))
    this.#transactions.entries.reset()
    return this.#transactions
  }

  #loadOffsets(): OffsetIndex {
    const index = this.#offsets ?? new OffsetIndex(this.pathOf(FileKind.OFFSET_INDEX))
    this.#offsets = index
    if (this.sizeBytes === 0) {
      index.entries.reset()
      return index
    }
    const isWhole = index.entries.load(this.#environment.disk)
    const isBare = index.count === 0 && this.sizeBytes > this.#indexIntervalBytes
    const relativeEnd = this.nextOffset - this.baseOffset
    if (!isWhole || isBare || !index.isSane(this.sizeBytes, relativeEnd)) this.rebuildIndexes()
    this.#environment.mirrors.loaded(index.entries)
    return index
  }

  #loadTimes(): TimeIndex {
    const index = this.#times ?? new TimeIndex(this.pathOf(FileKind.TIME_INDEX))
    this.#times = index
    if (this.sizeBytes === 0) {
      index.entries.reset()
      return index
    }
    const isWhole = index.entries.load(this.#environment.disk)
    const relativeEnd = this.nextOffset - this.baseOffset
    if (!isWhole || index.count === 0 || !index.isSane(relativeEnd)) this.rebuildIndexes()
    this.#environment.mirrors.loaded(index.entries)
    return index
  }

  /** Makes both indexes again from the headers, as appending made them. Throws DiskError. */
  rebuildIndexes(): void {
    const { sizeBytes, nextOffset } = this
    this.resetIndexes()
    const cursor = this.#environment.newCursor()
    cursor.start(this.file(), 0, sizeBytes, this.damage)
    while (cursor.next()) {
      this.skipTo(cursor.position)
      this.accept(cursor.sizeBytes, cursor.lastOffset, cursor.maxTimestampMs)
    }
    this.nextOffset = nextOffset
    // A hole in a trusted segment is for recovery to judge; the indexes cover what can be walked.
    this.sizeBytes = sizeBytes
    if (this.#maxTimestampMs > NO_TIMESTAMP) {
      this.times().append(this.#maxTimestampMs, this.#maxTimestampOffset - this.baseOffset)
    }
    this.#environment.onRebuilt(this.slot.path)
  }

  /** Forgets indexes and timestamps, to be made again by `accept` from position 0. */
  resetIndexes(): void {
    this.#offsets ??= new OffsetIndex(this.pathOf(FileKind.OFFSET_INDEX))
    this.#times ??= new TimeIndex(this.pathOf(FileKind.TIME_INDEX))
    this.#offsets.entries.reset()
    this.#times.entries.reset()
    this.sizeBytes = 0
    this.#unindexedBytes = 0
    this.#maxTimestampMs = NO_TIMESTAMP
    this.#maxTimestampOffset = -1
  }

  /** The same for the aborted transactions. */
  resetTransactions(): void {
    if (this.#hasTransactionIndex) this.transactions()?.entries.reset()
  }

  /** Writes what the index files lack. The caller syncs and closes the files. */
  persistIndexes(): File[] {
    const { disk } = this.#environment
    const files = [this.offsets().persist(disk)]
    try {
      files.push(this.times().persist(disk))
      const transactions = this.transactions()
      if (transactions !== null) files.push(transactions.persist(disk))
    } catch (error) {
      for (const file of files) file.close()
      throw error
    }
    return files
  }

  /** The segment is gone: its indexes count no more. */
  forgetMirrors(): void {
    for (const index of [this.#offsets, this.#times, this.#transactions]) {
      if (index !== null) this.#environment.mirrors.forget(index.entries)
    }
  }

  /** Whether index entries wait to be written in a worthwhile number. */
  get unpersistedEntries(): number {
    const offsets = this.#offsets?.entries
    return offsets === undefined ? 0 : offsets.count - offsets.persistedCount
  }

  // --------------------------------------------------------------------------------------- read

  /** -1 when no record has a timestamp. Reads the end of the time index once. */
  get maxTimestampMs(): TimestampMs {
    if (Number.isNaN(this.#maxTimestampMs)) this.#loadMaxTimestamp()
    return this.#maxTimestampMs
  }

  /** Last offset of the batch that has the maximum timestamp. */
  get maxTimestampOffset(): Offset {
    if (Number.isNaN(this.#maxTimestampMs)) this.#loadMaxTimestamp()
    return this.#maxTimestampOffset
  }

  #loadMaxTimestamp(): void {
    const times = this.times()
    if (!Number.isNaN(this.#maxTimestampMs)) return // Loading made the indexes again.
    const last = times.count - 1
    this.#maxTimestampMs = last < 0 ? NO_TIMESTAMP : times.key(last)
    this.#maxTimestampOffset = last < 0 ? -1 : this.baseOffset + times.relativeOffset(last)
  }

  /** Stands the shared cursor on the first batch that ends at or after `offset`, below `end`. */
  seek(offset: Offset, end: FilePosition = this.sizeBytes): BatchCursor | null {
    if (this.sizeBytes === 0) return null
    const position = this.offsets().floorPosition(offset - this.baseOffset)
    const cursor = this.#environment.cursor.start(this.file(), position, end, this.damage)
    return cursor.seek(offset) ? cursor : null
  }

  // ------------------------------------------------------------------------------------ shorten

  /** Cuts before the batch that holds `offset`. Throws DiskError. */
  truncateTo(offset: Offset): void {
    const cursor = this.seek(offset)
    if (cursor !== null) {
      const { position } = cursor
      this.file().truncate(position)
      this.sizeBytes = position
    }
    const relativeOffset = offset - this.baseOffset
    this.offsets().truncateTo(relativeOffset)
    this.times().truncateTo(relativeOffset)
    this.transactions()?.truncateTo(offset)
    this.#unindexedBytes = 0
    this.#reloadTail()
  }

  /** The end and the maximum timestamp, from the last entries and the headers after them. */
  #reloadTail(): void {
    const offsets = this.offsets()
    const times = this.times()
    const last = times.count - 1
    this.#maxTimestampMs = last < 0 ? NO_TIMESTAMP : times.key(last)
    this.#maxTimestampOffset = last < 0 ? -1 : this.baseOffset + times.relativeOffset(last)
    this.nextOffset = this.baseOffset
    const lastTimed = last < 0 ? 0 : offsets.floorPosition(times.relativeOffset(last))
    const cursor = this.#environment.cursor.start(
      this.file(),
      lastTimed,
      this.sizeBytes,
      this.damage,
    )
    while (cursor.next()) {
      this.nextOffset = cursor.lastOffset + 1
      if (cursor.maxTimestampMs > this.#maxTimestampMs) {
        this.#maxTimestampMs = cursor.maxTimestampMs
        this.#maxTimestampOffset = cursor.lastOffset
      }
    }
  }
}

/** What limits a segment besides time. */
export interface SegmentLimits {
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
}
