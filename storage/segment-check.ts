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
import { OffsetIndex } from './offset-index.ts'
import { RefusedLog } from './recovery.ts'
import type { Segment } from './segment.ts'
import { type ScanRange, scanSegment } from './segment-scan.ts'
import { TimeIndex } from './time-index.ts'
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
  const { wrongPath } = index
  if (wrongPath !== null) {
    environment.journal.add('rebuilt', wrongPath, 'it has an entry that no batch fits')
  }
  if (wasWrong || wrongPath !== null) {
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

/** Holds the entries of both indexes against the batches they name. */
class IndexCheck {
  /** Position -> relative last offset. */
  readonly #places = new Map<number, number>()
  /** Relative last offset -> timestamp. */
  readonly #times = new Map<number, TimestampMs>()
  /** Null without entries: they are made when the segment is first asked for times. */
  readonly #lastTimeMs: TimestampMs | null
  readonly #segment: Segment
  #isPlaceWrong = false
  #isTimeWrong = false
  #largestMs: TimestampMs = NO_TIMESTAMP

  /** Reads the files as they are: the segment loads its indexes when they are needed. */
  constructor(disk: Disk, segment: Segment) {
    const offsets = new OffsetIndex(segment.pathOf(FileKind.OFFSET_INDEX))
    const times = new TimeIndex(segment.pathOf(FileKind.TIME_INDEX))
    this.#segment = segment
    offsets.entries.load(disk)
    times.entries.load(disk)
    for (let slot = 0; slot < offsets.count; slot++) {
      this.#places.set(offsets.position(slot), offsets.key(slot))
    }
    for (let slot = 0; slot < times.count; slot++) {
      this.#times.set(times.relativeOffset(slot), times.key(slot))
    }
    this.#lastTimeMs = times.count === 0 ? null : times.key(times.count - 1)
  }

  batch(position: number, relativeOffset: number, maxTimestampMs: TimestampMs): void {
    const indexed = this.#places.get(position)
    if (indexed !== undefined) {
      this.#places.delete(position)
      if (indexed !== relativeOffset) this.#isPlaceWrong = true
    }
    if (maxTimestampMs > this.#largestMs) this.#largestMs = maxTimestampMs
    const timestampMs = this.#times.get(relativeOffset)
    if (timestampMs !== undefined) {
      this.#times.delete(relativeOffset)
      if (timestampMs !== maxTimestampMs) this.#isTimeWrong = true
    }
  }

  /** The index with an entry that names no batch, or whose last timestamp is not the largest. */
  get wrongPath(): string | null {
    if (this.#isPlaceWrong || this.#places.size > 0) {
      return this.#segment.pathOf(FileKind.OFFSET_INDEX)
    }
    const isClosed = this.#lastTimeMs === null || this.#lastTimeMs === this.#largestMs
    const areTimesRight = !this.#isTimeWrong && this.#times.size === 0 && isClosed
    return areTimesRight ? null : this.#segment.pathOf(FileKind.TIME_INDEX)
  }
}
