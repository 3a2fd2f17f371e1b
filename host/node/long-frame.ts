/**
 * A frame that is too long for the shared memory, while it arrives: the socket reads into its
 * slabs directly.
 *
 * Invariants:
 *   (1) It owns one reference to each of its slabs, until `join` or `drop`.
 *   (2) All slabs but the last are full.
 */
import { SLAB_BYTES, type Slab } from './slabs.ts'

export class LongFrame {
  readonly frameBytes: number
  #slabs: Slab[] = []
  #gotBytes = 0
  #view: Buffer | null = null

  /** Has no memory yet. */
  constructor(frameBytes: number) {
    this.frameBytes = frameBytes
  }

  /** Bytes of memory. */
  get heldBytes(): number {
    return this.#slabs.length * SLAB_BYTES
  }

  get isWhole(): boolean {
    return this.#gotBytes === this.frameBytes
  }

  /** Nothing more can land before another slab is added. */
  get isFull(): boolean {
    return this.#gotBytes === this.heldBytes
  }

  /** Takes over a reference to the slab. */
  add(slab: Slab): void {
    this.#slabs.push(slab)
    this.#view = null
  }

  /** Where its next bytes land: as many as it wants and the last slab has room for. */
  view(): Buffer {
    const { bytes } = this.#slabs.at(-1) as Slab
    const start = this.#gotBytes - (this.heldBytes - SLAB_BYTES)
    const wanted = this.frameBytes - this.#gotBytes
    this.#view = bytes.subarray(start, Math.min(SLAB_BYTES, start + wanted))
    return this.#view
  }

  /** Whether the buffer is the view that was given last. */
  isView(buffer: Buffer): boolean {
    return buffer === this.#view
  }

  /** So many bytes landed at the start of the view. */
  landed(sizeBytes: number): void {
    this.#gotBytes += sizeBytes
    this.#view = null
  }

  /** The whole frame in one piece, for which `make` gives the memory if there are more slabs. */
  join(make: (sizeBytes: number) => Slab): Slab {
    const slabs = this.#slabs
    this.#slabs = []
    if (slabs.length === 1) return slabs[0] as Slab
    const whole = make(this.frameBytes)
    for (const [index, slab] of slabs.entries()) {
      slab.bytes.copy(whole.bytes, index * SLAB_BYTES)
      slab.release()
    }
    return whole
  }

  /** The frame is given up, and a socket may still read into its last slab: keeps only that one. */
  keepOnlyView(): void {
    for (const slab of this.#slabs.splice(0, this.#slabs.length - 1)) slab.release()
  }

  drop(): void {
    for (const slab of this.#slabs) slab.release()
    this.#slabs = []
    this.#view = null
  }
}
