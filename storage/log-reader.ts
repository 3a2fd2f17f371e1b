/**
 * Reads of one log: from an offset to a range of whole batches in one file.
 *
 * Cost: a hint or an index look-up for the start, nothing for an end at the bound, and a read of a
 * few KiB of headers where a size in the middle of a segment ends the range.
 */
import type { File } from '../host/host.ts'
import { BatchView } from '../protocol/records/batch.ts'
import { HEADER_BYTES } from './batch-cursor.ts'
import { type DamagedRange, nextDamage, rangeAt } from './damage.ts'
import { examineSegment } from './log-examiner.ts'
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
      if (slot < 0 && this.#isBroken(segment)) {
        // What ended the walk is passed over from now on: the same segment once more.
        examineSegment(state, segment)
        return this.read(from, maxBytes, bound, atLeastOneBatch)
      }
      // Holes (of compaction, of a cut): the next segment then has the next record.
      if (slot < 0) continue
      const start = behindDamage(segment, hints.position(slot))
      if (start >= segment.sizeBytes) continue
      return this.#range(segment, slot, start, { from, maxBytes, end, atLeastOneBatch })
    }
    return null
  }

  /** Whether the walk that found nothing ended before the segment did, for no known reason. */
  #isBroken(segment: Segment): boolean {
    if (segment.isChecked || segment.sizeBytes === 0) return false
    return !this.#state.environment.cursor.isAtEnd
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
    if (from <= segment.baseOffset && segment.sizeBytes > 0 && segment.damage === null) {
      hints.learn(from, segment.baseOffset, 0)
    } else {
      const cursor = segment.seek(from)
      if (cursor === null) return -1
      hints.learn(from, segment.baseOffset, cursor.position)
    }
    return hints.find(from, segment.baseOffset)
  }

  #range(segment: Segment, slot: number, start: FilePosition, wanted: Wanted): LogRange | null {
    const hints = this.#hints as ReadHints
    const { maxBytes, end } = wanted
    const bound = this.#limit(segment, end)
    const { damage } = segment
    const limit = damage === null ? bound : Math.min(bound, nextDamage(damage, start))
    if (limit <= start) return null
    if (limit - start <= maxBytes && limit === bound) {
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
    cursor.start(segment.file(), known > start ? known : start, limit, segment.damage)
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
    const state = this.#state
    let next = Math.max(from, state.logStartOffset)
    for (let at = Math.max(0, state.floorIndex(next)); at < state.segments.length; at++) {
      const segment = state.segments[at] as Segment
      const start = segment.seek(next)?.position
      if (start === undefined) {
        if (this.#isBroken(segment)) {
          examineSegment(state, segment)
          at--
        }
        continue
      }
      const { sizeBytes } = segment
      const file = segment.file()
      file.retain()
      const walk = new BatchWalk(file, start, sizeBytes, segment.damage)
      try {
        for (let batch = walk.next(); batch !== null; batch = walk.next()) {
          if (batch.baseOffset >= bound) return
          next = batch.lastOffset + 1
          yield batch
        }
      } finally {
        file.release()
      }
      if (walk.position < sizeBytes && !segment.isChecked && !segment.isRemoved) {
        examineSegment(state, segment)
        at--
      }
    }
  }
}

/** Where reading begins that is to begin at `position`. */
function behindDamage({ damage }: Segment, position: FilePosition): FilePosition {
  return damage === null ? position : (rangeAt(damage, position)?.end ?? position)
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
  const walk = new BatchWalk(file, start, end, null)
  for (let batch = walk.next(); batch !== null; batch = walk.next()) yield batch
}

/** The same step by step: it says where it ended, and passes over damaged ranges. */
class BatchWalk {
  /** Where the next batch begins; after `next` returned null, where the walk ended. */
  position: FilePosition
  readonly #file: File
  readonly #end: FilePosition
  readonly #damage: readonly DamagedRange[] | null
  #chunk: Buffer
  #chunkStart: FilePosition
  #chunkBytes = 0

  constructor(
    file: File,
    start: FilePosition,
    end: FilePosition,
    damage: readonly DamagedRange[] | null,
  ) {
    this.#file = file
    this.#end = end
    this.#damage = damage
    this.#chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - start))
    this.#chunkStart = start
    this.position = start
  }

  next(): BatchView | null {
    if (this.#damage !== null) {
      this.position = rangeAt(this.#damage, this.position)?.end ?? this.position
    }
    const { position } = this
    if (position + HEADER_BYTES > this.#end) return null
    if (!this.#has(position, HEADER_BYTES)) return null
    const sizeBytes = this.#chunk.readInt32BE(position - this.#chunkStart + 8) + 12
    if (sizeBytes < HEADER_BYTES || position + sizeBytes > this.#end) return null
    if (!this.#has(position, sizeBytes)) return null
    const at = position - this.#chunkStart
    if (this.#chunk[at + 16] !== 2) return null
    this.position = position + sizeBytes
    return new BatchView(this.#chunk.subarray(at, at + sizeBytes))
  }

  #has(position: FilePosition, wanted: number): boolean {
    const chunkEnd = this.#chunkStart + this.#chunkBytes
    if (position >= this.#chunkStart && position + wanted <= chunkEnd) return true
    if (wanted > this.#chunk.length) this.#chunk = Buffer.allocUnsafe(wanted)
    const room = Math.min(this.#chunk.length, this.#end - position)
    this.#chunkStart = position
    this.#chunkBytes = this.#file.read(this.#chunk.subarray(0, room), position)
    return this.#chunkBytes >= wanted
  }
}
