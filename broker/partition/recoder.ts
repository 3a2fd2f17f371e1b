import type { Crc32c } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  BATCH_HEADER_BYTES,
  BatchAttribute,
  BatchView,
  type Codec,
} from '../../protocol/records/batch.ts'
import { compressNow, expandNow } from '../../protocol/records/compression.ts'
import { CorruptRecords, ExpansionLimit } from '../../protocol/records/corrupt-records.ts'
import type { CheckedRecords, RecordRules } from '../../protocol/records/record-check.ts'
import { StreamCheck } from '../../protocol/records/stream-check.ts'
import type { Expander } from '../../storage/expander.ts'
import { contentRejection, type Rejection } from './validate.ts'

/** What is expanded on the loop at most; more goes off it, or is cut into slices. */
const EXPAND_NOW_MAX = 64 * 1024
/** What is expanded on the loop consists of no more gzip members, zstd frames or blocks. */
const PARTS_NOW_MAX = 16

/** The records of a batch, expanded at once, if they are few; 'later' if they are not. */
export function expandSmall(batch: BatchView): Buffer | Rejection | 'later' {
  const { payload } = batch
  if (payload.length > EXPAND_NOW_MAX) return 'later'
  try {
    return expandNow(batch.codec, payload, EXPAND_NOW_MAX, PARTS_NOW_MAX)
  } catch (error) {
    if (error instanceof ExpansionLimit) return 'later'
    return unreadable(error)
  }
}

export interface RecoderOptions {
  readonly crc32c: Crc32c
  readonly nextTurn: () => Promise<void>
  readonly expander: Expander
  /** The most a batch may expand to, in bytes. */
  readonly expandedBytesMax: () => number
}

/** What a look at the records of a compressed batch found. */
export interface StreamedRecords {
  readonly checked: CheckedRecords
  /** What the batch expands to, if the records were looked at to their end. */
  readonly expandedBytes: number
}

/** The target of a recompression. */
export interface TargetCodec {
  readonly codec: Codec
  readonly level: number
}

/** Recoder: checks and recompresses batches off the loop. Holds no state. */
export class Recoder {
  readonly #options: RecoderOptions

  constructor(options: RecoderOptions) {
    this.#options = options
  }

  /** Checks the records of a batch while they pass by. `batch` must stay unchanged until then. */
  async check(batch: BatchView, rules: RecordRules): Promise<StreamedRecords | Rejection> {
    const { expander, expandedBytesMax } = this.#options
    const check = new StreamCheck(batch.recordCount, rules)
    try {
      await expander.visit(batch.codec, batch.payload, expandedBytesMax(), piece => {
        return check.add(piece)
      })
      return { checked: check.finish(), expandedBytes: check.sizeBytes }
    } catch (error) {
      return unreadable(error)
    }
  }

  /** The same batch in another codec, in a buffer of its own. `payload`: the batch, expanded. */
  async recode(batch: BatchView, payload: Buffer, target: TargetCodec): Promise<BatchView> {
    if (payload.length > EXPAND_NOW_MAX) await this.#options.nextTurn()
    return this.#compressed(batch, payload, target)
  }

  /** The same for a batch that `check` has seen to its end. */
  recodeLarge(batch: BatchView, expandedBytes: number, target: TargetCodec): Promise<BatchView> {
    const sizes = { sizeBytes: expandedBytes, extraBytes: expandedBytes }
    return this.#options.expander.whole(batch.codec, batch.payload, sizes, payload => {
      return this.recode(batch, payload, target)
    })
  }

  #compressed(batch: BatchView, payload: Buffer, { codec, level }: TargetCodec): BatchView {
    const stored = compressNow(codec, payload, level)
    const bytes = Buffer.allocUnsafe(BATCH_HEADER_BYTES + stored.length)
    batch.buffer.copy(bytes, 0, batch.start, batch.start + BATCH_HEADER_BYTES)
    bytes.set(stored, BATCH_HEADER_BYTES)
    bytes.writeInt32BE(bytes.length - 12, 8)
    bytes.writeInt16BE((batch.attributes & ~BatchAttribute.CODEC) | codec, 21)
    const recoded = new BatchView(bytes)
    bytes.writeUInt32BE(recoded.computeCrc(this.#options.crc32c) >>> 0, 17)
    return recoded
  }
}

function unreadable(error: unknown): Rejection {
  if (error instanceof ExpansionLimit) {
    return contentRejection(ErrorCode.MESSAGE_TOO_LARGE, `The batch is refused: ${error.message}`)
  }
  if (error instanceof CorruptRecords) {
    // Kafka 4.3 fails on it, and this is how it says so.
    const message = `The batch does not decompress: ${error.message}`
    return contentRejection(ErrorCode.UNKNOWN_SERVER_ERROR, message)
  }
  throw error
}
