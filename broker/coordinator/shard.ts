/**
 * Shard: one machine over one partition led here.
 *
 *   loading ──log read──> ready ──close, or the log is lost──> closed
 *
 * A command is decided on when nothing is being written; its records are appended, applied once
 * they are written, and every reply waits until all that was written before it is committed.
 *
 * Invariants:
 *   (1) The state is what the written records and the soft changes since loading make it.
 *   (2) While an append is under way no command is decided on: none sees a state that may not be.
 *   (3) A reply leaves only when the high watermark has reached the end of what the state contains:
 *       nobody learns of what a crash could take back.
 *   (4) Every call is answered once: by the machine, or with the error that ended the shard.
 *
 * Crash story: the log is the state. What was not committed was told to nobody.
 */
import assert from 'node:assert'
import type { Clock, Logger, Loop, Timer } from '../../host/host.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import type { CallId, Decision, Machine } from './machine.ts'
import type { AppendEnd, RecordCodec, ShardLog } from './shard-log.ts'
import type { SnapshotStore } from './snapshot.ts'

/** How long to wait before what an alarm asked for, and could not be written, is tried again. */
const APPEND_RETRY_MS = 500
/** Records read in one turn while loading. */
const LOAD_SLICE_RECORDS = 2000
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

interface Waiting<Reply> {
  resolve(reply: Reply): void
  reject(error: Error): void
}

interface Held<Reply> {
  readonly offset: number
  readonly deadlineMs: number
  readonly call: CallId
  readonly reply: Reply
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
  #nextCall: CallId = 1
  readonly #calls = new Map<CallId, Waiting<Reply>>()
  #held: Held<Reply>[] = []
  #holdTimer: Timer | null = null
  readonly #alarms = new Map<string, Timer>()
  #recordsSinceSnapshot = 0
  #retries = 0
  #snapshotting: Promise<void> | null = null

