/**
 * Cuts what a socket brings into frames.
 *
 * All readers land in one shared buffer; what arrives there is copied at once into the arena, whole
 * frames and the beginning of the next ("tail") in one piece. A frame of which 16 KiB have come and
 * that wants more gets slabs of its own (`LongFrame`), into which the socket reads directly. So
 * memory follows the bytes that really came, never a claimed length.
 *
 * How much may land at once grows with a connection that fills it, and begins anew at each pause:
 * what landed before a pause stays in memory behind the pause, and is not much.
 *
 * Invariants:
 *   (1) The tail holds one reference to its slab while it has bytes. It begins with a frame's
 *       length; bytes behind a complete frame stay in it only while the handler has paused.
 *   (2) While a long frame arrives there is no tail, except for bytes of a pause that are replayed.
 *   (3) The landing buffer is never referenced after `landed` returns.
 *   (4) The handler's limit is asked once a frame.
 *   (5) While the frame waits for memory (`isWaiting`) the socket is not read.
 *   (6) The memory that `landing` gave last stays ours until `landed` or `close`: the socket writes
 *       the next bytes there, whatever became of the frame meanwhile.
 */
import type { ConnectionHandler } from '../host.ts'
import { Landing } from './landing.ts'
import { LongFrame } from './long-frame.ts'
import { PooledFrame } from './pooled-frame.ts'
import { type GatedReader, type ReceiveMemory, SMALL_FRAME_BYTES } from './receive-memory.ts'
import type { Slab } from './slabs.ts'
import { Tail } from './tail.ts'

/** What the reader may do to its socket. */
export interface ByteSource {
  startReading(): void
  stopReading(): void
  destroy(reason: Error): void
}

/** A frame claimed more bytes than its connection accepts now. */
export class FrameTooLarge extends Error {
  override readonly name = 'FrameTooLarge'
}

const LENGTH_BYTES = 4
/** Length and first two bytes: what the limit is judged by. */
const LEAD_BYTES = 6
const OWN_SLAB_FROM_BYTES = 16 << 10
/** A paused reader that keeps this much is not probed. */
const PROBED_BYTES_MAX = 32 << 10

export class FrameReader implements GatedReader {
  readonly #memory: ReceiveMemory
  readonly #source: ByteSource
  readonly #handler: ConnectionHandler
  readonly #tail: Tail
  #isClaimJudged = false
  #long: LongFrame | null = null
  readonly #landing = new Landing()
  #isPaused = false
  #isGateOpen = true
  #isWaiting = false
  #isCutting = false
  #isClosed = false
  #isDiscarding = false
  #isReplayQueued = false
  #hasEnded = false
  #isEndTold = false
  #broughtBytes = 0

  constructor(memory: ReceiveMemory, source: ByteSource, handler: ConnectionHandler) {
    this.#memory = memory
    this.#tail = new Tail(memory)
    this.#source = source
    this.#handler = handler
    memory.enter(this)
  }

  get broughtBytes(): number {
    return this.#broughtBytes
  }

