import type { AppendWaiter, Retainable } from './append-result.ts'
import type { AbortedEntry } from './transaction-index.ts'
import type { Offset, TimestampMs } from './units.ts'

/**
 * Batches of one log that are written by one call, with what becomes true by that. Parallel arrays,
 * made anew for each write (emptying one costs a call into V8's runtime).
 */
export class Stage {
  bytes: Buffer[] = []
  lastOffsets: Offset[] = []
  maxTimestamps: number[] = []
  frames: Retainable[] = []
  aborted: AbortedEntry[] = []
  waiters: AppendWaiter[] = []
  sizeBytes = 0
  /** The base of the segment that is to be made for it; -1 if it goes on with the one before. */
  segmentBase: Offset = -1
  /** When that was found necessary. */
  rollMs: TimestampMs = 0

  /** One batch may be larger than any stage should be. */
  hasRoomFor(sizeBytes: number, bytesMax: number): boolean {
    return this.sizeBytes === 0 || this.sizeBytes + sizeBytes <= bytesMax
  }

  /** Lets go of everything. */
  clear(): void {
    for (const frame of this.frames) frame.release()
    this.bytes = []
    this.lastOffsets = []
    this.maxTimestamps = []
    this.frames = []
    if (this.aborted.length > 0) this.aborted = []
    this.waiters = []
    this.sizeBytes = 0
    this.segmentBase = -1
  }
}
