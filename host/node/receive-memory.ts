/**
 * The memory that received bytes occupy until their frames are released, under one budget for all
 * connections of a host.
 *
 * What counts is what is really held: whole slabs, joined frames, kept tails. There are two limits.
 * Above the budget ("spent") frames of more than `SMALL_FRAME_BYTES` wait in line for memory, and
 * small frames go on as before, out of the reserve. Above budget and reserve ("full") connections
 * that do not proceed are closed, and if that frees too little, nothing is read for a while. Who is
 * closed is decided in receive-relief.ts.
 *
 * Invariants:
 *   (1) `usedBytes` is the sum of the sizes of all memory lent out and not given back.
 *   (2) While the budget is spent, a long frame gets further memory only if it is favoured. One
 *       frame is favoured at a time: the budget never locks up on halves of frames.
 *   (3) A reader waits in `#waiting` exactly while its `isWaiting` is true.
 *   (4) The budget opens again when a quarter of it is free.
 */
import type { BudgetNews } from './budget-news.ts'
import { type Holder, ReceiveRelief } from './receive-relief.ts'
import { Arena, type MemoryOwner, SLAB_BYTES, Slab } from './slabs.ts'

/** What the memory asks of a connection's reader. */
export interface GatedReader extends Holder {
  /** Stops or starts reading from the socket. */
  setGate(isOpen: boolean): void
  /** Takes the memory that its frame waits for, and reads on. */
  grow(): void
  /** Its frame waits for memory. */
  readonly isWaiting: boolean
}

/** A frame of up to this size finds room when the budget is spent. */
export const SMALL_FRAME_BYTES = 64 << 10

const BUDGET_BYTES_MIN = 4 * SLAB_BYTES
const RESERVE_BYTES_MIN = 4 * SLAB_BYTES
/** Of the budget. */
const RESERVE_SHARE = 1 / 8
const OPEN_SHARE = 3 / 4

/** Lends receive buffers and keeps the budget. */
export class ReceiveMemory implements MemoryOwner {
  readonly arena: Arena
  readonly budgetBytes: number
  readonly reserveBytes: number
  #usedBytes = 0
  #outstandingFrames = 0
  #isSpent = false
  #isShut = false
  #isReliefQueued = false
  #favoured: GatedReader | null = null
  readonly #readers = new Set<GatedReader>()
  readonly #waiting = new Set<GatedReader>()
  /** Decides who is closed when memory is short. */
  readonly relief: ReceiveRelief

