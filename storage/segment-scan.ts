/**
 * Walks the batches of a segment file, checking everything that can be checked without expanding
 * them. What is no whole batch is handed to the caller, who says whether the log ends there or goes
 * on behind it; header fields outside the checksum that neighbours and checksum disprove together
 * are put right on the way.
 */
import type { Crc32c, File } from '../host/host.ts'
import { putInt32 } from '../protocol/integers.ts'
import { BatchView } from '../protocol/records/batch.ts'
import { rightBaseOffset, rightEpoch } from './batch-place.ts'
import { type DamagedRange, rangeAt } from './damage.ts'
import { ScanWindow } from './scan-window.ts'
import {
  type FilePosition,
  type LeaderEpoch,
  NO_EPOCH,
  type Offset,
  RELATIVE_OFFSET_MAX,
} from './units.ts'

/** Bytes of a batch that its checksum does not cover. */
export const UNCOVERED_BYTES = 17

const CUT_SHORT = 'a batch that the end of the file cuts short'

/** What is wrong at a place where a batch should begin. */
export type FaultReason =
  /** The file ends before the batch does. */
  | typeof CUT_SHORT
  | 'zeros'
  | 'no batch header'
  | 'a batch whose checksum is wrong'
  | 'a batch whose offsets its neighbours disprove'
  /** Magic 0 or 1: a format this broker does not read. */
  | 'a batch of an old format'

export interface ScanFault {
  readonly start: FilePosition
  /** Where the next sound batch begins, or the end of the file. */
  readonly end: FilePosition
  readonly reason: FaultReason
  /** Exclusive end of the offsets before it. */
  readonly nextOffset: Offset
  /** Sound batches follow in this file. */
  readonly isFollowed: boolean
  /** A part of the range looks as a power cut leaves what was never written. */
  readonly isUnwritten: boolean
}

/** Header fields outside the checksum that were wrong. */
export interface ScanMend {
  readonly position: FilePosition
  /** The first 17 bytes as they should be. Valid during the call. */
  readonly bytes: Buffer
  /** Which fields, and what they say and should say. */
  readonly change: string
}

export interface ScanVisitor {
  /** The view is valid during the call. */
  batch(batch: BatchView, position: FilePosition): void
  /** The batch itself is visited next. */
  mend(mend: ScanMend): void
  fault(fault: ScanFault): 'skip' | 'cut'
}

export interface ScanRange {
  readonly file: File
  readonly sizeBytes: number
  readonly baseOffset: Offset
  /** Exclusive: the next segment's base. Infinity for the last. */
  readonly offsetLimit: Offset
  /** Exclusive end of the last batch where that is known from elsewhere; null where it is not. */
  readonly knownEnd: Offset | null
  readonly crc32c: Crc32c
  readonly isCompacted: boolean
  /** Of the last batch before the segment; -1 where it is not known. */
  readonly epochBefore: LeaderEpoch
  /** The highest epoch that the log's own list knows; Infinity where there is no list. */
  readonly latestEpoch: LeaderEpoch
  /** Ranges known to be damaged, which are passed over. */
  readonly damage: readonly DamagedRange[]
}

export interface ScanResult {
  /** The end of the file, or where the visitor cut it. */
  readonly endPosition: FilePosition
  /** Exclusive end of the batches visited. */
  readonly nextOffset: Offset
  readonly lastEpoch: LeaderEpoch
}

/** Visits the batches in order. Throws DiskError, and what the visitor throws. */
export function scanSegment(range: ScanRange, visitor: ScanVisitor): ScanResult {
  return new SegmentScan(range, visitor).run()
}

class SegmentScan {
  readonly #range: ScanRange
  readonly #visitor: ScanVisitor
  readonly #window: ScanWindow
  #position: FilePosition = 0
  #next: Offset
  #epoch: LeaderEpoch
  #isExact = true

  constructor(range: ScanRange, visitor: ScanVisitor) {
    this.#range = range
    this.#visitor = visitor
    this.#window = new ScanWindow(range.file, range.sizeBytes, range.crc32c)
    this.#next = range.baseOffset
    this.#epoch = range.epochBefore
  }

