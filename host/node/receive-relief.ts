/**
 * Who must give up receive memory so that others are served: least progress per byte held.
 *
 * A tick of the watch, which runs while the budget is spent or bytes are kept behind a pause, does
 * these things in turn:
 *   - tails of paused readers move out of shared slabs, into memory of their own size;
 *   - paused tails in all stay below a half of the budget: the largest of those that paused before
 *     the last tick are closed;
 *   - while the budget is spent, a reader that holds part of a long frame and brought less than a
 *     64th of what it holds for `STALL_TICKS` ticks, or the favoured one for `FAVOURED_TICKS`, is
 *     closed. A frame that waits for memory is not to blame.
 * When the reserve is spent, too, readers are closed at once, paused tails first, until it is free.
 *
 * Invariant: `#marks` holds what each reader had brought at the last tick, while the watch runs.
 */
import type { BudgetNews } from './budget-news.ts'

/** A reader as the holder of memory. */
export interface Holder {
  /** Bytes of memory that only its unfinished or paused bytes occupy. */
  readonly heldBytes: number
  /** All bytes that ever landed. */
  readonly broughtBytes: number
  readonly isPaused: boolean
  /** Its frame waits for memory: the peer is not to blame for the delay. */
  readonly isWaiting: boolean
  /** Moves a small kept tail out of a slab shared with others. */
  compact(): void
  /** Gives up on the connection. */
  abandon(reason: Error): void
}

/** What the relief asks of the memory. */
export interface RelievedMemory {
  readonly budgetBytes: number
  readonly reserveBytes: number
  readonly usedBytes: number
  readonly isSpent: boolean
  readonly isFull: boolean
  readonly isShut: boolean
  readonly hasWaiting: boolean
  readonly outstandingFrames: number
  readonly readers: ReadonlySet<Holder>
  isFavoured(reader: Holder): boolean
  favourNext(): void
}

const STALL_TICKS = 5
const FAVOURED_TICKS = 2
/** A tick brings at least this part of what is held, or it brought nothing worth waiting for. */
const PROGRESS_SHARE = 1 / 64
/** Closing somebody who holds less frees nothing. */
const HELD_BYTES_MIN = 512
/** Less than this is not part of a long frame. */
const LONG_HELD_BYTES_MIN = 16 << 10
/** Closing a connection takes its time: this many at once keep nobody waiting. */
const CLOSED_AT_ONCE_MAX = 100
/** Of the budget. */
const PARKED_SHARE = 1 / 2

export class ReceiveRelief {
  /** Ticks in a row in which a reader brought too little. */
  readonly stalls = new Map<Holder, number>()
  readonly #memory: RelievedMemory
  readonly #tickMs: number
  readonly #news: BudgetNews | null
  readonly #parked = new Set<Holder>()
  readonly #marks = new Map<Holder, number>()
  #shutTicks = 0
  #isGoingOn = false
  #timer: NodeJS.Timeout | null = null

  constructor(memory: RelievedMemory, stallMs: number, news: BudgetNews | null) {
    this.#memory = memory
    this.#tickMs = stallMs / STALL_TICKS
    this.#news = news
  }

