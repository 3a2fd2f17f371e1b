import type { Frame } from '../host.ts'

/** What a released frame's bytes are overwritten with, so that a late reader is caught. */
const POISON = 0xdb
const HEAD_BYTES = 6

/** Why a connection was destroyed: a frame claimed more bytes than were acceptable. */
export class FrameTooLarge extends Error {
  override readonly name = 'FrameTooLarge'
}

export class SimFrame implements Frame {
  readonly start = 0
  readonly end: number
  readonly #bytes: Buffer
  #references = 1

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.end = bytes.length
  }

  get buffer(): Buffer {
    if (this.#references === 0) throw new Error('a frame was read after its release')
    return this.#bytes
  }

  get bytes(): Buffer {
    return this.buffer
  }

  retain(): void {
    if (this.#references === 0) throw new Error('a frame was retained after its release')
    this.#references++
  }

  release(): void {
    if (this.#references === 0) throw new Error('a frame was released more than retained')
    if (--this.#references === 0) this.#bytes.fill(POISON)
  }
}

/**
 * Puts frames together from chunks cut anywhere: 4 bytes of length, then the frame. Room grows with
 * the bytes that are there, never with the length that was claimed.
 */
export class FrameAssembler {
  #parts: Buffer[] = []
  #haveBytes = 0
  /** The frame's bytes with its length; 0 while that is not known or not yet accepted. */
  #wantBytes = 0

  /** Bytes of an unfinished frame. */
  get pendingBytes(): number {
    return this.#haveBytes
  }

  /**
   * Takes bytes from the front of `chunk`. Returns how many, and the frame they completed, if one.
   * Throws `FrameTooLarge` when the frame claims more than `bytesMax(head)`.
   */
  take(chunk: Buffer, bytesMax: (head: number) => number): { taken: number; frame: Frame | null } {
    let taken = 0
    while (this.#wantBytes === 0 && taken < chunk.length) {
      const missing = (this.#haveBytes < 4 ? 4 : HEAD_BYTES) - this.#haveBytes
      const part = chunk.subarray(taken, taken + missing)
      this.#keep(part)
      taken += part.length
      this.#learnSize(bytesMax)
      if (this.#wantBytes === this.#haveBytes) return { taken, frame: this.#finish() }
    }
    if (this.#wantBytes === 0) return { taken, frame: null }

    const part = chunk.subarray(taken, taken + this.#wantBytes - this.#haveBytes)
    this.#keep(part)
    taken += part.length
    const isWhole = this.#haveBytes === this.#wantBytes
    return { taken, frame: isWhole ? this.#finish() : null }
  }

  #keep(part: Buffer): void {
    this.#parts.push(part)
    this.#haveBytes += part.length
  }

  #learnSize(bytesMax: (head: number) => number): void {
    if (this.#haveBytes < 4) return
    const first = this.#parts.length === 1 ? this.#parts[0] : undefined
    const head = first ?? Buffer.concat(this.#parts)
    const sizeBytes = head.readInt32BE(0)
    if (sizeBytes < 0) throw new FrameTooLarge(`a frame claims ${sizeBytes} bytes`)
    // A frame too short to have a head is asked about with -1, the key of no request.
    if (sizeBytes >= 2 && this.#haveBytes < HEAD_BYTES) return
    const most = bytesMax(sizeBytes >= 2 ? head.readInt16BE(4) : -1)
    if (sizeBytes > most) {
      throw new FrameTooLarge(`a frame claims ${sizeBytes} bytes, ${most} are acceptable`)
    }
    this.#wantBytes = 4 + sizeBytes
  }

  #finish(): Frame {
    const bytes = Buffer.concat(this.#parts).subarray(4)
    this.#parts = []
    this.#haveBytes = 0
    this.#wantBytes = 0
    return new SimFrame(bytes)
  }
}
