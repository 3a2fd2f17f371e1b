/**
 * What a connection has to say: pieces in order, written once a turn.
 *
 * A turn's pieces leave in one write (`SendBatch`). A long range that stands alone goes from the
 * file to the socket by sendfile(2).
 *
 * Invariants:
 *   (1) At most one of these is under way: a batch in the socket, a cold read, a sendfile that
 *       waits for room. While one is, nothing else is written.
 *   (2) The next batch waits until the kernel has all of the one before.
 *   (3) Each send's `done` is called once, in order. Each range's file is released once.
 *   (4) `queuedBytes` counts what was sent and not yet taken by the kernel; `#bufferBytes` the part
 *       of it that is buffers and not file ranges.
 *   (5) While the sender is stuck, that is: while a write is under way that the kernel did not take
 *       at once, `SendMemory` counts its `unreadBytes`.
 */
import type { Socket } from 'node:net'
import type { FileRange, Piece } from '../host.ts'
import type { FileSender } from './file-sender.ts'
import type { Flushable, NodeLoop } from './loop.ts'
import { SendBatch } from './send-batch.ts'
import type { SendMemory, UnreadHolder } from './send-memory.ts'
import { type Done, SendQueue } from './send-queue.ts'
import { SLAB_BYTES, Slab } from './slabs.ts'

/** Told how sending goes. */
export interface SenderOwner {
  /** The kernel has all that was queued; `hadBytes`: which was more than empty sends. */
  onSendDrained(hadBytes: boolean): void
  onSendFailed(error: Error): void
  /** A write is under way that the kernel did not take at once; or it is over. */
  onSendStuck(isStuck: boolean): void
  /** The memory for unread replies is spent, and this connection holds some: it must go. */
  abandon(reason: Error): void
}

/** What the senders of one host share. */
export interface SenderParts {
  readonly loop: NodeLoop
  readonly fileSender: FileSender | null
  readonly sendMemory: SendMemory
}

/** Enough for the socket to tell when there is room again. */
const WAKE_BYTES = 4096
const SENDFILE_TURN_BYTES = 2 << 20

export class Sender implements Flushable, UnreadHolder {
  readonly #socket: Socket
  readonly #loop: NodeLoop
  readonly #owner: SenderOwner
  readonly #fileSender: FileSender | null
  readonly #memory: SendMemory
  readonly #queue = new SendQueue()
  readonly #batch: SendBatch
  #queuedBytes = 0
  #bufferBytes = 0
  #isFlushQueued = false
  #isBusy = false
  #isClosed = false
  #hasQueued = false
  #writtenCount = 0
  #calledBackCount = 0
  #isStuck = false
  /** For what the write under way copied out of files. */
  #copyCharge = 0

