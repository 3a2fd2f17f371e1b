/**
 * Shard: one machine over one partition led here.
 *
 *   loading ──log read──> ready ──close, or the log is lost──> closed
 *      └──the log cannot be read──> closed
 *
 * A command is decided on when nothing is being written; its records are appended as one batch,
 * applied once they are written, and every reply waits until all that was written before it is
 * committed.
 *
 * Invariants:
 *   (1) The state is what the written records and the soft changes since loading make it.
 *   (2) While an append is under way no command is decided on: none sees a state that may not be.
 *   (3) A reply leaves only when the high watermark has reached the end of what the state contains:
 *       nobody learns of what a crash could take back.
 *   (4) Every call is answered once: by the machine, or with the error that ended the shard.
 *   (5) A decision happens whole or not at all: its records are one batch, and a decision that one
 *       batch cannot hold is refused before anything is written.
 *
 * Crash story: the log is the state. What was not committed was told to nobody.
 */
import type { Clock, Logger, Loop, Timer } from '../../host/host.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import type { Alarm, CallId, Decision, Machine } from './machine.ts'
import { PendingCalls } from './pending-calls.ts'
import { loadState } from './shard-loading.ts'
import type { RecordCodec, ShardLog } from './shard-log.ts'
import type { SnapshotStore } from './snapshot.ts'

/** How long to wait before what an alarm asked for, and could not be written, is tried again. */
const APPEND_RETRY_MS = 500
/** Records appended since the last snapshot from which another one pays. */
const SNAPSHOT_RECORDS = 10_000

export interface ShardOptions<State, Command, Rec, Soft, Reply> {
  readonly machine: Machine<State, Command, Rec, Soft, Reply>
  readonly codec: RecordCodec<Rec>
  readonly log: ShardLog
  readonly loop: Loop
  readonly clock: Clock
  readonly logger: Logger
  readonly snapshots: SnapshotStore<Rec> | null
  /** offsets.commit.timeout.ms: how long a reply waits for its records to be committed. */
  readonly commitTimeoutMs: number
}

interface Job<Command> {
  readonly command: Command
  readonly call: CallId | null
  /** The alarm it came from, void if that was set or cleared since; null for calls and news. */
  readonly alarm: { readonly key: string; readonly timer: Timer } | null
}

export class Shard<State, Command, Rec, Soft, Reply> {
  readonly #o: ShardOptions<State, Command, Rec, Soft, Reply>
  readonly #state: State
  #stage: 'loading' | 'ready' | 'closed' = 'loading'
  #closedWith: ErrorCode = ErrorCode.NOT_COORDINATOR
  #isWriting = false
  #queue: Job<Command>[] = []
  /** Exclusive end of the records applied to the state. */
  #appliedOffset = 0
  readonly #calls: PendingCalls<Reply>
  readonly #alarms = new Map<string, Timer>()
  #recordsSinceSnapshot = 0
  #retries = 0
  #snapshotting: Promise<void> | null = null

  constructor(options: ShardOptions<State, Command, Rec, Soft, Reply>) {
    this.#o = options
    this.#state = options.machine.empty()
    this.#calls = new PendingCalls(options.clock, options.commitTimeoutMs)
  }

  get isReady(): boolean {
    return this.#stage === 'ready'
  }

  get isClosed(): boolean {
    return this.#stage === 'closed'
  }

  /** For tests and /state; not to be changed. */
  get state(): State {
    return this.#state
  }

  describe(): string {
    return this.#o.machine.describe(this.#state)
  }

