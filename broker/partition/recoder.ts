import type { Crc32c } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  BATCH_HEADER_BYTES,
  BatchAttribute,
  BatchView,
  type Codec,
} from '../../protocol/records/batch.ts'
import { compressNow, expandLater, expandNow } from '../../protocol/records/compression.ts'
import { CorruptRecords, ExpansionLimit } from '../../protocol/records/corrupt-records.ts'
import { contentRejection, type Rejection } from './validate.ts'

/** What is expanded on the loop at most; more goes off it, or is cut into slices. */
const EXPAND_NOW_MAX = 64 * 1024

/** The records of a batch, expanded at once, if they are few; 'later' if they are not. */
export function expandSmall(batch: BatchView): Buffer | Rejection | 'later' {
  const { payload } = batch
  if (payload.length > EXPAND_NOW_MAX) return 'later'
  try {
    return expandNow(batch.codec, payload, EXPAND_NOW_MAX)
  } catch (error) {
    if (error instanceof ExpansionLimit) return 'later'
    return unreadable(error)
  }
}

export interface RecoderOptions {
  readonly crc32c: Crc32c
  readonly nextTurn: () => Promise<void>
  /** The most a batch may expand to, in bytes. */
  readonly expandedBytesMax: () => number
}

/** Recoder: expands and compresses whole batches off the loop. Holds no state. */
export class Recoder {
  readonly #options: RecoderOptions

  constructor(options: RecoderOptions) {
    this.#options = options
  }

  /** The records of a batch, expanded. `batch` must stay unchanged until then. */
  async expand(batch: BatchView): Promise<Buffer | Rejection> {
    const { nextTurn, expandedBytesMax } = this.#options
    const limitBytes = expandedBytesMax()
    try {
      return await expandLater(batch.codec, batch.payload, limitBytes, nextTurn)
    } catch (error) {
      return unreadable(error)
    }
  }

  /** The same batch with its records under another codec, in a buffer of its own. */
  async recode(batch: BatchView, payload: Buffer, codec: Codec, level: number): Promise<BatchView> {
    if (payload.length > EXPAND_NOW_MAX) await this.#options.nextTurn()
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
