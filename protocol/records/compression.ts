/**
 * The codecs of record batches. gzip and zstd are the runtime's, snappy and lz4 ours. Whatever the
 * bytes: expanding throws nothing but `CorruptRecords` and `ExpansionLimit`, allocates nothing
 * beyond the limit, and nothing on the word of the bytes alone.
 */
import zlib from 'node:zlib'
import { Codec } from './batch.ts'
import { CorruptRecords, ExpansionLimit } from './corrupt-records.ts'
import { compressLz4, Lz4Expansion } from './lz4.ts'
import { compressSnappy, SnappyExpansion } from './snappy.ts'

export { Codec } from './batch.ts'
export { CorruptRecords, ExpansionLimit } from './corrupt-records.ts'

/** How much our own codecs expand before they let the event loop turn. */
const SLICE_BYTES = 1024 * 1024
/** zstd windows are as large as the limit asks, within what encoders are known to use. */
const ZSTD_WINDOW_LOG_MIN = 23
const ZSTD_WINDOW_LOG_MAX = 27

/**
 * The expanded bytes, at once. NONE gives `bytes` back. Throws `ExpansionLimit` when there would be
 * more than `limitBytes`, `CorruptRecords` for anything the codec did not write, or no codec at
 * all.
 */
export function expandNow(codec: Codec, bytes: Buffer, limitBytes: number): Buffer {
  switch (codec) {
    case Codec.NONE:
      return bytes
    case Codec.GZIP:
      return guard(limitBytes, () => zlib.gunzipSync(bytes, gzipOptions(limitBytes)))
    case Codec.ZSTD:
      return guard(limitBytes, () => zlib.zstdDecompressSync(bytes, zstdOptions(limitBytes)))
    case Codec.SNAPPY:
      return new SnappyExpansion(bytes, limitBytes).step(Infinity)!
    case Codec.LZ4:
      return new Lz4Expansion(bytes, limitBytes).step(Infinity)!
    default:
      throw unknownCodec(codec)
  }
}

/**
 * The same without holding up the event loop: gzip and zstd in the thread pool, snappy and lz4 a
 * MiB at a time with `nextTurn` awaited in between. `bytes` must stay unchanged until it settles.
 */
export async function expandLater(
  codec: Codec,
  bytes: Buffer,
  limitBytes: number,
  nextTurn: () => Promise<void>,
): Promise<Buffer> {
  switch (codec) {
    case Codec.GZIP:
      return pooled(limitBytes, done => zlib.gunzip(bytes, gzipOptions(limitBytes), done))
    case Codec.ZSTD:
      return pooled(limitBytes, done => zlib.zstdDecompress(bytes, zstdOptions(limitBytes), done))
    case Codec.SNAPPY:
      return sliced(new SnappyExpansion(bytes, limitBytes), nextTurn)
    case Codec.LZ4:
      return sliced(new Lz4Expansion(bytes, limitBytes), nextTurn)
    default:
      return expandNow(codec, bytes, limitBytes)
  }
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

function gzipOptions(limitBytes: number): zlib.ZlibOptions {
  return outputLimit(limitBytes)
}

function zstdOptions(limitBytes: number): zlib.ZstdOptions {
  const wanted = Math.ceil(Math.log2(Math.max(1, limitBytes)))
  const windowLog = Math.min(ZSTD_WINDOW_LOG_MAX, Math.max(ZSTD_WINDOW_LOG_MIN, wanted))
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: windowLog }
  return { params, ...outputLimit(limitBytes) }
}

function outputLimit(limitBytes: number): { maxOutputLength?: number } {
  // The runtime wants at least 1; a limit of 0 is enforced on what comes out.
  return limitBytes === Infinity ? {} : { maxOutputLength: Math.max(1, limitBytes) }
}

function zstdParams(level: number | undefined): Record<number, number> {
  return level === undefined ? {} : { [zlib.constants.ZSTD_c_compressionLevel]: level }
}

function guard(limitBytes: number, expand: () => Buffer): Buffer {
  try {
    return withinLimit(expand(), limitBytes)
  } catch (error) {
    throw translated(error, limitBytes)
  }
}

function pooled(
  limitBytes: number,
  start: (done: (error: Error | null, output: Buffer) => void) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    start((error, output) => {
      if (error !== null) reject(translated(error, limitBytes))
      else if (output.length > limitBytes) reject(new ExpansionLimit(limitBytes))
      else resolve(output)
    })
  })
}

function withinLimit(output: Buffer, limitBytes: number): Buffer {
  if (output.length > limitBytes) throw new ExpansionLimit(limitBytes)
  return output
}

/** What the runtime's codecs throw, in our words. Being out of memory is not the bytes' fault. */
function translated(error: unknown, limitBytes: number): unknown {
  if (!(error instanceof Error) || error instanceof ExpansionLimit) return error
  const code = 'code' in error ? error.code : ''
  if (code === 'ERR_BUFFER_TOO_LARGE') return new ExpansionLimit(limitBytes)
  if (code === 'Z_MEM_ERROR' || code === 'ERR_MEMORY_ALLOCATION_FAILED') return error
  return new CorruptRecords(error.message, { cause: error })
}

async function sliced(
  expansion: { step(sizeBytes: number): Buffer | null },
  nextTurn: () => Promise<void>,
): Promise<Buffer> {
  for (;;) {
    const output = expansion.step(SLICE_BYTES)
    if (output !== null) return output
    await nextTurn()
  }
}
