/**
 * Snappy, both dialects met in record batches: one raw block (librdkafka), and the "xerial" framing
 * of the Java library, which we write.
 *
 * ```
 *   raw block   uvarint size when expanded, then elements, told by the two lowest bits of a tag:
 *     00  literal   length - 1 in the upper six bits; 60 to 63 mean 1 to 4 bytes of length follow
 *     01  copy      length - 4 in bits 2-4, offset in bits 5-7 and one byte
 *     10  copy      length - 1 in the upper six bits, offset in two bytes (little-endian)
 *     11  copy      the same, offset in four bytes
 *   xerial      82 "SNAPPY" 00, int32 version, int32 oldest reader, then (int32 size, raw block)...
 * ```
 */
import { copyRun, littleEndian4, repeatRun } from './byte-runs.ts'
import { CorruptRecords, ExpansionLimit } from './corrupt-records.ts'

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16
const XERIAL_BLOCK_BYTES = 32 * 1024
const NOTHING = Buffer.alloc(0)

/** What a byte of input can become at most: three bytes copy up to 64. */
const EXPANSION_MAX = 22

/** Expands snappy block by block. A raw block is one block, however large. */
export class SnappyExpansion {
  /** The memory that the work takes at most: the largest block. */
  readonly memoryBytes: number
  readonly #input: Uint8Array
  #block: Block | null
  #output = NOTHING
  #inputAt = 0
  /** In the block in progress. */
  #outputAt = 0

  /** Throws `ExpansionLimit` before anything is allocated, `CorruptRecords` on an absurd claim. */
  constructor(input: Uint8Array, limitBytes: number) {
    this.#input = input
    let sizeBytes = 0
    let largest = 0
    for (let block = firstBlock(input); block !== null; block = blockAfter(input, block)) {
      sizeBytes += block.outputBytes
      largest = Math.max(largest, block.outputBytes)
    }
    if (sizeBytes > limitBytes) throw new ExpansionLimit(limitBytes)
    this.memoryBytes = largest
    this.#block = firstBlock(input)
    this.#inputAt = this.#block?.inputStart ?? 0
  }

  /** Whether the last piece was given. */
  get isAtEnd(): boolean {
    return this.#block === null
  }