  constructor(options: ShardOptions<State, Command, Rec, Soft, Reply>) {
    this.#o = options
    this.#state = options.machine.empty()
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
   * when the records could not be written or committed, or the shard is closed.
   */
  execute<R extends Reply>(make: (call: CallId) => Command): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.#stage === 'closed') {
        reject(new KafkaError(this.#closedWith))
        return
      }
      const call = this.#nextCall++
      this.#calls.set(call, { resolve: resolve as (reply: Reply) => void, reject })
      this.#enqueue({ command: make(call), call, alarm: null })
    })
  }

  /** Gives the machine news nobody waits for; repeated until it is written. */
  tell(command: Command): void {
    if (this.#stage !== 'closed') this.#enqueue({ command, call: null, alarm: null })
  }

  // --------------------------------------------------------------------------------- loading

  /** Reads snapshot and log, in slices between turns, then begins to decide. */
  async load(): Promise<void> {
    const { log, machine } = this.#o
    log.listen({ committed: () => this.#release(), lost: code => this.close(code) })
    let at = this.#loadSnapshot()
    const bound = log.nextOffset
    while (at < bound) {
      at = this.#loadSlice(at, bound)
      if (at < bound) await this.#o.loop.nextTurn()
      if (this.#stage === 'closed') return
    }
    this.#appliedOffset = bound
    this.#stage = 'ready'
    this.#queue.unshift({ command: machine.loaded(), call: null, alarm: null })
    this.#drain()
  }

  #loadSnapshot(): number {
    const { snapshots, log, machine } = this.#o
    const snapshot = this.#readSnapshot(snapshots)
    const fits =
      snapshot !== null &&
      snapshot.nextOffset <= log.nextOffset &&
      snapshot.nextOffset >= log.logStartOffset
    if (!fits) return log.logStartOffset
    for (const record of snapshot.records) machine.apply(this.#state, record)
    return snapshot.nextOffset
  }

  #readSnapshot(snapshots: SnapshotStore<Rec> | null) {
    try {
      return snapshots?.load() ?? null
    } catch (error) {
      // The log holds all a snapshot does; only time is lost.
      this.#o.logger.warn({ error }, 'a coordinator snapshot cannot be read, reading the log')
      return null
    }
  }

  #loadSlice(from: number, bound: number): number {
    const { codec, log, machine, logger } = this.#o
    let count = 0
    let at = from
    for (const batch of log.readBatches(from, bound)) {
      // A snapshot may end inside what a compaction left as one batch; records are idempotent.
      const records = codec.decode(batch, (offset, reason) =>
        logger.warn({ offset, reason }, 'a coordinator record cannot be read, passing it over'),
      )
      for (const record of records) machine.apply(this.#state, record)
      count += records.length
      at = batch.lastOffset + 1
      if (count >= LOAD_SLICE_RECORDS) break
    }
    this.#recordsSinceSnapshot += count
    return count >= LOAD_SLICE_RECORDS ? at : bound
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
    if (decision.records.length === 0) this.#settle(decision)
    else this.#write(job, decision, codec.encode(decision.records, nowMs), nowMs)
  }

  /** Batch after batch, though nearly always there is one; each is applied as it is written. */
  #write(
    job: Job<Command>,
    decision: Decision<Rec, Soft, Reply, Command>,
    batches: { batch: Buffer; records: readonly Rec[] }[],
    nowMs: number,
  ): void {
    const [first, ...rest] = batches
    assert(first !== undefined)
    this.#isWriting = true
    this.#o.log.append(first.batch, nowMs, end => {
      this.#isWriting = false
      if (this.#stage === 'closed') return
      if (end.kind === 'written') {
        this.#applyWritten(first.records, end)
        if (rest.length > 0) return this.#write(job, decision, rest, nowMs)
        this.#settle(decision)
      } else {
        this.#fail(job, end.errorCode)
      }
      this.#drain()
    })
  }

  #applyWritten(records: readonly Rec[], end: Extract<AppendEnd, { kind: 'written' }>): void {
    for (const record of records) this.#o.machine.apply(this.#state, record)
    this.#appliedOffset = end.nextOffset
    this.#recordsSinceSnapshot += records.length
  }

  #settle(decision: Decision<Rec, Soft, Reply, Command>): void {
    for (const change of decision.soft) this.#o.machine.apply(this.#state, change)
    for (const alarm of decision.alarms) this.#setAlarm(alarm.key, alarm.delayMs, alarm.command)
    if (decision.replies.length === 0) return
    const { clock, commitTimeoutMs, log } = this.#o
    const offset = this.#appliedOffset
    if (this.#held.length === 0 && log.highWatermark >= offset) {
      for (const { call, reply } of decision.replies) this.#answer(call, reply)
      return
    }
    const deadlineMs = clock.monotonicMs() + commitTimeoutMs
    for (const { call, reply } of decision.replies) {
      this.#held.push({ offset, deadlineMs, call, reply })
    }
    this.#watchHeld()
  }

  /** Nothing of the decision happens. The caller is told; alarms and news come again. */
  #fail(job: Job<Command>, errorCode: ErrorCode): void {
    if (job.call !== null) {
      this.#refuse(job.call, errorCode)
      return
    }
    const key = job.alarm?.key ?? `retry ${this.#retries++}`
    if (!this.#alarms.has(key)) this.#setAlarm(key, APPEND_RETRY_MS, job.command)
  }

  #setAlarm(key: string, delayMs: number | null, command: Command | null): void {
    this.#alarms.get(key)?.cancel()
    this.#alarms.delete(key)
    if (delayMs === null || command === null) return
    const timer = this.#o.clock.schedule(delayMs, () => {
      this.#enqueue({ command, call: null, alarm: { key, timer } })
    })
    this.#alarms.set(key, timer)
  }

  // -------------------------------------------------------------------------------- replying

  /** The high watermark moved. */
  #release(): void {
    const committed = this.#o.log.highWatermark
    let count = 0
    while (count < this.#held.length && this.#held[count]!.offset <= committed) count++
    for (const { call, reply } of this.#held.splice(0, count)) this.#answer(call, reply)
    if (this.#held.length === 0) this.#settled()
    this.#watchHeld()
  }

  #answer(call: CallId, reply: Reply): void {
    const waiting = this.#calls.get(call)
    this.#calls.delete(call)
    waiting?.resolve(reply)
  }

  #refuse(call: CallId, errorCode: ErrorCode): void {
    const waiting = this.#calls.get(call)
    this.#calls.delete(call)
    waiting?.reject(new KafkaError(errorCode))
  }

  #watchHeld(): void {
    const first = this.#held[0]
    if (first === undefined) {
      this.#holdTimer?.cancel()
      this.#holdTimer = null
    } else if (this.#holdTimer === null) {
      const { clock } = this.#o
      const delayMs = Math.max(0, first.deadlineMs - clock.monotonicMs())
      this.#holdTimer = clock.schedule(delayMs, () => this.#giveUpHeld())
    }
  }

  /** Whether those records will be committed nobody can say; the client asks again. */
  #giveUpHeld(): void {
    this.#holdTimer = null
    const nowMs = this.#o.clock.monotonicMs()
    let count = 0
    while (count < this.#held.length && this.#held[count]!.deadlineMs <= nowMs) count++
    for (const { call } of this.#held.splice(0, count)) {
      this.#refuse(call, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    }
    this.#watchHeld()
  }

  // --------------------------------------------------------------------- snapshots and the end

  #settled(): void {
    if (this.#recordsSinceSnapshot >= SNAPSHOT_RECORDS) {
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
    this.#holdTimer?.cancel()
    this.#queue = []
    this.#held = []
    for (const call of [...this.#calls.keys()]) this.#refuse(call, errorCode)
  }
}
