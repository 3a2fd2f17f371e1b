import { ErrorCode } from '../../protocol/errors.ts'
import type { Partition } from './partition.ts'

/** What deleting records came to. */
export interface DeletedRecords {
  readonly errorCode: ErrorCode
  /** The log's start from here on; -1 with an error. */
  readonly lowWatermark: number
}

/** DeleteRecords' offset for "all that is committed". */
const HIGH_WATERMARK = -1

/** Makes `offset` the log's start, or leaves it if it is higher already. */
export function deleteRecords(partition: Partition, offset: number): DeletedRecords {
  const errorCode = partition.epochError(-1)
  if (errorCode !== ErrorCode.NONE) return { errorCode, lowWatermark: -1 }
  if (!partition.config.isDeletable) {
    return { errorCode: ErrorCode.POLICY_VIOLATION, lowWatermark: -1 }
  }
  const target = offset === HIGH_WATERMARK ? partition.highWatermark : offset
  if (target < 0 || target > partition.highWatermark) {
    return { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, lowWatermark: -1 }
  }
  if (target > partition.logStartOffset) {
    partition.log.advanceLogStart(target)
    partition.wake()
  }
  return { errorCode: ErrorCode.NONE, lowWatermark: partition.logStartOffset }
}
