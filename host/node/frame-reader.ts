/**
 * Cuts what a socket brings into frames.
 *
 * All readers land in one shared buffer; what arrives there is copied at once into the arena, whole
 * frames and the beginning of the next ("tail") in one piece. A frame of which 16 KiB have come and
 * that wants more gets slabs of its own, into which the socket reads directly: one up to about
 * 1 MiB, several above, joined when the frame is complete. So memory follows the bytes that really
 * came, never a claimed length.
 *
 * Invariants:
 *   (1) The tail holds one reference to its slab while it has bytes. It begins with a frame's
 *       length; bytes behind a complete frame stay in it only while the handler has paused.
 *   (2) With slabs of its own the reader has no tail, except while bytes of a pause are replayed.
 *   (3) The landing buffer is never referenced after `landed` returns.
 *   (4) The handler's limit is asked once a frame.
 */
import type { ConnectionHandler } from '../host.ts'
import { PooledFrame } from './pooled-frame.ts'
import type { GatedReader, ReceiveMemory } from './receive-memory.ts'
import { SLAB_BYTES, type Slab } from './slabs.ts'

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

/** Holds what a busy producer mostly has in flight, so that one read takes it. */
const LANDING_BYTES = 128 << 10
const LENGTH_BYTES = 4
/** Length and first two bytes: what the limit is judged by. */
const LEAD_BYTES = 6
const OWN_SLAB_FROM_BYTES = 16 << 10

/** One loop reads one socket at a time: they can share it. */
const landingBuffer = Buffer.allocUnsafeSlow(LANDING_BYTES)

export class FrameReader implements GatedReader {
  readonly #memory: ReceiveMemory
  readonly #source: ByteSource
  readonly #handler: ConnectionHandler
  #tail: Slab | null = null
  #tailStart = 0
  #tailEnd = 0
  #isClaimJudged = false
  #slabs: Slab[] = []
  #frameBytes = 0
  #gotBytes = 0
  #ownView: Buffer | null = null
  #isPaused = false
  #isGateOpen = true
  #isCutting = false
  #isClosed = false
  #isDiscarding = false
  #isReplayQueued = false
  #hasEnded = false
  #isEndTold = false
  #landingCount = 0

  constructor(memory: ReceiveMemory, source: ByteSource, handler: ConnectionHandler) {
    this.#memory = memory
    this.#source = source
    this.#handler = handler
    memory.enter(this)
  }

  get landingCount(): number {
    return this.#landingCount
  }

  get isMidFrame(): boolean {
    return !this.#isPaused && (this.#slabs.length > 0 || this.#tail !== null)
  }

  get isProvidedFor(): boolean {
    return this.#slabs.length > 0 && this.#frameBytes <= this.#slabs.length * SLAB_BYTES
  }

  /** Where the next read should land. The view is the socket's until `landed`. */
  landing(): Buffer {
    const slab = this.#slabs.at(-1)
    if (slab === undefined || this.#isDiscarding) {
      this.#ownView = null
      return landingBuffer
    }
    const start = this.#gotBytes - (this.#slabs.length - 1) * SLAB_BYTES
    const wanted = this.#frameBytes - this.#gotBytes
    this.#ownView = slab.bytes.subarray(start, Math.min(SLAB_BYTES, start + wanted))
    return this.#ownView
  }

