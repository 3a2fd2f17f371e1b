/**
 * The bytes of one simulated file: chunks of 64 KiB, absent where nothing was written (reads as
 * zeros), the last one only as large as it needs to be. Appending costs nothing per byte already
 * there, a small file takes little, and a copy shares its chunks until either side writes.
 *
 * Invariants:
 *   (1) Bytes at or above `sizeBytes` in a chunk are zero.
 *   (2) A chunk that is not owned is shared with a copy and is never written.
 */
export class SparseBytes {
  #chunks: (Buffer | undefined)[] = []
  #isOwned: boolean[] = []
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  write(bytes: Uint8Array, position: number): void {
    let taken = 0
    while (taken < bytes.length) {
      const at = position + taken
      const inside = at % CHUNK_BYTES
      const size = Math.min(bytes.length - taken, CHUNK_BYTES - inside)
      const chunk = this.#writable(Math.floor(at / CHUNK_BYTES), inside + size)
      chunk.set(bytes.subarray(taken, taken + size), inside)
      taken += size
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, position + bytes.length)
  }

  /** Returns the bytes read: fewer than asked only at the end. */
  read(target: Uint8Array, position: number): number {
    const size = Math.max(0, Math.min(target.length, this.#sizeBytes - position))
    let taken = 0
    while (taken < size) {
      const at = position + taken
      const inside = at % CHUNK_BYTES
      const part = Math.min(size - taken, CHUNK_BYTES - inside)
      const chunk = this.#chunks[Math.floor(at / CHUNK_BYTES)]
      const have = chunk === undefined ? 0 : Math.max(0, Math.min(part, chunk.length - inside))
      if (chunk !== undefined && have > 0) {
        target.set(chunk.subarray(inside, inside + have), taken)
      }
      if (have < part) target.fill(0, taken + have, taken + part)
      taken += part
    }
    return size
  }

  /** A copy of a range, cut at the end of the file. */
  slice(position: number, sizeBytes: number): Buffer {
    const size = Math.max(0, Math.min(sizeBytes, this.#sizeBytes - position))
    const bytes = Buffer.allocUnsafe(size)
    this.read(bytes, position)
    return bytes
  }

  /** Cuts, or extends with zeros. */
  resize(sizeBytes: number): void {
    if (sizeBytes < this.#sizeBytes) {
      const count = Math.ceil(sizeBytes / CHUNK_BYTES)
      this.#chunks.length = Math.min(this.#chunks.length, count)
      this.#isOwned.length = this.#chunks.length
      const inside = sizeBytes % CHUNK_BYTES
      if (inside > 0 && this.#chunks[count - 1] !== undefined) {
        this.#writable(count - 1, inside).fill(0, inside)
      }
    }
    this.#sizeBytes = sizeBytes
  }

  /** A copy that costs little: chunks are shared until one side writes to them. */
  copy(): SparseBytes {
    const copy = new SparseBytes()
    this.#isOwned.fill(false)
    copy.#chunks = [...this.#chunks]
    copy.#isOwned = [...this.#isOwned]
    copy.#sizeBytes = this.#sizeBytes
    return copy
  }

  #writable(index: number, sizeBytes: number): Buffer {
    const chunk = this.#chunks[index]
    if (chunk !== undefined && this.#isOwned[index] && chunk.length >= sizeBytes) return chunk

    const grown =
      chunk === undefined || chunk.length < sizeBytes ? roomFor(sizeBytes) : chunk.length
    const fresh = Buffer.alloc(grown)
    if (chunk !== undefined) fresh.set(chunk)
    while (this.#chunks.length <= index) {
      this.#chunks.push(undefined)
      this.#isOwned.push(true)
    }
    this.#chunks[index] = fresh
    this.#isOwned[index] = true
    return fresh
  }
}

const CHUNK_BYTES = 65_536

/** The next power of two, from 64 bytes: a growing chunk is copied a constant number of times. */
function roomFor(sizeBytes: number): number {
  let room = 64
  while (room < sizeBytes) room *= 2
  return room
}
