/**
 * The real event loop. libuv reads every ready socket, then runs immediates: one immediate is the
 * drain of a turn.
 *
 * Invariants:
 *   (1) At most one immediate is scheduled; none while nothing is queued.
 *   (2) Tasks run first in, first out; a task queued by a task runs in the same drain.
 *   (3) Flushes follow the last task, each once, in the order in which they were asked for.
 *   (4) A task that throws ends the process (uncaught); should something catch that, what was
 *       queued behind it still runs, in the next turn.
 */
import type { Loop } from '../host.ts'

/** Writes what a connection has queued. */
export interface Flushable {
  flush(): void
}

/** `Loop` over Node's own loop; connections hang their writes on `flushSoon`. */
export class NodeLoop implements Loop {
  #tasks: (() => void)[] = []
  #flushes: Flushable[] = []
  #isScheduled = false
  #isRunningTasks = false
  readonly #onBug: (error: Error) => void
  readonly #run = () => this.#turn()

  /** `onBug` gets what a spawned promise failed with; by default it is thrown, uncaught. */
  constructor(onBug: (error: Error) => void = throwUncaught) {
    this.#onBug = onBug
  }

  afterTurn(task: () => void): void {
    this.#tasks.push(task)
    if (!this.#isRunningTasks) this.#schedule()
  }

  /** Calls `flush` once after the last task of the coming (or running) drain. */
  flushSoon(flushable: Flushable): void {
    this.#flushes.push(flushable)
    if (!this.#isRunningTasks) this.#schedule()
  }

  nextTurn(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
  }

  spawn(name: string, promise: Promise<unknown>): void {
    promise.catch(cause => this.#onBug(new Error(`${name} failed: ${describe(cause)}`, { cause })))
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#run)
  }

  #turn(): void {
    this.#isScheduled = false
    this.#runTasks()
    const flushes = this.#flushes
    this.#flushes = []
    for (const flushable of flushes) flushable.flush()
  }

  #runTasks(): void {
    const tasks = this.#tasks
    let at = 0
    this.#isRunningTasks = true
    try {
      while (at < tasks.length) (tasks[at++] as () => void)()
      tasks.length = 0
    } finally {
      this.#isRunningTasks = false
      if (tasks.length > 0) {
        tasks.splice(0, at)
        this.#schedule()
      }
    }
  }
}

function throwUncaught(error: Error): void {
  setImmediate(() => {
    throw error
  })
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
