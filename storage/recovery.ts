/**
 * Opening a log: what to do with each segment, decided by a table, and doing it.
 *
 *   row  clean stop  below recovery point  last  ends with a whole batch   action
 *   S1   yes         -                     no    -                         trust
 *   S2   yes         -                     yes   yes                       trust
 *   S3   yes         -                     yes   no                        scan
 *   S4   no          yes                   no    -                         trust
 *   S5   no          yes                   yes   yes                       trust
 *   S6   no          yes                   yes   no                        scan
 *   S7   no          no                    -     -                         scan
 *
 * 'trust': content and indexes were synced. What the opening has time for is checked all the same
 * (segment-check.ts). 'scan': every batch is checked, indexes and producers are made from them.
 * What is found where no whole batch lies is judged by the table of fault-verdict.ts.
 */

import { asidePath } from './damage.ts'
import { applyMend, cutTorn, markDamaged } from './damage-keeper.ts'
import type { LogEnvironment } from './environment.ts'
import type { EpochCheck } from './epoch-check.ts'
import { faultVerdict } from './fault-verdict.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import { FileKind } from './names.ts'
import { loadProducers, replayBatch } from './producer-loader.ts'
import type { ProducerState } from './producer-state.ts'
import { ScanWindow } from './scan-window.ts'
import type { Segment } from './segment.ts'
import { type ScanFault, type ScanVisitor, scanSegment } from './segment-scan.ts'
import { type LeaderEpoch, NO_EPOCH, type Offset, RELATIVE_OFFSET_MAX } from './units.ts'

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
  /** Ascending; those after a cut are taken out and set aside. */
  readonly segments: Segment[]
  readonly snapshots: Offset[]
  readonly epochs: LeaderEpochs
  readonly epochCheck: EpochCheck
  readonly logStartOffset: Offset
  readonly isCompacted: boolean
  readonly wasCleanStop: boolean
  /** As the checkpoint says; what lies below was synced. */
  readonly recoveryPoint: Offset
  /** Exclusive end of the log where more than one file says it; null otherwise. */
  readonly knownEnd: Offset | null
}

export interface Recovered {
  readonly producers: ProducerState
  readonly scannedBytes: number
}

/** Scans the segments from index `first` on. Throws DiskError, or RefusedLog. */
export function recoverSegments(recovery: Recovery, first: number): Recovered {
  const { environment, folder, segments, snapshots, logStartOffset } = recovery
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
  let epoch = NO_EPOCH
  for (let at = first; at < segments.length; at++) {
    const segment = segments[at] as Segment
    const { sizeBytes } = segment
    const scan = new SegmentRecovery(recovery, at, producers)
    epoch = scan.run(epoch)
    scannedBytes += sizeBytes
    environment.journal.scannedBytes += sizeBytes
    segment.isChecked = true
    const isLast = at === segments.length - 1
    const isShort = !isLast && !scan.wasCut && endsShort(recovery, at)
    segment.isSealed = isLast || isShort || scan.wasCut
    if (!scan.wasCut && !isShort) continue
    if (isShort) {
      const next = (segments[at + 1] as Segment).baseOffset
      environment.journal.add('cut', segment.slot.path, `the log ends here, before ${next}`)
    }
    setAside(environment, segments.splice(at + 1))
    break
  }
  return { producers, scannedBytes }
}

/** One segment's scan: what it visits becomes the segment's content. */
class SegmentRecovery implements ScanVisitor {
  wasCut = false
  readonly #recovery: Recovery
  readonly #segment: Segment
  readonly #later: readonly Segment[]
  readonly #producers: ProducerState

  constructor(recovery: Recovery, at: number, producers: ProducerState) {
    this.#recovery = recovery
    this.#segment = recovery.segments[at] as Segment
    this.#later = recovery.segments.slice(at + 1)
    this.#producers = producers
  }

