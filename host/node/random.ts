import { randomBytes } from 'node:crypto'
import type { Random } from '../host.ts'

const POOL_BYTES = 4096
const INT32_SPAN = 2 ** 32
const DOUBLE_SPAN = 2 ** 53

/** The system's unpredictable source, fetched 4 KiB at a time. */
export class NodeRandom implements Random {
  #pool = Buffer.alloc(0)
  #used = 0

  float(): number {
    const high = this.#uint32() >>> 5
    return (high * 2 ** 26 + (this.#uint32() >>> 6)) / DOUBLE_SPAN
  }

  below(bound: number): number {
    if (!(bound >= 1 && bound <= DOUBLE_SPAN)) throw new RangeError(`no integer below ${bound}`)
    if (bound > INT32_SPAN) return Math.floor(this.float() * bound)
    const fair = INT32_SPAN - (INT32_SPAN % bound)
    let value = this.#uint32()
    while (value >= fair) value = this.#uint32()
    return value % bound
  }

  bytes(size: number): Buffer {
    return randomBytes(size)
  }

  #uint32(): number {
    if (this.#used + 4 > this.#pool.length) {
      this.#pool = randomBytes(POOL_BYTES)
      this.#used = 0
    }
    const value = this.#pool.readUInt32LE(this.#used)
    this.#used += 4
    return value
  }
}
