/**
 * Reads of one log: from an offset to a range of whole batches in one file.
 *
 * Cost: a hint or an index look-up for the start, nothing for an end at the bound, and a read of a
 * few KiB of headers where a size in the middle of a segment ends the range.
 */
import type { File } from '../host/host.ts'
import { BatchView } from '../protocol/records/batch.ts'
import type { AbortedTransaction, LogRange, LogRead } from './log-read.ts'
import type { LogState } from './log-state.ts'
import { ReadHints } from './read-hints.ts'
import type { Segment } from './segment.ts'
import type { FilePosition, Offset } from './units.ts'

/** Bytes of batches that `batches` reads at once. */
const CHUNK_BYTES = 262_144

export class LogReader {
  readonly #state: LogState
  #hints: ReadHints | null = null
  #truncations = 0

  constructor(state: LogState) {
    this.#state = state
  }

  /** As `Log.read`. Throws DiskError. */
  read(from: Offset, maxBytes: number, bound: Offset, atLeastOneBatch: boolean): LogRead {
    const state = this.#state
    if (from < state.logStartOffset || from > state.nextOffset) return 'out-of-range'
    const end = bound < state.writtenOffset ? bound : state.writtenOffset
    if (from >= end) return null
    const hints = this.#currentHints()
    for (let at = state.floorIndex(from); at < state.segments.length; at++) {
      const segment = state.segments[at] as Segment
      if (segment.baseOffset >= end) break
      const slot = this.#startSlot(hints, segment, from)
      // Holes (of compaction, of a cut): the next segment then has the next record.
      if (slot < 0 || hints.position(slot) >= segment.sizeBytes) continue
      return this.#range(segment, slot, { from, maxBytes, end, atLeastOneBatch })
    }
    return null
  }

  #currentHints(): ReadHints {
    if (this.#hints === null) this.#hints = new ReadHints()
    else if (this.#truncations !== this.#state.truncations) this.#hints.clear()
    this.#truncations = this.#state.truncations
    return this.#hints
  }

  /** A hint's slot for the batch with `from`, or the first after it in the segment; -1: none. */
  #startSlot(hints: ReadHints, segment: Segment, from: Offset): number {
    const known = hints.find(from, segment.baseOffset)
    if (known >= 0) return known
    if (from <= segment.baseOffset && segment.sizeBytes > 0) {
      hints.learn(from, segment.baseOffset, 0)
    } else {
      const cursor = segment.seek(from)
      if (cursor === null) return -1
      hints.learn(from, segment.baseOffset, cursor.position)
    }
    return hints.find(from, segment.baseOffset)
  }

