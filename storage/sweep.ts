/** One log's turn of the retention check. */
import type { Log } from './log.ts'
import type { LogState } from './log-state.ts'
import { removeSegments } from './log-truncation.ts'
import { nextRetention, type RetainedSegment, type RetentionReason } from './retention.ts'
import type { Offset } from './units.ts'

/** What one sweep removed from one log, for one reason. */
export interface RetentionReport {
  readonly topic: string
  readonly partition: number
  readonly reason: RetentionReason
  readonly removedSegments: number
  readonly removedBytes: number
  readonly logStartOffset: Offset
}

/** Throws DiskError. */
export function sweepLog(log: Log, nowMs: number): RetentionReport[] {
  const { state } = log
  // What a full disk left unsealed is tried again.
  if (log.commits.isSealDue(nowMs)) state.environment.seal(log.commits)
  if (state.segments.length === 1 && state.active.sizeBytes === 0) return []
  const reports: RetentionReport[] = []
  for (;;) {
    const step = nextRetention({
      segments: described(state),
      config: state.config,
      highWatermark: state.highWatermark,
      logStartOffset: state.logStartOffset,
      nowMs,
    })
    if (step === null) return reports
    if (step.count === state.segments.length && !rollEmpty(log, nowMs)) return reports
    reports.push(removeOldest(log, step.count, step.reason, nowMs))
  }
}

function described(state: LogState): RetainedSegment[] {
  const { segments, nextOffset, config } = state
  const needsTime = config.deleteEnabled && config.retentionMs !== Number.POSITIVE_INFINITY
  return segments.map((segment, at) => ({
    baseOffset: segment.baseOffset,
    // What is staged will lie in the active one, and go with it.
    nextOffset: segments[at + 1]?.baseOffset ?? nextOffset,
    sizeBytes: segment.sizeBytes,
    maxTimestampMs: needsTime ? segment.maxTimestampMs : Number.POSITIVE_INFINITY,
    modifiedMs: segment.createdMs,
  }))
}

/**
 * A log keeps an active segment: an empty one takes over. Nothing is staged: all of the log is
 * below the high watermark. False if the disk has no room.
 */
function rollEmpty(log: Log, nowMs: number): boolean {
  return log.appender.roll(log.state.nextOffset, nowMs) === null
}

function removeOldest(
  { state, commits }: Log,
  count: number,
  reason: RetentionReason,
  nowMs: number,
): RetentionReport {
  const removed = state.segments.slice(0, count)
  const next = state.segments[count]?.baseOffset ?? state.writtenOffset
  // First the bound, then the files: nobody is sent to a segment that is going.
  if (next > state.logStartOffset) state.logStartOffset = next
  state.wasTouched = true
  state.segments.splice(0, count)
  removeSegments(state, removed, nowMs)
  for (const segment of removed) commits.forget(segment)
  state.epochs.truncateFromStart(state.logStartOffset)
  const removedBytes = removed.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  const { topic, partition, logStartOffset } = state
  return { topic, partition, reason, removedSegments: removed.length, removedBytes, logStartOffset }
}
