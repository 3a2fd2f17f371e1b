/**
 * Gives memory back to the machine that native code has freed and the allocator keeps: after a
 * crowd of connections, or a burst of large requests, that is 100 MB and more.
 *
 * Every `CHECK_MS` the process compares its resident memory, less what JavaScript accounts for,
 * with the smallest that was seen. Where the difference is large and grows no more, the burst is
 * over, and the allocator is told to trim. A trim is never nearer to the last one than a check.
 *
 * Invariant: `#floorBytes` is the smallest unaccounted memory seen, or what the last trim left.
 */

/** The memory of the process, in bytes. */
export interface ProcessMemory {
  readonly rss: number
  readonly heapTotal: number
  readonly external: number
}

/** Less than this is not worth a trim. */
export const RETURNED_BYTES_MIN = 32 << 20
const CHECK_MS = 5_000

export class MemoryReturn {
  readonly #measure: () => ProcessMemory
  readonly #trim: () => Promise<void>
  #floorBytes = Number.POSITIVE_INFINITY
  #lastBytes = 0
  #isTrimming = false
  #timer: NodeJS.Timeout | null = null
  #users = 0

  /** `trim` works off the loop. */
  constructor(measure: () => ProcessMemory, trim: () => Promise<void>) {
    this.#measure = measure
    this.#trim = trim
  }

  /** Checks from now on, until `leave` was called as often as `enter`. */
  enter(): void {
    this.#users++
    this.#timer ??= setInterval(() => void this.check(), CHECK_MS).unref()
  }

  leave(): void {
    if (--this.#users > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  /** Resolves once a trim that was due is done. */
  async check(): Promise<void> {
    if (this.#isTrimming) return
    const bytes = this.#unaccountedBytes()
    const isGrowing = bytes > this.#lastBytes
    this.#lastBytes = bytes
    this.#floorBytes = Math.min(this.#floorBytes, bytes)
    if (isGrowing || bytes < this.#floorBytes + RETURNED_BYTES_MIN) return
    this.#isTrimming = true
    await this.#trim()
    this.#isTrimming = false
    this.#floorBytes = this.#unaccountedBytes()
    this.#lastBytes = this.#floorBytes
  }

  #unaccountedBytes(): number {
    const { rss, heapTotal, external } = this.#measure()
    return rss - heapTotal - external
  }
}
