import type { Clock, Timer, TimerKind } from '../host.ts'
import { EventQueue, type ScheduledEvent } from './event-queue.ts'
import type { Hop } from './hop.ts'

export interface FlowingClockOptions {
  /** The clock whose pace this clock keeps; `standingClock` keeps none. */
  readonly base: Clock
  /** A turn of the loop in which the consequences of a timer happen: that loop's `nextTurn`. */
  readonly hop: Hop
}

export interface AdvanceOptions {
  /**
   * Members of groups keep their membership: each gets a fresh session when the time has passed.
   * Default false: a member that is not heard from meanwhile expires, as in production.
   */
  readonly keepMembers?: boolean
}

/**
 * A clock that keeps the pace of another clock and can be moved ahead of that clock. For a test
 * whose clients live in real time: long polls end by themselves, and a week of retention passes in
 * a few milliseconds.
 *
 * An advance runs timers by their kind (host.ts): 'event' and 'client' in the order of their due
 * times, a turn of the loop after each; then, at its end, each due 'upkeep' once, and last each due
 * 'poll', so that a client that polls gets one answer an advance and not thousands.
 *
 * Invariants:
 *   (1) While no `advance` is at work, the base has a timer armed for the earliest event, if any.
 *   (2) Time never goes back, and a timer never runs before it is due.
 */
export class FlowingClock implements Clock {
  readonly #base: Clock
  readonly #hop: Hop
  readonly #queues: Readonly<Record<TimerKind, EventQueue>> = {
    event: new EventQueue(),
    client: new EventQueue(),
    poll: new EventQueue(),
    upkeep: new EventQueue(),
  }
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

  schedule(delayMs: number, task: () => void, kind: TimerKind = 'event'): Timer {
    const timer = new FlowingTimer(this.#queues[kind], Math.max(1, delayMs), task)
    timer.arm(this.monotonicMs())
    this.#arm()
    return timer
  }

  /** Moves time ahead by `ms`. Advances that are asked for meanwhile follow one another. */
  advance(ms: number, options: AdvanceOptions = {}): Promise<void> {
    const next = this.#advancing.then(() => this.#advanceNow(ms, options))
    this.#advancing = next.catch(() => {}) // The caller has the rejection; the next may go on.
    return next
  }

  async #advanceNow(ms: number, { keepMembers = false }: AdvanceOptions): Promise<void> {
    const untilMs = this.monotonicMs() + ms
    const { event, client, poll, upkeep } = this.#queues
    this.#isAdvancing = true
    // Armed for a moment that the leap makes come sooner.
    this.#armed?.cancel()
    this.#armed = null
    try {
      await this.#hop()
      await this.#runInOrder(keepMembers ? [event] : [event, client], untilMs)
      this.#leapTo(untilMs)
      if (keepMembers) this.#renew(client, untilMs)
      await this.#runOnce(upkeep, untilMs)
      await this.#runOnce(poll, untilMs)
    } finally {
      this.#isAdvancing = false
      this.#arm()
    }
  }

  /** Everything that is due by `untilMs`, what is scheduled on the way included. */
  async #runInOrder(queues: readonly EventQueue[], untilMs: number): Promise<void> {
    for (;;) {
      const first = queues.reduce((a, b) => (b.nextMs < a.nextMs ? b : a))
      if (first.nextMs > untilMs) return
      this.#leapTo(first.nextMs)
      first.pop()?.task()
      await this.#hop()
    }
  }

  /** What is due now; not what that schedules for later, unless it is due at once. */
  async #runOnce(queue: EventQueue, untilMs: number): Promise<void> {
    while (queue.nextMs <= untilMs + 1) {
      queue.pop()?.task()
      await this.#hop()
    }
    await this.#hop()
  }

  #renew(queue: EventQueue, nowMs: number): void {
    const timers: FlowingTimer[] = []
    for (let event = queue.pop(); event !== undefined; event = queue.pop()) {
      timers.push(event.owner as FlowingTimer)
    }
    for (const timer of timers) timer.arm(nowMs)
  }

  #leapTo(monotonicMs: number): void {
    this.#aheadMs += Math.max(0, monotonicMs - this.monotonicMs())
  }

  #earliest(): EventQueue {
    const { event, client, poll, upkeep } = this.#queues
    const a = client.nextMs < event.nextMs ? client : event
    const b = upkeep.nextMs < poll.nextMs ? upkeep : poll
    return b.nextMs < a.nextMs ? b : a
  }

  #arm(): void {
    const dueMs = this.#earliest().nextMs
    if (this.#isAdvancing || dueMs === Number.POSITIVE_INFINITY) return
    if (this.#armed !== null && this.#armedMs <= dueMs) return
    this.#armed?.cancel()
    this.#armedMs = dueMs
    const delayMs = Math.max(0, dueMs - this.monotonicMs())
    this.#armed = this.#base.schedule(delayMs, () => this.#fire())
  }

  #fire(): void {
    this.#armed = null
    if (this.#isAdvancing) return
    const nowMs = this.monotonicMs()
    // The base may fire a hair early: what is due within the millisecond is due. What these tasks
    // schedule comes at least a millisecond later, so this ends.
    for (let queue = this.#earliest(); queue.nextMs < nowMs + 1; queue = this.#earliest()) {
      queue.pop()?.task()
    }
    this.#arm()
  }
}

/** A timer that can be armed anew with the delay that it was made with. */
class FlowingTimer implements Timer {
  readonly name = 'timer'
  readonly isAlive = true
  readonly #queue: EventQueue
  readonly #delayMs: number
  readonly #task: () => void
  #event: ScheduledEvent | null = null

  constructor(queue: EventQueue, delayMs: number, task: () => void) {
    this.#queue = queue
    this.#delayMs = delayMs
    this.#task = task
  }

  arm(nowMs: number): void {
    this.#event = this.#queue.add(nowMs + this.#delayMs, 'timer', this, this.#task)
  }

  cancel(): void {
    this.#event?.cancel()
  }
}

/** A clock that keeps the pace of another and can be moved ahead: `new FlowingClock(options)`. */
export function flowingClock(options: FlowingClockOptions): FlowingClock {
  return new FlowingClock(options)
}

/** A clock that stands for ever at `startMs`: the base of a clock that only `advance` moves. */
export function standingClock(startMs: number): Clock {
  const never: Timer = { cancel: () => {} }
  return { nowMs: () => startMs, monotonicMs: () => 0, schedule: () => never }
}