  /**
   * Gives the machine a command that answers the call it is made for. Rejects with a KafkaError
   * when the records could not be written or committed, are more than one batch may hold
   * (UNKNOWN_SERVER_ERROR), or the shard is closed.
   */
  execute<R extends Reply>(make: (call: CallId) => Command): Promise<R> {
    if (this.#stage === 'closed') return Promise.reject(new KafkaError(this.#closedWith))
    const { call, answer } = this.#calls.begin<R>()
    this.#enqueue({ command: make(call), call, alarm: null })
    return answer
  }

  /** Gives the machine news nobody waits for; repeated until it is written. */
  tell(command: Command): void {
    if (this.#stage !== 'closed') this.#enqueue({ command, call: null, alarm: null })
  }

  // --------------------------------------------------------------------------------- loading

  /**
   * Reads snapshot and log, in slices between turns, then begins to decide. Rejects with what the
   * log could not be read for; the shard is closed then.
   */
  async load(): Promise<void> {
    const { machine, codec, log, loop, logger, snapshots } = this.#o
    log.listen({ committed: () => this.#release(), lost: code => this.close(code) })
    const isGivenUp = () => this.#stage === 'closed'
    const reading = { machine, codec, log, loop, logger, snapshots, state: this.#state, isGivenUp }
    try {
      const loaded = await loadState(reading)
      if (loaded === null) return
      this.#appliedOffset = loaded.appliedOffset
      this.#recordsSinceSnapshot += loaded.logRecords
    } catch (error) {
      this.close(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
      throw error
    }
    this.#stage = 'ready'
    this.#queue.unshift({ command: machine.loaded(), call: null, alarm: null })
    this.#drain()
  }

  // -------------------------------------------------------------------------------- deciding

  #enqueue(job: Job<Command>): void {
    this.#queue.push(job)
    this.#drain()
  }

  #drain(): void {
    while (this.#stage === 'ready' && !this.#isWriting) {
      const job = this.#queue.shift()
      if (job === undefined) return
      if (this.#isDue(job)) this.#decide(job)
    }
  }

  /** Between an alarm's going off and its turn in the queue, a member may have been heard from. */
  #isDue({ alarm }: Job<Command>): boolean {
    if (alarm === null) return true
    if (this.#alarms.get(alarm.key) !== alarm.timer) return false
    this.#alarms.delete(alarm.key)
    return true
  }

  #decide(job: Job<Command>): void {
    const { machine, clock, codec } = this.#o
    const nowMs = clock.nowMs()
    const decision = machine.decide(this.#state, job.command, nowMs)
    if (decision.records.length === 0) {
      this.#settle(decision)
      return
    }
    const batch = codec.encode(decision.records, nowMs)
    if (batch === null) this.#refuseTooLarge(job, decision.records.length)
    else this.#write(job, decision, batch, nowMs)
  }

  #write(
    job: Job<Command>,
    decision: Decision<Rec, Soft, Reply, Command>,
    batch: Buffer,
    nowMs: number,
  ): void {
    this.#isWriting = true
    this.#o.log.append(batch, nowMs, end => {
      this.#isWriting = false
      if (this.#stage === 'closed') return
      if (end.kind === 'written') {
        for (const record of decision.records) this.#o.machine.apply(this.#state, record)
        this.#appliedOffset = end.nextOffset
        this.#recordsSinceSnapshot += decision.records.length
        this.#settle(decision)
      } else {
        this.#fail(job, end.errorCode)
      }
      this.#drain()
    })
  }

  /** What Apache Kafka answers then. Machines keep what they decide by themselves small. */
  #refuseTooLarge(job: Job<Command>, recordCount: number): void {
    this.#o.logger.error({ recordCount }, 'a coordinator decision is larger than one batch may be')
    this.#fail(job, ErrorCode.UNKNOWN_SERVER_ERROR)
  }

  #settle(decision: Decision<Rec, Soft, Reply, Command>): void {
    for (const change of decision.soft) this.#o.machine.apply(this.#state, change)
    for (const alarm of decision.alarms) this.#setAlarm(alarm)
    for (const { fields, message } of decision.notes ?? []) this.#o.logger.info(fields, message)
    if (decision.replies.length === 0) return
    this.#calls.settle(decision.replies, this.#appliedOffset, this.#o.log.highWatermark)
  }

  /** Nothing of the decision happens. The caller is told; alarms and news come again. */
  #fail(job: Job<Command>, errorCode: ErrorCode): void {
    if (job.call !== null) {
      this.#calls.refuse(job.call, errorCode)
      return
    }
    const key = job.alarm?.key ?? `retry ${this.#retries++}`
    if (this.#alarms.has(key)) return
    this.#setAlarm({ key, delayMs: APPEND_RETRY_MS, command: job.command })
  }

  #setAlarm({ key, delayMs, command, timer: kind = 'event' }: Alarm<Command>): void {
    this.#alarms.get(key)?.cancel()
    this.#alarms.delete(key)
    if (delayMs === null || command === null) return
    const fire = () => this.#enqueue({ command, call: null, alarm: { key, timer } })
    const timer = this.#o.clock.schedule(delayMs, fire, kind)
    this.#alarms.set(key, timer)
  }

  // --------------------------------------------------------------------- snapshots and the end

  /** The high watermark moved. */
  #release(): void {
    this.#calls.release(this.#o.log.highWatermark)
    if (this.#calls.holdsNothing && this.#recordsSinceSnapshot >= SNAPSHOT_RECORDS) {
      this.#o.loop.spawn('coordinator snapshot', this.#snapshot())
    }
  }

  /** Only when all that was applied is committed, so that no crash can take it back. */
  #snapshot(): Promise<void> {
    const { snapshots, log, machine } = this.#o
    const isWhole = !this.#isWriting && log.highWatermark >= this.#appliedOffset
    if (snapshots === null || !isWhole || this.#snapshotting !== null) return Promise.resolve()
    this.#recordsSinceSnapshot = 0
    const records = [...machine.recordsOf(this.#state)]
    const saved = snapshots.save({ nextOffset: this.#appliedOffset, records }).catch(error => {
      // Without it the next start reads more of the log, nothing else.
      this.#o.logger.warn({ error }, 'a coordinator snapshot could not be written')
    })
    this.#snapshotting = saved.finally(() => {
      this.#snapshotting = null
    })
    return this.#snapshotting
  }

  /** A clean stop: answers what waits, and leaves a snapshot if reading the log would be long. */
  async stop(): Promise<void> {
    if (this.#stage === 'closed') return
    const isWorthIt = this.#stage === 'ready' && this.#recordsSinceSnapshot >= SNAPSHOT_RECORDS / 10
    if (isWorthIt) await this.#snapshot()
    this.close(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    await this.#snapshotting
  }

  /** Leadership or the disk is gone: everybody waiting is told, nothing more is decided. */
  close(errorCode: ErrorCode): void {
    if (this.#stage === 'closed') return
    this.#stage = 'closed'
    this.#closedWith = errorCode
    this.#o.log.listen(null)
    for (const timer of this.#alarms.values()) timer.cancel()
    this.#alarms.clear()
    this.#queue = []
    this.#calls.refuseAll(errorCode)
  }
}
