/**
 * Checks a segment that is trusted: batches against checksum and neighbours, indexes against the
 * batches. Nothing is ever cut: whatever is wrong is damage (rows D1 and D2 of fault-verdict.ts).
 */
import { DiskError } from '../host/disk-error.ts'
import type { Disk } from '../host/host.ts'
import { applyMend, markDamaged } from './damage-keeper.ts'
import type { LogEnvironment } from './environment.ts'
import type { EpochCheck } from './epoch-check.ts'
import { FileKind } from './names.ts'
import { OFFSET_ENTRY_BYTES, OffsetIndex } from './offset-index.ts'
import { RefusedLog } from './recovery.ts'
import type { Segment } from './segment.ts'
import { type ScanRange, scanSegment } from './segment-scan.ts'
import { TIME_ENTRY_BYTES, TimeIndex } from './time-index.ts'
import { NO_TIMESTAMP, type Offset, type TimestampMs } from './units.ts'

export interface CheckOptions
  extends Pick<ScanRange, 'offsetLimit' | 'knownEnd' | 'isCompacted' | 'latestEpoch'> {
  readonly epochBefore: number
}

export interface Checked {
  /** Exclusive end of the batches that were found. */
  readonly nextOffset: Offset
  /** The file ends with a damaged range. */
  readonly isDamagedAtEnd: boolean
  readonly lastEpoch: number
}

/**
 * Checks all of the segment; marks damage and makes the indexes again if they or it were wrong.
 * Throws DiskError. `epochs` is told the leader epoch of each batch.
 */
export function checkSegment(
  environment: LogEnvironment,
  segment: Segment,
  options: CheckOptions,
  epochs: Pick<EpochCheck, 'batch'>,
): Checked {
  const { crc32c } = environment
  const { sizeBytes, baseOffset } = segment
  const index = new IndexCheck(environment.disk, segment)
  let wasWrong = false
  let endOfBatches = 0
  const range = {
    ...options,
    file: segment.file(),
    sizeBytes,
    baseOffset,
    crc32c,
    damage: segment.damage ?? [],
  }
  const { nextOffset, lastEpoch } = scanSegment(range, {
    batch: (batch, position) => {
      index.batch(position, batch.lastOffset - baseOffset, batch.maxTimestamp)
      endOfBatches = position + batch.sizeBytes
      epochs.batch(batch.leaderEpoch, batch.baseOffset)
    },
    mend: mend => {
      applyMend(environment, segment, mend)
      wasWrong = true
    },
    fault: fault => {
      if (fault.reason === 'a batch of an old format') {
        throw new RefusedLog(
          `${segment.slot.path} holds ${fault.reason} (magic 0 or 1) at byte ${fault.start}:` +
            ' let Kafka rewrite it, or remove the segment',
        )
      }
      markDamaged(environment, segment, fault)
      wasWrong = true
      return 'skip'
    },
  })
  segment.isChecked = true
  const wrong = index.wrong()
  if (wrong !== null) {
    const reason = `the entry at byte ${wrong.position} fits no batch: made again from the batches`
    environment.journal.add('rebuilt', wrong.path, reason)
  }
  if (wasWrong || wrong !== null) {
    segment.rebuildIndexes()
    persistIndexes(segment)
  }
  return { nextOffset, isDamagedAtEnd: endOfBatches < sizeBytes, lastEpoch }
}

/** A sealed segment is not written again: what the files lack is written here, if there is room. */
function persistIndexes(segment: Segment): void {
  try {
    for (const file of segment.persistIndexes()) file.close()
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'ENOSPC') throw error
  }
}

/** Holds the entries of both indexes against the batches that they name. */
class IndexCheck {
  readonly #offsets: OffsetIndex
  readonly #times: TimeIndex
  /** Position -> slot, of entries whose batch was not visited yet. */
  readonly #offsetSlots = new Map<number, number>()
  /** Relative last offset -> slot, likewise. */
  readonly #timeSlots = new Map<number, number>()
  /** The first slot whose entry no batch fits; Infinity if there is none. */
  #wrongOffsetSlot = Number.POSITIVE_INFINITY
  #wrongTimeSlot = Number.POSITIVE_INFINITY
  #largestMs: TimestampMs = NO_TIMESTAMP

  /** Reads the files as they are: the segment loads its indexes when they are needed. */
  constructor(disk: Disk, segment: Segment) {
    this.#offsets = new OffsetIndex(segment.pathOf(FileKind.OFFSET_INDEX))
    this.#times = new TimeIndex(segment.pathOf(FileKind.TIME_INDEX))
    this.#offsets.entries.load(disk)
    this.#times.entries.load(disk)
    for (let slot = this.#offsets.count - 1; slot >= 0; slot--) {
      const position = this.#offsets.position(slot)
      // Two entries for one place: one of them is wrong.
      if (this.#offsetSlots.has(position)) this.#wrongOffsetSlot = slot
      this.#offsetSlots.set(position, slot)
    }
    for (let slot = this.#times.count - 1; slot >= 0; slot--) {
      const relativeOffset = this.#times.relativeOffset(slot)
      if (this.#timeSlots.has(relativeOffset)) this.#wrongTimeSlot = slot
      this.#timeSlots.set(relativeOffset, slot)
    }
  }

  batch(position: number, relativeOffset: number, maxTimestampMs: TimestampMs): void {
    if (maxTimestampMs > this.#largestMs) this.#largestMs = maxTimestampMs
    const offsetSlot = this.#offsetSlots.get(position)
    if (offsetSlot !== undefined && this.#offsets.key(offsetSlot) === relativeOffset) {
      this.#offsetSlots.delete(position)
    }
    const timeSlot = this.#timeSlots.get(relativeOffset)
    if (timeSlot !== undefined && this.#times.key(timeSlot) === maxTimestampMs) {
      this.#timeSlots.delete(relativeOffset)
    }
  }

  /** After the last batch: the index with an entry that no batch fits, and where; or null. */
  wrong(): { readonly path: string; readonly position: number } | null {
    const offsetSlot = Math.min(this.#wrongOffsetSlot, ...this.#offsetSlots.values())
    if (Number.isFinite(offsetSlot)) {
      return { path: this.#offsets.entries.path, position: offsetSlot * OFFSET_ENTRY_BYTES }
    }
    let timeSlot = Math.min(this.#wrongTimeSlot, ...this.#timeSlots.values())
    // The last entry has the largest timestamp. Without entries they are made when asked for.
    const last = this.#times.count - 1
    if (last >= 0 && this.#times.key(last) !== this.#largestMs) timeSlot = Math.min(timeSlot, last)
    if (!Number.isFinite(timeSlot)) return null
    return { path: this.#times.entries.path, position: timeSlot * TIME_ENTRY_BYTES }
  }
}
