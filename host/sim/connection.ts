/**
 * One end of a simulated connection.
 *
 * ```
 * open -- end() --> ending -- all taken, end sent --> half closed -- peer's end --> closed
 *   |                                                      |
 *   +------------------ destroy(), reset ------------------+------------------->  closed
 * ```
 * Invariants:
 *   (1) `done` of every send is called once; `onClose` is called once, after everything else.
 *   (2) Nothing is written outside the flush that follows the after-turn tasks.
 */
import type { Connection, ConnectionHandler, Piece } from '../host.ts'
import type { Owner } from './event-queue.ts'
import { FrameAssembler } from './frames.ts'
import { Outbox } from './outbox.ts'
import type { Pipe, PipeReader } from './pipe.ts'
import type { Simulation } from './simulation.ts'

export interface ConnectionOptions {
  readonly id: number
  readonly simulation: Simulation
  /** The process this end belongs to. */
  readonly owner: Owner
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Tells the other end that this one is gone and its bytes were dropped. */
  readonly resetPeer: () => void
  /** Forgets this end. */
  readonly onClosed: (connection: SimConnection) => void
  /** Asked before each write: true breaks the connection, a fault. */
  readonly breaks: () => boolean
}

export class SimConnection implements Connection, PipeReader {
  readonly id: number
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #options: ConnectionOptions
  readonly #outbox = new Outbox()
  readonly #assembler = new FrameAssembler()
  #handler: ConnectionHandler | null = null
  #in: Pipe | null = null
  #out: Pipe | null = null
  #unread: Buffer | null = null
  #isPaused = false
  #isFlushing = false
  #isEnding = false
  #hasSentEnd = false
  #hasSeenEnd = false
  #isEndAhead = false
  #isClosed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.id = options.id
    this.remoteAddress = options.remoteAddress
    this.remotePort = options.remotePort
    this.localAddress = options.localAddress
    this.localPort = options.localPort
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#isEnding
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes
  }

  /** The simulated machine has memory for everybody's unread replies. */
  get isBackedUp(): boolean {
    return false
  }

  /** Connects the two directions. Called once, before anything else. */
  attach(incoming: Pipe, outgoing: Pipe): void {
    this.#in = incoming
    this.#out = outgoing
  }

  handle(handler: ConnectionHandler): void {
    this.#handler = handler
  }

  send(pieces: readonly Piece[], done?: (error: Error | null) => void): void {
    if (!this.isOpen) {
      const error = errorWithCode('EPIPE', 'the connection is closed')
      if (done !== undefined) this.#later('refused send', () => done(error))
      return
    }
    this.#outbox.add(pieces, done)
    this.#flushAfterTurn()
  }

  pause(): void {
    if (!this.#isEnding) this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#later('resume', () => {
      if (this.#isPaused || this.#isClosed) return
      const unread = this.#unread
      this.#unread = null
      if (unread !== null) this.#read(unread)
      if (!this.#isPaused) this.#in?.deliver()
    })
  }

  end(): void {
    if (!this.isOpen) return
    this.#isEnding = true
    this.#flushAfterTurn()
    // Or it would never see the peer's end.
    this.resume()
  }

  destroy(reason?: Error): void {
    if (this.#isClosed) return
    const isUnread = this.#unread !== null || this.#in?.holdsBytes === true
    const losesBytes = isUnread || this.queuedBytes > 0
    // As TCP does: lost bytes make it a reset, otherwise the peer sees an orderly end.
    if (losesBytes) this.#options.resetPeer()
    else if (!this.#hasSentEnd) this.#out?.finish()
    this.#close(reason ?? null)
  }

  /** The peer or the network broke it. */
  reset(error: Error): void {
    this.#out?.break()
    this.#close(error)
  }

  /** The process died; nothing more is called. Its machine answers later bytes with a reset. */
  vanish(): void {
    this.#isClosed = true
  }

  onChunk(chunk: Buffer | null): boolean {
    if (this.#isClosed) {
      if (chunk !== null) this.#options.resetPeer()
      return true
    }
    if (this.#isPaused || this.#unread !== null) {
      if (chunk === null && this.#unread === null && !this.#isEndAhead) {
        this.#isEndAhead = true
        this.#handler?.onEndAhead?.()
      }
      return false
    }
    if (chunk === null) this.#seeEnd()
    else this.#read(chunk)
    return true
  }

  /** There is room in the pipe again. */
  onRoom(): void {
    this.#later('room', () => this.#flush())
  }

  #read(chunk: Buffer): void {
    const handler = this.#handler as ConnectionHandler
    let rest = chunk
    while (rest.length > 0 && !this.#isClosed) {
      if (this.#isPaused) {
        this.#unread = rest
        return
      }
      try {
        const { taken, frame } = this.#assembler.take(rest, head => handler.frameBytesMax(head))
        rest = rest.subarray(taken)
        if (frame !== null) handler.onFrame(frame)
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'FrameTooLarge') throw error
        this.destroy(error)
      }
    }
  }

  #seeEnd(): void {
    this.#hasSeenEnd = true
    this.#handler?.onEnd()
    if (this.#hasSentEnd) this.#close(null)
  }

  #flushAfterTurn(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#options.simulation.afterTasks(this.#options.owner, () => this.#flush())
  }

  #flush(): void {
    this.#isFlushing = false
    const out = this.#out as Pipe
    if (this.#isClosed) return
    if (this.queuedBytes > 0 && this.#options.breaks()) {
      this.#options.resetPeer()
      this.reset(errorWithCode('ECONNRESET', 'the connection was broken'))
      return
    }
    const hadBytes = this.queuedBytes > 0
    this.#fill(out)
    if (this.#isClosed) return
    if (!this.#outbox.isEmpty) out.wantRoom()
    else if (hadBytes) this.#handler?.onDrain()
    if (this.#isEnding && this.#outbox.isEmpty && !this.#hasSentEnd) {
      this.#hasSentEnd = true
      out.finish()
      if (this.#hasSeenEnd) this.#close(null)
    }
  }

  #fill(out: Pipe): void {
    try {
      for (;;) {
        if (out.freeBytes === 0 && this.queuedBytes > 0) return
        const bytes = this.#outbox.take(Math.max(1, out.freeBytes))
        if (bytes === null) return
        out.write(bytes)
      }
    } catch (error) {
      // A range that cannot be read leaves half a frame on the wire: only closing is honest.
      this.#options.resetPeer()
      this.#close(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #close(reason: Error | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unread = null
    this.#outbox.drop(reason ?? errorWithCode('EPIPE', 'the connection is closed'))
    this.#options.onClosed(this)
    this.#later('close', () => this.#handler?.onClose(reason))
  }

  #later(what: string, task: () => void): void {
    const { id, simulation, owner } = this.#options
    simulation.schedule(0, `connection ${id} ${what}`, owner, task)
  }
}

/** An Error whose `code` is the system's name of what went wrong. */
export function errorWithCode(code: string, message: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}
