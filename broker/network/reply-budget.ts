/** A connection that begins no further request until the budget has room. */
export interface BudgetWaiter {
  onBudgetFree(): void
}

/** About what a request in progress takes besides its reply. */
export const EXCHANGE_BYTES = 1024
/** Waiting connections go on when the budget is used to this part. */
const FREE_SHARE = 3 / 4

/**
 * The memory of requests in progress and of replies that wait behind earlier ones, over all
 * connections of a broker. While it is spent every connection is served one request at a time: a
 * connection without a request in progress may always begin one, which is what Apache Kafka does
 * with all of them.
 *
 * Invariant: `usedBytes` is the sum of what all `ExchangeQueue`s have charged.
 */
export class ReplyBudget {
  readonly limitBytes: number
  readonly #onSpent: (isSpent: boolean) => void
  readonly #waiting = new Set<BudgetWaiter>()
  #usedBytes = 0
  #wasSpent = false
  #isTold = false

  /** `onSpent` is told when the budget is spent, and when it was not for a while. */
  constructor(limitBytes: number, onSpent: (isSpent: boolean) => void = () => {}) {
    this.limitBytes = limitBytes
    this.#onSpent = onSpent
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get isSpent(): boolean {
    return this.#usedBytes > this.limitBytes
  }

  /** Charges, or with a negative number gives back. */
  charge(bytes: number): void {
    this.#usedBytes += bytes
    if (bytes < 0 && this.#waiting.size > 0) this.#wake()
  }

  /** The waiter paused because the budget is spent. */
  wait(waiter: BudgetWaiter): void {
    this.#waiting.add(waiter)
    this.#wasSpent = true
    if (this.#isTold) return
    this.#isTold = true
    this.#onSpent(true)
  }

  /** The waiter goes on, or is gone. */
  leave(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter)
  }

  /** Called now and then: an episode is over when nobody had to wait between two calls. */
  sweep(): void {
    if (this.#isTold && !this.#wasSpent && this.#waiting.size === 0) {
      this.#isTold = false
      this.#onSpent(false)
    }
    this.#wasSpent = false
  }

  #wake(): void {
    for (const waiter of this.#waiting) {
      if (this.#usedBytes > this.limitBytes * FREE_SHARE) return
      this.#waiting.delete(waiter)
      waiter.onBudgetFree()
    }
  }
}
