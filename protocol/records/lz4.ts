/**
 * LZ4 frames, as record batches hold them. Little-endian.
 *
 * ```
 *   int32  magic 184D2204
 *   int8   flags: 01 in bits 7-6, 5 blocks are independent, 4 block checksums, 3 content size,
 *                 2 content checksum, 0 dictionary id
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
const FLAG_DICTIONARY = 0x01
const STORED = 0x80000000

/** What a byte of input can become at most. */
const EXPANSION_MAX = 255

/** Expands an LZ4 frame in steps, so that long work can be shared out over turns of the loop. */
export class Lz4Expansion {
  readonly #input: Buffer
  readonly #limitBytes: number
  readonly #flags: number
  readonly #blockBytesMax: number
  readonly #contentSize: number | null
  readonly #hash = new Xxh32()
  #hashedTo = 0
  #output: Buffer
  #inputAt: number
  #outputAt = 0
  /** Where the block in progress ends in the input; 0 between blocks. */
  #blockEnd = 0
  #blockStart = 0

  /** Throws `ExpansionLimit` before anything is allocated, `CorruptRecords` on a bad header. */
  constructor(input: Buffer, limitBytes: number) {
    this.#input = input
    this.#limitBytes = limitBytes
    if (input.length < 7 || input.readUInt32LE(0) !== MAGIC) {
      throw new CorruptRecords('an lz4 frame does not begin as one')
    }
    this.#flags = input[4]!
    const sizeCode = (input[5]! >>> 4) & 7
    if ((this.#flags & 0xc2) !== FLAG_VERSION || (input[5]! & 0x8f) !== 0 || sizeCode < 4) {
      throw new CorruptRecords('an lz4 frame has an unknown form')
    }
    if ((this.#flags & FLAG_DICTIONARY) !== 0) {
      throw new CorruptRecords('an lz4 frame needs a dictionary')
    }
    this.#blockBytesMax = 256 << (2 * sizeCode)
    const hasSize = (this.#flags & FLAG_CONTENT_SIZE) !== 0
    const headerEnd = hasSize ? 14 : 6
    if (input.length <= headerEnd) throw new CorruptRecords('an lz4 frame ends too early')
    if (((xxh32(input, 4, headerEnd) >>> 8) & 0xff) !== input[headerEnd]) {
      throw new CorruptRecords('an lz4 header fails its checksum')
    }
    this.#contentSize = hasSize ? readSize(input, 6) : null
    this.#inputAt = headerEnd + 1
    this.#output = Buffer.allocUnsafe(this.#firstGuess())
  }

  /** Works on until about `sizeBytes` more are expanded. Returns all of it once done. */
  step(sizeBytes: number): Buffer | null {
    const pauseAt = this.#outputAt + sizeBytes
    for (;;) {
      if (this.#blockEnd === 0 && !this.#enterBlock()) return this.#finish()
      if (this.#blockEnd !== 0) this.#expand(pauseAt)
      this.#sum()
      if (this.#outputAt >= pauseAt) return null
    }
  }

  #firstGuess(): number {
    const size = this.#contentSize
    const possible = this.#input.length * EXPANSION_MAX
    if (size === null) return Math.min(this.#limitBytes, this.#input.length * 4)
    if (size > this.#limitBytes) throw new ExpansionLimit(this.#limitBytes)
    if (size > possible) throw new CorruptRecords('an lz4 content size is impossible')
    return size
  }

  /** Reads a block's size, and the whole block if it is stored. False at the end mark. */
  #enterBlock(): boolean {
    const input = this.#input
    if (this.#inputAt + 4 > input.length) throw new CorruptRecords('an lz4 frame ends too early')
    const field = input.readUInt32LE(this.#inputAt)
    this.#inputAt += 4
    if (field === 0) return false
    const size = field & ~STORED
    const end = this.#inputAt + size
    const sumBytes = (this.#flags & FLAG_BLOCK_CHECKSUM) === 0 ? 0 : 4
    if (size > this.#blockBytesMax || end + sumBytes > input.length) {
      throw new CorruptRecords('an lz4 block size is impossible')
    }
    if (sumBytes > 0 && xxh32(input, this.#inputAt, end) !== input.readUInt32LE(end)) {
      throw new CorruptRecords('an lz4 block fails its checksum')
    }
    this.#blockStart = this.#outputAt
    if (field >= STORED) {
      this.#reserve(size)
      if (size > this.#output.length - this.#outputAt) throw this.#tooLong()
      input.copy(this.#output, this.#outputAt, this.#inputAt, end)
      this.#outputAt += size
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
    const outputEnd = Math.min(this.#blockStart + this.#blockBytesMax, output.length)
    const matchStart = (this.#flags & FLAG_INDEPENDENT) === 0 ? 0 : this.#blockStart
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
      if (offset === 0 || offset > to - matchStart) {
        throw new CorruptRecords('an lz4 match is out of bounds')
      }
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
    const isOverLimit = this.#blockStart + this.#blockBytesMax > this.#limitBytes
    if (isOverLimit && this.#contentSize === null) return new ExpansionLimit(this.#limitBytes)
    return new CorruptRecords('an lz4 block expands to more than it may')
  }

  /** Makes room for `size` more bytes, or for what the limit allows of them. */
  #reserve(size: number): void {
    const needed = Math.min(this.#outputAt + size, this.#contentSize ?? this.#limitBytes)
    if (needed <= this.#output.length) return
    const doubled = Math.min(this.#limitBytes, this.#output.length * 2)
    const larger = Buffer.allocUnsafe(Math.max(needed, doubled))
    this.#output.copy(larger, 0, 0, this.#outputAt)
    this.#output = larger
  }

  #sum(): void {
    if ((this.#flags & FLAG_CONTENT_CHECKSUM) === 0) return
    this.#hashedTo = this.#hash.update(this.#output, this.#hashedTo, this.#outputAt)
  }

  #finish(): Buffer {
    const input = this.#input
    if (this.#contentSize !== null && this.#contentSize !== this.#outputAt) {
      throw new CorruptRecords('an lz4 content size is wrong')
    }
    if ((this.#flags & FLAG_CONTENT_CHECKSUM) !== 0) {
      if (this.#inputAt + 4 > input.length) throw new CorruptRecords('an lz4 frame ends too early')
      const sum = this.#hash.digest(this.#output, this.#hashedTo, this.#outputAt)
      if (sum !== input.readUInt32LE(this.#inputAt)) {
        throw new CorruptRecords('lz4 content fails its checksum')
      }
      this.#inputAt += 4
    }
    if (this.#inputAt !== input.length) throw new CorruptRecords('bytes follow an lz4 frame')
    return this.#output.subarray(0, this.#outputAt)
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
