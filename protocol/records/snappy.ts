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

/** What a byte of input can become at most: three bytes copy up to 64. */
const EXPANSION_MAX = 22

/** Expands snappy in steps, so that long work can be shared out over turns of the event loop. */
export class SnappyExpansion {
  readonly #input: Uint8Array
  readonly #blocks: readonly Block[]
  readonly #output: Buffer
  #block = 0
  #inputAt = 0
  #outputAt = 0

  /** Throws `ExpansionLimit` before anything is allocated, `CorruptRecords` on an absurd claim. */
  constructor(input: Uint8Array, limitBytes: number) {
    this.#input = input
    this.#blocks = isXerial(input) ? xerialBlocks(input) : [readBlock(input, 0, input.length, 0)]
    const sizeBytes = this.#blocks.at(-1)?.outputEnd ?? 0
    if (sizeBytes > limitBytes) throw new ExpansionLimit(limitBytes)
    this.#output = Buffer.allocUnsafe(sizeBytes)
    this.#inputAt = this.#blocks[0]?.inputStart ?? 0
  }

  /** Works on until about `sizeBytes` more are expanded. Returns all of it once done. */
  step(sizeBytes: number): Buffer | null {
    const pauseAt = this.#outputAt + sizeBytes
    while (this.#block < this.#blocks.length) {
      const block = this.#blocks[this.#block]!
      this.#expand(block, pauseAt)
      if (this.#inputAt < block.inputEnd) return null
      if (this.#outputAt !== block.outputEnd) throw new CorruptRecords('snappy ends too early')
      this.#block += 1
      this.#inputAt = this.#blocks[this.#block]?.inputStart ?? 0
      if (this.#outputAt >= pauseAt && this.#block < this.#blocks.length) return null
    }
    return this.#output
  }

  #expand(block: Block, pauseAt: number): void {
    const input = this.#input
    const output = this.#output
    const { inputEnd, outputStart, outputEnd } = block
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
      if (offset === 0 || offset > to - outputStart || length > outputEnd - to) {
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

/** A raw block: where its elements lie and where they expand to. Ends are exclusive. */
interface Block {
  readonly inputStart: number
  readonly inputEnd: number
  readonly outputStart: number
  readonly outputEnd: number
}

function isXerial(input: Uint8Array): boolean {
  return input.length >= XERIAL_HEADER_BYTES && XERIAL_MAGIC.equals(input.subarray(0, 8))
}

function xerialBlocks(input: Uint8Array): Block[] {
  const blocks: Block[] = []
  let at = XERIAL_HEADER_BYTES
  let outputStart = 0
  while (at < input.length) {
    // Streams may be joined end to end, each with a header of its own.
    if (isXerial(input.subarray(at, at + XERIAL_HEADER_BYTES))) {
      at += XERIAL_HEADER_BYTES
      continue
    }
    if (at + 4 > input.length) throw new CorruptRecords('snappy ends within a block size')
    const size = bigEndian(input, at)
    at += 4
    if (size < 1 || size > input.length - at) {
      throw new CorruptRecords('a snappy block size is impossible')
    }
    const block = readBlock(input, at, at + size, outputStart)
    blocks.push(block)
    outputStart = block.outputEnd
    at += size
  }
  return blocks
}

function readBlock(input: Uint8Array, start: number, end: number, outputStart: number): Block {
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
  return { inputStart: at, inputEnd: end, outputStart, outputEnd: outputStart + size }
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
