import type { DiskError } from '../../host/disk-error.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { AppendWaiter } from '../../storage/append-result.ts'
import { isDiskFull } from '../../storage/disk-failure.ts'
import type { ProduceOutcome, RecordError } from './outcome.ts'
import { DEADLINE_UNKNOWN, type Deadlined, type OffsetWait } from './purgatory.ts'

/** A wait for the high watermark, which may be given up. */
export interface ReplicationWait extends OffsetWait {
  fail(errorCode: ErrorCode): void
}

/** What a pending produce asks its partition. */
export interface ProduceHome {
  readonly logStartOffset: number
  readonly isStopped: boolean
  /** The log's durable end advanced, or may have: moves the high watermark. */
  advance(): void
  /** Settles at once, or once the high watermark reaches `wait.offset`. */
  awaitReplication(wait: ReplicationWait): void
  /** It has an answer and waits no more. */
  settled(pending: PendingProduce): void
}

/** A produced batch that was sequenced and is not answered yet. Answers exactly once. */
export class PendingProduce implements AppendWaiter, ReplicationWait, Deadlined {
  /** Exclusive end of the batch: replicated once the high watermark is here. */
  offset = 0
  baseOffset = -1
  logAppendTimeMs = -1
  previous: Deadlined | null = null
  next: Deadlined | null = null
  deadlineMs = DEADLINE_UNKNOWN
  readonly timeoutMs: number
  readonly #home: ProduceHome
  readonly #awaitsReplicas: boolean
  #done: ((outcome: ProduceOutcome) => void) | null

  constructor(
    home: ProduceHome,
    awaitsReplicas: boolean,
    timeoutMs: number,
    done: (outcome: ProduceOutcome) => void,
  ) {
    this.#home = home
    this.#awaitsReplicas = awaitsReplicas
    this.timeoutMs = timeoutMs
    this.#done = done
  }

  durable(): void {
    this.#home.advance()
    if (this.#awaitsReplicas) this.#home.awaitReplication(this)
    else this.reached()
  }

  failed(error: DiskError): void {
    if (this.#home.isStopped) this.fail(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    else this.fail(ErrorCode.KAFKA_STORAGE_ERROR, isDiskFull(error) ? DISK_FULL_MESSAGE : null)
  }

  reached(): void {
    this.#settle({
      errorCode: ErrorCode.NONE,
      baseOffset: this.baseOffset,
      logAppendTimeMs: this.logAppendTimeMs,
      logStartOffset: this.#home.logStartOffset,
      recordErrors: NO_RECORD_ERRORS,
      errorMessage: null,
    })
  }

  expired(): void {
    this.fail(ErrorCode.REQUEST_TIMED_OUT)
  }

  fail(errorCode: ErrorCode, errorMessage: string | null = null): void {
    this.#settle({ ...NO_OUTCOME, errorCode, errorMessage })
  }

  #settle(outcome: ProduceOutcome): void {
    const done = this.#done
    if (done === null) return
    this.#done = null
    this.#home.settled(this)
    done(outcome)
  }
}

/** What a client is told. */
export const DISK_FULL_MESSAGE = "The broker's disk is full"

const NO_RECORD_ERRORS: readonly RecordError[] = []

/** An outcome that tells nothing, to be completed. */
export const NO_OUTCOME: ProduceOutcome = {
  errorCode: ErrorCode.NONE,
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: NO_RECORD_ERRORS,
  errorMessage: null,
}
