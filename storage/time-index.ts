/**
 * Sparse timestamp -> offset. 12 bytes an entry:
 *
 *   0  int64  the largest timestamp of the segment so far
 *   8  int32  last offset of the batch that has it, relative to the segment's base
 *
 * Timestamps strictly ascend, offsets never descend. A closed segment's last entry is its maximum,
 * which retention and look-ups by time trust.
 */
import type { Disk, File } from '../host/host.ts'
import { int64At, putInt64 } from '../protocol/integers.ts'
import { EntryFile } from './entry-file.ts'
import { NO_TIMESTAMP, type TimestampMs } from './units.ts'
import { floorSlot } from './warm-search.ts'

export const TIME_ENTRY_BYTES = 12

export class TimeIndex {
  readonly entries: EntryFile

  constructor(path: string) {
    this.entries = new EntryFile(path, TIME_ENTRY_BYTES)
  }

  get count(): number {
    return this.entries.count
  }

  key(slot: number): TimestampMs {
    return int64At(this.entries.mirror, slot * TIME_ENTRY_BYTES)
  }

  relativeOffset(slot: number): number {
    return this.entries.mirror.readInt32BE(slot * TIME_ENTRY_BYTES + 8)
  }

  get lastTimestampMs(): TimestampMs {
    return this.count === 0 ? NO_TIMESTAMP : this.key(this.count - 1)
  }

  /** Keeps the pair if the timestamp is above the last one's. */
  append(timestampMs: TimestampMs, relativeOffset: number): void {
    if (timestampMs <= this.lastTimestampMs) return
    const at = this.entries.grow()
    putInt64(this.entries.mirror, at, timestampMs)
    this.entries.mirror.writeInt32BE(relativeOffset, at + 8)
  }

  /** The last entry at or before `timestampMs`, as its slot; -1 for none. */
  floor(timestampMs: TimestampMs): number {
    return floorSlot(this, TIME_ENTRY_BYTES, timestampMs)
  }

  /** Drops entries of batches that end at or after `relativeOffset`. */
  truncateTo(relativeOffset: number): void {
    let count = this.count
    while (count > 0 && this.relativeOffset(count - 1) >= relativeOffset) count--
    this.entries.truncate(count)
  }

  /** Of order 1. A tail of zeros (a preallocated file that was never cut) is not sane. */
  isSane(nextRelativeOffset: number): boolean {
    const last = this.count - 1
    if (last < 0) return true
    const offset = this.relativeOffset(last)
    if (this.key(last) < 0 || offset < 0 || offset >= nextRelativeOffset) return false
    if (last === 0) return this.key(0) > 0 || offset > 0 || nextRelativeOffset === 1
    return this.key(last - 1) < this.key(last) && this.relativeOffset(last - 1) <= offset
  }

  persist(disk: Disk): File {
    return this.entries.persist(disk)
  }
}
