import type { Crc32c } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  BATCH_HEADER_BYTES,
  type BatchView,
  Codec,
  TimestampType,
} from '../../protocol/records/batch.ts'
import {
  type CheckedRecords,
  checkRecords,
  type RecordRules,
} from '../../protocol/records/record-check.ts'
import type { RecordError } from './outcome.ts'
import { contentRejection, type Rejection } from './validate.ts'

/** What a topic asks of a batch's records. Milliseconds; Infinity switches a limit off. */
export interface ContentRules {
  readonly isCompacted: boolean
  readonly stampsAppendTime: boolean
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
}

const MISSING_KEY = 'A record of a compacted topic needs a key'
const BAD_TIMESTAMP = 'The timestamp is out of the range this topic takes'
const APPEND_TIME = 'The broker sets the time of records of this topic, clients may not'
const DELTAS = 'offset deltas'

/**
 * Looks at every record of a batch; `payload` is what it expands to, null for one that is not
 * compressed. Returns what was found, to correct the header by, or why the batch is refused.
 */
export function checkContent(
  batch: BatchView,
  payload: Buffer | null,
  rules: ContentRules,
  nowMs: number,
): CheckedRecords | Rejection {
  const limits = recordRules(batch, rules, nowMs)
  const checked =
    payload === null
      ? checkRecords(batch.bytes, batch.recordCount, limits, BATCH_HEADER_BYTES)
      : checkRecords(payload, batch.recordCount, limits)
  return judgeContent(batch, checked, rules, limits)
}

/** What a topic asks of each record of a batch. */
export function recordRules(batch: BatchView, rules: ContentRules, nowMs: number): RecordRules {
  const anyTime = rules.stampsAppendTime
  // A time further back than 64 bits can count is refused by Kafka, limit or not.
  const before = Math.min(rules.timestampBeforeMaxMs, 2 ** 63)
  return {
    consecutive: batch.codec !== Codec.NONE,
    keyRequired: rules.isCompacted,
    baseTimestamp: batch.baseTimestamp,
    timestampMin: anyTime ? Number.NEGATIVE_INFINITY : nowMs - before,
    timestampMax: anyTime ? Number.POSITIVE_INFINITY : nowMs + rules.timestampAfterMaxMs,
  }
}

/** What was found, or why the batch is refused for it. */
export function judgeContent(
  batch: BatchView,
  checked: CheckedRecords,
  rules: ContentRules,
  limits: RecordRules,
): CheckedRecords | Rejection {
  if (checked.fault !== null) {
    const { reason, recordIndex } = checked.fault
    // Kafka 4.3 fails on compressed batches with other deltas than 0, 1, 2, and this is how.
    const isOwnError = batch.codec !== Codec.NONE && reason.startsWith(DELTAS)
    return contentRejection(
      isOwnError ? ErrorCode.UNKNOWN_SERVER_ERROR : ErrorCode.INVALID_RECORD,
      `Record ${recordIndex} is malformed: ${reason}`,
    )
  }
  if (checked.missingKeys !== null) {
    const errors = recordErrors(checked.missingKeys, MISSING_KEY)
    return contentRejection(ErrorCode.INVALID_RECORD, MISSING_KEY, errors)
  }
  if (rules.stampsAppendTime && batch.isLogAppendTime) {
    const errors = recordErrors([...Array(batch.recordCount).keys()], APPEND_TIME)
    return contentRejection(ErrorCode.INVALID_TIMESTAMP, APPEND_TIME, errors)
  }
  const bad = batch.isLogAppendTime ? wholeIfOutside(batch, limits) : checked.badTimestamps
  if (bad !== null) {
    const errors = recordErrors(bad, BAD_TIMESTAMP)
    return contentRejection(ErrorCode.INVALID_TIMESTAMP, BAD_TIMESTAMP, errors)
  }
  return checked
}

/** In a batch that claims LogAppendTime every record has the batch's greatest time, as in Kafka. */
function wholeIfOutside(batch: BatchView, limits: RecordRules): readonly number[] | null {
  const { maxTimestamp } = batch
  const isInside = maxTimestamp >= limits.timestampMin && maxTimestamp <= limits.timestampMax
  return isInside || maxTimestamp === -1 ? null : [...Array(batch.recordCount).keys()]
}

function recordErrors(indexes: readonly number[], message: string): RecordError[] {
  return indexes.map(batchIndex => ({ batchIndex, message }))
}

/**
 * Makes the header say what is so: the broker's time on a topic that asks for it, else the
 * greatest time of its records and no other type. Touches the checksum only when it must.
 */
export function correctTimes(
  batch: BatchView,
  checked: CheckedRecords,
  rules: ContentRules,
  nowMs: number,
  crc32c: Crc32c,
): void {
  if (rules.stampsAppendTime) {
    batch.setTimestampType(TimestampType.LOG_APPEND_TIME, nowMs, crc32c)
  } else if (batch.isLogAppendTime || batch.maxTimestamp !== checked.maxTimestamp) {
    batch.setTimestampType(TimestampType.CREATE_TIME, checked.maxTimestamp, crc32c)
  }
}