  /** `sizeBytes` have landed at the start of `buffer`. Delivers what became whole. */
  landed(sizeBytes: number, buffer: Buffer): void {
    this.#landingCount++
    if (this.#isDiscarding || this.#isClosed) this.#dropUnfinished()
    else if (buffer === this.#ownView) this.#advance(sizeBytes)
    else this.#takeIn(buffer, sizeBytes)
  }

  /** The peer sends no more: tells the handler, after the frames that are still held back. */
  end(): void {
    this.#hasEnded = true
    if (!this.#isPaused && !this.#isReplayQueued) this.#tellEnd()
  }

  pause(): void {
    if (this.#isPaused || this.#isDiscarding) return
    this.#isPaused = true
    // It brings nothing meanwhile: another's frame may go on in its place.
    this.#memory.unfavour(this)
    this.#stopIfSpent()
    this.#source.stopReading()
  }

  /** Frames held back are delivered in a later turn, then the socket is read again. */
  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#tail === null && !this.#hasEnded) this.#readOn()
    else this.#queueReplay()
  }

  setGate(isOpen: boolean): void {
    if (this.#isGateOpen === isOpen) return
    this.#isGateOpen = isOpen
    if (isOpen) this.#readOn()
    else if (!this.#isDiscarding) this.#source.stopReading()
  }

  abandon(reason: Error): void {
    this.#source.destroy(reason)
  }

  compact(): void {
    const tail = this.#tail
    if (tail === null || this.#isCutting || tail === this.#memory.arena.slab) return
    const sizeBytes = this.#tailEnd - this.#tailStart
    if (tail.bytes.length <= 2 * sizeBytes) return
    const small = this.#memory.makeSlab(sizeBytes)
    tail.bytes.copy(small.bytes, 0, this.#tailStart, this.#tailEnd)
    this.#setTail(small, 0, sizeBytes)
  }

  /** Whatever still comes is thrown away: this side is done with the connection. */
  discard(): void {
    this.#isDiscarding = true
    this.#isPaused = false
    this.#dropTail()
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
    if (this.#slabs.length > 0) {
      // Landed before the socket was told of the slabs, or by a source that brings its own buffers.
      from = this.#copyToSlabs(buffer, sizeBytes)
      if (from === sizeBytes || this.#isClosed) return
    }
    this.#append(buffer, from, sizeBytes)
    if (!this.#isPaused) this.#cut()
  }

  /** Extends the tail by `buffer[from, end)`, in place where it lies at the end of the arena. */
  #append(buffer: Buffer, from: number, end: number): void {
    const { arena } = this.#memory
    const added = end - from
    const kept = this.#tailEnd - this.#tailStart
    const fits = kept + added <= SLAB_BYTES
    if (this.#tail !== null && this.#tail === arena.slab && this.#tailEnd === arena.used) {
      if (arena.room >= added) {
        buffer.copy(arena.slab.bytes, arena.reserve(added), from, end)
        this.#tailEnd += added
        return
      }
    }
    const start = fits ? arena.reserve(kept + added) : 0
    const slab = fits ? arena.slab : this.#memory.makeSlab(kept + added)
    if (fits) slab.retain()
    if (kept > 0) this.#tail?.bytes.copy(slab.bytes, start, this.#tailStart, this.#tailEnd)
    buffer.copy(slab.bytes, start + kept, from, end)
    this.#setTail(slab, start, start + kept + added)
  }

  /** Delivers the whole frames of the tail; what remains is the beginning of one. */
  #cut(): void {
    const first = this.#tailStart
    this.#isCutting = true
    try {
      while (!this.#isPaused && !this.#isClosed && !this.#isDiscarding && this.#cutOne()) {}
    } finally {
      this.#isCutting = false
    }
    if (this.#isClosed || this.#isDiscarding || this.#tailStart === this.#tailEnd) this.#dropTail()
    if (this.#isClosed) this.#dropUnfinished()
    else this.#settle(this.#tail === null || this.#tailStart !== first)
  }

  #cutOne(): boolean {
    const left = this.#tailEnd - this.#tailStart
    if (left < LENGTH_BYTES) return false
    const slab = this.#tail as Slab
    const frameBytes = slab.bytes.readInt32BE(this.#tailStart)
    if (!this.#isClaimJudged) {
      if (left < LEAD_BYTES && frameBytes >= LEAD_BYTES - LENGTH_BYTES) return false
      if (!this.#judge(frameBytes, slab.bytes)) return false
    }
    if (left - LENGTH_BYTES < frameBytes) return false
    this.#isClaimJudged = false
    const start = this.#tailStart + LENGTH_BYTES
    this.#tailStart = start + frameBytes
    slab.retain()
    this.#deliver(slab, start, frameBytes)
    return true
  }

  /** Asks the handler whether the frame may be that long. Without two bytes its head is -1. */
  #judge(frameBytes: number, bytes: Buffer): boolean {
    const head = frameBytes >= 2 ? bytes.readInt16BE(this.#tailStart + LENGTH_BYTES) : -1
    const limit = this.#handler.frameBytesMax(head)
    this.#isClaimJudged = true
    if (frameBytes >= 0 && frameBytes <= limit) return !this.#isClosed
    this.#source.destroy(new FrameTooLarge(`a frame claims ${frameBytes} bytes, limit ${limit}`))
    return false
  }

  /** After a cut: gives a long unfinished frame its own slabs, or stops while memory is spent. */
  #settle(hasDelivered: boolean): void {
    if (this.#isPaused || this.#isDiscarding) return
    if (hasDelivered) this.#memory.unfavour(this)
    const brought = this.#tailEnd - this.#tailStart - LENGTH_BYTES
    if (this.#isClaimJudged && brought >= OWN_SLAB_FROM_BYTES) this.#moveToSlabs(brought)
    this.#stopIfSpent()
  }

  #moveToSlabs(brought: number): void {
    const tail = this.#tail as Slab
    tail.retain()
    const start = this.#tailStart
    const end = this.#tailEnd
    this.#dropTail()
    this.#frameBytes = tail.bytes.readInt32BE(start)
    this.#gotBytes = 0
    this.#slabs.push(this.#memory.takeSlab())
    const copied = this.#copyToSlabs(tail.bytes.subarray(start + LENGTH_BYTES, end), brought)
    if (copied !== brought) throw new Error('a tail held more than one unfinished frame')
    tail.release()
  }

  // ------------------------------------------------------------------------------------- own slabs

  /** Copies into the unfinished frame at most what it wants; returns how much that was. */
  #copyToSlabs(buffer: Buffer, sizeBytes: number): number {
    let from = 0
    while (from < sizeBytes && this.#slabs.length > 0) {
      const view = this.landing()
      const step = Math.min(view.length, sizeBytes - from)
      buffer.copy(view, 0, from, from + step)
      from += step
      this.#advance(step)
    }
    return from
  }

  /** `sizeBytes` more of the frame are in its slabs. */
  #advance(sizeBytes: number): void {
    this.#ownView = null
    this.#gotBytes += sizeBytes
    if (this.#gotBytes === this.#frameBytes) this.#complete()
    else if (this.#gotBytes === this.#slabs.length * SLAB_BYTES) {
      this.#slabs.push(this.#memory.takeSlab())
    }
    this.#stopIfSpent()
  }

  #complete(): void {
    const slabs = this.#slabs
    const frameBytes = this.#frameBytes
    this.#slabs = []
    this.#isClaimJudged = false
    const whole = slabs.length === 1 ? (slabs[0] as Slab) : this.#join(slabs, frameBytes)
    this.#memory.unfavour(this)
    this.#deliver(whole, 0, frameBytes)
  }

  #join(slabs: readonly Slab[], frameBytes: number): Slab {
    const whole = this.#memory.makeSlab(frameBytes)
    for (const [index, slab] of slabs.entries()) {
      slab.bytes.copy(whole.bytes, index * SLAB_BYTES)
      slab.release()
    }
    return whole
  }

  // --------------------------------------------------------------------------- delivery, flow, end

  #deliver(slab: Slab, start: number, frameBytes: number): void {
    this.#handler.onFrame(new PooledFrame(this.#memory, slab, start, start + frameBytes))
  }

  #stopIfSpent(): void {
    if (!this.#memory.isSpent) return
    // The slab that spent it may be the last that the frame wants: then the gate shut too early.
    this.setGate(this.isProvidedFor || this.#memory.isFavoured(this))
  }

  #readOn(): void {
    if (!this.#isPaused && this.#isGateOpen && !this.#isClosed) this.#source.startReading()
  }

  #queueReplay(): void {
    if (this.#isReplayQueued) return
    this.#isReplayQueued = true
    setImmediate(() => this.#replay())
  }

  #replay(): void {
    this.#isReplayQueued = false
    if (this.#isPaused || this.#isClosed || this.#isDiscarding) return
    if (this.#tail !== null) this.#cut()
    if (this.#isPaused || this.#isClosed) return
    if (this.#hasEnded) this.#tellEnd()
    else this.#readOn()
  }

  #tellEnd(): void {
    if (this.#isClosed || this.#isEndTold) return
    this.#isEndTold = true
    this.#handler.onEnd()
  }

  #setTail(slab: Slab, start: number, end: number): void {
    this.#tail?.release()
    this.#tail = slab
    this.#tailStart = start
    this.#tailEnd = end
  }

  #dropTail(): void {
    this.#tail?.release()
    this.#tail = null
    this.#tailStart = 0
    this.#tailEnd = 0
  }

  #dropUnfinished(): void {
    this.#dropTail()
    for (const slab of this.#slabs) slab.release()
    this.#slabs = []
    this.#ownView = null
  }
}
