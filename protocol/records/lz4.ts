/**
 * LZ4 frames, as record batches hold them. Little-endian.
 *
 * ```
 *   int32  magic 184D2204
 *   int8   flags: 01 in bits 7-6, 5 blocks are independent, 4 block checksums, 3 content size,
 *                 2 content checksum, 1-0 reserved (the lz4 library's dictionary id)
 *   int8   bits 6-4: the most a block expands to (4 to 7: 64 KiB, 256 KiB, 1 MiB, 4 MiB)
 *   int64  content size, if flagged
 *   int8   second byte of xxh32 over flags to here
 *   blocks: int32 size (top bit: stored as it is), bytes, xxh32 of them if flagged
 *   int32  0
 *   int32  xxh32 of the content, if flagged
 * ```
 *
 * A block is a row of sequences: a token (literal length in the upper four bits, match length - 4
 * in the lower; 15 means that bytes to be added follow, up to the first that is not 255), literals,
 * an int16 offset back into what was expanded. The last sequence has literals only.
 */
import { copyRun, littleEndian4, repeatRun } from './byte-runs.ts'
import { CorruptRecords, ExpansionLimit } from './corrupt-records.ts'
import { Xxh32, xxh32 } from './xxh32.ts'

const MAGIC = 0x184d2204
const FLAG_VERSION = 0x40
const FLAG_INDEPENDENT = 0x20
const FLAG_BLOCK_CHECKSUM = 0x10
const FLAG_CONTENT_SIZE = 0x08
const FLAG_CONTENT_CHECKSUM = 0x04
const STORED = 0x80000000
const NOTHING = Buffer.alloc(0)

/** What a byte of input can become at most. */
const EXPANSION_MAX = 255

/**
 * Expands an LZ4 frame block by block, as Kafka's reader does: frames whose blocks refer to the
 * blocks before them, or to a dictionary, are corrupt, and what follows the frame is not looked at.
 * Kafka's reader believes the content size and the content checksum; this one does not.
 */
export class Lz4Expansion {
  /** The memory that the work takes at most. */
  readonly memoryBytes: number
  readonly #input: Buffer
  readonly #limitBytes: number
  readonly #flags: number
  readonly #blockBytesMax: number
  readonly #contentSize: number | null
  readonly #hash = new Xxh32()
  /** Room for the largest block so far. */
  #block: Uint8Array = NOTHING
  /** The block in progress from its start on: a part of `#block`, or of the input if stored. */
  #output: Uint8Array = NOTHING
  #outputAt = 0
  #inputAt: number
  /** Of the blocks before the one in progress. */
  #expandedBytes = 0
  /** Where the block in progress ends in the input; 0 between blocks. */
  #blockEnd = 0
  #isDone = false

