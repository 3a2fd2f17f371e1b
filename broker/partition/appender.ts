import type { Crc32c } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { type BatchView, Codec } from '../../protocol/records/batch.ts'
import type { CheckedRecords } from '../../protocol/records/record-check.ts'
import { type AppendResult, RefusalReason, type Retainable } from '../../storage/append-result.ts'
import type { Log } from '../../storage/log.ts'
import type { TopicConfig } from '../config/topic-config.ts'
import { checkContent, correctTimes, judgeContent, recordRules } from './check-content.ts'
import { hasEnoughReplicas } from './isr.ts'
import type { ProduceOutcome } from './outcome.ts'
import {
  DISK_FULL_MESSAGE,
  NO_OUTCOME,
  PendingProduce,
  type ProduceHome,
} from './pending-produce.ts'
import type { Deadlines } from './purgatory.ts'
import { expandSmall, type Recoder, type TargetCodec } from './recoder.ts'
import {
  checkEnvelope,
  contentRejection,
  findBatch,
  isRejection,
  type Rejection,
  requestRejection,
} from './validate.ts'

/** One produced batch's surroundings. */
export interface ProduceOptions {
  /** 0: `done` tells of refusals only as far as they are known at once. 1 and -1: durable. */
  readonly acks: number
  readonly produceVersion: number
  /** Wall clock. */
  readonly nowMs: number
  /** REQUEST_TIMED_OUT after it, up to 0.1 s late. */
  readonly timeoutMs: number
  /** A transactional batch without one is refused. */
  readonly transactionalId: string | null
  /** Holds the records' bytes. Null: the bytes are the partition's to keep and to write to. */
  readonly frame: Retainable | null
}

/** What an appender needs of its partition, as of each call. */
export interface AppendHome extends ProduceHome {
  readonly log: Log
  readonly config: TopicConfig
  readonly isLeader: boolean
  readonly leaderEpoch: number
  readonly isrSize: number
  readonly replicaCount: number
}

/** What appenders share. */
export interface AppendParts {
  readonly crc32c: Crc32c
  readonly deadlines: Deadlines
  readonly recoder: Recoder
}

/** Answers one produced batch, once. */
export type ProduceDone = (outcome: ProduceOutcome) => void

/**
 * Appender: the way of a produced batch into a log: find, check, correct, sequence, await.
 *
 * The ordered phase ends when `append` returns undefined, or when the promise it returns resolves:
 * the batch then has its offset, or was refused. A batch that expands to little is checked at once;
 * a larger one off the loop, while other connections go on.
 */
export class Appender {
  readonly #home: AppendHome
  readonly #parts: AppendParts
  readonly #computeCrc: (batch: BatchView) => number

  constructor(home: AppendHome, parts: AppendParts) {
    this.#home = home
    this.#parts = parts
    this.#computeCrc = batch => batch.computeCrc(parts.crc32c) >>> 0
  }

  append(
    records: Buffer | null,
    options: ProduceOptions,
    done: ProduceDone,
  ): Promise<void> | undefined {
    const found = findBatch(records, options.produceVersion)
    if (isRejection(found)) return this.#reject(found, done)
    const unfit = this.#unfit(options.acks)
    if (unfit !== ErrorCode.NONE) return refuse(unfit, done)
    if (found.isTransactional && options.transactionalId === null) {
      return refuse(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, done)
    }
    const refused = checkEnvelope(found, this.#home.config, this.#computeCrc)
    if (refused !== null) return this.#reject(refused, done)
    const payload = found.codec === Codec.NONE ? null : expandSmall(found)
    if (payload === 'later') return this.#appendLater(found, options, done)
    if (payload !== null && isRejection(payload)) return this.#reject(payload, done)
    return this.#settleContent(found, payload, options, done)
  }

  /** Leadership, health and replicas; asked again after every wait. */
  #unfit(acks: number): ErrorCode {
    const { isStopped, isLeader, isrSize, replicaCount, config } = this.#home
    if (isStopped) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if (!isLeader) return ErrorCode.NOT_LEADER_OR_FOLLOWER
    if (acks === -1 && !hasEnoughReplicas(isrSize, replicaCount, config.minInsyncReplicas)) {
      return ErrorCode.NOT_ENOUGH_REPLICAS
    }
    return ErrorCode.NONE
  }

