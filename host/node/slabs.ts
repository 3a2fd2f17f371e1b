/**
 * Pooled 1 MiB buffers with reference counts ("slabs"), once per process, for bytes received and
 * bytes to send.
 *
 * Invariants:
 *   (1) A slab is with the pool or referenced, never both; its last `release` gives it back.
 *   (2) Idle slabs beyond what was lately needed are dropped: half of the surplus each period.
 */

/** 1 MiB, and room for what Kafka's clients put around a batch of their largest request size. */
export const SLAB_BYTES = (1 << 20) + (16 << 10)

const IDLE_SLABS_MAX = 64
const IDLE_SLABS_KEPT = 4
const TRIM_PERIOD_MS = 5_000

/** Told when memory comes back, to count it. */
export interface MemoryOwner {
  gaveBack(sizeBytes: number): void
}

const idle: Slab[] = []
let inUseCount = 0
let idleLow = 0
let trimTimer: NodeJS.Timeout | null = null

/** Memory with a reference count; made with one reference. */
export class Slab {
  readonly bytes: Buffer
  #references = 0
  #owner: MemoryOwner | null = null
  readonly #isPooled: boolean

  private constructor(bytes: Buffer, isPooled: boolean) {
    this.bytes = bytes
    this.#isPooled = isPooled
  }

  /** One of the pool's, `SLAB_BYTES` long. */
  static take(owner: MemoryOwner | null): Slab {
    const slab = idle.pop() ?? new Slab(Buffer.allocUnsafeSlow(SLAB_BYTES), true)
    if (idle.length < idleLow) idleLow = idle.length
    inUseCount++
    return slab.#lend(owner)
  }

  /** One of any other size, not pooled. */
  static make(sizeBytes: number, owner: MemoryOwner | null): Slab {
    return new Slab(Buffer.allocUnsafeSlow(sizeBytes), false).#lend(owner)
  }

  get references(): number {
    return this.#references
  }

  retain(): void {
    this.#references++
  }

  release(): void {
    if (--this.#references > 0) return
    if (this.#references < 0) throw new Error('released more often than retained')
    const owner = this.#owner
    this.#owner = null
    if (this.#isPooled) giveBack(this)
    owner?.gaveBack(this.bytes.length)
  }

  #lend(owner: MemoryOwner | null): Slab {
    this.#references = 1
    this.#owner = owner
    return this
  }
}

function giveBack(slab: Slab): void {
  inUseCount--
  if (idle.length >= IDLE_SLABS_MAX) return
  idle.push(slab)
  if (idle.length > IDLE_SLABS_KEPT && trimTimer === null) {
    idleLow = idle.length
    trimTimer = setInterval(trim, TRIM_PERIOD_MS).unref()
  }
}

function trim(): void {
  const surplus = Math.max(0, idleLow - IDLE_SLABS_KEPT)
  idle.splice(0, Math.ceil(surplus / 2))
  idleLow = idle.length
  if (idle.length > IDLE_SLABS_KEPT || trimTimer === null) return
  clearInterval(trimTimer)
  trimTimer = null
}

/** What the process-wide pool holds, for tests and metrics. */
export function slabCounts(): { readonly inUse: number; readonly idle: number } {
  return { inUse: inUseCount, idle: idle.length }
}

/**
 * Hands out consecutive pieces of one slab after another. The arena holds a reference to the slab
 * it is filling, so one whose pieces all came back is filled again from the start, still warm in
 * the processor's cache.
 */
export class Arena {
  #slab: Slab | null = null
  #used = 0
  readonly #take: () => Slab

  /** `take` brings the next slab, from the pool. */
  constructor(take: () => Slab) {
    this.#take = take
  }

  /** The slab being filled; valid after `reserve` until the next one. */
  get slab(): Slab {
    return this.#slab as Slab
  }

  /** Where the next piece of the slab being filled would begin. */
  get used(): number {
    return this.#used
  }

  /** Bytes that `reserve` can still hand out without turning to another slab. */
  get room(): number {
    if (this.#slab === null) return 0
    return this.#slab.references === 1 ? SLAB_BYTES : SLAB_BYTES - this.#used
  }

  /** Reserves `sizeBytes` (<= SLAB_BYTES) in `slab`; returns where they begin, retains nothing. */
  reserve(sizeBytes: number): number {
    if (this.#slab === null || this.#used + sizeBytes > SLAB_BYTES) this.#turnOver(sizeBytes)
    else if (this.#slab.references === 1) this.#used = 0
    const start = this.#used
    this.#used = start + sizeBytes
    return start
  }

  /** Lets go of the slab being filled. */
  clear(): void {
    this.#slab?.release()
    this.#slab = null
    this.#used = 0
  }

  #turnOver(sizeBytes: number): void {
    if (sizeBytes > SLAB_BYTES) throw new RangeError(`${sizeBytes} bytes exceed a slab`)
    this.#used = 0
    if (this.#slab?.references === 1) return
    const full = this.#slab
    this.#slab = this.#take()
    full?.release()
  }
}
