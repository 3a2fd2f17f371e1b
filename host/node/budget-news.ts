/** A memory of the network that all connections share. */
export type BudgetName = 'received bytes' | 'unread replies' | 'socket buffers'

type Listener = (budget: BudgetName, message: string | null) => void

/**
 * Tells when a budget begins to close connections, and when that is over. An episode is over when
 * nothing was closed for `QUIET_MS`, so that an attack that comes in waves is one episode.
 */
export class BudgetNews {
  readonly #listeners = new Set<Listener>()
  readonly #timers = new Map<BudgetName, NodeJS.Timeout>()

  /** Returns what ends the subscription. A null message: the episode is over. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A connection was closed, as the message says, to keep a budget. */
  closed(budget: BudgetName, message: string): void {
    const timer = this.#timers.get(budget)
    if (timer !== undefined) {
      timer.refresh()
      return
    }
    const over = () => {
      this.#timers.delete(budget)
      this.#tell(budget, null)
    }
    this.#timers.set(budget, setTimeout(over, QUIET_MS).unref())
    this.#tell(budget, message)
  }

  #tell(budget: BudgetName, message: string | null): void {
    for (const listener of this.#listeners) listener(budget, message)
  }
}

const QUIET_MS = 10_000
