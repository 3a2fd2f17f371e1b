/**
 * From a partition's folder to a log: what is trusted, what is scanned (recovery.ts), which small
 * files are repaired. Costs a clean, empty partition one listing and two small reads.
 */
import type { LogEnvironment } from './environment.ts'
import { epochsInBatches } from './epochs-in-batches.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LoadJournal } from './load-report.ts'
import type { LogConfig } from './log-config.ts'
import type { OpenedLog } from './log-state.ts'
import { FileKind, PARTITION_METADATA_FILE, segmentFileName } from './names.ts'
import { type PartitionFiles, partitionFiles } from './partition-files.ts'
import { parsePartitionMetadata } from './partition-metadata.ts'
import { writeSnapshot } from './producer-loader.ts'
import type { ProducerState } from './producer-state.ts'
import { RefusedLog, recoverSegments, recoveryActionFor } from './recovery.ts'
import { Segment } from './segment.ts'
import { createSegment, drawJitter } from './segment-roll.ts'
import { type Offset, RELATIVE_OFFSET_MAX, SEGMENT_BYTES_MAX } from './units.ts'

export interface OpenOptions {
  readonly environment: LogEnvironment
  readonly journal: LoadJournal
  readonly topic: string
  readonly partition: number
  readonly folder: string
  readonly config: LogConfig
  readonly wasCleanStop: boolean
  /** As the checkpoints say; 0 where they don't. */
  readonly recoveryPoint: Offset
  readonly logStartOffset: Offset
  readonly highWatermark: Offset
  readonly nowMs: number
}

export interface OpenLogResult {
  readonly opened: OpenedLog
  /** Scanned or cut: to be synced before anyone is told what it holds. */
  readonly mustSync: boolean
  /** Left behind a cut: to be removed. */
  readonly removed: readonly Segment[]
}

/** Below this a segment is walked from its start: cheaper than reading an index. */
const SMALL_SEGMENT_BYTES = 65_536

/** Throws DiskError; RefusedLog if the partition must stay closed. */
export function openLog(options: OpenOptions): OpenLogResult {
  const { environment, folder, config, topic, partition, nowMs } = options
  const files = partitionFiles(environment.disk, folder, options.journal)
  const segments = segmentsOf(options, files)
  const snapshots = tidySnapshots(options, files)
  const start = Math.max(options.logStartOffset, segments[0]?.baseOffset ?? 0)
  const found = scan(options, segments, snapshots, start)
  const isLost = dropIfBelowStart(options, segments, start, found)
  if (isLost) snapshots.length = 0
  if (segments.length === 0) {
    segments.push(createSegment(environment, folder, start, { config, nowMs }))
  }
  const { nextOffset } = segments.at(-1) as Segment
  const logStartOffset = Math.min(start, nextOffset)
  const known = options.wasCleanStop ? nextOffset : options.recoveryPoint
  const opened = {
    topic,
    partition,
    topicId: topicIdOf(options, files),
    folder,
    config,
    segments,
    logStartOffset,
    nextOffset,
    recoveryPoint: Math.min(known, nextOffset),
    highWatermark: Math.min(Math.max(options.highWatermark, logStartOffset), nextOffset),
    snapshots,
    producers: isLost ? null : found.producers,
  }
  return { opened, mustSync: found.mustSync || isLost, removed: found.removed }
}

interface Found {
  /** Null: nothing was scanned. */
  readonly producers: ProducerState | null
  readonly removed: Segment[]
  readonly mustSync: boolean
}

/** Scans what the recovery table says must be scanned. */
function scan(
  options: OpenOptions,
  segments: Segment[],
  snapshots: Offset[],
  logStartOffset: Offset,
): Found {
  const { environment, folder, config, journal } = options
  const first = firstToScan(options, segments)
  if (first === segments.length) return { producers: null, removed: [], mustSync: false }
  const trusted = segments.slice(0, first)
  const rebuild = () => epochsInBatches(environment, trusted)
  const epochs = new LeaderEpochs(environment.disk, folder, rebuild)
  const isCompacted = config.compactEnabled
  const { producers, removed, scannedBytes } = recoverSegments(
    { environment, folder, segments, snapshots, epochs, logStartOffset, isCompacted, journal },
    first,
  )
  if (scannedBytes === 0 && removed.length === 0) {
    return { producers, removed, mustSync: false }
  }
  const end = (segments.at(-1) as Segment).nextOffset
  epochs.truncateFromEnd(end)
  dropSnapshotsAbove(options, snapshots, end)
  if (end > 0) {
    writeSnapshot(environment, folder, end, producers)?.close()
    if (snapshots.at(-1) !== end) snapshots.push(end)
  }
  return { producers, removed, mustSync: true }
}

