import type { File, Piece } from '../host.ts'

interface Sending {
  readonly pieces: readonly Piece[]
  readonly done: ((error: Error | null) => void) | undefined
}

/**
 * What was handed to `send` and not yet taken by the simulated kernel, in order.
 *
 * Invariant: `queuedBytes` is the sum of what is left of every piece; the files of the pieces left
 * are retained.
 */
export class Outbox {
  #sendings: Sending[] = []
  #pieceAt = 0
  #taken = 0
  #queuedBytes = 0

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get isEmpty(): boolean {
    return this.#sendings.length === 0
  }

  add(pieces: readonly Piece[], done: ((error: Error | null) => void) | undefined): void {
    for (const piece of pieces) {
      this.#queuedBytes += sizeOf(piece)
      fileOf(piece)?.retain()
    }
    this.#sendings.push({ pieces, done })
  }

  /**
   * Takes at most `bytesMax` bytes of the piece in front, as a copy; null when nothing is queued.
   * Calls `done` of what is complete. Throws what reading a file throws.
   */
  take(bytesMax: number): Buffer | null {
    for (;;) {
      const sending = this.#sendings[0]
      if (sending === undefined) return null
      const piece = sending.pieces[this.#pieceAt]
      if (piece === undefined) {
        this.#sendings.shift()
        this.#pieceAt = 0
        sending.done?.(null)
      } else if (this.#taken === sizeOf(piece)) {
        fileOf(piece)?.release()
        this.#pieceAt++
        this.#taken = 0
      } else {
        const bytes = copyOf(piece, this.#taken, bytesMax)
        this.#taken += bytes.length
        this.#queuedBytes -= bytes.length
        return bytes
      }
    }
  }

  /** Drops everything; every `done` gets the error. */
  drop(error: Error): void {
    const sendings = this.#sendings
    const pieceAt = this.#pieceAt
    this.#sendings = []
    this.#pieceAt = 0
    this.#taken = 0
    this.#queuedBytes = 0
    sendings.forEach(({ pieces, done }, at) => {
      for (const piece of pieces.slice(at === 0 ? pieceAt : 0)) fileOf(piece)?.release()
      done?.(error)
    })
  }
}

function sizeOf(piece: Piece): number {
  return Buffer.isBuffer(piece) ? piece.length : piece.sizeBytes
}

function fileOf(piece: Piece): File | null {
  return Buffer.isBuffer(piece) ? null : piece.file
}

function copyOf(piece: Piece, from: number, bytesMax: number): Buffer {
  const size = Math.min(bytesMax, sizeOf(piece) - from)
  if (Buffer.isBuffer(piece)) return Buffer.from(piece.subarray(from, from + size))
  const bytes = Buffer.allocUnsafe(size)
  const read = piece.file.read(bytes, piece.position + from)
  if (read < size) throw new Error(`${piece.file.path} is shorter than the range being sent`)
  return bytes
}
