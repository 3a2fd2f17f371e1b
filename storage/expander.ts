/**
 * The one place where compressed batches are expanded off the loop, and the budget for it: however
 * many clients send batches that expand to much, the memory of all of them together is bounded.
 *
 * Invariants:
 * 1. What an expansion takes at most (windows, pieces, output kept) is charged before it starts and
 *    until it is over.
 * 2. Charges add up to the budget at most, unless one alone is larger and runs alone.
 * 3. What does not fit waits in line, and whoever came first goes first.
 *
 * What expands to at most 64 KiB, and consists of few gzip members, frames or blocks, is expanded
 * at once on the loop, one batch at a time: it waits for nobody and is not charged.
 */
import type { Codec } from '../protocol/records/batch.ts'
import { planExpansion } from '../protocol/records/compression.ts'

/**
 * Expansions in progress at most: enough to keep a few cores busy, and few beside the threads that
 * disks need.
 */
const RUNNING_MAX = 4

export interface ExpanderOptions {
  readonly nextTurn: () => Promise<void>
  /** The budget, in bytes, as of each call. */
  readonly memoryBytesMax: () => number
}

interface Waiting {
  readonly bytes: number
  readonly start: () => void
}

/** Expands piece by piece under one budget. */
export class Expander {
  readonly #options: ExpanderOptions
  readonly #line: Waiting[] = []
  #chargedBytes = 0
  #running = 0

  constructor(options: ExpanderOptions) {
    this.#options = options
  }

  /** Charged now. */
  get chargedBytes(): number {
    return this.#chargedBytes
  }

  /** Expansions that wait for memory. */
  get waiting(): number {
    return this.#line.length
  }

  /**
   * Shows what `bytes` expand to, in order, piece by piece, to `see`; a piece is valid during the
   * call. Ends early when `see` says false. `bytes` must stay unchanged until then. Rejects with
   * `CorruptRecords`, or with `ExpansionLimit` for more than `limitBytes`.
   */
  async visit(
    codec: Codec,
    bytes: Buffer,
    limitBytes: number,
    see: (piece: Uint8Array) => boolean,
  ): Promise<void> {
    const plan = planExpansion(codec, bytes, limitBytes, this.#options.nextTurn)
    await this.#charge(plan.memoryBytes)
    try {
      for await (const piece of plan.pieces()) if (!see(piece)) return
    } finally {
      this.#release(plan.memoryBytes)
    }
  }

  /**
   * Hands all of what `bytes` expand to to `use`, in one buffer that is charged until what `use`
   * returns has settled. `sizeBytes`: what they expand to, as `visit` showed. `extraBytes`: what
   * `use` itself will take, charged as well. Rejects as `visit` does.
   */
  async whole<T>(
    codec: Codec,
    bytes: Buffer,
    sizes: { readonly sizeBytes: number; readonly extraBytes?: number },
    use: (expanded: Buffer) => T | Promise<T>,
  ): Promise<T> {
    const { sizeBytes, extraBytes = 0 } = sizes
    const plan = planExpansion(codec, bytes, sizeBytes, this.#options.nextTurn)
    const charge = plan.memoryBytes + sizeBytes + extraBytes
    await this.#charge(charge)
    try {
      const expanded = Buffer.allocUnsafe(sizeBytes)
      let at = 0
      for await (const piece of plan.pieces()) {
        expanded.set(piece, at)
        at += piece.length
      }
      return await use(expanded.subarray(0, at))
    } finally {
      this.#release(charge)
    }
  }

  #charge(bytes: number): Promise<void> | undefined {
    if (this.#line.length === 0 && this.#fits(bytes)) {
      this.#take(bytes)
      return undefined
    }
    return new Promise(start => this.#line.push({ bytes, start }))
  }

  #fits(bytes: number): boolean {
    if (this.#running === 0) return true
    const isFree = this.#running < RUNNING_MAX
    return isFree && this.#chargedBytes + bytes <= this.#options.memoryBytesMax()
  }

  #take(bytes: number): void {
    this.#chargedBytes += bytes
    this.#running += 1
  }

  #release(bytes: number): void {
    this.#chargedBytes -= bytes
    this.#running -= 1
    for (let next = this.#line[0]; next !== undefined; next = this.#line[0]) {
      if (!this.#fits(next.bytes)) return
      this.#line.shift()
      this.#take(next.bytes)
      next.start()
    }
  }
}
