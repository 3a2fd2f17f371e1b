/**
 * Aborted transactions whose marker lies in one segment, in order of their markers. 34 bytes each:
 *
 *   0   int16  version 0
 *   2   int64  producer id
 *   10  int64  first offset of the transaction (may lie in an earlier segment)
 *   18  int64  last offset: that of the ABORT marker
 *   26  int64  last stable offset when the marker was written: the first offset of the oldest other
 *              open transaction, or the one after the marker. It lets a reader stop early.
 */
import type { Disk, File } from '../host/host.ts'
import { int64At, putInt64 } from '../protocol/integers.ts'
import { EntryFile } from './entry-file.ts'
import type { Offset, ProducerId } from './units.ts'

export const TRANSACTION_ENTRY_BYTES = 34

export interface AbortedEntry {
  readonly producerId: ProducerId
  readonly firstOffset: Offset
  readonly lastOffset: Offset
  readonly lastStableOffset: Offset
}

export class TransactionIndex {
  readonly entries: EntryFile

  constructor(path: string) {
    this.entries = new EntryFile(path, TRANSACTION_ENTRY_BYTES)
  }

  get count(): number {
    return this.entries.count
  }

  append(entry: AbortedEntry): void {
    const at = this.entries.grow()
    const { mirror } = this.entries
    mirror.writeInt16BE(0, at)
    putInt64(mirror, at + 2, entry.producerId)
    putInt64(mirror, at + 10, entry.firstOffset)
    putInt64(mirror, at + 18, entry.lastOffset)
    putInt64(mirror, at + 26, entry.lastStableOffset)
  }

  entry(slot: number): AbortedEntry {
    const at = slot * TRANSACTION_ENTRY_BYTES
    const { mirror } = this.entries
    return {
      producerId: int64At(mirror, at + 2),
      firstOffset: int64At(mirror, at + 10),
      lastOffset: int64At(mirror, at + 18),
      lastStableOffset: int64At(mirror, at + 26),
    }
  }

  /** Drops transactions whose marker lies at or after `offset`. */
  truncateTo(offset: Offset): void {
    let count = this.count
    while (count > 0 && this.entry(count - 1).lastOffset >= offset) count--
    this.entries.truncate(count)
  }

  /** Every entry: there are few. Version 0, inside the segment, markers ascending. */
  isSane(baseOffset: Offset, nextOffset: Offset): boolean {
    let before = baseOffset - 1
    for (let slot = 0; slot < this.count; slot++) {
      if (this.entries.mirror.readInt16BE(slot * TRANSACTION_ENTRY_BYTES) !== 0) return false
      const { firstOffset, lastOffset } = this.entry(slot)
      if (lastOffset <= before || lastOffset >= nextOffset || firstOffset > lastOffset) return false
      before = lastOffset
    }
    return true
  }

  persist(disk: Disk): File {
    return this.entries.persist(disk)
  }
}
