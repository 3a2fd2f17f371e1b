/**
 * Which partition a record goes to: by its key as Java's clients choose, so that all clients agree
 * on where a key lives; without a key to one partition for a while, so that batches get full.
 */

/** Murmur2, 32 bits, with the seed Kafka uses. Signed, as in Java. */
export function murmur2(bytes: Uint8Array): number {
  const m = 0x5bd1e995
  const size = bytes.length
  let hash = 0x9747b28c ^ size
  let at = 0
  for (; at + 4 <= size; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, m)
    word ^= word >>> 24
    hash = Math.imul(hash, m) ^ Math.imul(word, m)
  }
  const left = size - at
  if (left === 3) hash ^= bytes[at + 2]! << 16
  if (left >= 2) hash ^= bytes[at + 1]! << 8
  if (left >= 1) hash = Math.imul(hash ^ bytes[at]!, m)
  hash ^= hash >>> 13
  hash = Math.imul(hash, m)
  return hash ^ (hash >>> 15)
}

/** Where a key lives among `partitionCount` partitions. */
export function partitionOfKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}

/** Spreads records without keys over a topic's partitions, a batch's worth at a time (KIP-794). */
export class StickyPartitioner {
  readonly #bytesEach: number
  readonly #below: (bound: number) => number
  #partition = -1
  #bytesLeft = 0

  /** `below(n)` is uniform in [0, n). */
  constructor(bytesEach: number, below: (bound: number) => number) {
    this.#bytesEach = bytesEach
    this.#below = below
  }

  /** The partition for a record of `sizeBytes`; one of `candidates`, which must not be empty. */
  next(candidates: readonly number[], sizeBytes: number): number {
    if (this.#bytesLeft <= 0 || !candidates.includes(this.#partition)) {
      this.#partition = this.#another(candidates)
      this.#bytesLeft = this.#bytesEach
    }
    this.#bytesLeft -= sizeBytes
    return this.#partition
  }

  #another(candidates: readonly number[]): number {
    const others = candidates.filter(partition => partition !== this.#partition)
    const pool = others.length > 0 ? others : candidates
    return pool[this.#below(pool.length)]!
  }
}