  get heldBytes(): number {
    return (this.#long?.heldBytes ?? 0) + this.#tail.sizeBytes
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Where the next read should land. The view is the socket's until `landed`. */
  landing(): Buffer {
    const long = this.#long
    if (long !== null && !long.isFull && !this.#isDiscarding) return long.view()
    return this.#landing.view(this.#memory.isSpent)
  }

  /** `sizeBytes` have landed at the start of `buffer`. Delivers what became whole. */
  landed(sizeBytes: number, buffer: Buffer): void {
    this.#broughtBytes += sizeBytes
    if (this.#isDiscarding || this.#isClosed) this.#dropUnfinished()
    else if (this.#long?.isView(buffer)) this.#advance(sizeBytes)
    else this.#takeIn(buffer, sizeBytes)
  }

  /** The peer sends no more: tells the handler, after the frames that are still held back. */
  end(): void {
    this.#hasEnded = true
    if (this.#isPaused) this.#handler.onEndAhead?.()
    else if (!this.#isReplayQueued) this.#tellEnd()
  }

  pause(): void {
    if (this.#isPaused || this.#isDiscarding) return
    this.#isPaused = true
    this.#landing.shrink()
    // It brings nothing meanwhile: another's frame may go on in its place.
    if (this.#memory.isFavoured(this)) {
      this.#waitForMemory()
      this.#memory.unfavour(this)
    }
    this.#source.stopReading()
    if (this.#tail.slab !== null) this.#memory.parked(this)
  }

  /** Frames held back are delivered in a later turn, then the socket is read again. */
  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#memory.unparked(this)
    if (this.#tail.slab === null && !this.#hasEnded) this.#readOn()
    else this.#queueReplay()
  }

  /**
   * Reads one small buffer although it is paused, so that the end of a peer that left is found.
   * Nothing happens where much is kept already.
   */
  probe(): void {
    if (!this.#isPaused || this.#isClosed || this.#hasEnded) return
    if (this.#isGateOpen && !this.#isWaiting && this.heldBytes < PROBED_BYTES_MAX) {
      this.#source.startReading()
    }
  }

  setGate(isOpen: boolean): void {
    if (this.#isGateOpen === isOpen) return
    this.#isGateOpen = isOpen
    if (isOpen) this.#readOn()
    else if (!this.#isDiscarding) this.#source.stopReading()
  }

  grow(): void {
    if (!this.#isWaiting || this.#isClosed || this.#isDiscarding) return
    this.#isWaiting = false
    if (this.#long !== null) {
      if (this.#long.isFull) this.#long.add(this.#memory.takeSlab())
    } else if (this.#tail.slab !== null && !this.#isPaused) this.#moveToLong()
    this.#readOn()
  }

  abandon(reason: Error): void {
    this.#source.destroy(reason)
  }

  compact(): void {
    if (!this.#isCutting) this.#tail.compact()
  }

  /** Whatever still comes is thrown away: this side is done with the connection. */
  discard(): void {
    this.#isDiscarding = true
    this.#isPaused = false
    this.#tail.drop()
    this.#long?.keepOnlyView()
    this.#memory.leave(this)
    this.#source.startReading()
  }

  /** The socket is gone. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#memory.leave(this)
    if (!this.#isCutting) this.#dropUnfinished()
  }

  // -------------------------------------------------------------------------------- shared landing

  #takeIn(buffer: Buffer, sizeBytes: number): void {
    let from = 0
    if (this.#long !== null) {
      // Landed before the socket was told of the slabs, or by a source that brings its own buffers.
      from = this.#copyToLong(this.#long, buffer, sizeBytes)
      if (from === sizeBytes || this.#isClosed) return
    } else this.#landing.landed(sizeBytes, buffer)
    this.#tail.append(buffer, from, sizeBytes)
    if (this.#isPaused) this.#keep()
    else this.#cut()
  }

  /** Bytes landed behind a pause: one last buffer of the socket, or a probe. */
  #keep(): void {
    this.#landing.shrink()
    this.#memory.parked(this)
    this.#source.stopReading()
  }

  /** Delivers the whole frames of the tail; what remains is the beginning of one. */
  #cut(): void {
    const first = this.#tail.start
    this.#isCutting = true
    try {
      while (!this.#isPaused && !this.#isClosed && !this.#isDiscarding && this.#cutOne()) {}
    } finally {
      this.#isCutting = false
    }
    if (this.#isClosed || this.#isDiscarding || this.#tail.start === this.#tail.end)
      this.#tail.drop()
    if (this.#isClosed) this.#dropUnfinished()
    else this.#settle(this.#tail.slab === null || this.#tail.start !== first)
  }

  #cutOne(): boolean {
    const left = this.#tail.sizeBytes
    if (left < LENGTH_BYTES) return false
    const slab = this.#tail.slab as Slab
    const frameBytes = slab.bytes.readInt32BE(this.#tail.start)
    if (!this.#isClaimJudged) {
      if (left < LEAD_BYTES && frameBytes >= LEAD_BYTES - LENGTH_BYTES) return false
      if (!this.#judge(frameBytes, slab.bytes)) return false
    }
    if (left - LENGTH_BYTES < frameBytes) return false
    this.#isClaimJudged = false
    const start = this.#tail.start + LENGTH_BYTES
    this.#tail.start = start + frameBytes
    slab.retain()
    this.#deliver(slab, start, frameBytes)
    return true
  }

  /** Asks the handler whether the frame may be that long. Without two bytes its head is -1. */
  #judge(frameBytes: number, bytes: Buffer): boolean {
    const head = frameBytes >= 2 ? bytes.readInt16BE(this.#tail.start + LENGTH_BYTES) : -1
    const limit = this.#handler.frameBytesMax(head)
    this.#isClaimJudged = true
    if (frameBytes >= 0 && frameBytes <= limit) return !this.#isClosed
    this.#source.destroy(new FrameTooLarge(`a frame claims ${frameBytes} bytes, limit ${limit}`))
    return false
  }

  /** After a cut: gives a long unfinished frame its own memory, or has it wait for some. */
  #settle(hasDelivered: boolean): void {
    if (this.#isDiscarding) return
    if (this.#isPaused) {
      if (this.#tail.slab !== null) this.#memory.parked(this)
      return
    }
    if (hasDelivered) {
      this.#stopWaiting()
      this.#memory.unfavour(this)
    }
    const brought = this.#tail.sizeBytes - LENGTH_BYTES
    if (!this.#isClaimJudged || this.#isWaiting) return
    if (!this.#memory.isSpent) {
      if (brought >= OWN_SLAB_FROM_BYTES) this.#moveToLong()
      return
    }
    if ((this.#tail.slab as Slab).bytes.readInt32BE(this.#tail.start) <= SMALL_FRAME_BYTES) return
    if (this.#memory.isFavoured(this)) this.#moveToLong()
    else this.#waitForMemory()
  }

  /** Stops reading until the memory calls `grow`. */
  #waitForMemory(): void {
    this.#isWaiting = true
    this.#source.stopReading()
    this.#memory.wait(this)
  }

  // ----------------------------------------------------------------------------------- long frames

  #moveToLong(): void {
    const { slab, start, end } = this.#tail
    const { bytes } = slab as Slab
    slab?.retain()
    this.#tail.drop()
    const long = new LongFrame(bytes.readInt32BE(start))
    long.add(this.#memory.takeSlab())
    this.#long = long
    const brought = end - start - LENGTH_BYTES
    const copied = this.#copyToLong(long, bytes.subarray(start + LENGTH_BYTES, end), brought)
    if (copied !== brought) throw new Error('a tail held more than one unfinished frame')
    slab?.release()
  }

  /** Copies into the unfinished frame at most what it wants; returns how much that was. */
  #copyToLong(long: LongFrame, buffer: Buffer, sizeBytes: number): number {
    let from = 0
    while (from < sizeBytes && this.#long === long) {
      // These bytes are here already, so they get room even if the frame must wait then.
      if (long.isFull) long.add(this.#memory.takeSlab())
      const view = long.view()
      const step = Math.min(view.length, sizeBytes - from)
      buffer.copy(view, 0, from, from + step)
      from += step
      this.#advance(step)
    }
    return from
  }

  /** `sizeBytes` more of the frame are in its slabs. */
  #advance(sizeBytes: number): void {
    const long = this.#long as LongFrame
    long.landed(sizeBytes)
    if (long.isWhole) this.#complete(long)
    else if (long.isFull && !this.#isWaiting) {
      if (this.#memory.mayGrow(this)) long.add(this.#memory.takeSlab())
      else this.#waitForMemory()
    }
  }

  #complete(long: LongFrame): void {
    this.#long = null
    this.#isClaimJudged = false
    this.#stopWaiting()
    const whole = long.join(sizeBytes => this.#memory.makeSlab(sizeBytes))
    this.#memory.unfavour(this)
    this.#deliver(whole, 0, long.frameBytes)
  }

  // --------------------------------------------------------------------------- delivery, flow, end

  #deliver(slab: Slab, start: number, frameBytes: number): void {
    this.#handler.onFrame(new PooledFrame(this.#memory, slab, start, start + frameBytes))
  }

  /** Its frame became whole of bytes that had landed before it waited. */
  #stopWaiting(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.#memory.waitsNoMore(this)
    this.#readOn()
  }

  #readOn(): void {
    if (this.#isPaused || !this.#isGateOpen || this.#isWaiting || this.#isClosed) return
    this.#source.startReading()
  }

  #queueReplay(): void {
    if (this.#isReplayQueued) return
    this.#isReplayQueued = true
    setImmediate(() => this.#replay())
  }

  #replay(): void {
    this.#isReplayQueued = false
    if (this.#isPaused || this.#isClosed || this.#isDiscarding) return
    if (this.#tail.slab !== null) this.#cut()
    if (this.#isPaused || this.#isClosed) return
    if (this.#hasEnded) this.#tellEnd()
    else this.#readOn()
  }

  #tellEnd(): void {
    if (this.#isClosed || this.#isEndTold) return
    this.#isEndTold = true
    this.#handler.onEnd()
  }

  #dropUnfinished(): void {
    this.#tail.drop()
    this.#long?.drop()
    this.#long = null
  }
}