  /** A batch that expands to much: its records are checked off the loop, as they pass by. */
  async #appendLater(batch: BatchView, options: ProduceOptions, done: ProduceDone): Promise<void> {
    const { recoder } = this.#parts
    options.frame?.retain()
    try {
      const rules = recordRules(batch, this.#home.config, options.nowMs)
      const found = await recoder.check(batch, rules)
      if (isRejection(found)) {
        this.#reject(found, done)
        return
      }
      const unfit = this.#unfit(options.acks)
      if (unfit !== ErrorCode.NONE) {
        refuse(unfit, done)
        return
      }
      const { config } = this.#home
      const checked = judgeContent(batch, found.checked, config, rules)
      if (isRejection(checked)) this.#reject(checked, done)
      else {
        await this.#store(batch, checked, options, done, target => {
          return recoder.recodeLarge(batch, found.expandedBytes, target)
        })
      }
    } finally {
      options.frame?.release()
    }
  }

  /** `payload`: what the batch expands to, null for one that is not compressed. */
  #settleContent(
    batch: BatchView,
    payload: Buffer | null,
    options: ProduceOptions,
    done: ProduceDone,
  ): Promise<void> | undefined {
    const checked = checkContent(batch, payload, this.#home.config, options.nowMs)
    if (isRejection(checked)) return this.#reject(checked, done)
    const { config } = this.#home
    if (config.storedCodec === null || config.storedCodec === batch.codec) {
      correctTimes(batch, checked, config, options.nowMs, this.#parts.crc32c)
      this.#sequence(batch, options.frame, options, done)
      return undefined
    }
    return this.#store(batch, checked, options, done, target => {
      return this.#parts.recoder.recode(batch, payload ?? batch.payload, target)
    })
  }

  /** Appends a batch whose records are in order; `recode` writes the batch anew in a codec. */
  async #store(
    batch: BatchView,
    checked: CheckedRecords,
    options: ProduceOptions,
    done: ProduceDone,
    recode: (target: TargetCodec) => Promise<BatchView>,
  ): Promise<void> {
    const { config } = this.#home
    const { storedCodec, compressionLevel } = config
    if (storedCodec === null || storedCodec === batch.codec) {
      correctTimes(batch, checked, config, options.nowMs, this.#parts.crc32c)
      this.#sequence(batch, options.frame, options, done)
      return
    }
    // compression.type asks for another codec than the producer's.
    const recoded = await recode({ codec: storedCodec, level: compressionLevel })
    const unfit = this.#unfit(options.acks)
    if (unfit !== ErrorCode.NONE) {
      refuse(unfit, done)
      return
    }
    if (recoded.sizeBytes > this.#home.config.maxMessageBytes) {
      this.#reject(RECODED_TOO_LARGE, done)
      return
    }
    correctTimes(recoded, checked, config, options.nowMs, this.#parts.crc32c)
    this.#sequence(recoded, null, options, done)
  }

  #sequence(
    batch: BatchView,
    frame: Retainable | null,
    options: ProduceOptions,
    done: ProduceDone,
  ): void {
    const home = this.#home
    const { acks, nowMs, timeoutMs } = options
    const pending = acks === 0 ? null : new PendingProduce(home, acks === -1, timeoutMs, done)
    const result = home.log.append(
      batch,
      { leaderEpoch: home.leaderEpoch, origin: 'client', nowMs, frame: frame ?? undefined },
      pending,
    )
    if (result.kind === 'refused') {
      this.#reject(rejectionOf(result), done)
      return
    }
    if (pending === null) {
      done(NO_OUTCOME)
      return
    }
    pending.baseOffset = result.baseOffset
    pending.offset = result.lastOffset + 1
    if (result.kind === 'duplicate') pending.logAppendTimeMs = result.timestampMs
    else if (home.config.stampsAppendTime) pending.logAppendTimeMs = nowMs
    this.#parts.deadlines.add(pending)
  }

  #reject(rejection: Rejection, done: ProduceDone): undefined {
    done({
      ...NO_OUTCOME,
      errorCode: rejection.errorCode,
      errorMessage: rejection.message,
      recordErrors: rejection.recordErrors,
      logStartOffset: rejection.tellsLogStart ? this.#home.logStartOffset : -1,
    })
  }
}

function refuse(errorCode: ErrorCode, done: ProduceDone): undefined {
  done({ ...NO_OUTCOME, errorCode })
}

const RECODED_TOO_LARGE = requestRejection(
  ErrorCode.MESSAGE_TOO_LARGE,
  "The batch is larger than max.message.bytes in the topic's compression type",
)

const REFUSALS: Readonly<Record<RefusalReason, Rejection>> = {
  [RefusalReason.OUT_OF_ORDER_SEQUENCE]: contentRejection(
    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    "The batch does not continue its producer's sequence",
  ),
  [RefusalReason.INVALID_PRODUCER_EPOCH]: contentRejection(
    ErrorCode.INVALID_PRODUCER_EPOCH,
    'A producer with a later epoch has written here',
  ),
  [RefusalReason.INVALID_TXN_STATE]: contentRejection(
    ErrorCode.INVALID_TXN_STATE,
    'The producer has an open transaction here, which the batch does not belong to',
  ),
  [RefusalReason.TRANSACTION_COORDINATOR_FENCED]: contentRejection(
    ErrorCode.TRANSACTION_COORDINATOR_FENCED,
    'A later coordinator has written here',
  ),
  [RefusalReason.RECORD_LIST_TOO_LARGE]: requestRejection(
    ErrorCode.RECORD_LIST_TOO_LARGE,
    'The batch is larger than segment.bytes',
  ),
  [RefusalReason.OUT_OF_ORDER_OFFSET]: contentRejection(
    ErrorCode.UNKNOWN_SERVER_ERROR,
    'The batch does not continue the log',
  ),
  [RefusalReason.DISK_FULL]: requestRejection(ErrorCode.KAFKA_STORAGE_ERROR, DISK_FULL_MESSAGE),
  [RefusalReason.OFFLINE]: requestRejection(
    ErrorCode.KAFKA_STORAGE_ERROR,
    'The log directory is offline',
  ),
}

/** What a log's refusal means to a client. */
export function rejectionOf(result: AppendResult & { kind: 'refused' }): Rejection {
  return REFUSALS[result.reason]
}
