/**
 * The buffers of one write: copies in shared slabs, where neighbours become one chunk, and buffers
 * that are passed as they are.
 *
 * Invariants:
 *   (1) Each slab that a chunk lies in is referenced once, from its first copy until `drop`.
 *   (2) Copies from `#runStart` to `#runEnd` of the last slab are not in a chunk yet: whatever is
 *       added behind them ends the run first.
 */
import { Arena, SLAB_BYTES, Slab } from './slabs.ts'

/** Copies of all connections' small pieces of a turn lie together. */
const staging = new Arena(() => Slab.take(null))

export class StagedChunks {
  /** Copies lie in memory of their own size, not in slabs shared with other connections. */
  isPrivate = false
  #chunks: Buffer[] = []
  #slabs: Slab[] = []
  /** The last of them. */
  #lastSlab: Slab | null = null
  #runStart = 0
  #runEnd = 0

  /** Chunks so far, but for the copies that were not followed by anything. */
  get count(): number {
    return this.#chunks.length
  }

  /** Bytes that can be copied behind the last copy without turning to another slab. */
  get room(): number {
    return this.isPrivate ? SLAB_BYTES : staging.room
  }

  /** Adds a buffer by reference. */
  add(buffer: Buffer): void {
    this.#endRun()
    this.#chunks.push(buffer)
  }

  /** Adds a copy of a buffer. */
  copy(buffer: Buffer): void {
    const start = this.#reserve(buffer.length)
    this.target.set(buffer, start)
  }

  /**
   * Adds room for `sizeBytes` (<= SLAB_BYTES), to be filled before the next call; returns where in
   * `target` it begins.
   */
  stage(sizeBytes: number): number {
    return this.#reserve(sizeBytes)
  }

  /** The memory that was staged last. */
  get target(): Buffer {
    return (this.#lastSlab as Slab).bytes
  }

  /** Adds the first bytes of a slab, and takes over a reference to it. */
  addSlab(slab: Slab, sizeBytes: number): void {
    this.#endRun()
    this.#slabs.push(slab)
    this.#lastSlab = slab
    this.#chunks.push(slab.bytes.subarray(0, sizeBytes))
    this.#runStart = this.#runEnd = 0
  }

  /** All that was added, in order; valid until `drop`. */
  chunks(): readonly Buffer[] {
    this.#endRun()
    return this.#chunks
  }

  /** Nobody needs the chunks any more. */
  drop(): void {
    for (const slab of this.#slabs) slab.release()
    if (this.#slabs.length > 0) this.#slabs = []
    this.#lastSlab = null
    this.#chunks = []
    this.#runStart = this.#runEnd = 0
  }

  #reserve(sizeBytes: number): number {
    if (this.isPrivate) {
      this.addSlab(Slab.make(sizeBytes, null), sizeBytes)
      return 0
    }
    const start = staging.reserve(sizeBytes)
    const { slab } = staging
    if (slab !== this.#lastSlab) {
      this.#endRun()
      this.#runStart = start
      slab.retain()
      this.#slabs.push(slab)
      this.#lastSlab = slab
    } else if (start !== this.#runEnd) {
      this.#endRun()
      this.#runStart = start
    }
    this.#runEnd = start + sizeBytes
    return start
  }

  #endRun(): void {
    if (this.#runEnd === this.#runStart) return
    this.#chunks.push((this.#lastSlab as Slab).bytes.subarray(this.#runStart, this.#runEnd))
    this.#runStart = this.#runEnd
  }
}
