import type { Clock, Timer } from '../host.ts'
import { EventQueue, everyone } from './event-queue.ts'
import type { Hop } from './hop.ts'

export interface FlowingClockOptions {
  /** The clock whose pace it keeps. */
  readonly base: Clock
  /** A turn of the loop in which its timers' consequences happen: that loop's `nextTurn`. */
  readonly hop: Hop
}

/**
 * A clock that keeps the pace of another (the real one) and can be moved ahead of it. For a test
 * whose clients live in real time: long polls end by themselves, and a day of retention still
 * passes in a millisecond.
 *
 * Invariant: the base has a timer armed for the earliest event, if there is one and no `advance` is
 * at work.
 */
export class FlowingClock implements Clock {
  readonly #base: Clock
  readonly #hop: Hop
  readonly #queue = new EventQueue()
  readonly #owner = everyone()
  #aheadMs = 0
  #armed: Timer | null = null
  #armedMs = Number.POSITIVE_INFINITY
  #advancing: Promise<void> = Promise.resolve()
  #isAdvancing = false

  constructor(options: FlowingClockOptions) {
    this.#base = options.base
    this.#hop = options.hop
  }

  nowMs(): number {
    return Math.floor(this.#base.nowMs() + this.#aheadMs)
  }

  monotonicMs(): number {
    return this.#base.monotonicMs() + this.#aheadMs
  }

  schedule(delayMs: number, task: () => void): Timer {
    const dueMs = this.monotonicMs() + Math.max(1, delayMs)
    const event = this.#queue.add(dueMs, 'timer', this.#owner, task)
    this.#arm()
    return event
  }

  /** Moves time ahead by `ms`; timers due on the way run in order, turns of the loop between. */
  advance(ms: number): Promise<void> {
    const next = this.#advancing.then(() => this.#advanceNow(ms))
    this.#advancing = next.catch(() => {}) // The caller has the rejection; the next may go on.
    return next
  }

  async #advanceNow(ms: number): Promise<void> {
    const untilMs = this.monotonicMs() + ms
    this.#isAdvancing = true
    // Armed for a moment that the leap makes come sooner.
    this.#armed?.cancel()
    this.#armed = null
    try {
      await this.#hop()
      while (this.#queue.nextMs <= untilMs) {
        this.#leapTo(this.#queue.nextMs)
        this.#queue.pop()?.task()
        await this.#hop()
      }
      this.#leapTo(untilMs)
      await this.#hop()
    } finally {
      this.#isAdvancing = false
      this.#arm()
    }
  }

  #leapTo(monotonicMs: number): void {
    this.#aheadMs += Math.max(0, monotonicMs - this.monotonicMs())
  }

  #arm(): void {
    const dueMs = this.#queue.nextMs
    if (this.#isAdvancing || dueMs === Number.POSITIVE_INFINITY) return
    if (this.#armed !== null && this.#armedMs <= dueMs) return
    this.#armed?.cancel()
    this.#armedMs = dueMs
    this.#armed = this.#base.schedule(dueMs - this.monotonicMs(), () => this.#fire())
  }

  #fire(): void {
    this.#armed = null
    if (this.#isAdvancing) return
    const nowMs = this.monotonicMs()
    // The base may fire a hair early: what is due within the millisecond is due. What these tasks
    // schedule comes at least a millisecond later, so this ends.
    while (this.#queue.nextMs < nowMs + 1) this.#queue.pop()?.task()
    this.#arm()
  }
}

/** A clock that keeps the pace of another and can be moved ahead: `new FlowingClock(options)`. */
export function flowingClock(options: FlowingClockOptions): FlowingClock {
  return new FlowingClock(options)
}
