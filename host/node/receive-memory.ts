/**
 * The memory that received bytes occupy until their frames are released, under one budget for all
 * connections of a host.
 *
 * What counts is what is really held: whole slabs, joined frames, kept tails. When more than the
 * budget is held the gate closes: readers stop, except one that already has a slab its unfinished
 * frame fits in. The gate opens when a quarter of the budget is free again.
 *
 * Invariants:
 *   (1) `usedBytes` is the sum of the sizes of all memory lent out and not given back.
 *   (2) While the gate is closed and no delivered frame is outstanding, one unfinished frame is
 *       favoured: its reader may go on, so the budget never locks up on halves of frames.
 *   (3) While the gate is closed, an ungated reader that brings nothing for `stallMs` in the
 *       middle of a frame is destroyed: halves of frames cannot be used to starve the others.
 */
import { Arena, type MemoryOwner, SLAB_BYTES, Slab } from './slabs.ts'

/** What the memory asks of a connection's reader. */
export interface GatedReader {
  /** Stops or starts reading from the socket. */
  setGate(isOpen: boolean): void
  /** Some bytes of a frame have landed, more must, and only the peer or the gate delays them. */
  readonly isMidFrame: boolean
  /** Its unfinished frame needs no further memory. */
  readonly isProvidedFor: boolean
  /** Grows with every landing. */
  readonly landingCount: number
  /** Moves a small kept tail out of a slab shared with others. */
  compact(): void
  /** Gives up on the connection. */
  abandon(reason: Error): void
}

const BUDGET_BYTES_MIN = 4 * SLAB_BYTES
const STALL_TICKS = 5

interface Stall {
  landingCount: number
  ticks: number
}

/** Lends receive buffers and keeps the budget. */
export class ReceiveMemory implements MemoryOwner {
  readonly arena: Arena
  readonly budgetBytes: number
  #usedBytes = 0
  #outstandingFrames = 0
  #isSpent = false
  #favoured: GatedReader | null = null
  readonly #stallMs: number
  readonly #readers = new Set<GatedReader>()
  readonly #stalls = new Map<GatedReader, Stall>()
  #stallTimer: NodeJS.Timeout | null = null

  /** `stallMs`: how long a peer may keep others waiting for the rest of its frame. */
  constructor(budgetBytes: number, stallMs: number) {
    this.#stallMs = stallMs
    this.budgetBytes = Math.max(budgetBytes, BUDGET_BYTES_MIN)
    this.arena = new Arena(() => this.takeSlab())
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Frames delivered and not released. */
  get outstandingFrames(): number {
    return this.#outstandingFrames
  }

  /** Whether the budget is spent: readers that need memory must wait. */
  get isSpent(): boolean {
    return this.#isSpent
  }

  enter(reader: GatedReader): void {
    this.#readers.add(reader)
    if (this.#isSpent) reader.setGate(false)
  }

  leave(reader: GatedReader): void {
    this.#readers.delete(reader)
    this.#stalls.delete(reader)
    this.unfavour(reader)
    if (this.#readers.size === 0) this.#rest()
  }

  isFavoured(reader: GatedReader): boolean {
    return this.#favoured === reader
  }

  /** The favoured reader's frame is complete, or it paused or has gone: it is another's turn. */
  unfavour(reader: GatedReader): void {
    if (this.#favoured !== reader) return
    this.#favoured = null
    // Last in turn from here on: one with a frame behind every frame must not be all that reads.
    if (this.#readers.delete(reader)) this.#readers.add(reader)
    this.#relieve()
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
    if (this.#isSpent && this.#usedBytes <= this.budgetBytes * 0.75) this.#open()
  }

  frameDelivered(): void {
    this.#outstandingFrames++
  }

  frameReleased(): void {
    this.#outstandingFrames--
    if (this.#isSpent && this.#outstandingFrames === 0) this.#relieve()
  }

  /** Nobody reads: keeps nothing for frames to come. */
  #rest(): void {
    this.arena.clear()
    this.#stopWatching()
  }

  #took(sizeBytes: number): void {
    this.#usedBytes += sizeBytes
    if (!this.#isSpent && this.#usedBytes > this.budgetBytes) this.#shut()
  }

  #shut(): void {
    this.#isSpent = true
    for (const reader of this.#readers) {
      reader.compact()
      if (!reader.isProvidedFor) reader.setGate(false)
    }
    this.#stallTimer ??= setInterval(() => this.#watch(), this.#stallMs / STALL_TICKS).unref()
    if (this.#outstandingFrames === 0) this.#relieve()
  }

  #open(): void {
    this.#isSpent = false
    this.#favoured = null
    this.#stopWatching()
    for (const reader of this.#readers) reader.setGate(true)
  }

  #relieve(): void {
    if (!this.#isSpent || this.#outstandingFrames > 0 || this.#favoured !== null) return
    for (const reader of this.#readers) {
      if (!reader.isMidFrame || reader.isProvidedFor) continue
      this.#favoured = reader
      reader.setGate(true)
      return
    }
  }

  #watch(): void {
    if (this.#outstandingFrames > 0) return
    this.#relieve()
    for (const reader of this.#readers) {
      if (!reader.isMidFrame || !(reader.isProvidedFor || this.isFavoured(reader))) continue
      const stall = this.#stalls.get(reader)
      if (stall?.landingCount !== reader.landingCount) {
        this.#stalls.set(reader, { landingCount: reader.landingCount, ticks: 0 })
      } else if (++stall.ticks >= STALL_TICKS) {
        reader.abandon(new Error('stalled inside a frame while receive memory is spent'))
      }
    }
  }

  #stopWatching(): void {
    if (this.#stallTimer !== null) clearInterval(this.#stallTimer)
    this.#stallTimer = null
    this.#stalls.clear()
  }
}
