/**
 * Short pieces that are in memory, copied many at once: the answer to a fetch of a hundred
 * partitions is two hundred of them.
 */
import type { Piece } from '../host.ts'
import { SMALL_READ_BYTES_MAX } from './small-reads.ts'

/** Buffers shorter than this are copied together: cheaper than an iovec of their own. */
export const COPY_BELOW_BYTES = 1024

/** Pieces that stand together. */
export interface PieceRun {
  /** Exclusive. */
  readonly end: number
  readonly sizeBytes: number
  /** What of that comes from files. */
  readonly fileBytes: number
}

/** The short pieces in memory from `first` on, as far as there is room for them. */
export function shortRun(pieces: readonly Piece[], first: number, roomBytes: number): PieceRun {
  let end = first
  let sizeBytes = 0
  let fileBytes = 0
  for (; end < pieces.length; end++) {
    const piece = pieces[end] as Piece
    if (piece instanceof Uint8Array) {
      if (piece.length >= COPY_BELOW_BYTES || sizeBytes + piece.length > roomBytes) break
      sizeBytes += piece.length
      continue
    }
    const rangeBytes = piece.sizeBytes
    if (rangeBytes > SMALL_READ_BYTES_MAX || sizeBytes + rangeBytes > roomBytes) break
    if (!piece.file.isCached(piece.position, rangeBytes)) break
    sizeBytes += rangeBytes
    fileBytes += rangeBytes
  }
  return { end, sizeBytes, fileBytes }
}

/** Copies the pieces to `target`, and releases their files. Throws without releasing any. */
export function copyRun(
  pieces: readonly Piece[],
  first: number,
  end: number,
  target: Buffer,
  start: number,
): void {
  let at = start
  for (let index = first; index < end; index++) {
    const piece = pieces[index] as Piece
    if (piece instanceof Uint8Array) {
      target.set(piece, at)
      at += piece.length
    } else {
      const readBytes = piece.file.read(target, piece.position, at, piece.sizeBytes)
      if (readBytes < piece.sizeBytes) throw new ShortFile(piece.file.path)
      at += readBytes
    }
  }
  for (let index = first; index < end; index++) {
    const piece = pieces[index] as Piece
    if (!(piece instanceof Uint8Array)) piece.file.release()
  }
}

export class ShortFile extends Error {
  constructor(path: string) {
    super(`${path} is shorter than a range of it`)
  }
}
