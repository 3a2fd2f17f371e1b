/**
 * Zstandard frames (RFC 8878) as far as a reader must know them before decoding: how much memory a
 * decoder takes, and where the frames end. Little-endian.
 *
 * ```
 *   int32  magic FD2FB528, or 184D2A50 to 184D2A5F: skippable, then int32 size and that many bytes
 *   int8   bits 7-6 content size field, 5 single segment, 3 reserved, 2 checksum, 1-0 dictionary id
 *   int8   window, unless single segment: exponent in the upper five bits, eighths in the lower
 *   dictionary id (0, 1, 2 or 4 bytes), content size (0, 1, 2, 4 or 8 bytes)
 *   blocks: 3 bytes (bit 0 last, bits 1-2 type, then size) and the block; of type 1 a single byte
 *   int32  checksum, if flagged
 * ```
 */
import { littleEndian4 } from './byte-runs.ts'
import { CorruptRecords } from './corrupt-records.ts'

const MAGIC = 0xfd2fb528 | 0
const SKIPPABLE = 0x184d2a50
const SINGLE_SEGMENT = 0x20
const RESERVED = 0x08
const CHECKSUM = 0x04
const BLOCK_RLE = 1
const BLOCK_RESERVED = 3

/** The largest window decoders take unless told otherwise, as a power of two: 128 MiB. */
export const ZSTD_WINDOW_LOG_MAX = 27

/** What the frames of some bytes are. */
export interface ZstdSurvey {
  /**
   * Of the largest window that a frame asks for, which is no more than the frame holds where the
   * frame says so; 0 for no bytes.
   */
  readonly windowBytes: number
  /** Skippable ones included. */
  readonly frameCount: number
}

/** Throws `CorruptRecords` when the bytes are not whole frames from the first to the last. */
export function surveyZstd(bytes: Uint8Array): ZstdSurvey {
  let windowBytes = 0
  let frameCount = 0
  let at = 0
  while (at < bytes.length) {
    frameCount += 1
    need(bytes, at, 4)
    const magic = littleEndian4(bytes, at)
    if ((magic & ~0xf) === SKIPPABLE) {
      need(bytes, at, 8)
      at += 8 + (littleEndian4(bytes, at + 4) >>> 0)
      if (at > bytes.length) throw endsEarly()
      continue
    }
    if (magic !== MAGIC) throw new CorruptRecords('a zstd frame does not begin as one')
    const header = readHeader(bytes, at + 4)
    windowBytes = Math.max(windowBytes, header.windowBytes)
    at = blocksEnd(bytes, header.end) + (header.hasChecksum ? 4 : 0)
    if (at > bytes.length) throw endsEarly()
  }
  return { windowBytes, frameCount }
}

interface FrameHeader {
  readonly windowBytes: number
  readonly hasChecksum: boolean
  /** Where the first block begins. */
  readonly end: number
}

function readHeader(bytes: Uint8Array, start: number): FrameHeader {
  need(bytes, start, 2)
  const flags = bytes[start]!
  if ((flags & RESERVED) !== 0) throw new CorruptRecords('a zstd frame has an unknown form')
  const isSingle = (flags & SINGLE_SEGMENT) !== 0
  let at = start + 1
  let windowBytes = Infinity
  if (!isSingle) {
    const field = bytes[at++]!
    windowBytes = 2 ** (10 + (field >>> 3)) * (1 + (field & 7) / 8)
    if (windowBytes > 2 ** ZSTD_WINDOW_LOG_MAX) {
      throw new CorruptRecords('a zstd frame asks for too large a window')
    }
  }
  at += [0, 1, 2, 4][flags & 3]!
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >>> 6]!
  need(bytes, at, sizeBytes)
  if (sizeBytes > 0) windowBytes = Math.min(windowBytes, contentSize(bytes, at, sizeBytes))
  return { windowBytes, hasChecksum: (flags & CHECKSUM) !== 0, end: at + sizeBytes }
}

function contentSize(bytes: Uint8Array, at: number, sizeBytes: number): number {
  let size = 0
  for (let i = sizeBytes - 1; i >= 0; i -= 1) size = size * 256 + bytes[at + i]!
  return sizeBytes === 2 ? size + 256 : size
}

function blocksEnd(bytes: Uint8Array, start: number): number {
  let at = start
  for (;;) {
    need(bytes, at, 3)
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    const type = (header >>> 1) & 3
    if (type === BLOCK_RESERVED) throw new CorruptRecords('a zstd block has an unknown form')
    at += 3 + (type === BLOCK_RLE ? 1 : header >>> 3)
    if ((header & 1) !== 0) return at
  }
}

function need(bytes: Uint8Array, at: number, size: number): void {
  if (at + size > bytes.length) throw endsEarly()
}

function endsEarly(): CorruptRecords {
  return new CorruptRecords('a zstd frame ends too early')
}
