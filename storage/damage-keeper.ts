/**
 * What is done about the faults of one segment: header fields put right, damaged ranges marked,
 * a torn tail copied aside and cut.
 */
import { DiskError } from '../host/disk-error.ts'
import type { File } from '../host/host.ts'
import { copyAside, type DamagedRange, joined } from './damage.ts'
import type { LogEnvironment } from './environment.ts'
import type { Segment } from './segment.ts'
import type { ScanFault, ScanMend } from './segment-scan.ts'

const CHUNK_BYTES = 1_048_576

/** Writes the header fields as they should be; what stood there is kept beside. */
export function applyMend(
  environment: LogEnvironment,
  segment: Segment,
  { position, bytes, change }: ScanMend,
): void {
  const { disk, journal } = environment
  const { path } = segment.slot
  const range = { start: position, end: position + bytes.length }
  const fixed = Buffer.from(bytes)
  copyAside(disk, segment.file(), path, 'replaced', range)
  if (segment.file().writev([fixed], position) < fixed.length) {
    throw new DiskError('ENOSPC', path, 'writev')
  }
  journal.add('mended', path, `${change} in the batch at byte ${position}`)
}

/**
 * Marks a range as damaged: readers pass over it from now on. Where the disk has no room for the
 * copy the range is passed over all the same, until the next start finds it again.
 */
export function markDamaged(
  environment: LogEnvironment,
  segment: Segment,
  { start, end, reason }: Pick<ScanFault, 'start' | 'end' | 'reason'>,
): void {
  const { disk, journal } = environment
  const { path } = segment.slot
  addDamage(segment, { start, end })
  let copy = ''
  try {
    copy = `, copied to ${copyAside(disk, segment.file(), path, 'damaged', { start, end })}`
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'ENOSPC') throw error
  }
  journal.add('damaged', path, `${reason} at byte ${start}${copy}`, end - start)
}

/** Readers pass over the range. */
export function addDamage(segment: Segment, range: DamagedRange): void {
  segment.damage = joined([...(segment.damage ?? []), range])
}

/** Copies what lies behind `start` aside, unless it is all zeros, and cuts the file there. */
export function cutTorn(environment: LogEnvironment, segment: Segment, fault: ScanFault): void {
  const { disk, journal } = environment
  const { path } = segment.slot
  const { start, reason } = fault
  const file = segment.file()
  const { sizeBytes } = file
  const end = endOfContent(file, start)
  const range = { start, end }
  const copy =
    end > start
      ? `, copied to ${copyAside(disk, file, path, 'torn', range)}`
      : ', nothing but zeros'
  file.truncate(start)
  journal.add('cut', path, `a torn tail: ${reason} at byte ${start}${copy}`, sizeBytes - start)
}

/** The end of the last byte from `start` on that is not zero; `start` if there is none. */
function endOfContent(file: File, start: number): number {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, file.sizeBytes - start)))
  const zeros = Buffer.alloc(chunk.length)
  for (let end = file.sizeBytes; end > start; ) {
    const from = Math.max(start, end - chunk.length)
    const read = file.read(chunk, from, 0, end - from)
    if (chunk.compare(zeros, 0, read, 0, read) !== 0) {
      let at = read
      while (chunk[at - 1] === 0) at--
      return from + at
    }
    end = from
  }
  return start
}
