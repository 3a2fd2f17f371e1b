/**
 * Takes damaged ranges out of the segments of a data folder that no broker uses, so that Ottla and
 * Apache Kafka alike read the rest. What is taken out stays beside the segment as a `.removed-`
 * file, and header fields that are put right as a `.replaced-` file (damage.ts). The offsets of
 * what was taken out are not given again.
 *
 * Crash story: the new segment replaces the old one by a rename. Marks that remain from before no
 * longer fit its bytes and mean nothing.
 */
import { DiskError } from '../host/disk-error.ts'
import type { Crc32c, Disk, File } from '../host/host.ts'
import { parseOffsets, readTextFile } from './checkpoint.ts'
import { copyAside, copyBytes, type DamagedRange, parseAsideName } from './damage.ts'
import {
  CLEAN_STOP_FILE,
  FileKind,
  HIGH_WATERMARK_FILE,
  parseFolderName,
  parseSegmentFileName,
  RECOVERY_POINT_FILE,
  segmentFileName,
} from './names.ts'
import { scanSegment } from './segment-scan.ts'
import { NO_EPOCH, type Offset } from './units.ts'

/** One thing that is wrong with a segment. */
export interface SegmentRepair {
  readonly path: string
  readonly position: number
  readonly bytes: number
  /** 'taken-out': a range that holds no batch. 'put-right': header fields of a sound batch. */
  readonly kind: 'taken-out' | 'put-right'
  readonly reason: string
}

export interface RepairOptions {
  readonly disk: Disk
  readonly crc32c: Crc32c
  /** The data folder; its lock is the caller's. */
  readonly path: string
  /** False: nothing is written. */
  readonly apply: boolean
}

/**
 * Repairs every partition under the folder, or only says what is wrong with them. After a stop
 * that was not clean the end of a log is left to the broker, which cuts what a power cut tore.
 * Rejects with DiskError.
 */
export async function repairLogs(options: RepairOptions): Promise<SegmentRepair[]> {
  const { disk, path } = options
  const repairs: SegmentRepair[] = []
  const ends = endsOf(disk, path)
  const wasClean = disk.stat(`${path}/${CLEAN_STOP_FILE}`) !== null
  for (const { name, isFolder } of disk.list(path)) {
    if (!isFolder || parseFolderName(name).kind !== 'partition') continue
    repairs.push(...(await repairPartition(options, `${path}/${name}`, ends(name), wasClean)))
  }
  return repairs
}

/** The highest end that the checkpoints know of a partition. */
function endsOf(disk: Disk, path: string): (name: string) => Offset {
  const maps = [RECOVERY_POINT_FILE, HIGH_WATERMARK_FILE].map(name => {
    return parseOffsets(readTextFile(disk, `${path}/${name}`) ?? '') ?? new Map<string, Offset>()
  })
  return name => Math.max(0, ...maps.map(map => map.get(name) ?? 0))
}

async function repairPartition(
  options: RepairOptions,
  folder: string,
  knownEnd: Offset,
  wasClean: boolean,
): Promise<SegmentRepair[]> {
  const { disk, apply } = options
  const names = disk.list(folder).map(({ name }) => name)
  const files = names.map(parseSegmentFileName).filter(file => file?.suffix === '')
  const bases = files.flatMap(file => (file?.kind === FileKind.LOG ? [file.baseOffset] : []))
  const snapshots = files.flatMap(file => {
    return file?.kind === FileKind.SNAPSHOT ? [file.baseOffset] : []
  })
  const repairs: SegmentRepair[] = []
  let lastEnd = 0
  let isEndLost = false
  for (const [at, baseOffset] of bases.entries()) {
    const next = bases[at + 1]
    const isLast = next === undefined
    const walked = walkSegment(options, folder, baseOffset, {
      offsetLimit: next ?? Number.POSITIVE_INFINITY,
      // What a power cut tore the broker cuts when it starts, unless it knows it for damage.
      marks: isLast && !wasClean ? marksOf(names, baseOffset) : null,
    })
    lastEnd = walked.nextOffset
    isEndLost = isLast && walked.ranges.some(({ end }) => end === walked.sizeBytes)
    repairs.push(...walked.repairs)
    if (apply && walked.repairs.length > 0) await rewrite(options, folder, baseOffset, walked)
  }
  const end = Math.max(lastEnd, knownEnd, ...snapshots)
  if (apply && isEndLost && end > lastEnd) {
    // An empty segment keeps the offsets of what was taken out from being given again.
    disk.open(`${folder}/${segmentFileName(end, FileKind.LOG)}`, 'create').close()
  }
  if (apply && repairs.length > 0) {
    retireMarks(disk, folder, names)
    await disk.syncFolder(folder)
  }
  return repairs
}

