import type { EntryFile } from './entry-file.ts'

/** The indexes loaded last are safe: whoever loads one may be using some more. */
const SAFE_COUNT = 16

/**
 * Bounds the memory of indexes read back from disk: the one loaded longest ago is dropped first, if
 * it is wholly persisted. Indexes that grow in memory are not counted until they were read back.
 */
export class MirrorBudget {
  readonly #bytesMax: number
  /** In order of loading. */
  readonly #loaded = new Map<EntryFile, number>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  loaded(entries: EntryFile): void {
    this.forget(entries)
    this.#loaded.set(entries, entries.mirror.length)
    this.#bytes += entries.mirror.length
    if (this.#bytes > this.#bytesMax) this.#evict()
  }

  forget(entries: EntryFile): void {
    const bytes = this.#loaded.get(entries)
    if (bytes === undefined) return
    this.#loaded.delete(entries)
    this.#bytes -= bytes
  }

  #evict(): void {
    let evictable = this.#loaded.size - SAFE_COUNT
    for (const entries of this.#loaded.keys()) {
      if (evictable-- <= 0 || this.#bytes <= this.#bytesMax) return
      this.forget(entries)
      entries.unload()
    }
  }
}
