/**
 * How much of what the logs of a directory wrote stays in the page cache: the newest bytes of all
 * of them, up to a bound. What is older leaves it piece by piece, and its memory takes what is
 * written next (docs/decisions/0007).
 *
 * Invariants:
 *   (1) A piece is dropped once: when it and all that was made durable after it exceed `bytesMax`.
 *   (2) Pieces of a segment follow one another and begin at multiples of PIECE_BYTES: the kernel
 *       drops only such folios as lie in one piece, and they are aligned to their size.
 *   (3) One piece is dropped at a time: syncs and cold reads want threads, too.
 *
 * A piece may name bytes that were cut off, or written over since: it is advice, and the kernel
 * keeps what is not on disk.
 */
import type { Loop } from '../host/host.ts'
import type { FileSlot } from './open-files.ts'
import type { Segment } from './segment.ts'
import type { FilePosition } from './units.ts'

/** Linux makes no larger folio for a file where pages are of 4 KiB. */
export const PIECE_BYTES = 2 << 20

/** What the end of a file takes at least, or small segments would pile up below the bound. */
const PAGE_BYTES = 4096

/** Not the segment: retention may have removed it, and its indexes are not to be kept. */
interface Piece {
  readonly slot: FileSlot
  readonly position: FilePosition
  readonly sizeBytes: number
}

export class CachedTail {
  readonly #loop: Loop
  readonly #bytesMax: number
  /** Oldest first. */
  readonly #pieces: Piece[] = []
  #bytes = 0
  #isDropping = false

  /** By default the kernel alone decides. */
  constructor(loop: Loop, bytesMax = Number.POSITIVE_INFINITY) {
    this.#loop = loop
    this.#bytesMax = bytesMax
  }

  /** The bytes of `segment` are on disk, all but the last few perhaps. */
  synced(segment: Segment): void {
    if (this.#bytesMax === Number.POSITIVE_INFINITY) return
    while (segment.sizeBytes - segment.piecesEnd >= PIECE_BYTES) this.#add(segment, PIECE_BYTES)
    this.#keepBound()
  }

  /** The same; there will be no more of them. */
  sealed(segment: Segment): void {
    if (this.#bytesMax === Number.POSITIVE_INFINITY) return
    this.synced(segment)
    const restBytes = segment.sizeBytes - segment.piecesEnd
    if (restBytes > 0) this.#add(segment, restBytes)
    this.#keepBound()
  }

  #add(segment: Segment, sizeBytes: number): void {
    this.#pieces.push({ slot: segment.slot, position: segment.piecesEnd, sizeBytes })
    this.#bytes += cachedBytes(sizeBytes)
    segment.piecesEnd += sizeBytes
  }

  #keepBound(): void {
    if (this.#bytes <= this.#bytesMax || this.#isDropping) return
    this.#isDropping = true
    this.#loop.spawn('bound the page cache', this.#drop())
  }

  async #drop(): Promise<void> {
    while (this.#bytes > this.#bytesMax) {
      const { slot, position, sizeBytes } = this.#pieces.shift() as Piece
      this.#bytes -= cachedBytes(sizeBytes)
      // A file that was closed for room is left to the kernel.
      const { file } = slot
      if (file !== null) await file.uncache(position, sizeBytes)
    }
    this.#isDropping = false
  }
}

function cachedBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES
}