  run(): ScanResult {
    const { sizeBytes, damage } = this.#range
    while (this.#position < sizeBytes) {
      const known = rangeAt(damage, this.#position)
      if (known !== null) {
        this.#pass(known.end)
      } else if (!this.#step()) break
    }
    return { endPosition: this.#position, nextOffset: this.#next, lastEpoch: this.#epoch }
  }

  /** One batch, or one damaged range. False if the log is to end here. */
  #step(): boolean {
    const position = this.#position
    const sound = this.#window.soundBatchAt(position)
    if (sound !== null) return this.#place(sound, '')
    const { sizeBytes, offsetLimit } = this.#range
    const next = this.#window.nextSound(position, this.#next, offsetLimit)
    const end = next < 0 ? sizeBytes : next
    const { bytes, change } = this.#lengthMended(position, end)
    if (bytes !== null) return this.#place(new BatchView(bytes), change)
    return this.#fault(end, this.#reasonAt(position), next >= 0)
  }

  /** The batch from `start` to `end` with length and magic put right; null if there is none. */
  #lengthMended(start: FilePosition, end: FilePosition): { bytes: Buffer | null; change: string } {
    if (!this.#window.isBatchWithin(start, end)) return { bytes: null, change: '' }
    const bytes = this.#window.bytesAt(start, end - start)
    const { magic, sizeBytes } = new BatchView(bytes)
    const changes = [
      ...(magic === 2 ? [] : [`magic ${magic} should be 2`]),
      ...(sizeBytes === end - start ? [] : [`size ${sizeBytes} should be ${end - start}`]),
    ]
    putInt32(bytes, 8, end - start - 12)
    bytes[16] = 2
    return { bytes, change: changes.join(', ') }
  }

  #place(batch: BatchView, mended: string): boolean {
    const position = this.#position
    const { sizeBytes, baseOffset, lastOffsetDelta, leaderEpoch } = batch
    const end = position + sizeBytes
    // Looking ahead may move the window away from the batch.
    const ahead = this.#window.headerAt(end)
    const { offsetLimit, isCompacted, latestEpoch } = this.#range
    const follower = ahead?.baseOffset ?? this.#endBehind(end)
    const right = rightBaseOffset(baseOffset, lastOffsetDelta, {
      nextOffset: this.#next,
      isExact: this.#isExact,
      follower,
      isCompacted,
    })
    const lastOffset = right === null ? Number.POSITIVE_INFINITY : right + lastOffsetDelta
    const isBeyond = lastOffset - this.#range.baseOffset > RELATIVE_OFFSET_MAX
    if (right === null || isBeyond || lastOffset >= offsetLimit) {
      const next = this.#window.nextSound(position, this.#next, offsetLimit)
      const faultEnd = next < 0 ? this.#range.sizeBytes : next
      return this.#fault(faultEnd, 'a batch whose offsets its neighbours disprove', next >= 0)
    }
    const epoch = rightEpoch(leaderEpoch, this.#epoch, ahead?.leaderEpoch ?? NO_EPOCH, latestEpoch)
    const changes = [
      ...(mended === '' ? [] : [mended]),
      ...(right === baseOffset ? [] : [`base offset ${baseOffset} should be ${right}`]),
      ...(epoch === leaderEpoch ? [] : [`leader epoch ${leaderEpoch} should be ${epoch}`]),
    ]
    this.#visit(right, epoch, sizeBytes, changes.join(', '))
    return true
  }

  #visit(baseOffset: Offset, epoch: LeaderEpoch, sizeBytes: number, change: string): void {
    const position = this.#position
    const bytes = this.#window.bytesAt(position, sizeBytes)
    const batch = new BatchView(bytes)
    if (change !== '') {
      putInt32(bytes, 8, sizeBytes - 12)
      bytes[16] = 2
      batch.stamp(baseOffset, epoch)
      this.#visitor.mend({ position, bytes: bytes.subarray(0, UNCOVERED_BYTES), change })
    }
    const { lastOffset } = batch
    this.#visitor.batch(batch, position)
    this.#position = position + sizeBytes
    this.#next = lastOffset + 1
    this.#epoch = Math.max(this.#epoch, epoch)
    this.#isExact = true
  }

  /** What is known to follow the end of the file. */
  #endBehind(end: FilePosition): Offset | null {
    const { sizeBytes, offsetLimit, knownEnd } = this.#range
    if (end < sizeBytes) return null
    return Number.isFinite(offsetLimit) ? offsetLimit : knownEnd
  }

  #fault(end: FilePosition, reason: FaultReason, isFollowed: boolean): boolean {
    const start = this.#position
    const verdict = this.#visitor.fault({
      start,
      end,
      reason,
      nextOffset: this.#next,
      isFollowed,
      isUnwritten: reason === CUT_SHORT || this.#window.hasUnwritten(start, end),
    })
    if (verdict === 'skip') this.#pass(end)
    return verdict === 'skip'
  }

  #pass(end: FilePosition): void {
    this.#position = Math.min(end, this.#range.sizeBytes)
    this.#isExact = false
  }

  #reasonAt(position: FilePosition): FaultReason {
    if (this.#window.isLegacyAt(position)) return 'a batch of an old format'
    const head = this.#window.bytesAt(position, UNCOVERED_BYTES)
    if (head.every(byte => byte === 0)) return 'zeros'
    if (this.#window.batchAt(position) !== null) return 'a batch whose checksum is wrong'
    const claimed = this.#window.headerAt(position) !== null
    return claimed || head.length < UNCOVERED_BYTES ? CUT_SHORT : 'no batch header'
  }
}
