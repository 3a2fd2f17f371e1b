/**
 * PendingCalls: the requests that wait for an answer of one shard, and the answers that wait until
 * the records they depend on are committed.
 *
 * Invariants:
 *   (1) Every call is settled once: answered, or refused with an error code.
 *   (2) Held answers leave in the order in which they were held, which is the order of offsets.
 */
import type { Clock, Timer } from '../../host/host.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import type { CallId } from './machine.ts'

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

/** An answer a machine decided on. */
export interface Answer<Reply> {
  readonly call: CallId
  readonly reply: Reply
}

export class PendingCalls<Reply> {
  readonly #clock: Clock
  readonly #commitTimeoutMs: number
  readonly #calls = new Map<CallId, Waiting<Reply>>()
  #nextCall: CallId = 1
  #held: Held<Reply>[] = []
  #timer: Timer | null = null

  /** `commitTimeoutMs`: how long an answer is held before its call is refused. */
  constructor(clock: Clock, commitTimeoutMs: number) {
    this.#clock = clock
    this.#commitTimeoutMs = commitTimeoutMs
  }

  /** A new call, and the promise of its answer, which rejects with a KafkaError. */
  begin<R extends Reply>(): { readonly call: CallId; readonly answer: Promise<R> } {
    const call = this.#nextCall++
    const answer = new Promise<R>((resolve, reject) => {
      this.#calls.set(call, { resolve: resolve as (reply: Reply) => void, reject })
    })
    return { call, answer }
  }

  /** Nothing that the shard decided on is still to be committed. */
  get holdsNothing(): boolean {
    return this.#held.length === 0
  }

  /** Answers once everything before `offset` is committed. `committed` is the high watermark. */
  settle(answers: readonly Answer<Reply>[], offset: number, committed: number): void {
    if (this.holdsNothing && committed >= offset) {
      for (const { call, reply } of answers) this.#answer(call, reply)
      return
    }
    const deadlineMs = this.#clock.monotonicMs() + this.#commitTimeoutMs
    for (const { call, reply } of answers) this.#held.push({ offset, deadlineMs, call, reply })
    this.#watch()
  }

  /** The high watermark reached `committed`. */
  release(committed: number): void {
    let count = 0
    while (count < this.#held.length && this.#held[count]!.offset <= committed) count++
    for (const { call, reply } of this.#held.splice(0, count)) this.#answer(call, reply)
    this.#watch()
  }

  refuse(call: CallId, errorCode: ErrorCode): void {
    const waiting = this.#calls.get(call)
    this.#calls.delete(call)
    waiting?.reject(new KafkaError(errorCode))
  }

  /** Refuses every call that was not answered yet. */
  refuseAll(errorCode: ErrorCode): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#held = []
    for (const call of [...this.#calls.keys()]) this.refuse(call, errorCode)
  }

  #answer(call: CallId, reply: Reply): void {
    const waiting = this.#calls.get(call)
    this.#calls.delete(call)
    waiting?.resolve(reply)
  }

  #watch(): void {
    const first = this.#held[0]
    if (first === undefined) {
      this.#timer?.cancel()
      this.#timer = null
    } else if (this.#timer === null) {
      const delayMs = Math.max(0, first.deadlineMs - this.#clock.monotonicMs())
      this.#timer = this.#clock.schedule(delayMs, () => this.#giveUp())
    }
  }

  /** Nobody can say whether those records will be committed: the client asks again. */
  #giveUp(): void {
    this.#timer = null
    const nowMs = this.#clock.monotonicMs()
    let count = 0
    while (count < this.#held.length && this.#held[count]!.deadlineMs <= nowMs) count++
    for (const { call } of this.#held.splice(0, count)) {
      this.refuse(call, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    }
    this.#watch()
  }
}
