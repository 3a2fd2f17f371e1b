/** Which segments may go: pure. Passes in Kafka's order: start offset, size, time. */
import type { LogConfig } from './log-config.ts'
import { NO_TIMESTAMP, type Offset, type TimestampMs } from './units.ts'

export interface RetainedSegment {
  readonly baseOffset: Offset
  /** Exclusive. */
  readonly nextOffset: Offset
  readonly sizeBytes: number
  readonly maxTimestampMs: TimestampMs
  /** Stands in for records without timestamps. */
  readonly modifiedMs: number
}

export interface RetentionFacts {
  /** Oldest first; the last is the active one. */
  readonly segments: readonly RetainedSegment[]
  readonly config: LogConfig
  readonly highWatermark: Offset
  readonly logStartOffset: Offset
  readonly nowMs: number
}

export type RetentionReason = 'start' | 'size' | 'time'

export interface RetentionStep {
  /** How many of the oldest segments go; all of them means that the active one is rolled first. */
  readonly count: number
  readonly reason: RetentionReason
}

/** The first pass that removes anything, or null. Call again until there is none. */
export function nextRetention(facts: RetentionFacts): RetentionStep | null {
  const { config } = facts
  const removable = countRemovable(facts)
  if (removable === 0) return null
  const start = count(
    removable,
    at => (facts.segments[at + 1]?.baseOffset ?? Infinity) <= facts.logStartOffset,
  )
  if (start > 0) return { count: start, reason: 'start' }
  if (!config.deleteEnabled) return null
  const size = count(removable, exceeding(facts))
  if (size > 0) return { count: size, reason: 'size' }
  const time = count(removable, at => isExpired(facts, facts.segments[at] as RetainedSegment))
  return time > 0 ? { count: time, reason: 'time' } : null
}

/** Wholly below the high watermark; an empty active segment stays. */
function countRemovable({ segments, highWatermark }: RetentionFacts): number {
  return count(segments.length, at => {
    const { nextOffset, sizeBytes } = segments[at] as RetainedSegment
    const isEmptyActive = at === segments.length - 1 && sizeBytes === 0
    return highWatermark >= nextOffset && !isEmptyActive
  })
}

/** Never goes below the limit. */
function exceeding({ segments, config }: RetentionFacts): (at: number) => boolean {
  const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  let excess = sizeBytes - config.retentionBytes
  return at => {
    excess -= (segments[at] as RetainedSegment).sizeBytes
    return excess >= 0
  }
}

function isExpired({ config, nowMs }: RetentionFacts, segment: RetainedSegment): boolean {
  const { maxTimestampMs, modifiedMs } = segment
  const newestMs = maxTimestampMs > NO_TIMESTAMP ? maxTimestampMs : modifiedMs
  return nowMs - newestMs > config.retentionMs
}

/** How many from the first on, up to `limit`, without a gap. */
function count(limit: number, matches: (at: number) => boolean): number {
  let at = 0
  while (at < limit && matches(at)) at++
  return at
}
