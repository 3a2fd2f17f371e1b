/**
 * Ranges of a segment file that hold no readable batch, and the files that say so.
 *
 * A range is marked by a file beside the segment that holds a copy of its bytes and says in its
 * name where they lie. Apache Kafka ignores such names.
 *
 *   00000000000000000000.log.damaged-120-61   61 bytes from byte 120 on are damaged and skipped
 *   00000000000000000000.log.torn-181-0       a torn tail that was cut at byte 181
 *   00000000000000000000.log.replaced-120-17  header fields that were put right, as they were
 *   00000000000000000000.log.removed-120-61   61 bytes that a repair took out: the segment has gaps
 *
 * Invariants:
 *   (1) Only a 'damaged' file makes readers skip anything, and only while the segment still holds
 *       the very bytes that were copied: a restored segment is read in full again.
 *   (2) Nothing in this project ever removes such a file; it goes with its partition's folder.
 *
 * Crash story: a mark that a power cut took is made again by whoever finds the damage again.
 */
import { DiskError } from '../host/disk-error.ts'
import type { Disk, File } from '../host/host.ts'
import type { FilePosition, Offset } from './units.ts'

/** Bytes `[start, end)` of a segment file that are no batch. */
export interface DamagedRange {
  readonly start: FilePosition
  /** Exclusive. */
  readonly end: FilePosition
}

export type AsideKind = 'damaged' | 'torn' | 'replaced' | 'removed'

/** What the name of a file of copied bytes says. */
export interface AsideName {
  readonly baseOffset: Offset
  readonly kind: AsideKind
  readonly range: DamagedRange
}

const ASIDE_FILE =
  /^(\d{20})\.log\.(damaged|torn|replaced|removed)-(\d{1,10})-(\d{1,10})(?:\.\d+)?$/
const CHUNK_BYTES = 1_048_576

/** Null for any other file. */
export function parseAsideName(name: string): AsideName | null {
  const match = ASIDE_FILE.exec(name)
  if (match === null) return null
  const start = Number(match[3])
  const range = { start, end: start + Number(match[4]) }
  return { baseOffset: Number(match[1]), kind: match[2] as AsideKind, range }
}

/** A path beside the segment that no file has yet. */
export function asidePath(
  disk: Disk,
  segmentPath: string,
  kind: AsideKind,
  { start, end }: DamagedRange,
): string {
  const path = `${segmentPath}.${kind}-${start}-${end - start}`
  for (let copy = 0; ; copy++) {
    const free = copy === 0 ? path : `${path}.${copy}`
    if (disk.stat(free) === null) return free
  }
}

/** Copies a range of a segment beside it. Returns the copy's path. Throws DiskError. */
export function copyAside(
  disk: Disk,
  file: File,
  segmentPath: string,
  kind: AsideKind,
  range: DamagedRange,
): string {
  const path = asidePath(disk, segmentPath, kind, range)
  const copy = disk.open(path, 'create')
  try {
    copyBytes(file, range, copy, 0)
  } catch (error) {
    disk.remove(path)
    throw error
  } finally {
    copy.close()
  }
  return path
}

/** Throws DiskError, 'ENOSPC' when not all of it could be written. */
export function copyBytes(
  from: File,
  { start, end }: DamagedRange,
  to: File,
  at: FilePosition,
): void {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - start))
  for (let position = start; position < end; ) {
    const read = from.read(chunk.subarray(0, Math.min(chunk.length, end - position)), position)
    if (read === 0) return
    const written = to.writev([chunk.subarray(0, read)], at + position - start)
    if (written < read) throw new DiskError('ENOSPC', to.path, 'writev')
    position += read
  }
}

/** Whether the segment still holds, at the range, what the copy at `path` holds. */
export function holdsCopy(disk: Disk, file: File, range: DamagedRange, path: string): boolean {
  const { start, end } = range
  if (end > file.sizeBytes) return false
  const copy = disk.open(path, 'read')
  try {
    if (copy.sizeBytes !== end - start) return false
    const size = Math.min(CHUNK_BYTES, end - start)
    const [ours, theirs] = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)]
    for (let position = start; position < end; position += size) {
      const length = Math.min(size, end - position)
      if (file.read(ours, position, 0, length) < length) return false
      if (copy.read(theirs, position - start, 0, length) < length) return false
      if (ours.compare(theirs, 0, length, 0, length) !== 0) return false
    }
    return true
  } finally {
    copy.close()
  }
}

/** The range that holds `position`, or null. `ranges` ascend and do not touch. */
export function rangeAt(
  ranges: readonly DamagedRange[],
  position: FilePosition,
): DamagedRange | null {
  for (const range of ranges) {
    if (position < range.start) return null
    if (position < range.end) return range
  }
  return null
}

/** Where the first range at or behind `position` begins; Infinity if there is none. */
export function nextDamage(ranges: readonly DamagedRange[], position: FilePosition): FilePosition {
  return ranges.find(({ start }) => start >= position)?.start ?? Number.POSITIVE_INFINITY
}

/** Ascending and joined where they touch or overlap. */
export function joined(ranges: readonly DamagedRange[]): DamagedRange[] {
  const result: DamagedRange[] = []
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const before = result.at(-1)
    if (before === undefined || range.start > before.end) result.push(range)
    else result[result.length - 1] = { start: before.start, end: Math.max(before.end, range.end) }
  }
  return result
}