  /** Throws `ExpansionLimit` before anything is allocated, `CorruptRecords` on a bad header. */
  constructor(input: Buffer, limitBytes: number) {
    this.#input = input
    this.#limitBytes = limitBytes
    if (input.length < 7 || input.readUInt32LE(0) !== MAGIC) {
      throw new CorruptRecords('an lz4 frame does not begin as one')
    }
    this.#flags = input[4]!
    const sizeCode = (input[5]! >>> 4) & 7
    if ((this.#flags & 0xc3) !== FLAG_VERSION || (input[5]! & 0x8f) !== 0 || sizeCode < 4) {
      throw new CorruptRecords('an lz4 frame has an unknown form')
    }
    if ((this.#flags & FLAG_INDEPENDENT) === 0) {
      throw new CorruptRecords('the blocks of an lz4 frame are not independent')
    }
    this.#blockBytesMax = 256 << (2 * sizeCode)
    const hasSize = (this.#flags & FLAG_CONTENT_SIZE) !== 0
    const headerEnd = hasSize ? 14 : 6
    if (input.length <= headerEnd) throw new CorruptRecords('an lz4 frame ends too early')
    if (((xxh32(input, 4, headerEnd) >>> 8) & 0xff) !== input[headerEnd]) {
      throw new CorruptRecords('an lz4 header fails its checksum')
    }
    this.#contentSize = hasSize ? this.#checkedSize() : null
    this.#inputAt = headerEnd + 1
    this.memoryBytes = Math.min(this.#blockBytesMax, input.length * EXPANSION_MAX)
  }

  /** Whether the last piece was given; what is left of the frame may still prove it corrupt. */
  get isAtEnd(): boolean {
    const at = this.#inputAt
    if (this.#blockEnd !== 0 || at + 4 > this.#input.length) return false
    return this.#isDone || this.#input.readUInt32LE(at) === 0
  }

  /**
   * The next piece of what is expanded, of about `sizeBytes` or the rest of a block; null at the
   * end. The piece is the reader's until the next call.
   */
  next(sizeBytes: number): Uint8Array | null {
    if (this.#isDone) return null
    const isNew = this.#blockEnd === 0
    if (isNew) {
      this.#expandedBytes += this.#outputAt
      this.#outputAt = 0
      if (!this.#enterBlock()) {
        this.#finish()
        this.#isDone = true
        return null
      }
    }
    const from = isNew ? 0 : this.#outputAt
    if (this.#blockEnd !== 0) this.#expand(from + sizeBytes)
    return this.#piece(from)
  }

  #piece(from: number): Uint8Array {
    const piece = this.#output.subarray(from, this.#outputAt)
    if ((this.#flags & FLAG_CONTENT_CHECKSUM) !== 0) this.#hash.add(piece)
    return piece
  }

  #checkedSize(): number {
    const size = readSize(this.#input, 6)
    if (size > this.#limitBytes) throw new ExpansionLimit(this.#limitBytes)
    if (size > this.#input.length * EXPANSION_MAX) {
      throw new CorruptRecords('an lz4 content size is impossible')
    }
    return size
  }

  /** Reads a block's size, and the whole block if it is stored. False at the end mark. */
  #enterBlock(): boolean {
    const input = this.#input
    if (this.#inputAt + 4 > input.length) throw new CorruptRecords('an lz4 frame ends too early')
    const field = input.readUInt32LE(this.#inputAt)
    this.#inputAt += 4
    const size = field & ~STORED
    // Kafka's reader takes a stored block of no bytes for the end mark as well.
    if (size === 0) return false
    const end = this.#inputAt + size
    const sumBytes = (this.#flags & FLAG_BLOCK_CHECKSUM) === 0 ? 0 : 4
    if (size < 0 || size > this.#blockBytesMax || end + sumBytes > input.length) {
      throw new CorruptRecords('an lz4 block size is impossible')
    }
    if (sumBytes > 0 && xxh32(input, this.#inputAt, end) !== input.readUInt32LE(end)) {
      throw new CorruptRecords('an lz4 block fails its checksum')
    }
    if (field >= STORED) {
      if (this.#expandedBytes + size > this.#limitBytes) throw new ExpansionLimit(this.#limitBytes)
      this.#output = input.subarray(this.#inputAt, end)
      this.#outputAt = size
      this.#inputAt = end + sumBytes
    } else {
      this.#reserve(Math.min(this.#blockBytesMax, size * EXPANSION_MAX))
      this.#blockEnd = end
    }
    return true
  }

  #expand(pauseAt: number): void {
    const input = this.#input
    const output = this.#output
    const end = this.#blockEnd
    const outputEnd = Math.min(this.#blockBytesMax, output.length)
    let from = this.#inputAt
    let to = this.#outputAt
    while (from < end && to < pauseAt) {
      const token = input[from++]!
      let length = token >>> 4
      if (length === 15) {
        let byte = 255
        while (byte === 255 && from < end) length += byte = input[from++]!
      }
      if (length > end - from) throw new CorruptRecords('an lz4 literal is too long')
      if (length > outputEnd - to) throw this.#tooLong()
      copyRun(input, from, output, to, length)
      from += length
      to += length
      if (from === end) break
      if (from + 2 > end) throw new CorruptRecords('an lz4 block ends within a sequence')
      const offset = input[from]! | (input[from + 1]! << 8)
      from += 2
      length = (token & 15) + 4
      if (length === 19) {
        let byte = 255
        while (byte === 255 && from < end) length += byte = input[from++]!
      }
      if (offset === 0 || offset > to) throw new CorruptRecords('an lz4 match is out of bounds')
      if (length > outputEnd - to) throw this.#tooLong()
      repeatRun(output, to, offset, length)
      to += length
    }
    const isDone = from === end
    this.#outputAt = to
    this.#inputAt = isDone && (this.#flags & FLAG_BLOCK_CHECKSUM) !== 0 ? from + 4 : from
    if (isDone) this.#blockEnd = 0
  }

  #tooLong(): Error {
    const isOverLimit = this.#expandedBytes + this.#blockBytesMax > this.#limitBytes
    if (isOverLimit && this.#contentSize === null) return new ExpansionLimit(this.#limitBytes)
    return new CorruptRecords('an lz4 block expands to more than it may')
  }

  /** Makes room for a block of `size` bytes, or for what the limit allows of them. */
  #reserve(size: number): void {
    const left = (this.#contentSize ?? this.#limitBytes) - this.#expandedBytes
    const needed = Math.max(0, Math.min(size, left))
    // A block that was stored lies in the input, which must not be written to.
    if (this.#block.length < needed) this.#block = Buffer.allocUnsafe(needed)
    this.#output = this.#block.subarray(0, needed)
  }

  #finish(): void {
    const input = this.#input
    if (this.#contentSize !== null && this.#contentSize !== this.#expandedBytes) {
      throw new CorruptRecords('an lz4 content size is wrong')
    }
    if ((this.#flags & FLAG_CONTENT_CHECKSUM) === 0) return
    if (this.#inputAt + 4 > input.length) throw new CorruptRecords('an lz4 frame ends too early')
    if (this.#hash.digest() !== input.readUInt32LE(this.#inputAt)) {
      throw new CorruptRecords('lz4 content fails its checksum')
    }
  }
}

/** Eight bytes; what does not fit a double exactly is above every limit anyway. */
function readSize(input: Buffer, at: number): number {
  return input.readUInt32LE(at) + input.readUInt32LE(at + 4) * 4294967296
}

const BLOCK_BYTES = 64 * 1024
const HASH_BITS = 14
/** The format's own rules: a block ends in five literals, no match begins in its last twelve. */
const TAIL_LITERALS = 5
const MATCH_FREE_TAIL = 12

/** Compresses into one frame of independent 64 KiB blocks without checksums, as Java clients do. */
export function compressLz4(input: Uint8Array): Buffer {
  const blocks = Math.ceil(input.length / BLOCK_BYTES)
  const output = Buffer.allocUnsafe(11 + blocks * 4 + input.length + BLOCK_BYTES / 128)
  output.writeUInt32LE(MAGIC)
  output[4] = FLAG_VERSION | FLAG_INDEPENDENT
  output[5] = 0x40
  output[6] = (xxh32(output, 4, 6) >>> 8) & 0xff
  const table = new Uint16Array(1 << HASH_BITS)
  let at = 7
  for (let start = 0; start < input.length; start += BLOCK_BYTES) {
    const block = input.subarray(start, start + BLOCK_BYTES)
    const end = compressBlock(block, output, at + 4, table)
    if (end === -1) {
      output.writeUInt32LE(block.length + STORED, at)
      output.set(block, at + 4)
      at += 4 + block.length
    } else {
      output.writeUInt32LE(end - at - 4, at)
      at = end
    }
  }
  output.writeUInt32LE(0, at)
  return output.subarray(0, at + 4)
}

/** Greedy matching by a hash of four bytes. -1 when the block would not get smaller. */
function compressBlock(
  input: Uint8Array,
  output: Buffer,
  start: number,
  table: Uint16Array,
): number {
  table.fill(0)
  const lastStart = input.length - MATCH_FREE_TAIL
  const matchEnd = input.length - TAIL_LITERALS
  const outputEnd = start + input.length
  let at = start
  let literalStart = 0
  let from = 1
  let misses = 32
  while (from <= lastStart) {
    const word = littleEndian4(input, from)
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
    const candidate = table[slot]!
    table[slot] = from
    if (littleEndian4(input, candidate) !== word) {
      // Skips ahead faster the longer nothing matched: what does not compress costs little.
      from += misses >>> 5
      misses += 1
      continue
    }
    misses = 32
    let length = 4
    while (from + length < matchEnd && input[candidate + length] === input[from + length]) {
      length += 1
    }
    if (at + sequenceBound(from - literalStart, length) > outputEnd) return -1
    at = writeLiterals(input, literalStart, from, output, at, Math.min(15, length - 4))
    at = writeMatch(output, at, from - candidate, length)
    from += length
    literalStart = from
  }
  if (at + sequenceBound(input.length - literalStart, 0) > outputEnd) return -1
  return writeLiterals(input, literalStart, input.length, output, at, 0)
}

function sequenceBound(literals: number, match: number): number {
  return 5 + literals + Math.floor(literals / 255) + Math.floor(match / 255)
}

function writeLiterals(
  input: Uint8Array,
  from: number,
  end: number,
  output: Buffer,
  at: number,
  matchCode: number,
): number {
  const length = end - from
  output[at] = (Math.min(15, length) << 4) | matchCode
  at += 1
  if (length >= 15) at = writeExtension(output, at, length - 15)
  copyRun(input, from, output, at, length)
  return at + length
}

function writeMatch(output: Buffer, at: number, offset: number, length: number): number {
  output.writeUInt16LE(offset, at)
  at += 2
  return length >= 19 ? writeExtension(output, at, length - 19) : at
}

function writeExtension(output: Buffer, at: number, rest: number): number {
  for (; rest >= 255; rest -= 255) {
    output[at] = 255
    at += 1
  }
  output[at] = rest
  return at + 1
}