/** A log that lost everything from its start on begins anew there. */
function dropIfBelowStart(
  { environment, folder, journal }: OpenOptions,
  segments: Segment[],
  start: Offset,
  { removed }: Found,
): boolean {
  const end = segments.at(-1)?.nextOffset ?? start
  if (end >= start) return false
  journal.add('cut', folder, `ends at ${end}, before its start ${start}`)
  removed.push(...segments.splice(0))
  new LeaderEpochs(environment.disk, folder, () => []).clear()
  return true
}

function segmentsOf(options: OpenOptions, files: PartitionFiles): Segment[] {
  const { environment, folder, config } = options
  return files.bases.map((baseOffset, at) => {
    const path = `${folder}/${segmentFileName(baseOffset, FileKind.LOG)}`
    const stat = environment.disk.stat(path)
    const sizeBytes = stat?.sizeBytes ?? 0
    if (sizeBytes > SEGMENT_BYTES_MAX) throw new RefusedLog(`${path} is larger than 2 GiB`)
    const next = files.bases[at + 1]
    const segment = new Segment(environment, folder, {
      baseOffset,
      sizeBytes,
      nextOffset: next ?? (sizeBytes === 0 ? baseOffset : baseOffset + RELATIVE_OFFSET_MAX),
      createdMs: stat?.modifiedMs ?? 0,
      hasTransactionIndex: files.withTransactions.has(baseOffset),
      indexIntervalBytes: config.indexIntervalBytes,
    })
    segment.jitterMs = drawJitter(environment, config)
    return segment
  })
}

/** Index of the first segment to scan; their number if none. */
function firstToScan(options: OpenOptions, segments: readonly Segment[]): number {
  const { wasCleanStop, recoveryPoint } = options
  const last = segments.length - 1
  for (let at = 0; at <= last; at++) {
    const segment = segments[at] as Segment
    const isLast = at === last
    const endsWhole = !isLast || segment.sizeBytes === 0 || findEnd(options, segment)
    // The recovery point lies in the active segment: all of that one is scanned.
    const isBelowRecoveryPoint = !isLast && segment.nextOffset <= recoveryPoint
    if (isLast && segment.sizeBytes === 0) continue
    const condition = { wasCleanStop, isBelowRecoveryPoint, isLast, endsWhole }
    if (recoveryActionFor(condition) === 'scan') return at
  }
  const oldest = segments[0]
  if (oldest !== undefined && last > 0) refuseLegacy(oldest)
  return segments.length
}

/** Walks the last headers of a segment to its end. False if they don't end where the file does. */
function findEnd({ environment, wasCleanStop }: OpenOptions, segment: Segment): boolean {
  if (!wasCleanStop) return true // It will be scanned anyway.
  const { sizeBytes, baseOffset } = segment
  let position = 0
  if (sizeBytes > SMALL_SEGMENT_BYTES) {
    position = segment.offsets().floorPosition(RELATIVE_OFFSET_MAX)
  }
  const cursor = environment.cursor.start(segment.file(), position, sizeBytes)
  let nextOffset = baseOffset
  while (cursor.next()) {
    if (cursor.baseOffset < nextOffset) return false
    nextOffset = cursor.lastOffset + 1
  }
  segment.nextOffset = nextOffset
  return cursor.nextPosition === sizeBytes
}

function refuseLegacy(segment: Segment): void {
  const magic = Buffer.alloc(1)
  if (segment.sizeBytes < 17 || segment.file().read(magic, 16) < 1) return
  if (magic[0] === 2) return
  throw new RefusedLog(`${segment.slot.path} begins with a batch of magic ${magic[0]}, not 2`)
}

/** Keeps those of segment bases and the highest, which a clean stop wrote. */
function tidySnapshots({ environment, folder }: OpenOptions, files: PartitionFiles): Offset[] {
  const { bases, snapshots } = files
  const highest = snapshots.at(-1)
  const known = new Set(bases)
  return snapshots.filter(offset => {
    if (known.has(offset) || offset === highest) return true
    environment.disk.remove(`${folder}/${segmentFileName(offset, FileKind.SNAPSHOT)}`)
    return false
  })
}

function dropSnapshotsAbove(
  { environment, folder }: OpenOptions,
  snapshots: Offset[],
  end: Offset,
) {
  while ((snapshots.at(-1) ?? 0) > end) {
    const offset = snapshots.pop() as Offset
    environment.disk.remove(`${folder}/${segmentFileName(offset, FileKind.SNAPSHOT)}`)
  }
}

function topicIdOf({ environment, folder, journal }: OpenOptions, files: PartitionFiles): string {
  const path = `${folder}/${PARTITION_METADATA_FILE}`
  if (!files.hasMetadata) {
    journal.add('repaired', path, 'missing: the topic id is to be given')
    return ''
  }
  const topicId = parsePartitionMetadata(environment.disk.readFile(path).toString('utf8'))
  if (topicId === null) journal.add('repaired', path, 'unreadable: the topic id is to be given')
  return topicId ?? ''
}
