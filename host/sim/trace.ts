import { fnv1a } from './random.ts'

/**
 * What a simulation did, one line an event, and a running hash over all lines. Two runs with equal
 * hashes did the same things in the same order.
 *
 * Columns, separated by one space: sequence number of the event · virtual time in milliseconds with
 * three decimals · name of the host it happened to ('-' for none) · what happened, in words.
 */
export class Trace {
  readonly #lines: string[] = []
  readonly #linesMax: number
  #count = 0
  #low = 0x811c9dc5
  #high = 0x1b873593

  /** Keeps between `linesMax` and twice as many of the last lines; every line is hashed. */
  constructor(linesMax = 2_000) {
    this.#linesMax = linesMax
  }

  /** Lines written since the start. */
  get count(): number {
    return this.#count
  }

  /** 16 hexadecimal digits over every line written so far. */
  get hash(): string {
    return hex(this.#high) + hex(this.#low)
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines
  }

  write(atMs: number, hostName: string, what: string): void {
    const line = `${this.#count++} ${atMs.toFixed(3)} ${hostName} ${what}`
    this.#low = fnv1a(line, this.#low)
    this.#high = fnv1a(line, this.#high ^ this.#low)
    this.#lines.push(line)
    if (this.#lines.length > this.#linesMax * 2) {
      this.#lines.splice(0, this.#lines.length - this.#linesMax)
    }
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
