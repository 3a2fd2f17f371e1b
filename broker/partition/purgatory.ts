import type { Clock, Timer } from '../../host/host.ts'

/** A call that must be answered within some time, linked into `Deadlines`. */
export interface Deadlined {
  readonly timeoutMs: number
  /** Owned by `Deadlines`: monotonic milliseconds. Start with `DEADLINE_UNKNOWN`. */
  deadlineMs: number
  /** Owned by `Deadlines`. Start with null. */
  previous: Deadlined | null
  /** Owned by `Deadlines`. Start with null. */
  next: Deadlined | null
  /** Called once, up to twice the granularity after its time; it was removed already. */
  expired(): void
}

/** Of an entry that no sweep has seen yet. */
export const DEADLINE_UNKNOWN = -1

/**
 * Deadlines: calls that wait, and are told when they waited too long. Made for calls that nearly
 * always end long before: adding and removing cost a few pointers, and one coarse timer serves all.
 * The time of an entry begins with the first sweep that sees it, so adding asks no clock.
 *
 * Invariants:
 *   (1) An entry is linked at most once; removing one that is not linked does nothing.
 *   (2) The timer runs while anything is linked; an idle broker is not woken.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #granularityMs: number
  readonly #head: Deadlined
  #timer: Timer | null = null
  #size = 0

  constructor(clock: Clock, granularityMs: number) {
    this.#clock = clock
    this.#granularityMs = granularityMs
    this.#head = {
      timeoutMs: 0,
      deadlineMs: DEADLINE_UNKNOWN,
      previous: null,
      next: null,
      expired: () => {},
    }
  }

  get size(): number {
    return this.#size
  }

  add(entry: Deadlined): void {
    if (entry.previous !== null) return
    const first = this.#head.next
    entry.previous = this.#head
    entry.next = first
    if (first !== null) first.previous = entry
    this.#head.next = entry
    this.#size++
    if (this.#timer === null) this.#arm()
  }

  remove(entry: Deadlined): void {
    if (entry.previous === null) return
    entry.previous.next = entry.next
    if (entry.next !== null) entry.next.previous = entry.previous
    entry.previous = null
    entry.next = null
    this.#size--
  }

  /** Stops the timer; entries are forgotten. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    while (this.#head.next !== null) this.remove(this.#head.next)
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(this.#granularityMs, () => {
      this.#timer = null
      this.#sweep()
      if (this.#size > 0 && this.#timer === null) this.#arm()
    })
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs()
    const late: Deadlined[] = []
    for (let entry = this.#head.next; entry !== null; entry = entry.next) {
      if (entry.deadlineMs === DEADLINE_UNKNOWN) entry.deadlineMs = nowMs + entry.timeoutMs
      if (entry.deadlineMs <= nowMs) late.push(entry)
    }
    for (const entry of late) {
      // One that expired may have settled, and so removed, another.
      if (entry.previous === null) continue
      this.remove(entry)
      entry.expired()
    }
  }
}

/** A wait for an offset. */
export interface OffsetWait {
  /** Done once the watched offset is at or above this. */
  readonly offset: number
  reached(): void
}

/**
 * OffsetWaits: waits ordered by offset, released from the front as the watched offset advances.
 * Waits are nearly always added in order (appends are sequenced in order), so adding is O(1).
 */
export class OffsetWaits<W extends OffsetWait> {
  #waits: W[] = []
  #first = 0

  get size(): number {
    return this.#waits.length - this.#first
  }

  add(wait: W): void {
    let at = this.#waits.length
    while (at > this.#first && (this.#waits[at - 1] as W).offset > wait.offset) at--
    if (at === this.#waits.length) this.#waits.push(wait)
    else this.#waits.splice(at, 0, wait)
  }

  /** Releases all waits for offsets up to and including `offset`, lowest first. */
  advance(offset: number): void {
    while (this.#first < this.#waits.length) {
      const wait = this.#waits[this.#first] as W
      if (wait.offset > offset) break
      this.#first++
      if (this.#first === this.#waits.length) {
        this.#waits = []
        this.#first = 0
      }
      wait.reached()
    }
  }

  /** Takes all waits out, to be failed by the caller. */
  drain(): W[] {
    const rest = this.#waits.slice(this.#first)
    this.#waits = []
    this.#first = 0
    return rest
  }
}
