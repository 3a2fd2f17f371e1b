/**
 * What a connection has to say: pieces in order, written once a turn.
 *
 * A turn's pieces leave in one write. Small buffers and file ranges are copied into shared slabs,
 * where neighbours melt into one buffer; large buffers are passed as they are. A long range that
 * stands alone goes from the file to the socket by sendfile(2).
 *
 * Invariants:
 *   (1) At most one of these is under way: a batch in the socket, a cold read, a sendfile that
 *       waits for room. While one is, nothing else is written.
 *   (2) A batch copies at most one slab (1 MiB) out of files, and the next waits until the kernel
 *       has all of it: a slow reader pins no more.
 *   (3) Each send's `done` is called once, in order. Each range's file is released once.
 *   (4) `queuedBytes` counts what was sent and not yet taken by the kernel.
 */
import type { Socket } from 'node:net'
import type { FileRange, Piece } from '../host.ts'
import type { FileSender } from './file-sender.ts'
import type { Flushable, NodeLoop } from './loop.ts'
import { COPY_BELOW_BYTES, copyRun, ShortFile, shortRun } from './short-pieces.ts'
import { SLAB_BYTES, Slab } from './slabs.ts'
import { StagedChunks } from './staged-chunks.ts'

type Done = (error: Error | null) => void

/** Pieces sent together. */
interface Send {
  /** At least one. */
  readonly pieces: readonly Piece[]
  readonly done: Done | undefined
}

/** Told how sending goes. */
export interface SenderOwner {
  /** The kernel has all that was queued; `hadBytes`: which was more than empty sends. */
  onSendDrained(hadBytes: boolean): void
  onSendFailed(error: Error): void
}

/** Fewer short pieces than this are added one by one. */
const SHORT_RUN_MIN = 4
const BATCH_CHUNKS_MAX = 512
const BATCH_BUFFERS_BYTES_MAX = 8 << 20
/** Enough for the socket to tell when there is room again. */
const WAKE_BYTES = 4096
const SENDFILE_TURN_BYTES = 2 << 20
/** A range may begin at the end of one slab and go on in the next if this much fits. */
const SPLIT_FROM_BYTES = 64 << 10
const COMPACT_FROM_SENDS = 64
/** More ranges than this need not be told apart. */
const RANGES_COUNTED_MAX = 8

export class Sender implements Flushable {
  readonly #socket: Socket
  readonly #loop: NodeLoop
  readonly #owner: SenderOwner
  readonly #fileSender: FileSender | null
  #sends: Send[] = []
  /** The send whose turn it is, its piece whose turn it is, and what of a range was taken. */
  #head = 0
  #at = 0
  #takenBytes = 0
  #queuedBytes = 0
  #isFlushQueued = false
  #isBusy = false
  #isClosed = false
  #hasQueued = false
  #writtenCount = 0
  #calledBackCount = 0
  // The batch under way.
  readonly #chunks = new StagedChunks()
  #dones: Done[] = []
  #batchBytes = 0
  #fileBytes = 0

  constructor(socket: Socket, loop: NodeLoop, owner: SenderOwner, fileSender: FileSender | null) {
    this.#socket = socket
    this.#loop = loop
    this.#owner = owner
    this.#fileSender = fileSender
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get isIdle(): boolean {
    return this.#head === this.#sends.length && !this.#isBusy
  }

  send(pieces: readonly Piece[], done?: Done): void {
    let sizeBytes = 0
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at] as Piece
      if (piece instanceof Uint8Array) sizeBytes += piece.length
      else {
        piece.file.retain()
        sizeBytes += piece.sizeBytes
      }
    }
    this.#queuedBytes += sizeBytes
    if (sizeBytes > 0) this.#hasQueued = true
    if (pieces.length > 0) this.#sends.push({ pieces, done })
    else if (done) this.#sends.push({ pieces: NOTHING, done })
    if (!this.#isBusy) this.#flushSoon()
  }