  constructor(socket: Socket, parts: SenderParts, owner: SenderOwner) {
    this.#socket = socket
    this.#owner = owner
    this.#loop = parts.loop
    this.#fileSender = parts.fileSender
    this.#memory = parts.sendMemory
    this.#batch = new SendBatch(this.#queue, range => this.#suitsSendfile(range))
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get isIdle(): boolean {
    return this.#queue.isEmpty && !this.#isBusy
  }

  /** The peer leaves replies unread while the memory for them runs short. */
  get isBackedUp(): boolean {
    return this.#isStuck && this.#memory.isTight
  }

  get unreadBytes(): number {
    return this.#bufferBytes + this.#copyCharge
  }

  get progressBytes(): number {
    return this.#calledBackCount - queueSizeOf(this.#socket)
  }

  send(pieces: readonly Piece[], done?: Done): void {
    let bufferBytes = 0
    let fileBytes = 0
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at] as Piece
      if (piece instanceof Uint8Array) bufferBytes += piece.length
      else {
        piece.file.retain()
        fileBytes += piece.sizeBytes
      }
    }
    this.#queuedBytes += bufferBytes + fileBytes
    this.#bufferBytes += bufferBytes
    if (bufferBytes + fileBytes > 0) this.#hasQueued = true
    if (this.#isStuck) this.#memory.charge(bufferBytes)
    this.#queue.add(pieces, done)
    if (!this.#isBusy) this.#flushSoon()
  }

  flush(): void {
    this.#isFlushQueued = false
    if (this.#isBusy || this.#isClosed || this.#queue.isEmpty) return
    if (this.#sendFile()) return
    this.#writeBatch()
    // The head of a reply went; the range behind it need not wait for the next turn.
    if (!this.#isBusy && !this.#isClosed && !this.#queue.isEmpty) this.#sendFile()
  }

  abandon(reason: Error): void {
    this.#owner.abandon(reason)
  }

  /** The connection is being destroyed: writes nothing more. */
  halt(): void {
    this.#isClosed = true
  }

  /** The socket is gone, and with it the kernel's hold on our buffers: fails what is left. */
  close(error: Error): void {
    this.#isClosed = true
    this.#unstick()
    this.#batch.drop()
    const queue = this.#queue
    while (!queue.isEmpty) {
      const { piece } = queue
      if (!(piece instanceof Uint8Array)) piece.file.release()
      queue.next()
    }
    this.#queuedBytes = 0
    this.#bufferBytes = 0
    for (const done of queue.takeDones()) done(error)
  }

  #flushSoon(): void {
    if (this.#isFlushQueued || this.#isClosed) return
    this.#isFlushQueued = true
    this.#loop.flushSoon(this)
  }

  // --------------------------------------------------------------------------------------- batches

  #writeBatch(): void {
    const batch = this.#batch
    batch.begin(this.#memory.batchBytesMax, this.#memory.isTight)
    try {
      const cold = batch.fill()
      if (cold !== null) this.#readCold(cold)
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    if (batch.sizeBytes > 0) this.#write()
    else if (!this.#isBusy) this.#finishBatch()
  }

  /** Hands the chunks to the socket; finishes the batch now if the kernel takes them at once. */
  #write(): void {
    const chunks = this.#batch.chunks()
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
    } else if (!this.#isClosed) this.#stick(this.#batch.fileBytes)
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
    const batch = this.#batch
    const dones = this.#queue.takeDones()
    this.#unstick()
    this.#queuedBytes -= batch.sizeBytes
    this.#bufferBytes -= batch.sizeBytes - batch.fileBytes
    batch.drop()
    this.#isBusy = false
    for (const done of dones) done(null)
    if (this.#isClosed) return
    if (!this.#queue.isEmpty) this.#flushSoon()
    else this.#tellDrained()
  }

  /** The write under way waits for the peer, or for the disk, and holds this much out of files. */
  #stick(copiedBytes: number): void {
    const charge = this.#memory.chargeOf(copiedBytes, !this.#batch.isPrivate)
    const more = charge - this.#copyCharge
    this.#copyCharge = charge
    if (this.#isStuck) {
      this.#memory.charge(more)
      return
    }
    this.#isStuck = true
    this.#memory.stuck(this, this.unreadBytes)
    this.#owner.onSendStuck(true)
  }

  #unstick(): void {
    if (!this.#isStuck) return
    this.#memory.unstuck(this, this.unreadBytes)
    this.#isStuck = false
    this.#copyCharge = 0
    this.#owner.onSendStuck(false)
  }

  #tellDrained(): void {
    const hadQueued = this.#hasQueued
    this.#hasQueued = false
    this.#owner.onSendDrained(hadQueued)
  }

  #fail(error: Error): void {
    this.#isBusy = true
    this.#owner.onSendFailed(error)
  }

  // ------------------------------------------------------------------- cold reads, and by sendfile

  /** Reads what the disk must bring off the loop; the batch goes on with it. */
  #readCold(range: FileRange): void {
    const batch = this.#batch
    const { takenBytes } = this.#queue
    this.#isBusy = true
    const wanted = Math.min(range.sizeBytes - takenBytes, batch.fileBytesMax, SLAB_BYTES)
    const slab = batch.isPrivate ? Slab.make(wanted, null) : Slab.take(null)
    this.#stick(slab.bytes.length)
    range.file.retain()
    const settled = (error: Error | null, readBytes: number) => {
      range.file.release()
      if (this.#isClosed || error !== null || readBytes < wanted) slab.release()
      if (this.#isClosed) return
      if (error !== null) return this.#fail(error)
      if (readBytes < wanted) return this.#fail(new Error(`${range.file.path} was cut short`))
      batch.addSlab(range, slab, readBytes)
      this.#write()
    }
    range.file.readLater(slab.bytes.subarray(0, wanted), range.position + takenBytes).then(
      readBytes => settled(null, readBytes),
      error => settled(error, 0),
    )
  }

  #suitsSendfile(range: FileRange): boolean {
    const queue = this.#queue
    return this.#fileSender?.suits(range, queue.takenBytes, queue.rangesBehind()) ?? false
  }

  /** Sends the range at the head by sendfile(2), if that pays. False: it must be read. */
  #sendFile(): boolean {
    const queue = this.#queue
    const range = queue.piece
    if (range instanceof Uint8Array || this.#fileSender === null) return false
    if (!this.#suitsSendfile(range)) return false
    let leftThisTurn = SENDFILE_TURN_BYTES
    while (queue.takenBytes < range.sizeBytes && leftThisTurn > 0) {
      const sent = this.#fileSender.send(this.#socket, range, queue.takenBytes)
      if (sent === 'cold' || sent === 'unfit') return false
      if (sent === 'full') return this.#wakeWhenRoom(range)
      if (sent instanceof Error) {
        this.#fail(sent)
        return true
      }
      queue.takenBytes += sent
      leftThisTurn -= sent
      this.#queuedBytes -= sent
    }
    if (queue.takenBytes === range.sizeBytes) {
      range.file.release()
      queue.next()
      this.#finishBatch()
    } else this.#flushSoon()
    return true
  }

  /** The next few bytes by an ordinary write: its callback comes when the socket has room. */
  #wakeWhenRoom(range: FileRange): boolean {
    try {
      this.#batch.begin(WAKE_BYTES, this.#memory.isTight)
      this.#batch.addSome(range, WAKE_BYTES)
      this.#write()
    } catch (error) {
      this.#fail(error as Error)
    }
    return true
  }
}

/** Bytes of what the socket was given that the kernel has not taken. */
function queueSizeOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle?: { writeQueueSize?: number } | null }
  return handle?.writeQueueSize ?? 0
}
