/**
 * Producer state of a log that was opened: the latest snapshot that is whole, then the headers of
 * the batches after it. A snapshot that is torn is removed and the one before it tried; with none,
 * the log says everything from its start.
 */
import { DiskError } from '../host/disk-error.ts'
import type { File } from '../host/host.ts'
import { BatchView } from '../protocol/records/batch.ts'
import type { BatchCursor } from './batch-cursor.ts'
import type { LogEnvironment } from './environment.ts'
import { parseMarker } from './marker.ts'
import { FileKind, segmentFileName } from './names.ts'
import type { Producer } from './producer.ts'
import { decodeSnapshot, encodeSnapshot } from './producer-snapshot.ts'
import { ProducerState } from './producer-state.ts'
import type { Segment } from './segment.ts'
import type { Offset } from './units.ts'

/** The parts of a log that its producers are found in. */
export interface ProducerSource {
  readonly environment: LogEnvironment
  readonly folder: string
  readonly segments: readonly Segment[]
  /** Offsets that have a snapshot file, ascending; torn ones are taken out. */
  readonly snapshots: Offset[]
  readonly logStartOffset: Offset
}

/** A control batch with a marker is 78 bytes; those of other kinds decide nothing. */
const CONTROL_BYTES_MAX = 1024

/** The state as of `end`, exclusive. Throws DiskError. */
export function loadProducers(source: ProducerSource, end: Offset): ProducerState {
  const { producers, offset } = latestSnapshot(source, end)
  const state = new ProducerState(producers)
  const cursor = source.environment.newCursor()
  for (const segment of source.segments) {
    if (segment.nextOffset <= offset || segment.baseOffset >= end || segment.sizeBytes === 0)
      continue
    const from = segment.offsets().floorPosition(offset - 1 - segment.baseOffset)
    const file = segment.file()
    cursor.start(file, from, segment.sizeBytes, segment.damage)
    while (cursor.next() && cursor.baseOffset < end) {
      if (cursor.lastOffset >= offset) replayHeader(state, cursor, file)
    }
  }
  return state
}

function latestSnapshot(
  source: ProducerSource,
  end: Offset,
): { producers: Map<number, Producer>; offset: Offset } {
  const { disk, crc32c } = source.environment
  const { snapshots } = source
  for (let at = snapshots.length - 1; at >= 0; at--) {
    const offset = snapshots[at] as Offset
    if (offset > end || offset <= source.logStartOffset) continue
    const path = `${source.folder}/${segmentFileName(offset, FileKind.SNAPSHOT)}`
    const producers = decodeSnapshot(disk.readFile(path), crc32c)
    if (producers !== null) return { producers, offset }
    disk.remove(path)
    snapshots.splice(at, 1)
    source.environment.journal.add(
      'removed',
      path,
      'not whole, from byte 0 on: the log says the same',
    )
  }
  return { producers: new Map(), offset: source.logStartOffset }
}

function replayHeader(state: ProducerState, cursor: BatchCursor, file: File): void {
  const header = new BatchView(cursor.header())
  if (header.producerId < 0) return
  if (!header.isControl) {
    replayBatch(state, header)
    return
  }
  if (cursor.sizeBytes > CONTROL_BYTES_MAX) return
  const bytes = Buffer.alloc(cursor.sizeBytes)
  if (file.read(bytes, cursor.position) === bytes.length) replayBatch(state, new BatchView(bytes))
}

/** Applies a stored batch, whatever its sequence: it was accepted once. Control batches whole. */
export function replayBatch(state: ProducerState, batch: BatchView): ReplayedAbort {
  if (batch.producerId < 0) return null
  let aborted: ReplayedAbort = null
  if (!batch.isControl) {
    state.apply(batch, batch.baseOffset)
  } else {
    const marker = parseMarker(batch)
    if (marker !== null) aborted = state.applyMarker(batch, marker, batch.baseOffset)
  }
  state.commit(batch.baseOffset + batch.lastOffsetDelta + 1)
  return aborted
}

export type ReplayedAbort = ReturnType<ProducerState['applyMarker']>

/**
 * Writes the snapshot of `offset`, not yet synced; the caller closes the file. Null when the disk
 * would not take it: a missing snapshot only costs a longer replay.
 */
export function writeSnapshot(
  environment: LogEnvironment,
  folder: string,
  offset: Offset,
  state: ProducerState,
): File | null {
  const path = `${folder}/${segmentFileName(offset, FileKind.SNAPSHOT)}`
  const bytes = encodeSnapshot(state.committed(), environment.crc32c)
  try {
    const file = environment.disk.open(path, 'create')
    file.truncate(0)
    if (file.writev([bytes], 0) === bytes.length) return file
    file.close()
    environment.disk.remove(path)
    return null
  } catch (error) {
    if (error instanceof DiskError) return null
    throw error
  }
}
