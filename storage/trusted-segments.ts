/**
 * What an opening checks of the segments that need no recovery: all of a small folder, the first
 * 32 MiB of a large one. The same checks run later on what was left out (log-examiner.ts).
 */
import type { LogEnvironment } from './environment.ts'
import type { EpochCheck } from './epoch-check.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { Segment } from './segment.ts'
import { checkSegment } from './segment-check.ts'
import { NO_EPOCH, type Offset } from './units.ts'

export interface TrustedSegments {
  readonly environment: LogEnvironment
  /** All of the log, ascending. */
  readonly segments: readonly Segment[]
  /** How many of them, from the first on, are trusted. */
  readonly trustedCount: number
  readonly epochs: LeaderEpochs
  readonly epochCheck: EpochCheck
  readonly isCompacted: boolean
  /** Exclusive end of the log where more than one file says it; null otherwise. */
  readonly knownEnd: Offset | null
  readonly recoveryPoint: Offset
}

/** Returns whether anything had to be corrected. Throws DiskError, RefusedLog. */
export function checkTrusted(trusted: TrustedSegments): boolean {
  const { environment, segments, trustedCount, epochs, knownEnd } = trusted
  const { epochCheck } = trusted
  const { journal } = environment
  const findingsBefore = journal.count
  const latestEpoch = epochs.isWritten ? epochs.latest : Number.POSITIVE_INFINITY
  let epochBefore = NO_EPOCH
  for (let at = 0; at < trustedCount; at++) {
    const segment = segments[at] as Segment
    if (segment.sizeBytes > journal.checkBytesLeft) {
      epochBefore = NO_EPOCH
      continue
    }
    journal.checkBytesLeft -= segment.sizeBytes
    const next = segments[at + 1]
    const offsetLimit = next?.baseOffset ?? Number.POSITIVE_INFINITY
    const isCompacted = trusted.isCompacted || segment.hasGaps
    const options = { offsetLimit, knownEnd, isCompacted, latestEpoch, epochBefore }
    if (segment.sizeBytes === 0) segment.isChecked = true
    else {
      const checked = checkSegment(environment, segment, options, epochCheck)
      epochBefore = checked.lastEpoch
      if (next === undefined) {
        const known = checked.isDamagedAtEnd ? (knownEnd ?? trusted.recoveryPoint) : 0
        segment.nextOffset = Math.max(checked.nextOffset, known)
      }
    }
  }
  return journal.count > findingsBefore
}

/**
 * Makes the list of epochs again when the batches contradict it, if all of them were seen. Throws
 * DiskError.
 */
export function checkEpochs(
  { journal }: LogEnvironment,
  segments: readonly Segment[],
  epochs: LeaderEpochs,
  { isRight, starts }: EpochCheck,
): void {
  if (isRight || segments.some(({ damage, isChecked }) => damage !== null || !isChecked)) return
  epochs.replaceBy(starts)
  journal.add('rebuilt', epochs.path, 'from byte 0 on: the batches have other leader epochs')
}
