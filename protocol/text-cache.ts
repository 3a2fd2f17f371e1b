import { textAt } from './text.ts'

const SLOTS = 512
/** Longer ones are made each time. */
const CACHED_BYTES_MAX = 64

/**
 * Strings that requests repeat (topics, client ids), so that each is one string object: made once,
 * its hash computed once. Keeps at most 512 strings of 64 ASCII characters; one that falls into the
 * slot of another replaces it.
 */
export class TextCache {
  readonly #texts: string[] = new Array(SLOTS).fill('')

  /** As `textAt`. */
  textAt(buffer: Buffer, start: number, end: number): string {
    const sizeBytes = end - start
    if (sizeBytes === 0 || sizeBytes > CACHED_BYTES_MAX) return textAt(buffer, start, end)
    const middle = buffer[start + (sizeBytes >> 1)]!
    const mixed = sizeBytes + 31 * (buffer[start]! + 31 * (middle + 31 * buffer[end - 1]!))
    const slot = mixed % SLOTS
    const known = this.#texts[slot]!
    if (known.length === sizeBytes && isAt(known, buffer, start)) return known
    const text = textAt(buffer, start, end)
    // As many characters as bytes: ASCII, which is what `isAt` compares.
    if (text.length === sizeBytes) this.#texts[slot] = text
    return text
  }
}

function isAt(text: string, buffer: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== buffer[start + i]) return false
  }
  return true
}
