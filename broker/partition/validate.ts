import { ErrorCode } from '../../protocol/errors.ts'
import { BATCH_HEADER_BYTES, BatchView, Codec } from '../../protocol/records/batch.ts'
import type { RecordError } from './outcome.ts'

/** Why a batch is refused. */
export interface Rejection {
  readonly errorCode: ErrorCode
  readonly message: string
  readonly recordErrors: readonly RecordError[]
  /** Whether the answer tells the log's start: it does where the log judged the content. */
  readonly tellsLogStart: boolean
}

/** What a topic asks of a batch's envelope. */
export interface EnvelopeRules {
  readonly maxMessageBytes: number
}

const NO_ERRORS: readonly RecordError[] = []

/** The request is at fault; the log was not asked. */
export function requestRejection(errorCode: ErrorCode, message: string): Rejection {
  return { errorCode, message, recordErrors: NO_ERRORS, tellsLogStart: false }
}

/** The content is at fault. */
export function contentRejection(
  errorCode: ErrorCode,
  message: string,
  recordErrors = NO_ERRORS,
): Rejection {
  return { errorCode, message, recordErrors, tellsLogStart: true }
}

/** Base offset, length, epoch and magic: what tells one format from another. */
const PREFIX_BYTES = 17
const MAGIC_AT = 16
/** Of base offset and length, which the length does not count. */
const LENGTH_OVERHEAD = 12
/** The least a message of any format can be. */
const LEGACY_LENGTH_MIN = 14

const NO_BATCH = requestRejection(
  ErrorCode.INVALID_RECORD,
  'A produce request must hold one record batch for each partition',
)
const SECOND_BATCH = requestRejection(
  ErrorCode.INVALID_RECORD,
  'A produce request must hold exactly one record batch for each partition',
)
const BAD_LENGTH = requestRejection(ErrorCode.CORRUPT_MESSAGE, 'The batch length is impossible')
const BAD_MAGIC = requestRejection(ErrorCode.CORRUPT_MESSAGE, 'The record format is unknown')
const OLD_MAGIC = requestRejection(
  ErrorCode.INVALID_RECORD,
  'Produce 3 and above takes record batches of format 2 only',
)
const OLD_ZSTD = requestRejection(
  ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
  'zstd needs Produce 7 or above',
)

/**
 * The one batch in a partition's records, or why there is none to be had. The beginning of another
 * behind it is cut off, as a torn tail is; what can't be one is refused.
 */
export function findBatch(records: Buffer | null, produceVersion: number): BatchView | Rejection {
  if (records === null) return NO_BATCH
  const impossible = impossibleBatch(records, 0)
  if (impossible !== null) return impossible
  if (records.length < PREFIX_BYTES) return NO_BATCH
  if ((records[MAGIC_AT] as number) < 2) return OLD_MAGIC
  const sizeBytes = records.readInt32BE(8) + LENGTH_OVERHEAD
  if (sizeBytes < BATCH_HEADER_BYTES) return BAD_LENGTH
  if (sizeBytes > records.length) return NO_BATCH
  const badTail = impossibleBatch(records, sizeBytes)
  if (badTail !== null) return badTail
  if (hasWholeBatch(records, sizeBytes)) return SECOND_BATCH
  const batch = new BatchView(records, 0)
  if (batch.codec === Codec.ZSTD && produceVersion < 7) return OLD_ZSTD
  return batch
}

/** What is wrong with the batch at `at`, as far as there is any of it. */
function impossibleBatch(records: Buffer, at: number): Rejection | null {
  if (records.length - at < LENGTH_OVERHEAD) return null
  if (records.readInt32BE(at + 8) < LEGACY_LENGTH_MIN) return BAD_LENGTH
  if (records.length - at < PREFIX_BYTES) return null
  return (records[at + MAGIC_AT] as number) > 2 ? BAD_MAGIC : null
}

/** Of one that is not impossible. */
function hasWholeBatch(records: Buffer, at: number): boolean {
  if (records.length - at < PREFIX_BYTES) return false
  return at + LENGTH_OVERHEAD + records.readInt32BE(at + 8) <= records.length
}

const BASE_OFFSET = contentRejection(
  ErrorCode.INVALID_RECORD,
  'The base offset of a produced batch must be 0',
)
const TOO_LARGE = requestRejection(
  ErrorCode.MESSAGE_TOO_LARGE,
  'The batch is larger than max.message.bytes',
)
const BAD_CRC = requestRejection(ErrorCode.CORRUPT_MESSAGE, 'The batch fails its checksum')
const BAD_COUNT = contentRejection(
  ErrorCode.INVALID_RECORD,
  'The record count does not fit the last offset delta',
)
const CONTROL = contentRejection(ErrorCode.INVALID_RECORD, 'Clients may not write control batches')
const NO_SEQUENCE = contentRejection(
  ErrorCode.INVALID_RECORD,
  'A batch with a producer id needs a sequence',
)
const BAD_EPOCH = contentRejection(
  ErrorCode.INVALID_PRODUCER_EPOCH,
  'A producer epoch is -1 or above',
)
const NO_PRODUCER = contentRejection(
  ErrorCode.INVALID_RECORD,
  'A transactional batch needs a producer id',
)
const BAD_CODEC = contentRejection(
  ErrorCode.UNKNOWN_SERVER_ERROR,
  'The batch names a codec that does not exist',
)

/** Checks a batch's envelope in Kafka's order, not its records; null when it may pass. */
export function checkEnvelope(
  batch: BatchView,
  rules: EnvelopeRules,
  computeCrc: (batch: BatchView) => number,
): Rejection | null {
  if (batch.baseOffset !== 0) return BASE_OFFSET
  if (batch.sizeBytes > rules.maxMessageBytes) return TOO_LARGE
  if (batch.crc !== computeCrc(batch)) return BAD_CRC
  const count = batch.recordCount
  if (count <= 0 || batch.lastOffsetDelta !== count - 1) return BAD_COUNT
  if (batch.isControl) return CONTROL
  if (batch.hasProducer) {
    if (batch.baseSequence < 0) return NO_SEQUENCE
    // Kafka takes the epoch -1, and nothing below, as one before all others.
    if (batch.producerEpoch < -1) return BAD_EPOCH
  } else if (batch.isTransactional) {
    return NO_PRODUCER
  }
  if (batch.codec > Codec.ZSTD) return BAD_CODEC
  return null
}

/** Whether `found` is a refusal. */
export function isRejection(found: object | null): found is Rejection {
  return found !== null && 'tellsLogStart' in found
}
