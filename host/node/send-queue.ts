import type { Piece } from '../host.ts'

export type Done = (error: Error | null) => void

/** Pieces sent together. */
interface Send {
  /** At least one. */
  readonly pieces: readonly Piece[]
  readonly done: Done | undefined
}

const COMPACT_FROM_SENDS = 64
/** More ranges than this need not be told apart. */
const RANGES_COUNTED_MAX = 8
const NOTHING: readonly Piece[] = [Buffer.alloc(0)]

/**
 * The pieces that a connection has still to write, in order, and where in them it is.
 *
 * Invariant: unless the queue is empty, `piece` is the piece whose turn it is, of which
 * `takenBytes` are written already (of a file range; a buffer is written whole).
 */
export class SendQueue {
  takenBytes = 0
  #sends: Send[] = []
  #head = 0
  #at = 0
  #dones: Done[] = []

  get isEmpty(): boolean {
    return this.#head === this.#sends.length
  }

  add(pieces: readonly Piece[], done: Done | undefined): void {
    if (pieces.length > 0) this.#sends.push({ pieces, done })
    else if (done) this.#sends.push({ pieces: NOTHING, done })
  }

  /** The piece whose turn it is. */
  get piece(): Piece {
    return this.pieces[this.#at] as Piece
  }

  /** The pieces of the send whose turn it is. */
  get pieces(): readonly Piece[] {
    return (this.#sends[this.#head] as Send).pieces
  }

  /** The index of `piece` in `pieces`. */
  get at(): number {
    return this.#at
  }

  /** All before `pieces[end]` are written. */
  skipTo(end: number): void {
    this.#at = end - 1
    this.next()
  }

  /** The piece is written: on to the next one. */
  next(): void {
    const { pieces, done } = this.#sends[this.#head] as Send
    this.takenBytes = 0
    if (++this.#at < pieces.length) return
    this.#at = 0
    if (done) this.#dones.push(done)
    this.#head++
    if (this.#head === this.#sends.length) {
      this.#sends.length = 0
      this.#head = 0
    } else if (this.#head >= COMPACT_FROM_SENDS && this.#head * 2 >= this.#sends.length) {
      this.#sends.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** What is to be called for the sends that `next` went past since this was asked last. */
  takeDones(): readonly Done[] {
    const dones = this.#dones
    if (dones.length > 0) this.#dones = []
    return dones
  }

  /** Ranges behind the piece whose turn it is, as far as it matters. */
  rangesBehind(): number {
    let count = 0
    let at = this.#at + 1
    for (let index = this.#head; index < this.#sends.length; index++, at = 0) {
      const { pieces } = this.#sends[index] as Send
      for (; at < pieces.length; at++) {
        if (!(pieces[at] instanceof Uint8Array) && ++count === RANGES_COUNTED_MAX) return count
      }
    }
    return count
  }
}