/** Where the marked damage of a segment begins. */
function marksOf(names: readonly string[], baseOffset: Offset): ReadonlySet<number> {
  const marks = names.map(parseAsideName).filter(mark => mark?.kind === 'damaged')
  return new Set(marks.flatMap(m => (m?.baseOffset === baseOffset ? [m.range.start] : [])))
}

interface Walked {
  readonly ranges: readonly DamagedRange[]
  readonly mends: ReadonlyMap<number, Buffer>
  readonly repairs: readonly SegmentRepair[]
  readonly sizeBytes: number
  readonly nextOffset: Offset
}

function walkSegment(
  { disk, crc32c }: RepairOptions,
  folder: string,
  baseOffset: Offset,
  { offsetLimit, marks }: { offsetLimit: Offset; marks: ReadonlySet<number> | null },
): Walked {
  const path = `${folder}/${segmentFileName(baseOffset, FileKind.LOG)}`
  const file = disk.open(path, 'read')
  const { sizeBytes } = file
  const ranges: DamagedRange[] = []
  const mends = new Map<number, Buffer>()
  const repairs: SegmentRepair[] = []
  try {
    const range = {
      ...{ file, sizeBytes, baseOffset, offsetLimit, crc32c },
      knownEnd: null,
      // Whether the topic is compacted is not known here: gaps are believed.
      isCompacted: true,
      epochBefore: NO_EPOCH,
      latestEpoch: Number.POSITIVE_INFINITY,
      damage: [],
    }
    const { nextOffset } = scanSegment(range, {
      batch: () => undefined,
      mend: ({ position, bytes, change }) => {
        mends.set(position, Buffer.from(bytes))
        repairs.push({ path, position, bytes: bytes.length, kind: 'put-right', reason: change })
      },
      fault: ({ start, end, reason }) => {
        if (reason === 'a batch of an old format') return 'cut'
        if (marks !== null && end === sizeBytes && !marks.has(start)) return 'cut'
        ranges.push({ start, end })
        repairs.push({ path, position: start, bytes: end - start, kind: 'taken-out', reason })
        return 'skip'
      },
    })
    return { ranges, mends, repairs, sizeBytes, nextOffset }
  } finally {
    file.close()
  }
}

async function rewrite(
  { disk }: RepairOptions,
  folder: string,
  baseOffset: Offset,
  { ranges, mends, sizeBytes }: Walked,
): Promise<void> {
  const path = `${folder}/${segmentFileName(baseOffset, FileKind.LOG)}`
  const temporary = `${path}.repair`
  disk.remove(temporary)
  const from = disk.open(path, 'read')
  const to = disk.open(temporary, 'create')
  try {
    for (const range of ranges) copyAside(disk, from, path, 'removed', range)
    for (const [position, bytes] of mends) {
      copyAside(disk, from, path, 'replaced', { start: position, end: position + bytes.length })
    }
    writeWhole(from, to, ranges, mends, sizeBytes)
    await to.sync()
  } finally {
    from.close()
    to.close()
  }
  disk.rename(temporary, path)
  for (const kind of [FileKind.OFFSET_INDEX, FileKind.TIME_INDEX]) {
    disk.remove(`${folder}/${segmentFileName(baseOffset, kind)}`)
  }
}

function writeWhole(
  from: File,
  to: File,
  ranges: readonly DamagedRange[],
  mends: ReadonlyMap<number, Buffer>,
  sizeBytes: number,
): void {
  let start = 0
  let written = 0
  for (const { start: end, end: next } of [...ranges, { start: sizeBytes, end: sizeBytes }]) {
    copyBytes(from, { start, end }, to, written)
    for (const [position, bytes] of mends) {
      if (position < start || position >= end) continue
      const at = written + position - start
      if (to.writev([bytes], at) < bytes.length) throw new DiskError('ENOSPC', to.path, 'writev')
    }
    written += end - start
    start = next
  }
}

/** Marks say nothing any more; their bytes stay. */
function retireMarks(disk: Disk, folder: string, names: readonly string[]): void {
  for (const name of names) {
    if (parseAsideName(name)?.kind !== 'damaged') continue
    disk.rename(`${folder}/${name}`, `${folder}/${name.replace('.damaged-', '.replaced-')}`)
  }
}
