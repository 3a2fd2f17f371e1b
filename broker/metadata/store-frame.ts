import { Packr } from 'msgpackr/pack'
import { DiskError } from '../../host/disk-error.ts'
import type { Crc32c } from '../../host/host.ts'

/**
 * The frame all files of the local store are made of:
 *
 *   0  4  'OTMD'
 *   4  4  payload size in bytes, big-endian
 *   8  4  CRC-32C of the payload
 *   12 .. payload: MessagePack
 */
const MAGIC = Buffer.from('OTMD', 'latin1')
export const FRAME_OVERHEAD = 12

/** Plain arrays and objects of both; the layout is in `store-files.ts`. */
export class FrameCodec {
  readonly #crc32c: Crc32c
  // Without records: a file must be readable frame by frame, in any order.
  readonly #packr = new Packr({ useRecords: false })

  constructor(crc32c: Crc32c) {
    this.#crc32c = crc32c
  }

  encode(value: unknown): Buffer {
    const payload = this.#packr.pack(value)
    const frame = Buffer.allocUnsafe(FRAME_OVERHEAD + payload.length)
    MAGIC.copy(frame)
    frame.writeUInt32BE(payload.length, 4)
    frame.writeUInt32BE(this.#crc32c(payload) >>> 0, 8)
    frame.set(payload, FRAME_OVERHEAD)
    return frame
  }

  /** The frame at `at`, or null if there is no whole and sound one. */
  decode(bytes: Buffer, at: number): { value: unknown; sizeBytes: number } | null {
    if (at + FRAME_OVERHEAD > bytes.length) return null
    if (bytes.compare(MAGIC, 0, 4, at, at + 4) !== 0) return null
    const size = bytes.readUInt32BE(at + 4)
    if (at + FRAME_OVERHEAD + size > bytes.length) return null
    const payload = bytes.subarray(at + FRAME_OVERHEAD, at + FRAME_OVERHEAD + size)
    if (this.#crc32c(payload) >>> 0 !== bytes.readUInt32BE(at + 8)) return null
    return { value: this.#packr.unpack(payload), sizeBytes: FRAME_OVERHEAD + size }
  }

  /**
   * All frames from the start, and where they end. A frame is written only after the one before
   * it was synced, so at most the last can be torn; a sound one behind a damaged one (its seal, or
   * the next) means that the disk lost what it had promised, and that is not for us to cut away.
   */
  decodeAll(bytes: Buffer, path: string): { values: unknown[]; validBytes: number } {
    const { values, damage, validBytes } = this.decodeSound(bytes)
    const first = damage[0]
    if (first !== undefined) throw damaged(path, first.start)
    return { values, validBytes }
  }

  /** Every sound frame, the ranges between them that are none, and where the last one ends. */
  decodeSound(bytes: Buffer): {
    readonly values: unknown[]
    readonly frames: readonly Buffer[]
    readonly damage: readonly { readonly start: number; readonly end: number }[]
    readonly validBytes: number
  } {
    const values: unknown[] = []
    const frames: Buffer[] = []
    const damage: { start: number; end: number }[] = []
    let validBytes = 0
    for (let at = 0; at >= 0; ) {
      const frame = this.decode(bytes, at)
      if (frame === null) {
        at = bytes.indexOf(MAGIC, at + 1)
        continue
      }
      if (at > validBytes) damage.push({ start: validBytes, end: at })
      values.push(frame.value)
      validBytes = at + frame.sizeBytes
      frames.push(bytes.subarray(at, validBytes))
      at = validBytes
    }
    return { values, frames, damage, validBytes }
  }
}

/** Metadata cannot be read; starting without it could lose topics. */
export function damaged(path: string, at: number): DiskError {
  return new DiskError('CORRUPT', path, 'read', new Error(`damaged at byte ${at}`))
}