  /** Returns the last leader epoch. */
  run(epochBefore: LeaderEpoch): LeaderEpoch {
    const { environment, epochs, isCompacted, recoveryPoint, knownEnd } = this.#recovery
    const segment = this.#segment
    const file = segment.file()
    const { sizeBytes } = file
    segment.resetTransactions()
    segment.resetIndexes()
    segment.nextOffset = segment.baseOffset
    const isLast = this.#later.length === 0
    const range = {
      file,
      sizeBytes,
      baseOffset: segment.baseOffset,
      offsetLimit: this.#later[0]?.baseOffset ?? Number.POSITIVE_INFINITY,
      knownEnd,
      crc32c: environment.crc32c,
      isCompacted: isCompacted || segment.hasGaps,
      epochBefore,
      latestEpoch: epochs.isWritten ? epochs.latest : Number.POSITIVE_INFINITY,
      damage: segment.damage ?? [],
    }
    const { endPosition, lastEpoch } = scanSegment(range, this)
    if (!this.wasCut) {
      const isDamagedAtEnd = segment.sizeBytes < endPosition
      segment.skipTo(endPosition)
      if (isDamagedAtEnd && isLast) {
        const end = knownEnd ?? recoveryPoint
        segment.nextOffset = Math.max(segment.nextOffset, end)
      }
    }
    return lastEpoch
  }

  batch(batch: Parameters<ScanVisitor['batch']>[0], position: number): void {
    const segment = this.#segment
    const { epochs, epochCheck } = this.#recovery
    epochCheck.batch(batch.leaderEpoch, batch.baseOffset)
    segment.skipTo(position)
    segment.accept(batch.sizeBytes, batch.lastOffset, batch.maxTimestamp)
    const aborted = replayBatch(this.#producers, batch)
    if (aborted !== null) segment.transactionsToWrite().append(aborted)
    if (batch.leaderEpoch > epochs.latest) epochs.assign(batch.leaderEpoch, batch.baseOffset)
  }

  mend(mend: Parameters<ScanVisitor['mend']>[0]): void {
    applyMend(this.#recovery.environment, this.#segment, mend)
  }

  fault(fault: ScanFault): 'skip' | 'cut' {
    const { environment, folder, wasCleanStop, recoveryPoint } = this.#recovery
    const segment = this.#segment
    if (fault.reason === 'a batch of an old format') {
      throw new RefusedLog(
        `${folder} holds batches of an old format (magic 0 or 1) at byte ${fault.start} of` +
          ` ${segment.slot.path}: let Kafka rewrite them, or remove the segment`,
      )
    }
    const verdict = faultVerdict({
      wasCleanStop,
      isBelowRecoveryPoint: fault.nextOffset < recoveryPoint,
      isFollowed: fault.isFollowed || this.#later.some(later => beginsSound(environment, later)),
      isUnwritten: fault.isUnwritten,
    })
    if (verdict === 'damaged') {
      markDamaged(environment, segment, fault)
      return 'skip'
    }
    cutTorn(environment, segment, fault)
    this.wasCut = true
    return 'cut'
  }
}

function beginsSound({ crc32c }: LogEnvironment, segment: Segment): boolean {
  const window = new ScanWindow(segment.file(), segment.sizeBytes, crc32c)
  return window.soundBatchAt(0) !== null
}

/**
 * Whether the end of a segment was lost while the next one's beginning was not: nothing says in
 * which order a power cut takes them. Compaction leaves the same holes on purpose, and so do damage
 * and a repair.
 */
function endsShort({ isCompacted, segments, recoveryPoint, wasCleanStop }: Recovery, at: number) {
  const segment = segments[at] as Segment
  const nextBase = (segments[at + 1] as Segment).baseOffset
  if (wasCleanStop || segment.nextOffset < recoveryPoint) return false
  if (isCompacted || segment.hasGaps || nextBase - segment.baseOffset > RELATIVE_OFFSET_MAX)
    return false
  if (segment.damage?.at(-1)?.end === segment.sizeBytes) return false
  return segment.nextOffset < nextBase
}

/** Renames the files of segments behind a cut, so that they are no part of the log and stay. */
export function setAside(environment: LogEnvironment, segments: readonly Segment[]): void {
  const { disk, openFiles, journal } = environment
  for (const segment of segments) {
    openFiles.close(segment.slot)
    segment.isRemoved = true
    segment.forgetMirrors()
    const { path } = segment.slot
    const kept = asidePath(disk, path, 'torn', { start: 0, end: segment.sizeBytes })
    disk.rename(path, kept)
    for (const kind of [FileKind.OFFSET_INDEX, FileKind.TIME_INDEX, FileKind.TRANSACTION_INDEX]) {
      disk.remove(segment.pathOf(kind))
    }
    const reason = `follows a log that was cut, kept as ${kept}`
    journal.add('cut', path, reason, segment.sizeBytes)
  }
}
