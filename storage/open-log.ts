/**
 * From a partition's folder to a log: what is trusted, what is scanned (recovery.ts), which small
 * files are repaired. Costs a clean, empty partition one listing and two small reads.
 */
import { holdsCopy } from './damage.ts'
import { addDamage } from './damage-keeper.ts'
import type { LogEnvironment } from './environment.ts'
import { EpochCheck } from './epoch-check.ts'
import { epochsInBatches } from './epochs-in-batches.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LogConfig } from './log-config.ts'
import type { OpenedLog } from './log-state.ts'
import { FileKind, segmentFileName } from './names.ts'
import { type PartitionFiles, partitionFiles } from './partition-files.ts'
import { writeSnapshot } from './producer-loader.ts'
import type { ProducerState } from './producer-state.ts'
import { RefusedLog, recoverSegments, recoveryActionFor, setAside } from './recovery.ts'
import { ScanWindow } from './scan-window.ts'
import { Segment } from './segment.ts'
import { createSegment, drawJitter } from './segment-roll.ts'
import { checkEpochs, checkTrusted } from './trusted-segments.ts'
import { type Offset, RELATIVE_OFFSET_MAX, SEGMENT_BYTES_MAX } from './units.ts'

export interface OpenOptions {
  readonly environment: LogEnvironment
  readonly topic: string
  readonly partition: number
  readonly topicId: string
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
  /** Scanned, cut or corrected: to be synced before anyone is told what it holds. */
  readonly mustSync: boolean
}

/** Below this a segment is walked from its start: cheaper than reading an index. */
const SMALL_SEGMENT_BYTES = 65_536

/** Throws DiskError; RefusedLog if the partition must stay closed. */
export function openLog(options: OpenOptions): OpenLogResult {
  const { environment, folder, config, topic, partition, topicId, nowMs } = options
  const files = partitionFiles(environment.disk, folder, environment.journal)
  const segments = segmentsOf(options, files)
  takeMarks(options, segments, files)
  const snapshots = tidySnapshots(options, files)
  const wanted = Math.max(options.logStartOffset, segments[0]?.baseOffset ?? 0)
  const found = scan(options, segments, snapshots, wanted)
  const start = believedStart(options, segments, wanted)
  const isLost = dropIfBelowStart(options, segments, start)
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
    topicId,
    folder,
    config,
    segments,
    logStartOffset,
    nextOffset,
    recoveryPoint: Math.min(known, nextOffset),
    highWatermark: Math.min(Math.max(options.highWatermark, logStartOffset), nextOffset),
    snapshots,
    producers: isLost || start !== wanted ? null : found.producers,
  }
  return { opened, mustSync: found.mustSync || isLost }
}

interface Found {
  /** Null: nothing was scanned. */
  readonly producers: ProducerState | null
  readonly mustSync: boolean
}

/** Scans what the recovery table says, and checks of the rest what there is time for. */
function scan(
  options: OpenOptions,
  segments: Segment[],
  snapshots: Offset[],
  logStartOffset: Offset,
): Found {
  const { environment, folder, config, wasCleanStop, recoveryPoint } = options
  if (segments.every(({ sizeBytes }) => sizeBytes === 0))
    return { producers: null, mustSync: false }
  const first = firstToScan(options, segments)
  const epochs = new LeaderEpochs(environment.disk, folder, () => {
    const reason = 'unreadable from byte 0 on: made again from the batches'
    environment.journal.add('rebuilt', epochs.path, reason)
    return epochsInBatches(environment, segments)
  })
  const knownEnd = knownEndOf(options, snapshots)
  const epochCheck = new EpochCheck(epochs.starts)
  const isCompacted = config.compactEnabled
  const isMended = checkTrusted({
    environment,
    segments,
    trustedCount: first,
    epochs,
    epochCheck,
    isCompacted,
    knownEnd,
    recoveryPoint,
  })
  if (first === segments.length) {
    checkEpochs(environment, segments, epochs, epochCheck)
    return { producers: null, mustSync: isMended }
  }
  const { producers, scannedBytes } = recoverSegments(
    {
      environment,
      folder,
      segments,
      snapshots,
      epochs,
      epochCheck,
      logStartOffset,
      isCompacted,
      wasCleanStop,
      recoveryPoint,
      knownEnd,
    },
    first,
  )
  if (scannedBytes === 0) return { producers, mustSync: isMended }
  const end = (segments.at(-1) as Segment).nextOffset
  checkEpochs(environment, segments, epochs, epochCheck)
  epochs.truncateFromEnd(end)
  dropSnapshotsAbove(options, snapshots, end)
  if (end > 0) {
    writeSnapshot(environment, folder, end, producers)?.close()
    if (snapshots.at(-1) !== end) snapshots.push(end)
  }
  return { producers, mustSync: true }
}