  parked(reader: Holder): void {
    this.#parked.add(reader)
    if (this.#timer === null) this.watch()
  }

  unparked(reader: Holder): void {
    this.#parked.delete(reader)
  }

  forget(reader: Holder): void {
    this.#parked.delete(reader)
    this.#marks.delete(reader)
    this.stalls.delete(reader)
  }

  /** Ticks from now on, as long as there is something to watch. */
  watch(): void {
    if (this.#timer !== null) return
    this.#mark()
    this.#timer = setInterval(() => this.tick(), this.#tickMs).unref()
  }

  /** Nobody reads. */
  rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.stalls.clear()
    this.#marks.clear()
  }

  /** Closes readers until the reserve is half free, or none is left that does not proceed. */
  relieve(): void {
    const { budgetBytes, reserveBytes } = this.#memory
    const target = budgetBytes + reserveBytes / 2
    this.#close(this.#parkedByScore(), () => this.#memory.usedBytes > target, 'kept unread bytes')
    const slow = this.#byScore(reader => this.#isSlow(reader))
    this.#close(slow, () => this.#memory.usedBytes > target, STALLED)
  }

  /** One tick of the watch. */
  tick(): void {
    const memory = this.#memory
    for (const reader of this.#parked) reader.compact()
    this.#limitParked()
    if (memory.isSpent) this.#closeStalled()
    if (memory.isFull) this.relieve()
    this.#shutTicks = memory.isShut && memory.outstandingFrames === 0 ? this.#shutTicks + 1 : 0
    // Nobody is read, nobody is at work: nothing but closing somebody can free memory.
    if (this.#shutTicks >= STALL_TICKS) {
      this.#close(
        this.#byScore(() => true),
        () => memory.isFull,
        STALLED,
      )
    }
    memory.favourNext()
    if (memory.isSpent || this.#parked.size > 0) this.#mark()
    else this.rest()
  }

  #goOnSoon(): void {
    if (this.#isGoingOn) return
    this.#isGoingOn = true
    setImmediate(() => {
      this.#isGoingOn = false
      this.#limitParked()
      if (this.#memory.isFull) this.relieve()
    })
  }

  #mark(): void {
    this.#marks.clear()
    for (const reader of this.#memory.readers) this.#marks.set(reader, reader.broughtBytes)
  }

  #limitParked(): void {
    let parkedBytes = 0
    for (const reader of this.#parked) parkedBytes += reader.heldBytes
    const limit = this.#memory.budgetBytes * PARKED_SHARE
    if (parkedBytes <= limit) return
    const isAbove = (freedBytes: number) => parkedBytes - freedBytes > limit
    this.#close(this.#parkedByScore(), isAbove, 'kept unread bytes')
  }

  #closeStalled(): void {
    for (const reader of [...this.#memory.readers]) {
      const isFavoured = this.#memory.isFavoured(reader)
      const isToBlame = !reader.isPaused && (!reader.isWaiting || isFavoured)
      if (!isToBlame || reader.heldBytes < LONG_HELD_BYTES_MIN || !this.#isSlow(reader)) {
        this.stalls.delete(reader)
        continue
      }
      const ticks = (this.stalls.get(reader) ?? 0) + 1
      this.stalls.set(reader, ticks)
      const limit = isFavoured ? FAVOURED_TICKS : STALL_TICKS
      if (ticks >= limit) this.#close([reader], () => true, STALLED)
    }
  }

  #isSlow(reader: Holder): boolean {
    return this.#broughtSinceMark(reader) < reader.heldBytes * PROGRESS_SHARE
  }

  /** A reader that came after the mark is never slow. */
  #broughtSinceMark(reader: Holder): number {
    const mark = this.#marks.get(reader)
    return mark === undefined ? Number.POSITIVE_INFINITY : reader.broughtBytes - mark
  }

  #parkedByScore(): Holder[] {
    return this.#byScore(reader => this.#parked.has(reader) && this.#marks.has(reader))
  }

  /** Those that hold something, first the ones that brought the least for what they hold. */
  #byScore(isCandidate: (reader: Holder) => boolean): Holder[] {
    const scored: { reader: Holder; score: number }[] = []
    for (const reader of this.#memory.readers) {
      if (reader.heldBytes < HELD_BYTES_MIN || !isCandidate(reader)) continue
      const score = reader.heldBytes / (1 + this.#broughtSinceMark(reader))
      scored.push({ reader, score })
    }
    return scored.sort((a, b) => b.score - a.score).map(({ reader }) => reader)
  }

  /** `isNeeded` is asked before each one, with the bytes that those closed so far have held. */
  #close(
    readers: readonly Holder[],
    isNeeded: (freedBytes: number) => boolean,
    what: string,
  ): void {
    let freedBytes = 0
    let count = 0
    for (const reader of readers) {
      if (!isNeeded(freedBytes)) return
      if (++count > CLOSED_AT_ONCE_MAX) {
        this.#goOnSoon()
        return
      }
      freedBytes += reader.heldBytes
      const message = `a connection that ${what} was closed: receive memory is spent`
      this.#news?.closed('received bytes', message)
      reader.abandon(new Error(`${what} while receive memory is spent`))
    }
  }
}

const STALLED = 'stalled inside a frame'
