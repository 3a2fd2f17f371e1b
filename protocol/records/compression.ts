/**
 * The codecs of record batches. gzip and zstd are the runtime's, snappy and lz4 ours. What is taken
 * is what Apache Kafka takes, down to what may follow a frame. Whatever the bytes: expanding throws
 * nothing but `CorruptRecords` and `ExpansionLimit`, allocates nothing beyond the limit, and
 * nothing on the word of the bytes alone.
 */
import zlib from 'node:zlib'
import { Codec } from './batch.ts'
import { CorruptRecords, ExpansionLimit } from './corrupt-records.ts'
import { GZIP_TRAILER_BYTES, gzipHeaderEnd } from './gzip-header.ts'
import { compressLz4, Lz4Expansion } from './lz4.ts'
import { compressSnappy, SnappyExpansion } from './snappy.ts'
import { surveyZstd, ZSTD_WINDOW_LOG_MAX } from './zstd-frames.ts'

export { Codec } from './batch.ts'
export { CorruptRecords, ExpansionLimit } from './corrupt-records.ts'

/** How much our own codecs expand before they let the event loop turn. */
const SLICE_BYTES = 1024 * 1024
/** The pieces in which the runtime's codecs give what they expand; two exist at a time. */
const PIECE_BYTES = 512 * 1024
/** Of the runtime's codecs beside their windows: contexts, tables, input and two pieces. */
const CONTEXT_BYTES = 1536 * 1024
/**
 * What a piece of our own codecs counts at least towards a slice: a batch may hold hundreds of
 * thousands of blocks that expand to nothing, and each of them takes its time.
 */
const PIECE_BYTES_MIN = 4 * 1024
/** A gzip member behind the first that expands to no more is expanded on the loop: see `gunzip`. */
const SMALL_MEMBER_BYTES = 64 * 1024
/** How many of those are expanded before the event loop turns. */
const SMALL_MEMBERS_A_TURN = 16
/** What Java's reader wants to see behind a gzip member before looking for another. */
const GZIP_MEMBER_MIN = 19

const ZSTD_PARAMS = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX }

/**
 * The expanded bytes, at once. NONE gives `bytes` back. Throws `ExpansionLimit` when there would be
 * more than `limitBytes`, or where `bytes` consist of more than `partsMax` gzip members, zstd
 * frames or blocks, which take time however little they expand to. Throws `CorruptRecords` for
 * anything the codec did not write, or no codec at all.
 */
export function expandNow(
  codec: Codec,
  bytes: Buffer,
  limitBytes: number,
  partsMax = Infinity,
): Buffer {
  switch (codec) {
    case Codec.NONE:
      return bytes
    case Codec.GZIP:
      return guard(limitBytes, () => gunzipNow(bytes, limitBytes, partsMax))
    case Codec.ZSTD:
      if (surveyZstd(bytes).frameCount > partsMax) throw new ExpansionLimit(limitBytes)
      if (bytes.length === 0) return bytes
      return guard(limitBytes, () => {
        return zlib.zstdDecompressSync(bytes, { params: ZSTD_PARAMS, ...outputLimit(limitBytes) })
      })
    case Codec.SNAPPY:
    case Codec.LZ4:
      return joined(ownExpansion(codec, bytes, limitBytes), limitBytes, partsMax)
    default:
      throw unknownCodec(codec)
  }
}

/** Compressed bytes on their way out. */
export interface Expansion {
  /** The memory that the work takes at most beside its input: windows and pieces. */
  readonly memoryBytes: number
  /**
   * What is expanded, in order, without holding up the event loop. Each piece is the reader's until
   * the next is asked for. The reader may stop early. Throws as `expandNow` does.
   */
  pieces(): AsyncGenerator<Uint8Array, void, undefined>
}

/**
 * Prepares to expand piece by piece: gzip and zstd in the thread pool, snappy and lz4 up to a MiB
 * at a time with `nextTurn` awaited in between. Allocates nothing yet. `bytes` must stay unchanged
 * until the work is over. Throws as `expandNow` does for what can be told from headers.
 */
export function planExpansion(
  codec: Codec,
  bytes: Buffer,
  limitBytes: number,
  nextTurn: () => Promise<void>,
): Expansion {
  switch (codec) {
    case Codec.GZIP:
      return { memoryBytes: CONTEXT_BYTES, pieces: () => gunzip(bytes, limitBytes, nextTurn) }
    case Codec.ZSTD: {
      // A window is filled by what is expanded: more than the limit of it is never touched.
      const windowBytes = Math.min(surveyZstd(bytes).windowBytes, limitBytes)
      if (bytes.length === 0) return { memoryBytes: 0, pieces: () => whole(bytes) }
      return { memoryBytes: CONTEXT_BYTES + windowBytes, pieces: () => unzstd(bytes, limitBytes) }
    }
    case Codec.SNAPPY:
    case Codec.LZ4: {
      const expansion = ownExpansion(codec, bytes, limitBytes)
      return { memoryBytes: expansion.memoryBytes, pieces: () => sliced(expansion, nextTurn) }
    }
    case Codec.NONE:
      return { memoryBytes: 0, pieces: () => whole(bytes) }
    default:
      throw unknownCodec(codec)
  }
}

