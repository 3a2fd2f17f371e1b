import type { Clock, Timer } from '../host.ts'

/** Node's timers wrap around above this; longer waits are taken in steps. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/**
 * The machine's clocks. Timers do not keep the process alive, but those of a 'foreground' clock do:
 * a program that only waits for a client's next attempt must not end meanwhile.
 */
export class NodeClock implements Clock {
  readonly #keepsAlive: boolean

  constructor(timers: 'background' | 'foreground' = 'background') {
    this.#keepsAlive = timers === 'foreground'
  }

  nowMs(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  schedule(delayMs: number, task: () => void): Timer {
    const timer = new NodeTimer(this.#keepsAlive)
    timer.wait(delayMs, task)
    return timer
  }
}

class NodeTimer implements Timer {
  readonly #keepsAlive: boolean
  #timeout: NodeJS.Timeout | undefined

  constructor(keepsAlive: boolean) {
    this.#keepsAlive = keepsAlive
  }

  wait(delayMs: number, task: () => void): void {
    const stepMs = Math.min(Math.max(0, delayMs), TIMEOUT_MS_MAX)
    const leftMs = delayMs - stepMs
    const next = leftMs > 0 ? () => this.wait(leftMs, task) : task
    this.#timeout = setTimeout(next, stepMs)
    if (!this.#keepsAlive) this.#timeout.unref()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }
}
