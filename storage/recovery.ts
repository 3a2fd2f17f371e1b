/**
 * Opening a log: what to do with each segment, decided by a table, and doing it.
 *
 *   clean stop  below recovery point  last  ends with a whole batch   action
 *   yes         -                     no    -                         trust
 *   yes         -                     yes   yes                       trust
 *   yes         -                     yes   no                        scan
 *   no          yes                   no    -                         trust
 *   no          yes                   yes   yes                       trust
 *   no          yes                   yes   no                        scan
 *   no          no                    -     -                         scan
 *
 * 'trust': content and indexes were synced; an index is still checked, when first used, and made
 * again if it lies. 'scan': every batch is checked, indexes and producers are made from them, the
 * file is cut at the first batch that is not whole, and what follows it is removed.
 */
import type { LogEnvironment } from './environment.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { LoadJournal } from './load-report.ts'
import { loadProducers, replayBatch } from './producer-loader.ts'
import type { ProducerState } from './producer-state.ts'
import type { Segment } from './segment.ts'
import { type ScanEnd, scanSegment } from './segment-scan.ts'
import { type Offset, RELATIVE_OFFSET_MAX } from './units.ts'

export interface SegmentCondition {
  readonly wasCleanStop: boolean
  readonly isBelowRecoveryPoint: boolean
  readonly isLast: boolean
  readonly endsWhole: boolean
}

/** The table above. */
export function recoveryActionFor(condition: SegmentCondition): 'trust' | 'scan' {
  const { wasCleanStop, isBelowRecoveryPoint, isLast, endsWhole } = condition
  if (!wasCleanStop && !isBelowRecoveryPoint) return 'scan'
  return isLast && !endsWhole ? 'scan' : 'trust'
}

/** A partition that must stay closed; its files are left as they are. */
export class RefusedLog extends Error {
  override readonly name = 'RefusedLog'
}

export interface Recovery {
  readonly environment: LogEnvironment
  readonly folder: string
  /** Ascending; those after a cut are taken out. */
  readonly segments: Segment[]
  readonly snapshots: Offset[]
  readonly epochs: LeaderEpochs
  readonly logStartOffset: Offset
  readonly isCompacted: boolean
  readonly journal: LoadJournal
}

export interface Recovered {
  readonly producers: ProducerState
  /** Those that follow a cut: to be removed. */
  readonly removed: Segment[]
  readonly scannedBytes: number
}

/** Scans the segments from index `first` on. Throws DiskError, or RefusedLog. */
export function recoverSegments(recovery: Recovery, first: number): Recovered {
  const { environment, folder, segments, snapshots, logStartOffset, journal } = recovery
  const start = (segments[first] as Segment).baseOffset
  const source = {
    environment,
    folder,
    snapshots,
    logStartOffset,
    segments: segments.slice(0, first),
  }
  const producers = loadProducers(source, start)
  let scannedBytes = 0
  for (let at = first; at < segments.length; at++) {
    const segment = segments[at] as Segment
    const limit = segments[at + 1]?.baseOffset ?? Number.POSITIVE_INFINITY
    const sizeBytes = segment.sizeBytes
    const end = recoverSegment(recovery, segment, limit, producers)
    scannedBytes += sizeBytes
    journal.scannedBytes += sizeBytes
    const isLast = at === segments.length - 1
    const isShort = !isLast && endsShort(recovery, segment, limit)
    segment.isSealed = isLast || isShort || end !== 'end'
    if (end === 'end' && !isShort) continue
    const cutBytes = sizeBytes - segment.sizeBytes
    const reason = end === 'end' ? `ends before ${limit}` : reasonOf(end, segment.sizeBytes)
    journal.add('cut', segment.slot.path, reason, cutBytes)
    const removed = segments.splice(at + 1)
    for (const later of removed) {
      journal.add('cut', later.slot.path, 'follows a log that was cut', later.sizeBytes)
    }
    return { producers, removed, scannedBytes }
  }
  return { producers, removed: [], scannedBytes }
}

/**
 * Whether the end of a segment was lost while the next one's beginning was not: nothing says in
 * which order a power cut takes them. Compaction leaves the same holes on purpose.
 */
function endsShort({ isCompacted }: Recovery, segment: Segment, nextBase: Offset): boolean {
  if (isCompacted || nextBase - segment.baseOffset > RELATIVE_OFFSET_MAX) return false
  return segment.nextOffset < nextBase
}

function recoverSegment(
  { environment, epochs, folder }: Recovery,
  segment: Segment,
  offsetLimit: Offset,
  producers: ProducerState,
): ScanEnd {
  const file = segment.file()
  const { sizeBytes } = file
  segment.resetTransactions()
  segment.resetIndexes()
  segment.nextOffset = segment.baseOffset
  const range = {
    file,
    sizeBytes,
    baseOffset: segment.baseOffset,
    offsetLimit,
    crc32c: environment.crc32c,
  }
  const { validBytes, end } = scanSegment(range, batch => {
    segment.accept(batch.sizeBytes, batch.lastOffset, batch.maxTimestamp)
    const aborted = replayBatch(producers, batch)
    if (aborted !== null) segment.transactionsToWrite().append(aborted)
    if (batch.leaderEpoch > epochs.latest) epochs.assign(batch.leaderEpoch, batch.baseOffset)
  })
  if (end === 'legacy') {
    throw new RefusedLog(
      `${folder} holds batches of an old format (magic 0 or 1) at byte ${validBytes} of` +
        ` ${segment.slot.path}: let Kafka rewrite them, or remove the segment`,
    )
  }
  if (validBytes < sizeBytes) file.truncate(validBytes)
  return end
}

function reasonOf(end: ScanEnd, position: number): string {
  return `${end === 'torn' ? 'a torn batch' : end} at byte ${position}`
}