/** As `expandNow`, without holding up the event loop. Meanwhile `bytes` must stay unchanged. */
export async function expandLater(
  codec: Codec,
  bytes: Buffer,
  limitBytes: number,
  nextTurn: () => Promise<void>,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const isOurs = codec === Codec.SNAPPY || codec === Codec.LZ4
  for await (const piece of planExpansion(codec, bytes, limitBytes, nextTurn).pieces()) {
    pieces.push(isOurs ? Buffer.from(piece) : piece)
  }
  return pieces.length === 1 ? asBuffer(pieces[0]!) : Buffer.concat(pieces)
}

/** Compresses. `level` is the codec's own scale for gzip and zstd; the others have none. */
export function compressNow(codec: Codec, bytes: Buffer, level?: number): Buffer {
  switch (codec) {
    case Codec.NONE:
      return bytes
    case Codec.GZIP:
      return zlib.gzipSync(bytes, level === undefined ? {} : { level })
    case Codec.ZSTD:
      return zlib.zstdCompressSync(bytes, { params: zstdParams(level) })
    case Codec.SNAPPY:
      return compressSnappy(bytes)
    case Codec.LZ4:
      return compressLz4(bytes)
    default:
      throw unknownCodec(codec)
  }
}

function unknownCodec(codec: never): CorruptRecords {
  return new CorruptRecords(`there is no codec ${codec}`)
}

function zstdParams(level: number | undefined): Record<number, number> {
  return level === undefined ? {} : { [zlib.constants.ZSTD_c_compressionLevel]: level }
}

function outputLimit(limitBytes: number): { maxOutputLength?: number } {
  // The runtime wants at least 1; a limit of 0 is enforced on what comes out.
  return limitBytes === Infinity ? {} : { maxOutputLength: Math.max(1, limitBytes) }
}

function guard(limitBytes: number, expand: () => Buffer): Buffer {
  try {
    const output = expand()
    if (output.length > limitBytes) throw new ExpansionLimit(limitBytes)
    return output
  } catch (error) {
    throw translated(error, limitBytes)
  }
}

/** What the runtime's codecs throw, in our words. Being out of memory is not the bytes' fault. */
function translated(error: unknown, limitBytes: number): unknown {
  if (error instanceof ExpansionLimit || error instanceof CorruptRecords) return error
  if (!(error instanceof Error)) return error
  const code = 'code' in error ? error.code : ''
  if (code === 'ERR_BUFFER_TOO_LARGE') return new ExpansionLimit(limitBytes)
  if (code === 'Z_MEM_ERROR' || code === 'ERR_MEMORY_ALLOCATION_FAILED') return error
  return new CorruptRecords(error.message, { cause: error })
}

/** The members of a gzip stream, one after another, as Java reads them. */
class GzipMembers {
  readonly bytes: Buffer
  /** Where the deflated bytes of the member begin. */
  bodyAt: number
  #crc = 0
  #sizeBytes = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.bodyAt = gzipHeaderEnd(bytes, 0, zlib.crc32)
    if (this.bodyAt < 0) throw new CorruptRecords('a gzip stream does not begin as one')
  }

  saw(piece: Uint8Array): void {
    this.#crc = zlib.crc32(piece, this.#crc)
    this.#sizeBytes = (this.#sizeBytes + piece.length) >>> 0
  }

  /** Ends the member whose deflated bytes were `deflatedBytes` long. False when it was the last. */
  advance(deflatedBytes: number): boolean {
    const { bytes } = this
    const trailerAt = this.bodyAt + deflatedBytes
    const end = trailerAt + GZIP_TRAILER_BYTES
    if (end > bytes.length) throw new CorruptRecords('a gzip stream ends too early')
    const isWhole =
      bytes.readUInt32LE(trailerAt) === this.#crc &&
      bytes.readUInt32LE(trailerAt + 4) === this.#sizeBytes
    if (!isWhole) throw new CorruptRecords('a gzip stream fails its checksum')
    this.#crc = 0
    this.#sizeBytes = 0
    // What follows and is no member is not looked at.
    if (bytes.length - end < GZIP_MEMBER_MIN) return false
    this.bodyAt = gzipHeaderEnd(bytes, end, zlib.crc32)
    return this.bodyAt >= 0
  }
}