  flush(): void {
    this.#isFlushQueued = false
    if (this.#isBusy || this.#isClosed || this.#head === this.#sends.length) return
    if (this.#sendFile()) return
    this.#writeBatch()
    // The head of a reply went; the range behind it need not wait for the next turn.
    if (!this.#isBusy && !this.#isClosed && this.#head < this.#sends.length) this.#sendFile()
  }

  /** The connection is being destroyed: writes nothing more. */
  halt(): void {
    this.#isClosed = true
  }

  /** The socket is gone, and with it the kernel's hold on our buffers: fails what is left. */
  close(error: Error): void {
    this.#isClosed = true
    this.#chunks.drop()
    while (this.#head < this.#sends.length) {
      const piece = this.#piece()
      if (!(piece instanceof Uint8Array)) piece.file.release()
      this.#consume()
    }
    const dones = this.#dones
    this.#dropBatch()
    this.#queuedBytes = 0
    for (const done of dones) done(error)
  }

  #flushSoon(): void {
    if (this.#isFlushQueued || this.#isClosed) return
    this.#isFlushQueued = true
    this.#loop.flushSoon(this)
  }

  // --------------------------------------------------------------------------------------- batches

  #writeBatch(): void {
    try {
      while (this.#head < this.#sends.length) {
        if (!this.#addShort() && !this.#addToBatch(this.#piece())) break
      }
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    if (this.#batchBytes > 0) this.#write()
    else if (!this.#isBusy) this.#finishBatch()
  }

  /** The piece whose turn it is. */
  #piece(): Piece {
    return (this.#sends[this.#head] as Send).pieces[this.#at] as Piece
  }

  /** Adds the piece at the head, or as much as the batch takes. False: the batch is full. */
  #addToBatch(piece: Piece): boolean {
    if (this.#chunks.count >= BATCH_CHUNKS_MAX) return false
    if (!(piece instanceof Uint8Array)) return this.#addRange(piece)
    if (this.#batchBytes - this.#fileBytes > BATCH_BUFFERS_BYTES_MAX) return false
    if (piece.length >= COPY_BELOW_BYTES) this.#chunks.add(piece)
    else if (piece.length > 0) this.#chunks.copy(piece)
    this.#batchBytes += piece.length
    this.#consume()
    return true
  }

  /** Adds the short pieces at the head, if there are some, as far as one slab has room. */
  #addShort(): boolean {
    const { pieces } = this.#sends[this.#head] as Send
    const first = this.#at
    if (pieces.length - first < SHORT_RUN_MIN || this.#takenBytes > 0) return false
    const room = Math.min(this.#chunks.room, SLAB_BYTES - this.#fileBytes)
    const { end, sizeBytes, fileBytes } = shortRun(pieces, first, room)
    if (end - first < SHORT_RUN_MIN) return false
    const start = this.#chunks.stage(sizeBytes)
    copyRun(pieces, first, end, this.#chunks.target, start)
    this.#batchBytes += sizeBytes
    this.#fileBytes += fileBytes
    this.#at = end - 1
    this.#consume()
    return true
  }

  #addRange(range: FileRange): boolean {
    // A range that stands alone is left to sendfile: what is before it leaves first.
    const isFirstRange = this.#batchBytes > 0 && this.#fileBytes === 0
    if (isFirstRange && this.#suitsSendfile(range)) return false
    const position = range.position + this.#takenBytes
    const wanted = Math.min(range.sizeBytes - this.#takenBytes, SLAB_BYTES - this.#fileBytes)
    if (wanted > 0) {
      if (!range.file.isCached(position, wanted)) {
        if (this.#batchBytes === 0) this.#readCold(range, position)
        return false
      }
      const { room } = this.#chunks
      const step = room < SPLIT_FROM_BYTES ? wanted : Math.min(wanted, room)
      const at = this.#chunks.stage(step)
      const readBytes = range.file.read(this.#chunks.target, position, at, step)
      this.#tookFromFile(range, readBytes, step)
    }
    if (this.#takenBytes < range.sizeBytes) return this.#fileBytes < SLAB_BYTES
    this.#finishRange(range)
    return true
  }

  #tookFromFile(range: FileRange, readBytes: number, wantedBytes: number): void {
    if (readBytes < wantedBytes) throw new ShortFile(range.file.path)
    this.#takenBytes += readBytes
    this.#batchBytes += readBytes
    this.#fileBytes += readBytes
  }

  /** All of the range at the head is taken. */
  #finishRange(range: FileRange): void {
    range.file.release()
    this.#consume()
  }

  /** On to the next piece. */
  #consume(): void {
    const { pieces, done } = this.#sends[this.#head] as Send
    this.#takenBytes = 0
    if (++this.#at < pieces.length) return
    this.#at = 0
    if (done) this.#dones.push(done)
    this.#head++
    if (this.#head === this.#sends.length) {
      this.#sends.length = 0
      this.#head = 0
    } else if (this.#head >= COMPACT_FROM_SENDS && this.#head * 2 >= this.#sends.length) {
      this.#sends.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** Hands the chunks to the socket; finishes the batch now if the kernel takes them at once. */
  #write(): void {
    const chunks = this.#chunks.chunks()
    const socket = this.#socket
    this.#isBusy = true
    if (chunks.length === 1) socket.write(chunks[0] as Buffer, this.#onWritten)
    else {
      socket.cork()
      const last = chunks.length - 1
      for (let at = 0; at < last; at++) socket.write(chunks[at] as Buffer)
      socket.write(chunks[last] as Buffer, this.#onWritten)
      socket.uncork()
    }
    if (socket.writableLength === 0 && socket.errored === null && !this.#isClosed) {
      this.#writtenCount++
      this.#finishBatch()
    }
  }

  /** Called once a write, later; those that the kernel took at once are finished already. */
  readonly #onWritten = (error?: Error | null): void => {
    this.#calledBackCount++
    if (this.#calledBackCount <= this.#writtenCount || this.#isClosed) return
    this.#writtenCount++
    if (error) this.#owner.onSendFailed(error)
    else this.#finishBatch()
  }

  #finishBatch(): void {
    const dones = this.#dones
    this.#queuedBytes -= this.#batchBytes
    this.#dropBatch()
    this.#isBusy = false
    for (const done of dones) done(null)
    if (this.#isClosed) return
    if (this.#head < this.#sends.length) this.#flushSoon()
    else this.#tellDrained()
  }

  #tellDrained(): void {
    const hadQueued = this.#hasQueued
    this.#hasQueued = false
    this.#owner.onSendDrained(hadQueued)
  }

  #dropBatch(): void {
    this.#chunks.drop()
    if (this.#dones.length > 0) this.#dones = []
    this.#batchBytes = 0
    this.#fileBytes = 0
  }

  #fail(error: Error): void {
    this.#isBusy = true
    this.#owner.onSendFailed(error)
  }

  // ------------------------------------------------------------------- cold reads, and by sendfile

  /** Reads what the disk must bring off the loop; the batch goes on with it. */
  #readCold(range: FileRange, position: number): void {
    this.#isBusy = true
    const slab = Slab.take(null)
    const wanted = Math.min(range.sizeBytes - this.#takenBytes, SLAB_BYTES)
    range.file.retain()
    const settled = (error: Error | null, readBytes: number) => {
      range.file.release()
      if (this.#isClosed || error !== null || readBytes < wanted) slab.release()
      if (this.#isClosed) return
      if (error !== null) return this.#fail(error)
      if (readBytes < wanted) return this.#fail(new Error(`${range.file.path} was cut short`))
      this.#chunks.addSlab(slab, readBytes)
      this.#tookFromFile(range, readBytes, wanted)
      if (this.#takenBytes === range.sizeBytes) this.#finishRange(range)
      this.#write()
    }
    range.file.readLater(slab.bytes.subarray(0, wanted), position).then(
      readBytes => settled(null, readBytes),
      error => settled(error, 0),
    )
  }

  #suitsSendfile(range: FileRange): boolean {
    return this.#fileSender?.suits(range, this.#takenBytes, this.#rangesBehind()) ?? false
  }

  /** Ranges behind the piece at the head, as far as it matters. */
  #rangesBehind(): number {
    let count = 0
    let at = this.#at + 1
    for (let index = this.#head; index < this.#sends.length; index++, at = 0) {
      const { pieces } = this.#sends[index] as Send
      for (; at < pieces.length; at++) {
        if (!(pieces[at] instanceof Uint8Array) && ++count === RANGES_COUNTED_MAX) return count
      }
    }
    return count
  }

  /** Sends the range at the head by sendfile(2), if that pays. False: it must be read. */
  #sendFile(): boolean {
    const range = this.#piece()
    if (range instanceof Uint8Array || this.#fileSender === null) return false
    if (!this.#suitsSendfile(range)) return false
    let leftThisTurn = SENDFILE_TURN_BYTES
    while (this.#takenBytes < range.sizeBytes && leftThisTurn > 0) {
      const sent = this.#fileSender.send(this.#socket, range, this.#takenBytes)
      if (sent === 'cold' || sent === 'unfit') return false
      if (sent === 'full') return this.#wakeWhenRoom(range)
      if (sent instanceof Error) {
        this.#fail(sent)
        return true
      }
      this.#takenBytes += sent
      leftThisTurn -= sent
      this.#queuedBytes -= sent
    }
    if (this.#takenBytes === range.sizeBytes) {
      this.#finishRange(range)
      this.#finishBatch()
    } else this.#flushSoon()
    return true
  }

  /** The next few bytes by an ordinary write: its callback comes when the socket has room. */
  #wakeWhenRoom(range: FileRange): boolean {
    try {
      const wanted = Math.min(range.sizeBytes - this.#takenBytes, WAKE_BYTES)
      const at = this.#chunks.stage(wanted)
      const position = range.position + this.#takenBytes
      const readBytes = range.file.read(this.#chunks.target, position, at, wanted)
      this.#tookFromFile(range, readBytes, wanted)
      if (this.#takenBytes === range.sizeBytes) this.#finishRange(range)
      this.#write()
    } catch (error) {
      this.#fail(error as Error)
    }
    return true
  }
}

const NOTHING: readonly Piece[] = [Buffer.alloc(0)]