/** A clean stop leaves the log's end in a checkpoint and in the name of a snapshot. */
function knownEndOf({ wasCleanStop, recoveryPoint }: OpenOptions, snapshots: Offset[]) {
  return wasCleanStop && snapshots.at(-1) === recoveryPoint ? recoveryPoint : null
}

/** Marks that no longer fit the segment's bytes were overtaken by a repair or a restored file. */
function takeMarks({ environment }: OpenOptions, segments: Segment[], { aside }: PartitionFiles) {
  const { disk, journal } = environment
  for (const { kind, baseOffset, range, path } of aside) {
    const segment = segments.find(({ baseOffset: base }) => base === baseOffset)
    if (segment === undefined) continue
    if (kind === 'removed') segment.hasGaps = true
    if (kind !== 'damaged') continue
    if (!holdsCopy(disk, segment.file(), range, path)) continue
    addDamage(segment, range)
    const reason = `known since an earlier start, at byte ${range.start}, copied to ${path}`
    journal.add('damaged', segment.slot.path, reason, range.end - range.start)
  }
}

/** The start that a checkpoint claims, unless the log ended below it and was stopped cleanly. */
function believedStart(
  { environment, folder, wasCleanStop }: OpenOptions,
  segments: readonly Segment[],
  start: Offset,
): Offset {
  const end = segments.at(-1)?.nextOffset ?? start
  if (end >= start || !wasCleanStop) return start
  const first = (segments[0] as Segment).baseOffset
  const reason = `a checkpoint says that the log starts at ${start}, but it ends at ${end}`
  environment.journal.add('repaired', folder, `${reason}: taken to start at ${first}`)
  return first
}

/**
 * A log whose records all lie below its log start begins anew at the log start; the records that
 * it still has are set aside.
 */
function dropIfBelowStart(
  { environment, folder }: OpenOptions,
  segments: Segment[],
  start: Offset,
): boolean {
  const end = segments.at(-1)?.nextOffset ?? start
  if (end >= start) return false
  environment.journal.add('cut', folder, `ends at ${end}, before its start ${start}`)
  setAside(environment, segments.splice(0))
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
  if (oldest !== undefined && last > 0) refuseLegacy(options, oldest)
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
  const cursor = environment.cursor.start(segment.file(), position, sizeBytes, segment.damage)
  let nextOffset = baseOffset
  while (cursor.next()) {
    if (cursor.baseOffset < nextOffset) return false
    nextOffset = cursor.lastOffset + 1
  }
  segment.nextOffset = nextOffset
  return cursor.isAtEnd
}

function refuseLegacy({ environment }: OpenOptions, segment: Segment): void {
  const magic = Buffer.alloc(1)
  if (segment.sizeBytes < 17 || segment.file().read(magic, 16) < 1) return
  if (magic[0] === 2) return
  // A flipped bit makes no message of an old format: its checksum tells.
  const window = new ScanWindow(segment.file(), segment.sizeBytes, environment.crc32c)
  if (!window.isLegacyAt(0)) return
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
