import { Codec } from '../protocol/records/batch.ts'
import { UsageError } from './errors.ts'

/** How a producer works. What is left out has the default. */
export interface ProducerOptions {
  /**
   * 'all': every in-sync replica has it (default); 'leader': the leader has; 'none': unanswered.
   */
  readonly acks?: 'all' | 'leader' | 'none'
  /** Default 'none'. */
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** The codec's own scale (gzip, zstd). */
  readonly compressionLevel?: number
  /** Repetitions are recognised and dropped by the broker. Default true; needs acks 'all'. */
  readonly idempotent?: boolean
  /** How long a batch waits for company. Default 0: for the rest of the turn. */
  readonly lingerMs?: number
  /** Default 65,536, before compression. */
  readonly batchBytes?: number
  /** The most one request, and thus one record, may be. Default 1,048,576. */
  readonly requestBytes?: number
  /** Unsettled records may take this much. Default 33,554,432. */
  readonly memoryBytes?: number
  /** How long `send` may wait for memory and metadata. Default 60,000. */
  readonly maxBlockMs?: number
  /** From `send` to delivery, retries included. Default 120,000. */
  readonly deliveryTimeoutMs?: number
  /** Produce requests that await an answer, a broker; at most 5 when idempotent. Default 5. */
  readonly inFlightMax?: number
  /** Ask the broker to create topics that do not exist. Default true. */
  readonly createTopics?: boolean
}

/** The same with nothing left out; the level stays the codec's own choice. */
export type ProducerSettings = Required<Omit<ProducerOptions, 'compressionLevel'>>

/** Codecs by the names that users give them. */
export const CODECS = {
  none: Codec.NONE,
  gzip: Codec.GZIP,
  snappy: Codec.SNAPPY,
  lz4: Codec.LZ4,
  zstd: Codec.ZSTD,
} as const
/** What Produce requests say for each choice of acks. */
export const ACKS = { all: -1, leader: 1, none: 0 } as const
/** What the broker remembers of a producer (KIP-98): more in flight could not be told apart. */
const IDEMPOTENT_IN_FLIGHT_MAX = 5
/** Fills in the defaults. Throws UsageError for what cannot go together. */
export function producerSettings(o: ProducerOptions): ProducerSettings {
  const acks = o.acks ?? 'all'
  const idempotent = o.idempotent ?? acks === 'all'
  const inFlightMax = o.inFlightMax ?? 5
  if (idempotent && (acks !== 'all' || inFlightMax > IDEMPOTENT_IN_FLIGHT_MAX)) {
    throw new UsageError(
      "An idempotent producer needs acks 'all' and inFlightMax of 5 at most; change them, or set" +
        ' idempotent to false.',
    )
  }
  return {
    acks,
    idempotent,
    inFlightMax,
    compression: o.compression ?? 'none',
    lingerMs: o.lingerMs ?? 0,
    batchBytes: o.batchBytes ?? 65_536,
    requestBytes: o.requestBytes ?? 1_048_576,
    memoryBytes: o.memoryBytes ?? 33_554_432,
    maxBlockMs: o.maxBlockMs ?? 60_000,
    deliveryTimeoutMs: o.deliveryTimeoutMs ?? 120_000,
    createTopics: o.createTopics ?? true,
  }
}