  #range(segment: Segment, slot: number, wanted: Wanted): LogRange | null {
    const hints = this.#hints as ReadHints
    const { maxBytes, end } = wanted
    const start = hints.position(slot)
    const limit = this.#limit(segment, end)
    if (limit <= start) return null
    if (limit - start <= maxBytes) {
      const nextOffset = Math.min(end, segment.nextOffset)
      hints.learn(nextOffset, segment.baseOffset, limit)
      return { file: segment.file(), position: start, sizeBytes: limit - start, nextOffset }
    }
    if (!hints.hasEnd(slot, maxBytes, limit)) this.#findEnd(segment, slot, start, limit, wanted)
    const endPosition = hints.endPosition(slot)
    const nextOffset = hints.endOffset(slot)
    if (endPosition > start && (wanted.atLeastOneBatch || endPosition - start <= maxBytes)) {
      if (wanted.from !== nextOffset) hints.learn(nextOffset, segment.baseOffset, endPosition)
      const sizeBytes = endPosition - start
      return { file: segment.file(), position: start, sizeBytes, nextOffset }
    }
    return null
  }

  /** Where the last batch wholly below `end` ends in the segment. */
  #limit(segment: Segment, end: Offset): FilePosition {
    if (end >= segment.nextOffset) return segment.sizeBytes
    const state = this.#state
    if (end === state.durableOffset && state.durableSegment === segment) {
      return state.durablePosition
    }
    const hints = this.#hints as ReadHints
    const known = hints.find(end, segment.baseOffset)
    if (known >= 0) return hints.position(known)
    const cursor = segment.seek(end)
    return cursor === null ? segment.sizeBytes : cursor.position
  }

  /** Learns the end of the whole batches in `maxBytes`, or that of the first if it is larger. */
  #findEnd(
    segment: Segment,
    slot: number,
    start: FilePosition,
    limit: FilePosition,
    { maxBytes }: Wanted,
  ): void {
    const allowed = start + maxBytes
    const known = segment.offsets().floorStart(allowed)
    const cursor = this.#state.environment.cursor
    cursor.start(segment.file(), known > start ? known : start, limit)
    let endPosition = start
    let endOffset = -1
    while (cursor.next()) {
      if (cursor.nextPosition > allowed && cursor.position > start) {
        endPosition = cursor.position
        endOffset = cursor.baseOffset
        break
      }
      endPosition = cursor.nextPosition
      endOffset = cursor.lastOffset + 1
      if (endPosition > allowed) break
    }
    const hints = this.#hints as ReadHints
    hints.learnEnd(slot, maxBytes, endPosition, endOffset)
  }

  // --------------------------------------------------------------------------------------- cold

  /** As `Log.abortedTransactions`. */
  abortedTransactions(from: Offset, bound: Offset): AbortedTransaction[] {
    const { segments } = this.#state
    const found: AbortedTransaction[] = []
    for (let at = Math.max(0, this.#state.floorIndex(from)); at < segments.length; at++) {
      const index = (segments[at] as Segment).transactions()
      if (index === null) continue
      for (let slot = 0; slot < index.count; slot++) {
        const { producerId, firstOffset, lastOffset, lastStableOffset } = index.entry(slot)
        if (lastOffset >= from && firstOffset < bound) found.push({ producerId, firstOffset })
        if (lastStableOffset >= bound) return inOrder(found)
      }
    }
    return inOrder(found)
  }

  /** As `Log.readBatches`. */
  *batches(from: Offset, bound: Offset): IterableIterator<BatchView> {
    const { segments } = this.#state
    let next = Math.max(from, this.#state.logStartOffset)
    for (let at = Math.max(0, this.#state.floorIndex(next)); at < segments.length; at++) {
      const segment = segments[at] as Segment
      const start = segment.seek(next)?.position
      if (start === undefined) continue
      const file = segment.file()
      file.retain()
      try {
        for (const batch of batchesIn(file, start, segment.sizeBytes)) {
          if (batch.baseOffset >= bound) return
          yield batch
          next = batch.lastOffset + 1
        }
      } finally {
        file.release()
      }
    }
  }
}

interface Wanted {
  readonly from: Offset
  readonly maxBytes: number
  readonly end: Offset
  readonly atLeastOneBatch: boolean
}

function inOrder(found: AbortedTransaction[]): AbortedTransaction[] {
  return found.sort((a, b) => a.firstOffset - b.firstOffset)
}

/** Whole batches of a file, read in chunks. A view is valid until the next one is asked for. */
export function* batchesIn(
  file: File,
  start: FilePosition,
  end: FilePosition,
): IterableIterator<BatchView> {
  let chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - start))
  let chunkStart = start
  let chunkBytes = 0
  let position = start
  while (position + 61 <= end) {
    const left = chunkStart + chunkBytes - position
    const needed = left < 61 ? 61 : chunk.readInt32BE(position - chunkStart + 8) + 12
    if (needed < 61 || position + needed > end) return
    if (needed > left) {
      if (needed > chunk.length) chunk = Buffer.allocUnsafe(needed)
      chunkStart = position
      chunkBytes = file.read(chunk.subarray(0, Math.min(chunk.length, end - position)), position)
      if (chunkBytes < needed) return
      continue
    }
    const at = position - chunkStart
    if (chunk[at + 16] !== 2) return
    yield new BatchView(chunk.subarray(at, at + needed))
    position += needed
  }
}
