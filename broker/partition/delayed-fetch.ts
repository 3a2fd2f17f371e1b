import type { Clock, Timer } from '../../host/host.ts'
import type { Isolation } from './outcome.ts'

/** Told when what a reader may see of a partition changed. */
export interface AdvanceWaiter {
  advanced(source: FetchSource): void
}

/** What a waiting fetch asks of a partition. */
export interface FetchSource {
  /** Calls `waiter` at each advance, and when the partition stops, until it is taken off. */
  addWaiter(waiter: AdvanceWaiter): void
  removeWaiter(waiter: AdvanceWaiter): void
  /** Bytes a fetch would get now; Infinity when it should be answered at once whatever it gets. */
  readableBytes(fetchOffset: number, maxBytes: number, isolation: Isolation): number
}

/** One partition of a waiting fetch. */
export interface DelayedPart {
  readonly source: FetchSource
  readonly fetchOffset: number
  readonly maxBytes: number
  readonly isolation: Isolation
  /** Bytes the fetch would get of it. Kept up to date while it waits. */
  readableBytes: number
}

export interface DelayedFetchOptions {
  readonly parts: readonly DelayedPart[]
  readonly minBytes: number
  readonly waitMs: number
  readonly clock: Clock
}

/**
 * DelayedFetch: a fetch that found too little and waits for more (KIP-74's min bytes and max
 * wait). Ends once: enough can be read, something must be told, or time is up; `done` then reads
 * again from the start. An advance costs one look at the partition that advanced.
 */
export class DelayedFetch implements AdvanceWaiter {
  readonly #parts: ReadonlyMap<FetchSource, DelayedPart>
  readonly #minBytes: number
  readonly #timer: Timer
  readonly #done: () => void
  #bytes = 0
  #isOver = false

  constructor(options: DelayedFetchOptions, done: () => void) {
    this.#parts = new Map(options.parts.map(part => [part.source, part]))
    this.#minBytes = options.minBytes
    this.#done = done
    for (const { source, readableBytes } of options.parts) {
      this.#bytes += readableBytes
      source.addWaiter(this)
    }
    this.#timer = options.clock.schedule(options.waitMs, () => this.end(), 'poll')
  }

  advanced(source: FetchSource): void {
    const part = this.#parts.get(source)
    if (part === undefined || this.#isOver) return
    const readable = source.readableBytes(part.fetchOffset, part.maxBytes, part.isolation)
    if (readable === Number.POSITIVE_INFINITY) {
      this.end()
      return
    }
    this.#bytes += readable - part.readableBytes
    part.readableBytes = readable
    if (this.#bytes >= this.#minBytes) this.end()
  }

  /** Nobody waits any more: `done` will not be called. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer.cancel()
    for (const source of this.#parts.keys()) source.removeWaiter(this)
  }

  /** Time is up: `done` is called, unless it was already. */
  end(): void {
    if (this.#isOver) return
    this.cancel()
    this.#done()
  }
}
