/**
 * The memory that replies occupy which their peers leave unread, under one budget for all
 * connections of a host.
 *
 * What the kernel takes at once is not counted: only a sender whose write is under way ("stuck")
 * counts, with the buffers it was given and what it staged out of files. Above half of the budget
 * memory is tight: less is staged at once, in memory of its own size, and `isBackedUp` tells the
 * broker to begin no further request of a connection that is stuck. Above the budget connections
 * that took nothing for `STALL_TICKS` ticks are closed, those with most unread first.
 *
 * Invariant: `usedBytes` is the sum of `unreadBytes` of all stuck senders, as last told.
 */
import type { BudgetNews } from './budget-news.ts'
import { SLAB_BYTES } from './slabs.ts'

/** A sender as the holder of unread replies. */
export interface UnreadHolder {
  /** Grows as the kernel takes bytes. */
  readonly progressBytes: number
  /** Bytes it is charged for. */
  readonly unreadBytes: number
  abandon(reason: Error): void
}

export const SEND_BYTES_MAX = 64 << 20
/** A stuck write pins whole slabs, which it shares with others. */
const SHARED_CHARGE_BYTES_MIN = 256 << 10
const TIGHT_SHARE = 1 / 2
const BATCH_BYTES_TIGHT = 64 << 10
const BATCH_BYTES_SPENT = 16 << 10
/** Closing a connection takes its time: this many at once keep nobody waiting. */
const CLOSED_A_TICK_MAX = 200
const TICK_MS = 1_000
const STALL_TICKS = 3

interface Mark {
  progressBytes: number
  ticks: number
}

export class SendMemory {
  readonly budgetBytes: number
  #usedBytes = 0
  readonly #tickMs: number
  readonly #news: BudgetNews | null
  readonly #stuck = new Map<UnreadHolder, Mark>()
  #timer: NodeJS.Timeout | null = null

  constructor(budgetBytes: number, news: BudgetNews | null = null, tickMs = TICK_MS) {
    this.budgetBytes = budgetBytes
    this.#news = news
    this.#tickMs = tickMs
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Writes that are begun now stage little, and in memory of their own. */
  get isTight(): boolean {
    return this.#usedBytes > this.budgetBytes * TIGHT_SHARE
  }

  /** How many bytes a write may copy out of files now. */
  get batchBytesMax(): number {
    if (!this.isTight) return SLAB_BYTES
    return this.#usedBytes > this.budgetBytes ? BATCH_BYTES_SPENT : BATCH_BYTES_TIGHT
  }

  /** What a write that copied so much out of files is charged for it. */
  chargeOf(copiedBytes: number, isShared: boolean): number {
    return isShared ? Math.max(SHARED_CHARGE_BYTES_MIN, copiedBytes) : copiedBytes
  }

  /** The holder's write was not taken at once. */
  stuck(holder: UnreadHolder, chargedBytes: number): void {
    this.#usedBytes += chargedBytes
    this.#stuck.set(holder, { progressBytes: holder.progressBytes, ticks: 0 })
    this.#timer ??= setInterval(() => this.tick(), this.#tickMs).unref()
  }

  /** A stuck holder was given more, or less than before (negative). */
  charge(bytes: number): void {
    this.#usedBytes += bytes
  }

  /** The write ended, or the connection. */
  unstuck(holder: UnreadHolder, chargedBytes: number): void {
    if (this.#stuck.delete(holder)) this.#usedBytes -= chargedBytes
  }

  tick(): void {
    const stalled: UnreadHolder[] = []
    for (const [holder, mark] of this.#stuck) {
      const { progressBytes } = holder
      if (progressBytes !== mark.progressBytes) {
        mark.progressBytes = progressBytes
        mark.ticks = 0
      } else if (++mark.ticks >= STALL_TICKS) stalled.push(holder)
    }
    if (this.#usedBytes > this.budgetBytes) this.#close(stalled)
    if (this.#stuck.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #close(stalled: readonly UnreadHolder[]): void {
    const largestFirst = [...stalled].sort((a, b) => b.unreadBytes - a.unreadBytes)
    for (const holder of largestFirst.slice(0, CLOSED_A_TICK_MAX)) {
      if (this.#usedBytes <= this.budgetBytes) return
      const what = 'a connection that leaves its replies unread was closed'
      this.#news?.closed('unread replies', `${what}: memory for unread replies is spent`)
      holder.abandon(new Error('replies stay unread while memory for them is spent'))
    }
  }
}