  /** `stallMs`: how long a peer may keep others waiting for the rest of its frame. */
  constructor(budgetBytes: number, stallMs: number, news: BudgetNews | null = null) {
    this.budgetBytes = Math.max(budgetBytes, BUDGET_BYTES_MIN)
    this.reserveBytes = Math.max(this.budgetBytes * RESERVE_SHARE, RESERVE_BYTES_MIN)
    this.arena = new Arena(() => this.takeSlab())
    this.relief = new ReceiveRelief(this, stallMs, news)
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Frames delivered and not released. */
  get outstandingFrames(): number {
    return this.#outstandingFrames
  }

  /** Whether the budget is spent: long frames wait for memory. */
  get isSpent(): boolean {
    return this.#isSpent
  }

  /** Whether the reserve is spent, too. */
  get isFull(): boolean {
    return this.#usedBytes > this.budgetBytes + this.reserveBytes
  }

  /** Whether nothing is read. */
  get isShut(): boolean {
    return this.#isShut
  }

  /** Whether some frame waits for memory. */
  get hasWaiting(): boolean {
    return this.#waiting.size > 0
  }

  get readers(): ReadonlySet<GatedReader> {
    return this.#readers
  }

  enter(reader: GatedReader): void {
    this.#readers.add(reader)
    if (this.#isShut) reader.setGate(false)
  }

  leave(reader: GatedReader): void {
    this.#readers.delete(reader)
    this.#waiting.delete(reader)
    this.relief.forget(reader)
    this.unfavour(reader)
    if (this.#readers.size === 0) this.#rest()
  }

  /** The reader paused and keeps bytes behind the pause. */
  parked(reader: GatedReader): void {
    this.relief.parked(reader)
  }

  /** The reader goes on. */
  unparked(reader: GatedReader): void {
    this.relief.unparked(reader)
  }

  /** Whether the reader may take memory for a long frame now. */
  mayGrow(reader: GatedReader): boolean {
    return !this.#isSpent || this.#favoured === reader
  }

  /** The reader's frame waits for memory: `grow` is called when it is its turn. */
  wait(reader: GatedReader): void {
    this.#waiting.add(reader)
    if (this.#outstandingFrames === 0) this.favourNext()
  }

  /** The reader's frame became whole without further memory. */
  waitsNoMore(reader: GatedReader): void {
    this.#waiting.delete(reader)
  }

  isFavoured(reader: Holder): boolean {
    return this.#favoured === reader
  }

  /** The favoured reader's frame is complete, or the reader paused or has gone. */
  unfavour(reader: GatedReader): void {
    if (this.#favoured !== reader) return
    this.#favoured = null
    if (this.#outstandingFrames === 0) this.favourNext()
  }

  /** Lets the first in line read its frame to its end, if nobody else does. */
  favourNext(): void {
    if (!this.#isSpent || this.#favoured !== null) return
    for (const reader of this.#waiting) {
      if (reader.isPaused) continue
      this.#favoured = reader
      this.#waiting.delete(reader)
      reader.setGate(true)
      reader.grow()
      return
    }
  }

  takeSlab(): Slab {
    const slab = Slab.take(this)
    this.#took(SLAB_BYTES)
    return slab
  }

  /** Memory of another size, not pooled. */
  makeSlab(sizeBytes: number): Slab {
    const slab = Slab.make(sizeBytes, this)
    this.#took(sizeBytes)
    return slab
  }

  gaveBack(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes
    if (!this.#isSpent) return
    if (this.#isShut && this.#usedBytes <= this.budgetBytes + this.reserveBytes / 2) {
      this.#setShut(false)
    }
    if (this.#usedBytes <= this.budgetBytes * OPEN_SHARE) this.#open()
  }

  frameDelivered(): void {
    this.#outstandingFrames++
  }

  frameReleased(): void {
    this.#outstandingFrames--
    if (this.#isSpent && this.#outstandingFrames === 0) this.favourNext()
  }

  /** Moves every small tail out of the slab that it shares with others. */
  compact(): void {
    for (const reader of this.#readers) reader.compact()
  }

  /** Nobody reads: keeps nothing for frames to come. */
  #rest(): void {
    this.arena.clear()
    this.relief.rest()
  }

  #took(sizeBytes: number): void {
    this.#usedBytes += sizeBytes
    if (!this.#isSpent && this.#usedBytes > this.budgetBytes) this.#spend()
    // Later: whoever took the memory is in the middle of a landing and may be the one to close.
    if (!this.#isReliefQueued && this.isFull) {
      this.#isReliefQueued = true
      setImmediate(() => this.#relieve())
    }
  }

  #spend(): void {
    this.#isSpent = true
    this.compact()
    this.relief.watch()
  }

  #open(): void {
    this.#isSpent = false
    this.#favoured = null
    this.#setShut(false)
    this.relief.stalls.clear()
    for (const reader of this.#waiting) {
      if (this.#isSpent) return
      this.#waiting.delete(reader)
      reader.grow()
    }
  }

  #relieve(): void {
    this.#isReliefQueued = false
    if (!this.isFull) return
    this.compact()
    this.relief.relieve()
    if (this.isFull) this.#setShut(true)
  }

  #setShut(isShut: boolean): void {
    if (this.#isShut === isShut) return
    this.#isShut = isShut
    for (const reader of this.#readers) reader.setGate(!isShut || this.isFavoured(reader))
  }
}
