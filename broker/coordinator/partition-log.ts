import type { Loop } from '../../host/host.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import type { BatchView } from '../../protocol/records/batch.ts'
import { DamagedLog } from '../../storage/log-examiner.ts'
import type { AdvanceWaiter } from '../partition/delayed-fetch.ts'
import type { Partition } from '../partition/partition.ts'
import type { AppendEnd, ShardLog, ShardLogListener } from './shard-log.ts'

/** A shard's log over a partition that this broker leads. */
export class PartitionLog implements ShardLog {
  readonly #partition: Partition
  readonly #loop: Loop
  readonly #waiter: AdvanceWaiter
  #listener: ShardLogListener | null = null

  constructor(partition: Partition, loop: Loop) {
    this.#partition = partition
    this.#loop = loop
    this.#waiter = { advanced: () => this.#advanced() }
  }

  get logStartOffset(): number {
    return this.#partition.logStartOffset
  }

  get nextOffset(): number {
    return this.#partition.log.writtenOffset
  }

  get highWatermark(): number {
    return this.#partition.highWatermark
  }

  append(batch: Buffer, nowMs: number, done: (end: AppendEnd) => void): void {
    const { log } = this.#partition
    const before = log.nextOffset
    const committed = this.#partition.appendInternal(batch, { nowMs })
    const nextOffset = log.nextOffset
    let isTold = false
    const tell = (end: AppendEnd) => {
      if (isTold) return
      isTold = true
      done(end)
    }
    if (nextOffset > before) {
      // Sequencing queued the write as a task of this turn, so that mostly it has run when this one
      // does. Amid more than a turn writes, the commit tells.
      this.#loop.afterTurn(() => {
        if (log.writtenOffset >= nextOffset) tell({ kind: 'written', nextOffset })
      })
    }
    const outcome = committed.then(
      () => tell({ kind: 'written', nextOffset }),
      error => {
        const errorCode = coordinatorError(error)
        if (isTold) this.#listener?.lost(errorCode)
        else tell({ kind: 'failed', errorCode })
      },
    )
    this.#loop.spawn('append to __consumer_offsets', outcome)
  }

  /** Throws DamagedLog rather than leave out a part of what the shard's state is made of. */
  readBatches(from: number, bound: number): Iterable<BatchView> {
    const { log } = this.#partition
    const damage = log.firstDamage(from)
    if (damage !== null) throw new DamagedLog(damage.path, damage.range.start)
    return log.readBatches(from, bound)
  }

  listen(listener: ShardLogListener | null): void {
    this.#listener = listener
    if (listener === null) this.#partition.removeWaiter(this.#waiter)
    else this.#partition.addWaiter(this.#waiter)
  }

  #advanced(): void {
    const { isLeader, isStopped } = this.#partition
    if (isLeader && !isStopped) this.#listener?.committed()
    else this.#listener?.lost(ErrorCode.NOT_COORDINATOR)
  }
}

/** What a member is told when its group could not be written: what makes it ask again. */
function coordinatorError(error: unknown): ErrorCode {
  if (!(error instanceof KafkaError)) throw error
  switch (error.code) {
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
      return ErrorCode.NOT_COORDINATOR
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
      return ErrorCode.UNKNOWN_SERVER_ERROR
    default:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
  }
}
