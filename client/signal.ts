import { type ClientHost, settledWithin } from './client-host.ts'

/** Something to wait for that may happen many times; who waits hears of the next time only. */
export class Signal {
  readonly #host: ClientHost
  #waiters: (() => void)[] = []
  #isRaised = false

  constructor(host: ClientHost) {
    this.#host = host
  }

  /** Wakes all who wait; if nobody does, the next to wait goes on at once. */
  raise(): void {
    this.#isRaised = this.#waiters.length === 0
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  /** Until raised, `timeoutMs` at most. */
  async wait(timeoutMs: number): Promise<void> {
    if (this.#isRaised) this.#isRaised = false
    else await this.race(new Promise(() => {}), timeoutMs)
  }

  /** Until `promise` settles or the signal is raised, `timeoutMs` at most. Never rejects. */
  async race(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
    let wake = () => {}
    const raised = new Promise<void>(resolve => (wake = resolve))
    this.#waiters.push(wake)
    await settledWithin(this.#host, Promise.race([promise, raised]), timeoutMs)
    const at = this.#waiters.indexOf(wake)
    if (at >= 0) this.#waiters.splice(at, 1)
  }
}
