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
const LONG_TURN_SHARE = 1
/** Connections that go on in one turn after they paused; the others do in the next ones. */
const RESUMED_MAX = 64

/**
 * How the connections of a broker share a turn of the loop. Without it a client that pipelines
 * thousands of small requests has all of them served before anybody else's next one, and a
 * thousand such clients make a turn of seconds. Nor do thousands of connections that paused
 * together go on together: `RESUMED_MAX` of them do in a turn, in the order in which they came.
 *
 * Invariant: while somebody is in line, or somebody resumed, the line is due.
 */
export class Turn {
  /** Tells turns apart. */
  number = 0
  #begun = 0
  #resumed = 0
  #isOpen = false
  #isLineDue = false
  readonly #line: TurnWaiter[] = []
  readonly #loop: Loop
  readonly #onEnd: () => void
  readonly #end = () => this.#over()
  readonly #serveLine = () => this.#serveLineNow()

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

  /** Whether a connection that paused may go on in this turn; if not, it has to `wait`. */
  mayResume(): boolean {
    if (this.#resumed >= RESUMED_MAX) return false
    this.#resumed++
    this.#serveLineLater()
    return true
  }

  /** The waiter is called once, in a turn to come; until then it begins no request. */
  wait(waiter: TurnWaiter): void {
    this.#line.push(waiter)
    this.#serveLineLater()
  }

  #over(): void {
    this.number++
    this.#begun = 0
    this.#isOpen = false
    this.#onEnd()
  }

  #serveLineLater(): void {
    if (this.#isLineDue) return
    this.#isLineDue = true
    this.#loop.spawn('the line for a turn', this.#loop.nextTurn().then(this.#serveLine))
  }

  #serveLineNow(): void {
    this.#isLineDue = false
    this.#resumed = 0
    if (this.#line.length === 0) return
    for (const waiter of this.#line.splice(0, RESUMED_MAX)) waiter.onNextTurn()
    if (this.#line.length > 0) this.#serveLineLater()
  }
}
