/**
 * Virtual time and the order of everything that happens in it.
 *
 * One event at a time: pop the earliest by (time, sequence), run it, take one empty turn of the
 * real loop so that every microtask it caused has run, drain the after-turn tasks (again followed
 * by an empty turn), go on. Nothing else decides order, so the same seed gives the same trace.
 *
 * Invariants:
 *   (1) Virtual time never goes back, and moves only between events.
 *   (2) At most one driver (advance, run...) is at work; an `advance` within it is an event.
 *   (3) What a dead owner scheduled never runs.
 */
import type { Timer } from '../host.ts'
import { EventQueue, everyone, type Owner } from './event-queue.ts'
import { type Hop, realHop } from './hop.ts'
import { Trace } from './trace.ts'

export interface SimulationOptions {
  /** Lets microtasks drain. Beside a real loop: that loop's `nextTurn`. Default: `realHop`. */
  readonly hop?: Hop
  /** Lines of trace kept. Default 2,000. */
  readonly traceLinesMax?: number
}

interface TurnTask {
  readonly owner: Owner
  readonly task: () => void
}

/** Empty turns granted to promises that settle outside (thread pool) before calling it a hang. */
const PATIENCE_TURNS = 10_000
const EVENTS_MAX = 10_000_000

export class Simulation {
  readonly trace: Trace
  readonly #queue = new EventQueue()
  readonly #hop: Hop
  readonly #nobody = everyone()
  #nowMs = 0
  #isRunning = false
  #advanceUntilMs = 0
  #turnTasks: TurnTask[] = []
  #flushes: TurnTask[] = []
  #failures: unknown[] = []

  constructor(options: SimulationOptions = {}) {
    this.#hop = options.hop ?? realHop
    this.trace = new Trace(options.traceLinesMax)
  }

  /** Virtual milliseconds since the start, fractional. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Events waiting. */
  get pendingCount(): number {
    return this.#queue.size
  }

  /** Runs `task` `delayMs` of virtual time from now; `label` is its trace line. */
  schedule(delayMs: number, label: string, owner: Owner, task: () => void): Timer {
    return this.#queue.add(this.#nowMs + Math.max(0, delayMs), label, owner, task)
  }

  /** Runs `task` after the event at hand; first in, first out. */
  afterTurn(owner: Owner, task: () => void): void {
    this.#turnTasks.push({ owner, task })
  }

  /** Runs `task` after the last after-turn task: this is when connections write. */
  afterTasks(owner: Owner, task: () => void): void {
    this.#flushes.push({ owner, task })
  }

  /** Reports a bug: whoever drives the simulation gets it thrown. */
  fail(error: unknown): void {
    this.#failures.push(error)
  }

  /**
   * Moves virtual time by `ms`, running all that is due on the way. Within a running simulation it
   * is a wait: it resolves when time has moved that far, with others who advance or run. Two at
   * once move time by the longer one, not by the sum.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    this.#advanceUntilMs = Math.max(this.#advanceUntilMs, untilMs)
    if (this.#isRunning) {
      return new Promise(resolve => this.schedule(ms, 'advance', this.#nobody, resolve))
    }
    await this.#drive(async () => {
      while (this.#queue.nextMs <= this.#advanceUntilMs) await this.#step()
      this.#nowMs = this.#advanceUntilMs
    })
  }

  /** Runs until no event waits. Throws when that takes more than `eventsMax` events. */
  async runUntilIdle(eventsMax = EVENTS_MAX): Promise<void> {
    await this.#drive(async () => {
      for (let events = 0; this.#queue.size > 0; events++) {
        if (events >= eventsMax) throw new Error(`not idle after ${eventsMax} events`)
        await this.#step()
      }
    })
  }

  /** Runs until the promise settles and returns its outcome. Throws when nothing is left to run. */
  async runUntilSettled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.#drive(async () => {
      let patience = PATIENCE_TURNS
      while (!isSettled) {
        if (this.#queue.size > 0) {
          await this.#step()
          patience = PATIENCE_TURNS
        } else if (patience-- > 0) {
          await this.#drain()
        } else {
          throw new Error(`hangs at ${this.#nowMs} ms: no event left\n${this.#tail()}`)
        }
      }
    })
    return promise
  }

  /**
   * Runs events as they come, time leaping from one to the next, beside a program that knows no
   * virtual time (a test suite written for any host). `stop` ends it and throws what failed.
   */
  runInBackground(): { stop(): Promise<void> } {
    let isStopped = false
    const driving = this.#drive(async () => {
      while (!isStopped) {
        if (this.#queue.size > 0) await this.#step()
        else await this.#drain()
      }
    })
    driving.catch(() => {}) // Thrown to whoever calls `stop`; until then nobody listens.
    const stop = async () => {
      isStopped = true
      await driving
    }
    return { stop }
  }

  async #drive(work: () => Promise<void>): Promise<void> {
    if (this.#isRunning) throw new Error('this simulation is being run already')
    this.#isRunning = true
    try {
      await this.#drain()
      await work()
    } finally {
      this.#isRunning = false
    }
  }

  async #step(): Promise<void> {
    const event = this.#queue.pop()
    if (event === undefined || !event.owner.isAlive) return
    this.#nowMs = Math.max(this.#nowMs, event.dueMs)
    this.trace.write(this.#nowMs, event.owner.name, event.label)
    event.task()
    await this.#drain()
  }

  /** Microtasks, then after-turn tasks, then what connections have to write, until all is quiet. */
  async #drain(): Promise<void> {
    await this.#hop()
    while (this.#turnTasks.length > 0 || this.#flushes.length > 0) {
      for (let at = 0; at < this.#turnTasks.length; at++) run(this.#turnTasks[at] as TurnTask)
      this.#turnTasks = []
      const flushes = this.#flushes
      this.#flushes = []
      for (const flush of flushes) run(flush)
      await this.#hop()
    }
    if (this.#failures.length > 0) throw this.#failures.shift()
  }

  #tail(): string {
    return this.trace.lines.slice(-20).join('\n')
  }
}

function run({ owner, task }: TurnTask): void {
  if (owner.isAlive) task()
}