function gunzipNow(bytes: Buffer, limitBytes: number, membersMax: number): Buffer {
  const members = new GzipMembers(bytes)
  const outputs: Buffer[] = []
  let left = limitBytes
  for (let more = true; more; ) {
    if (outputs.length === membersMax) throw new ExpansionLimit(limitBytes)
    const { output, inputBytes } = inflateNow(bytes.subarray(members.bodyAt), outputLimit(left))
    members.saw(output)
    more = members.advance(inputBytes)
    left -= output.length
    if (left < 0) throw new ExpansionLimit(limitBytes)
    outputs.push(output)
  }
  return outputs.length === 1 ? outputs[0]! : Buffer.concat(outputs)
}

interface Inflated {
  readonly output: Buffer
  /** The length of what was inflated; more may lie behind. */
  readonly inputBytes: number
}

function inflateNow(deflated: Buffer, options: zlib.ZlibOptions): Inflated {
  const inflated: unknown = zlib.inflateRawSync(deflated, { ...options, info: true })
  const { buffer, engine } = inflated as { buffer: Buffer; engine: zlib.InflateRaw }
  return { output: buffer, inputBytes: engine.bytesWritten }
}

/**
 * The first member, and any that expands to much, in the thread pool. A stream may hold fifty
 * thousand small ones in a MiB: an engine of its own for each would take a millisecond.
 */
async function* gunzip(
  bytes: Buffer,
  limitBytes: number,
  nextTurn: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const members = new GzipMembers(bytes)
  let left = limitBytes
  const take = (piece: Uint8Array) => {
    members.saw(piece)
    left -= piece.length
    if (left < 0) throw new ExpansionLimit(limitBytes)
    return piece
  }
  let count = 0
  for (let more = true; more; count += 1) {
    const deflated = bytes.subarray(members.bodyAt)
    const small = count === 0 ? null : inflateSmall(deflated)
    if (small !== null) {
      yield take(small.output)
      more = members.advance(small.inputBytes)
      if (count % SMALL_MEMBERS_A_TURN === 0) await nextTurn()
      continue
    }
    const engine = zlib.createInflateRaw({ chunkSize: PIECE_BYTES })
    for await (const piece of pooled(engine, deflated, limitBytes)) yield take(piece)
    more = members.advance(engine.bytesWritten)
  }
}

/** Null: there is too much of it. */
function inflateSmall(deflated: Buffer): Inflated | null {
  try {
    return inflateNow(deflated, { chunkSize: 4096, maxOutputLength: SMALL_MEMBER_BYTES })
  } catch (error) {
    const known = translated(error, SMALL_MEMBER_BYTES)
    if (known instanceof ExpansionLimit) return null
    throw known
  }
}

async function* unzstd(bytes: Buffer, limitBytes: number): AsyncGenerator<Uint8Array> {
  const engine = zlib.createZstdDecompress({ chunkSize: PIECE_BYTES, params: ZSTD_PARAMS })
  let left = limitBytes
  for await (const piece of pooled(engine, bytes, limitBytes)) {
    left -= piece.length
    if (left < 0) throw new ExpansionLimit(limitBytes)
    yield piece
  }
}

/** What a codec of the runtime makes of `bytes`, in the thread pool. Frees the codec in the end. */
async function* pooled(
  engine: zlib.InflateRaw | zlib.ZstdDecompress,
  bytes: Buffer,
  limitBytes: number,
): AsyncGenerator<Uint8Array> {
  try {
    engine.end(bytes)
    for await (const piece of engine) yield piece as Buffer
  } catch (error) {
    throw translated(error, limitBytes)
  } finally {
    engine.destroy()
  }
}

type OwnExpansion = SnappyExpansion | Lz4Expansion

function ownExpansion(codec: Codec, bytes: Buffer, limitBytes: number): OwnExpansion {
  if (codec === Codec.LZ4) return new Lz4Expansion(bytes, limitBytes)
  return new SnappyExpansion(bytes, limitBytes)
}

async function* sliced(
  expansion: OwnExpansion,
  nextTurn: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let sinceTurn = 0
  for (;;) {
    const piece = expansion.next(SLICE_BYTES)
    if (piece === null) return
    sinceTurn += Math.max(PIECE_BYTES_MIN, piece.length)
    yield piece
    if (sinceTurn < SLICE_BYTES) continue
    sinceTurn = 0
    await nextTurn()
  }
}

async function* whole(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

function joined(expansion: OwnExpansion, limitBytes: number, blocksMax: number): Buffer {
  const pieces: Uint8Array[] = []
  for (;;) {
    const piece = expansion.next(Infinity)
    if (piece === null) break
    if (pieces.length === blocksMax) throw new ExpansionLimit(limitBytes)
    // The last piece is not written over.
    pieces.push(expansion.isAtEnd ? piece : Buffer.from(piece))
  }
  return pieces.length === 1 ? asBuffer(pieces[0]!) : Buffer.concat(pieces)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
