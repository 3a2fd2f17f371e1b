import type { Frame } from '../host.ts'
import type { ReceiveMemory } from './receive-memory.ts'
import type { Slab } from './slabs.ts'

/** A frame in a slab, of which it holds one reference. Delivered with a count of one. */
export class PooledFrame implements Frame {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  readonly #memory: ReceiveMemory
  readonly #slab: Slab
  #references = 1

  constructor(memory: ReceiveMemory, slab: Slab, start: number, end: number) {
    this.buffer = slab.bytes
    this.start = start
    this.end = end
    this.#memory = memory
    this.#slab = slab
    memory.frameDelivered()
  }

  get bytes(): Buffer {
    return this.buffer.subarray(this.start, this.end)
  }

  retain(): void {
    if (this.#references <= 0) throw new Error('retained a frame after its last release')
    this.#references++
  }

  release(): void {
    if (--this.#references > 0) return
    if (this.#references < 0) throw new Error('released a frame more often than retained')
    this.#slab.release()
    this.#memory.frameReleased()
  }
}
