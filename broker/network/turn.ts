import type { Loop } from '../../host/host.ts'

/** A connection that has used up its share of a turn. */
export interface TurnWaiter {
  onNextTurn(): void
}

/** Requests that one connection may begin in a turn, unless the turn is long already. */
const CONNECTION_REQUESTS_MAX = 128
/** Requests of a turn from which on it counts as long: some 10 ms of work. */
const LONG_TURN_REQUESTS = 2048
/** What a connection may still begin in a long turn. */
const LONG_TURN_SHARE = 4

/**
 * How the connections of a broker share a turn of the loop. Without it a client that pipelines
 * thousands of small requests has all of them served before anybody else's next one, and a
 * thousand such clients make a turn of seconds.
 */
export class Turn {
  /** Tells turns apart. */
  number = 0
  #begun = 0
  #isOpen = false
  #waiting: TurnWaiter[] = []
  readonly #loop: Loop
  readonly #onEnd: () => void
  readonly #end = () => this.#over()

  /** `onEnd` is called at the end of each turn in which a request began. */
  constructor(loop: Loop, onEnd: () => void) {
    this.#loop = loop
    this.#onEnd = onEnd
  }

  /** A request begins. */
  count(): void {
    this.#begun++
    if (this.#isOpen) return
    this.#isOpen = true
    this.#loop.afterTurn(this.#end)
  }

  /** How many requests a connection may begin in this turn. */
  get share(): number {
    return this.#begun < LONG_TURN_REQUESTS ? CONNECTION_REQUESTS_MAX : LONG_TURN_SHARE
  }

  /** The waiter begins no more requests in this turn. */
  wait(waiter: TurnWaiter): void {
    this.#waiting.push(waiter)
  }

  #over(): void {
    this.number++
    this.#begun = 0
    this.#isOpen = false
    this.#onEnd()
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const waiter of waiting) waiter.onNextTurn()
  }
}
