/**
 * Bytes that landed and are not in a delivered frame: the beginning of the next frame, or frames
 * behind a pause.
 *
 * Invariant: it holds one reference to its slab while it has a slab.
 */
import type { ReceiveMemory } from './receive-memory.ts'
import { SLAB_BYTES, type Slab } from './slabs.ts'

export class Tail {
  /** Null: there are no bytes. */
  slab: Slab | null = null
  start = 0
  /** Exclusive. */
  end = 0
  readonly #memory: ReceiveMemory

  constructor(memory: ReceiveMemory) {
    this.#memory = memory
  }

  get sizeBytes(): number {
    return this.end - this.start
  }

  /** Extends it by `buffer[from, end)`, in place where it lies at the end of the arena. */
  append(buffer: Buffer, from: number, end: number): void {
    const { arena } = this.#memory
    const added = end - from
    const kept = this.end - this.start
    if (this.slab !== null && this.slab === arena.slab && this.end === arena.used) {
      if (arena.room >= added) {
        buffer.copy(arena.slab.bytes, arena.reserve(added), from, end)
        this.end += added
        return
      }
    }
    const fits = kept + added <= SLAB_BYTES
    const start = fits ? arena.reserve(kept + added) : 0
    const slab = fits ? arena.slab : this.#memory.makeSlab(kept + added)
    if (fits) slab.retain()
    if (kept > 0) this.slab?.bytes.copy(slab.bytes, start, this.start, this.end)
    buffer.copy(slab.bytes, start + kept, from, end)
    this.#set(slab, start, start + kept + added)
  }

  /** Moves it, if it is small, out of a slab that others use, too. */
  compact(): void {
    const { slab, sizeBytes } = this
    if (slab === null || slab === this.#memory.arena.slab) return
    if (slab.bytes.length <= 2 * sizeBytes) return
    const small = this.#memory.makeSlab(sizeBytes)
    slab.bytes.copy(small.bytes, 0, this.start, this.end)
    this.#set(small, 0, sizeBytes)
  }

  drop(): void {
    this.slab?.release()
    this.slab = null
    this.start = 0
    this.end = 0
  }

  #set(slab: Slab, start: number, end: number): void {
    this.slab?.release()
    this.slab = slab
    this.start = start
    this.end = end
  }
}
