import type { Clock, Timer } from '../host.ts'

/** Node's timers wrap around above this; longer waits are taken in steps. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/** The machine's clocks; timers do not keep the process alive. */
export class NodeClock implements Clock {
  nowMs(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  schedule(delayMs: number, task: () => void): Timer {
    const timer = new NodeTimer()
    timer.wait(delayMs, task)
    return timer
  }
}

class NodeTimer implements Timer {
  #timeout: NodeJS.Timeout | undefined

  wait(delayMs: number, task: () => void): void {
    const stepMs = Math.min(delayMs, TIMEOUT_MS_MAX)
    const leftMs = delayMs - stepMs
    const next = leftMs > 0 ? () => this.wait(leftMs, task) : task
    this.#timeout = setTimeout(next, stepMs).unref()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }
}
