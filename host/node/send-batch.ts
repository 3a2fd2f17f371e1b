/**
 * What one write to a socket takes: chunks copied out of files and short buffers, and long buffers
 * as they are.
 *
 * Invariants:
 *   (1) A batch copies at most `fileBytesMax` out of files, and at most one slab (1 MiB).
 *   (2) A range's file is released when all of the range was taken.
 */
import type { FileRange } from '../host.ts'
import type { SendQueue } from './send-queue.ts'
import { COPY_BELOW_BYTES, copyRun, ShortFile, shortRun } from './short-pieces.ts'
import { SLAB_BYTES, type Slab } from './slabs.ts'
import { StagedChunks } from './staged-chunks.ts'

/** Fewer short pieces than this are added one by one. */
const SHORT_RUN_MIN = 4
const CHUNKS_MAX = 512
const BUFFERS_BYTES_MAX = 8 << 20
/** A range may begin at the end of one slab and go on in the next if this much fits. */
const SPLIT_FROM_BYTES = 64 << 10

export class SendBatch {
  sizeBytes = 0
  /** What of that was copied out of files. */
  fileBytes = 0
  /** How much may be copied out of files. */
  fileBytesMax = SLAB_BYTES
  readonly #queue: SendQueue
  readonly #suitsSendfile: (range: FileRange) => boolean
  readonly #chunks = new StagedChunks()

  /** Ranges that suit sendfile stay in the queue. */
  constructor(queue: SendQueue, suitsSendfile: (range: FileRange) => boolean) {
    this.#queue = queue
    this.#suitsSendfile = suitsSendfile
  }

  /** Copies lie in memory of their own size, not in slabs shared with other connections. */
  get isPrivate(): boolean {
    return this.#chunks.isPrivate
  }

  /** Begins a batch that copies at most so much out of files. */
  begin(fileBytesMax: number, isPrivate: boolean): void {
    this.fileBytesMax = fileBytesMax
    this.#chunks.isPrivate = isPrivate
  }

  /**
   * Takes from the queue what fits. Returns the range at the head of the queue if the batch stayed
   * empty because that range must come from the disk first. Throws if a file cannot be read.
   */
  fill(): FileRange | null {
    const queue = this.#queue
    while (!queue.isEmpty) {
      if (this.#addShort()) continue
      const { piece } = queue
      if (piece instanceof Uint8Array) {
        if (!this.#addBuffer(piece)) break
        continue
      }
      const added = this.#addRange(piece)
      if (added === 'cold') return this.sizeBytes === 0 ? piece : null
      if (added === 'full') break
    }
    return null
  }

  /** Takes the next bytes of the range at the head of the queue, at most `sizeBytes`. */
  addSome(range: FileRange, sizeBytes: number): void {
    const { takenBytes } = this.#queue
    const wanted = Math.min(range.sizeBytes - takenBytes, sizeBytes)
    this.#copy(range, wanted)
    if (this.#queue.takenBytes === range.sizeBytes) this.#finish(range)
  }

  /** Takes over a slab with the next `sizeBytes` of the range at the head of the queue. */
  addSlab(range: FileRange, slab: Slab, sizeBytes: number): void {
    this.#chunks.addSlab(slab, sizeBytes)
    this.#took(sizeBytes)
    if (this.#queue.takenBytes === range.sizeBytes) this.#finish(range)
  }

  /** In order; valid until `drop`. */
  chunks(): readonly Buffer[] {
    return this.#chunks.chunks()
  }

  /** Nobody needs the chunks any more. */
  drop(): void {
    this.#chunks.drop()
    this.sizeBytes = 0
    this.fileBytes = 0
  }

  /** False: the batch is full. */
  #addBuffer(piece: Buffer): boolean {
    if (this.#chunks.count >= CHUNKS_MAX) return false
    if (this.sizeBytes - this.fileBytes > BUFFERS_BYTES_MAX) return false
    if (piece.length >= COPY_BELOW_BYTES) this.#chunks.add(piece)
    else if (piece.length > 0) this.#chunks.copy(piece)
    this.sizeBytes += piece.length
    this.#queue.next()
    return true
  }

  /** Adds the short pieces at the head, if there are some, as far as there is room for them. */
  #addShort(): boolean {
    const { pieces, at: first, takenBytes } = this.#queue
    if (pieces.length - first < SHORT_RUN_MIN || takenBytes > 0) return false
    const room = Math.min(this.#chunks.room, this.fileBytesMax - this.fileBytes)
    const { end, sizeBytes, fileBytes } = shortRun(pieces, first, room)
    if (end - first < SHORT_RUN_MIN) return false
    const start = this.#chunks.stage(sizeBytes)
    copyRun(pieces, first, end, this.#chunks.target, start)
    this.sizeBytes += sizeBytes
    this.fileBytes += fileBytes
    this.#queue.skipTo(end)
    return true
  }

  #addRange(range: FileRange): 'added' | 'full' | 'cold' {
    if (this.#chunks.count >= CHUNKS_MAX) return 'full'
    // A range that stands alone is left to sendfile: what is before it leaves first.
    const isFirstRange = this.sizeBytes > 0 && this.fileBytes === 0
    if (isFirstRange && this.#suitsSendfile(range)) return 'full'
    const queue = this.#queue
    const position = range.position + queue.takenBytes
    const room = this.fileBytesMax - this.fileBytes
    const wanted = Math.min(range.sizeBytes - queue.takenBytes, room)
    if (wanted > 0) {
      if (!range.file.isCached(position, wanted)) return 'cold'
      const chunkRoom = this.#chunks.room
      this.#copy(range, chunkRoom < SPLIT_FROM_BYTES ? wanted : Math.min(wanted, chunkRoom))
    }
    if (queue.takenBytes === range.sizeBytes) this.#finish(range)
    else if (this.fileBytes >= this.fileBytesMax) return 'full'
    return 'added'
  }

  #copy(range: FileRange, sizeBytes: number): void {
    const position = range.position + this.#queue.takenBytes
    const at = this.#chunks.stage(sizeBytes)
    const readBytes = range.file.read(this.#chunks.target, position, at, sizeBytes)
    if (readBytes < sizeBytes) throw new ShortFile(range.file.path)
    this.#took(sizeBytes)
  }

  #took(sizeBytes: number): void {
    this.#queue.takenBytes += sizeBytes
    this.sizeBytes += sizeBytes
    this.fileBytes += sizeBytes
  }

  #finish(range: FileRange): void {
    range.file.release()
    this.#queue.next()
  }
}
