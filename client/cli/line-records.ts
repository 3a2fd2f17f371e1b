/** Lines of bytes, and the records they stand for: what `ottla produce` reads. */
import { CommandFailure } from './failure.ts'

const NEWLINE = 10

/**
 * Cuts chunks into lines, without their newline; the end of the last need not have one. What is
 * yielded may be a view of a chunk. `lineBytesMax` bounds what is held of a line not yet ended.
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  lineBytesMax: number,
): AsyncGenerator<Buffer[]> {
  let held: Buffer[] = []
  let heldBytes = 0
  for await (const chunk of chunks) {
    const lines: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, at)
      lines.push(held.length === 0 ? piece : Buffer.concat([...held, piece]))
      held = []
      heldBytes = 0
      from = at + 1
    }
    if (from < chunk.length) {
      held.push(chunk.subarray(from))
      heldBytes += chunk.length - from
    }
    if (heldBytes > lineBytesMax) {
      throw new CommandFailure(
        `A line is longer than ${lineBytesMax} bytes: one line is one record, so split the input.`,
      )
    }
    if (lines.length > 0) yield lines
  }
  if (heldBytes > 0) yield [Buffer.concat(held)]
}

export interface KeyAndValue {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/**
 * Splits a line at the first separator into key and value; without one there is no key. A part
 * equal to the null marker is null. Throws CommandFailure for a line without the separator.
 */
export class LineParser {
  readonly #separator: Buffer | null
  readonly #nullMarker: Buffer | null
  #lineNumber = 0

  constructor(separator: string | null, nullMarker: string | null) {
    this.#separator = separator === null ? null : Buffer.from(separator)
    this.#nullMarker = nullMarker === null ? null : Buffer.from(nullMarker)
  }

  parse(line: Buffer): KeyAndValue {
    this.#lineNumber++
    if (this.#separator === null) return { key: null, value: this.#part(line) }
    const at = line.indexOf(this.#separator)
    if (at < 0) {
      throw new CommandFailure(
        `Line ${this.#lineNumber} has no '${this.#separator}' between key and value: ` +
          'add it, or leave --key-separator out.',
      )
    }
    const value = line.subarray(at + this.#separator.length)
    return { key: this.#part(line.subarray(0, at)), value: this.#part(value) }
  }

  #part(bytes: Buffer): Buffer | null {
    return this.#nullMarker?.equals(bytes) ? null : bytes
  }
}
