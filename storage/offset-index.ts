/**
 * Sparse offset -> position. 8 bytes an entry:
 *
 *   0  int32  last offset of a batch, relative to the segment's base
 *   4  int32  position at which that batch starts
 *
 * Both ascend. Readers rely only on this: every offset above the entry's lies at or after its
 * position (older Kafka followers wrote one entry for several batches).
 */
import type { Disk, File } from '../host/host.ts'
import { EntryFile } from './entry-file.ts'
import type { FilePosition } from './units.ts'
import { floorSlot } from './warm-search.ts'

export const OFFSET_ENTRY_BYTES = 8

export class OffsetIndex {
  readonly entries: EntryFile

  constructor(path: string) {
    this.entries = new EntryFile(path, OFFSET_ENTRY_BYTES)
  }

  get count(): number {
    return this.entries.count
  }

  key(slot: number): number {
    return this.entries.mirror.readInt32BE(slot * OFFSET_ENTRY_BYTES)
  }

  position(slot: number): FilePosition {
    return this.entries.mirror.readInt32BE(slot * OFFSET_ENTRY_BYTES + 4)
  }

  append(relativeOffset: number, position: FilePosition): void {
    const at = this.entries.grow()
    this.entries.mirror.writeInt32BE(relativeOffset, at)
    this.entries.mirror.writeInt32BE(position, at + 4)
  }

  /** From where to scan for `relativeOffset`: no later than the batch that holds it. */
  floorPosition(relativeOffset: number): FilePosition {
    const slot = floorSlot(this, OFFSET_ENTRY_BYTES, relativeOffset)
    return slot < 0 ? 0 : this.position(slot)
  }

  /** The last known start of a batch at or before `position`. */
  floorStart(position: FilePosition): FilePosition {
    let low = -1
    let high = this.count - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.position(middle) <= position) low = middle
      else high = middle - 1
    }
    return low < 0 ? 0 : this.position(low)
  }

  /** Drops entries of batches that end at or after `relativeOffset`. */
  truncateTo(relativeOffset: number): void {
    let count = this.count
    while (count > 0 && this.key(count - 1) >= relativeOffset) count--
    this.entries.truncate(count)
  }

  /** Of order 1: the last entry lies inside the segment and the one before is smaller. */
  isSane(sizeBytes: number, nextRelativeOffset: number): boolean {
    const last = this.count - 1
    if (last < 0) return true
    const key = this.key(last)
    const position = this.position(last)
    if (key < 0 || key >= nextRelativeOffset || position <= 0 || position >= sizeBytes) return false
    return last === 0 || (this.key(last - 1) < key && this.position(last - 1) < position)
  }

  persist(disk: Disk): File {
    return this.entries.persist(disk)
  }
}
