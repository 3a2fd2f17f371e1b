/**
 * Control batches: what the broker writes between users' records. One record each, whose key says
 * the kind (int16 version 0, int16 type); clients pass over them, offsets count them.
 */
import type { BatchView } from './batch.ts'
import { buildBatch } from './builder.ts'
import { CorruptRecords } from './corrupt-records.ts'
import { readRecords } from './reader.ts'

/** Kinds of control record. */
export const ControlType = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const
export type ControlType = (typeof ControlType)[keyof typeof ControlType]

/** The end of a producer's transaction in one partition (KIP-98). */
export interface EndTransactionMarker {
  readonly type: typeof ControlType.ABORT | typeof ControlType.COMMIT
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  /** Milliseconds. */
  readonly timestamp: number
  readonly baseOffset?: number
  readonly leaderEpoch?: number
}

/** The batch that ends a transaction: 78 bytes. */
export function buildEndTransactionMarker(marker: EndTransactionMarker): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(marker.type, 2)
  const value = Buffer.alloc(6)
  value.writeInt32BE(marker.coordinatorEpoch, 2)
  return buildBatch({
    records: [{ timestamp: marker.timestamp, key, value }],
    baseOffset: marker.baseOffset ?? 0,
    leaderEpoch: marker.leaderEpoch ?? -1,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    isTransactional: true,
    isControl: true,
  })
}

/** What a control batch says. `coordinatorEpoch` is -1 unless it ends a transaction. */
export interface ControlRecord {
  /** A number of `ControlType`, or one of a later Kafka. */
  readonly type: number
  readonly coordinatorEpoch: number
}

/** Reads a batch whose control bit is set; null if it holds no record. Throws `CorruptRecords`. */
export function readControlRecord(batch: BatchView): ControlRecord | null {
  for (const { key, value } of readRecords(batch)) {
    if (key === null || key.length < 4) throw new CorruptRecords('a control key is too short')
    const type = key.readInt16BE(2)
    if (type !== ControlType.ABORT && type !== ControlType.COMMIT) {
      return { type, coordinatorEpoch: -1 }
    }
    if (value === null || value.length < 6) throw new CorruptRecords('a marker is too short')
    return { type, coordinatorEpoch: value.readInt32BE(2) }
  }
  return null
}
