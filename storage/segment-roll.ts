/** Makes segments: an empty one for a fresh or emptied log, and the next one when one is full. */
import type { LogEnvironment } from './environment.ts'
import type { LogConfig } from './log-config.ts'
import type { LogState } from './log-state.ts'
import { FileKind } from './names.ts'
import { writeSnapshot } from './producer-loader.ts'
import { Segment } from './segment.ts'
import type { Offset } from './units.ts'

/** An empty segment and its file, whatever was there before. Throws DiskError. */
export function createSegment(
  environment: LogEnvironment,
  folder: string,
  baseOffset: Offset,
  options: { readonly config: LogConfig; readonly nowMs: number },
): Segment {
  const { config, nowMs } = options
  const segment = new Segment(environment, folder, {
    baseOffset,
    sizeBytes: 0,
    nextOffset: baseOffset,
    createdMs: nowMs,
    hasTransactionIndex: false,
    indexIntervalBytes: config.indexIntervalBytes,
  })
  const file = environment.openFiles.create(segment.slot)
  if (file.sizeBytes > 0) file.truncate(0)
  segment.jitterMs = drawJitter(environment, config)
  return segment
}

/** Less than segment.jitter.ms and segment.ms, drawn for each segment. */
export function drawJitter(environment: LogEnvironment, config: LogConfig): number {
  const bound = Math.min(config.segmentJitterMs, config.segmentMs)
  return bound > 0 && Number.isFinite(bound) ? environment.random.below(bound) : 0
}

/**
 * Closes the active segment and makes the next one the active. The closed one is to be sealed.
 * Returns the closed segment. Throws DiskError, having changed nothing that matters.
 */
export function rollSegment(state: LogState, baseOffset: Offset, nowMs: number): Segment {
  const { environment, folder, active, config, segments } = state
  // What may fail comes first: a file left behind would pass for the end of the segment before it.
  const producers = state.producers()
  active.finish()
  const next = createSegment(environment, folder, baseOffset, { config, nowMs })
  if (active.baseOffset === baseOffset) {
    // KAFKA-6388: an empty segment whose index is "full" is made again in place.
    segments.pop()
    environment.openFiles.close(active.slot)
  } else {
    active.isSealed = false
    active.closedMs = nowMs
  }
  segments.push(next)
  const file = writeSnapshot(environment, folder, baseOffset, producers)
  if (file !== null) {
    file.close()
    if (state.snapshots.at(-1) !== baseOffset) state.snapshots.push(baseOffset)
  }
  return active
}

/** The path of a segment's snapshot. */
export function snapshotPath(segment: Segment): string {
  return segment.pathOf(FileKind.SNAPSHOT)
}