  /**
   * The next piece of what is expanded, of about `sizeBytes` or the rest of a block; null at the
   * end. The piece is the reader's until the next call.
   */
  next(sizeBytes: number): Uint8Array | null {
    const block = this.#block
    if (block === null) return null
    if (this.#output.length < this.memoryBytes) this.#output = Buffer.allocUnsafe(this.memoryBytes)
    const from = this.#outputAt
    this.#expand(block, from + sizeBytes)
    const piece = this.#output.subarray(from, this.#outputAt)
    if (this.#inputAt < block.inputEnd) return piece
    if (this.#outputAt !== block.outputBytes) throw new CorruptRecords('snappy ends too early')
    this.#block = blockAfter(this.#input, block)
    this.#outputAt = 0
    this.#inputAt = this.#block?.inputStart ?? 0
    return piece
  }

  #expand(block: Block, pauseAt: number): void {
    const input = this.#input
    const output = this.#output
    const { inputEnd, outputBytes: outputEnd } = block
    let from = this.#inputAt
    let to = this.#outputAt
    while (from < inputEnd && to < pauseAt) {
      const tag = input[from]!
      from += 1
      let length = (tag >>> 2) + 1
      if ((tag & 3) === 0) {
        if (length > 60) {
          const size = length - 60
          if (from + size > inputEnd) throw new CorruptRecords('snappy ends within a length')
          length = littleEndian(input, from, size) + 1
          from += size
        }
        if (length > inputEnd - from || length > outputEnd - to) {
          throw new CorruptRecords('a snappy literal is too long')
        }
        copyRun(input, from, output, to, length)
        from += length
        to += length
        continue
      }
      const size = (tag & 3) === 3 ? 4 : tag & 3
      if (from + size > inputEnd) throw new CorruptRecords('snappy ends within a copy')
      let offset = input[from]!
      if (size === 1) {
        length = ((tag >>> 2) & 7) + 4
        offset |= (tag >>> 5) << 8
      } else {
        offset |= input[from + 1]! << 8
        if (size === 4) offset = littleEndian(input, from, size)
      }
      from += size
      if (offset === 0 || offset > to || length > outputEnd - to) {
        throw new CorruptRecords('a snappy copy is out of bounds')
      }
      repeatRun(output, to, offset, length)
      to += length
    }
    this.#inputAt = from
    this.#outputAt = to
  }
}

/** Compresses into xerial frames of 32 KiB blocks, as Java clients do. */
export function compressSnappy(input: Uint8Array): Buffer {
  const blocks = Math.ceil(input.length / XERIAL_BLOCK_BYTES)
  const bound = XERIAL_HEADER_BYTES + blocks * 16 + Math.ceil(input.length * (7 / 6))
  const output = Buffer.allocUnsafe(bound)
  output.set(XERIAL_MAGIC)
  output.writeInt32BE(1, 8)
  output.writeInt32BE(1, 12)
  const table = new Uint16Array(HASH_SIZE)
  let at = XERIAL_HEADER_BYTES
  for (let start = 0; start < input.length; start += XERIAL_BLOCK_BYTES) {
    const block = input.subarray(start, start + XERIAL_BLOCK_BYTES)
    const end = compressBlock(block, output, at + 4, table)
    output.writeInt32BE(end - at - 4, at)
    at = end
  }
  return output.subarray(0, at)
}

/** Compresses into one raw block, as librdkafka does. */
export function compressSnappyRaw(input: Uint8Array): Buffer {
  const output = Buffer.allocUnsafe(32 + Math.ceil(input.length * (7 / 6)))
  let at = writeSize(output, 0, input.length)
  const table = new Uint16Array(HASH_SIZE)
  for (let start = 0; start < input.length; start += 65536) {
    at = compressFragment(input.subarray(start, start + 65536), output, at, table)
  }
  return output.subarray(0, at)
}

/** A raw block: where its elements lie (`inputEnd` exclusive), and what they say they expand to. */
interface Block {
  readonly inputStart: number
  readonly inputEnd: number
  readonly outputBytes: number
}

/** Whether a xerial header begins there. Asked of every block, so that no view is made for it. */
function isXerial(input: Uint8Array, at: number): boolean {
  if (input.length - at < XERIAL_HEADER_BYTES) return false
  for (let i = 0; i < XERIAL_MAGIC.length; i += 1) {
    if (input[at + i] !== XERIAL_MAGIC[i]) return false
  }
  return true
}

function firstBlock(input: Uint8Array): Block | null {
  if (!isXerial(input, 0)) return readBlock(input, 0, input.length)
  return xerialBlock(input, XERIAL_HEADER_BYTES)
}

/** The block that follows, if any does. */
function blockAfter(input: Uint8Array, block: Block): Block | null {
  return block.inputEnd === input.length ? null : xerialBlock(input, block.inputEnd)
}

function xerialBlock(input: Uint8Array, start: number): Block | null {
  let at = start
  // Streams may be joined end to end, each with a header of its own.
  while (isXerial(input, at)) at += XERIAL_HEADER_BYTES
  // Java's reader takes less than a block size for the end.
  if (at + 4 > input.length) return null
  const size = bigEndian(input, at)
  at += 4
  if (size < 1 || size > input.length - at) {
    throw new CorruptRecords('a snappy block size is impossible')
  }
  return readBlock(input, at, at + size)
}

function readBlock(input: Uint8Array, start: number, end: number): Block {
  let size = 0
  let scale = 1
  let at = start
  for (;;) {
    if (at >= end || at - start === 5) throw new CorruptRecords('a snappy size is impossible')
    const byte = input[at]!
    at += 1
    size += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) break
  }
  if (size > (end - at) * EXPANSION_MAX) throw new CorruptRecords('a snappy size is impossible')
  return { inputStart: at, inputEnd: end, outputBytes: size }
}

const HASH_BITS = 14
const HASH_SIZE = 1 << HASH_BITS

function compressBlock(input: Uint8Array, output: Buffer, at: number, table: Uint16Array): number {
  return compressFragment(input, output, writeSize(output, at, input.length), table)
}

/** Greedy matching by a hash of four bytes; `input` is at most 64 KiB, so positions fit 16 bits. */
function compressFragment(
  input: Uint8Array,
  output: Buffer,
  at: number,
  table: Uint16Array,
): number {
  table.fill(0)
  const lastStart = input.length - 4
  let literalStart = 0
  let from = 1
  let misses = 32
  while (from <= lastStart) {
    const word = littleEndian4(input, from)
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS)
    const candidate = table[slot]!
    table[slot] = from
    if (candidate >= from || littleEndian4(input, candidate) !== word) {
      // Skips ahead faster the longer nothing matched: what does not compress costs little.
      from += misses >>> 5
      misses += 1
      continue
    }
    misses = 32
    let length = 4
    while (from + length < input.length && input[candidate + length] === input[from + length]) {
      length += 1
    }
    at = writeLiteral(input, literalStart, from, output, at)
    at = writeCopy(output, at, from - candidate, length)
    from += length
    literalStart = from
  }
  return writeLiteral(input, literalStart, input.length, output, at)
}

function writeLiteral(
  input: Uint8Array,
  start: number,
  end: number,
  output: Buffer,
  at: number,
): number {
  const length = end - start
  if (length === 0) return at
  const code = length - 1
  if (code < 60) {
    output[at] = code << 2
    at += 1
  } else if (code < 256) {
    output[at] = 60 << 2
    output[at + 1] = code
    at += 2
  } else {
    output[at] = 61 << 2
    output.writeUInt16LE(code, at + 1)
    at += 3
  }
  copyRun(input, start, output, at, length)
  return at + length
}

function writeCopy(output: Buffer, at: number, offset: number, length: number): number {
  let rest = length
  while (rest > 0) {
    const part = Math.min(64, rest)
    output[at] = ((part - 1) << 2) | 2
    output.writeUInt16LE(offset, at + 1)
    at += 3
    rest -= part
  }
  return at
}

function writeSize(output: Buffer, at: number, size: number): number {
  let rest = size
  while (rest >= 0x80) {
    output[at] = (rest & 0x7f) | 0x80
    rest = Math.floor(rest / 128)
    at += 1
  }
  output[at] = rest
  return at + 1
}

function littleEndian(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < size; i += 1) {
    value += bytes[at + i]! * scale
    scale *= 256
  }
  return value
}

function bigEndian(b: Uint8Array, at: number): number {
  return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!
}
