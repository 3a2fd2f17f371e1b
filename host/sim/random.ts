import type { Random } from '../host.ts'

/**
 * Seeded randomness: xoshiro128** (Blackman and Vigna, 2018), its four words filled by splitmix32
 * from the FNV-1a hash of the seed's text. The same seed gives the same numbers on every machine.
 */
export class SeededRandom implements Random {
  readonly seed: string
  #s0: number
  #s1: number
  #s2: number
  #s3: number

  constructor(seed: number | string) {
    this.seed = String(seed)
    let state = fnv1a(this.seed)
    const word = (): number => {
      state = (state + 0x9e3779b9) | 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) | 0
    }
    this.#s0 = word()
    this.#s1 = word()
    this.#s2 = word()
    this.#s3 = word() | 1 // All four words zero would stay zero for ever.
  }

  /** Uniform over the 32-bit unsigned integers. */
  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#s1, 5), 7), 9) >>> 0
    const shifted = this.#s1 << 9
    this.#s2 ^= this.#s0
    this.#s3 ^= this.#s1
    this.#s1 ^= this.#s2
    this.#s0 ^= this.#s3
    this.#s2 ^= shifted
    this.#s3 = rotateLeft(this.#s3, 11)
    return result
  }

  float(): number {
    // 53 bits: 26 of one draw above 27 of the next.
    return ((this.uint32() >>> 6) * 0x8000000 + (this.uint32() >>> 5)) / 0x20000000000000
  }

  below(bound: number): number {
    return Math.floor(this.float() * bound)
  }

  bytes(size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size)
    for (let i = 0; i < size; i++) bytes[i] = this.uint32() >>> 24
    return bytes
  }

  /** True with this probability (0 never, 1 always). Draws nothing at 0 and 1. */
  chance(probability: number): boolean {
    if (probability <= 0) return false
    return probability >= 1 || this.float() < probability
  }

  /** Uniform integer, both ends inclusive. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** One of these, uniformly. There must be one. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /**
   * An independent source named within this one's seed. Draws nothing from this one, so what one
   * part of a simulation draws does not shift what another part sees.
   */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${label}`)
  }
}

/** FNV-1a over UTF-16 units, continued from `seed`: 32 bits, unsigned. */
export function fnv1a(text: string, seed = 0x811c9dc5): number {
  let hash = seed | 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
