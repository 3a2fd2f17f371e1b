import type { BatchView } from '../protocol/records/batch.ts'
import { ControlType, readControlRecord } from '../protocol/records/control.ts'
import { CorruptRecords } from '../protocol/records/corrupt-records.ts'
import type { Marker } from './producer-state.ts'

/**
 * The end-of-transaction marker in a control batch; null for a control batch of another kind, or
 * one that compaction emptied.
 */
export function parseMarker(batch: BatchView): Marker | null {
  try {
    const record = readControlRecord(batch)
    if (record === null) return null
    const { type, coordinatorEpoch } = record
    if (type !== ControlType.ABORT && type !== ControlType.COMMIT) return null
    return { commits: type === ControlType.COMMIT, coordinatorEpoch }
  } catch (error) {
    if (error instanceof CorruptRecords) return null
    throw error
  }
}
