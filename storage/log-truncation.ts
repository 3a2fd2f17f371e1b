/** Cutting a log: from its end (followers) and from its start (retention, DeleteRecords). */
import { DiskError } from '../host/disk-error.ts'
import type { LogState } from './log-state.ts'
import { FileKind, segmentFileName } from './names.ts'
import { loadProducers } from './producer-loader.ts'
import { ProducerState } from './producer-state.ts'
import type { Segment } from './segment.ts'
import { createSegment } from './segment-roll.ts'
import type { Offset } from './units.ts'

const SEGMENT_FILES = [
  FileKind.LOG,
  FileKind.OFFSET_INDEX,
  FileKind.TIME_INDEX,
  FileKind.TRANSACTION_INDEX,
]

/**
 * Drops everything from `offset` on. A batch that holds it goes whole, and the log then ends where
 * that began: a hole would look like records lost. Throws DiskError.
 */
export function truncateEnd(state: LogState, wanted: Offset): void {
  const removed: Segment[] = []
  while (state.segments.length > 1 && state.active.baseOffset > wanted) {
    removed.push(state.segments.pop() as Segment)
  }
  removeSegments(state, removed, null)
  state.active.truncateTo(wanted)
  const offset = Math.min(wanted, state.active.nextOffset)
  state.active.isSealed = true
  dropSnapshots(state, snapshot => snapshot > offset)
  setEnd(state, offset)
  state.logStartOffset = Math.min(state.logStartOffset, offset)
  state.epochs.truncateFromEnd(offset)
  state.replaceProducers(loadProducers(state, offset))
}

/** Drops everything; the log goes on at `offset`. Throws DiskError. */
export function truncateAll(state: LogState, offset: Offset, nowMs: number): void {
  const { environment, folder, config } = state
  removeSegments(state, state.segments.splice(0), null)
  state.segments.push(createSegment(environment, folder, offset, { config, nowMs }))
  dropSnapshots(state, () => true)
  state.logStartOffset = offset
  setEnd(state, offset)
  state.highWatermark = offset
  state.epochs.clear()
  state.replaceProducers(new ProducerState())
}

function setEnd(state: LogState, offset: Offset): void {
  state.truncations++
  state.nextOffset = offset
  state.writtenOffset = offset
  state.syncedOffset = Math.min(state.syncedOffset, offset)
  state.durableOffset = Math.min(state.durableOffset, offset)
  state.durableSegment = null
  state.highWatermark = Math.min(state.highWatermark, offset)
  state.wasTouched = true
}

function dropSnapshots(state: LogState, isDropped: (offset: Offset) => boolean): void {
  const { environment, folder, snapshots } = state
  for (const offset of snapshots.filter(isDropped)) {
    environment.disk.remove(`${folder}/${segmentFileName(offset, FileKind.SNAPSHOT)}`)
  }
  snapshots.splice(0, snapshots.length, ...snapshots.filter(offset => !isDropped(offset)))
}

/** Renames the segments' files out of the way and leaves them to the trash. Throws DiskError. */
export function removeSegments(
  state: LogState,
  segments: readonly Segment[],
  nowMs: number | null,
): void {
  const { environment, folder, config, snapshots } = state
  for (const segment of segments) {
    segment.isRemoved = true
    environment.openFiles.close(segment.slot)
    segment.forgetMirrors()
    const paths = SEGMENT_FILES.map(kind => segment.pathOf(kind))
    const at = snapshots.indexOf(segment.baseOffset)
    if (at >= 0) {
      snapshots.splice(at, 1)
      paths.push(`${folder}/${segmentFileName(segment.baseOffset, FileKind.SNAPSHOT)}`)
    }
    for (const path of paths) {
      if (!renameIfThere(state, path)) continue
      environment.trash.add(`${path}.deleted`, config.fileDeleteDelayMs, nowMs)
    }
  }
}

function renameIfThere(state: LogState, path: string): boolean {
  try {
    state.environment.disk.rename(path, `${path}.deleted`)
    return true
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return false
    throw error
  }
}
