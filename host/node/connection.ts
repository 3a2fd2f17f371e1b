/**
 * One TCP connection: a socket whose bytes become frames, and pieces that leave in order.
 *
 *   open --end()--> ending --all sent--> finished --peer's end, or the linger time--> closed
 *   any  --destroy(), error of the socket--> closed
 *
 * Invariants:
 *   (1) `onClose` is called once, last, from the socket's own close event, with the first reason.
 *   (2) After `end`, `destroy` or a failure no frame is delivered.
 */
import type { Socket } from 'node:net'
import type { Connection, ConnectionHandler, Piece } from '../host.ts'
import type { FileSender } from './file-sender.ts'
import { type ByteSource, FrameReader } from './frame-reader.ts'
import type { NodeLoop } from './loop.ts'
import type { ReceiveMemory } from './receive-memory.ts'
import { Sender, type SenderOwner } from './sender.ts'

/** How long a peer may take to close its side after we have closed ours. */
const LINGER_MS = 2_000
/** IPv4 over a socket for both. */
const MAPPED_PREFIX = '::ffff:'

let nextId = 1

/** What connections of one host share. */
export interface ConnectionParts {
  readonly loop: NodeLoop
  readonly memory: ReceiveMemory
  readonly fileSender: FileSender | null
}

export class NodeConnection implements Connection, SenderOwner, ByteSource {
  readonly id = nextId++
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #socket: Socket
  readonly #sender: Sender
  readonly #memory: ReceiveMemory
  #reader: FrameReader | null = null
  #handler: ConnectionHandler | null = null
  #isOpen = true
  #isEnding = false
  /** Paused while `accept` still looks for a handler. */
  #isPausedEarly = false
  #reason: Error | null = null
  #lingerTimer: NodeJS.Timeout | undefined
  readonly #onClosed: () => void

  /** `onClosed` is called before the handler's `onClose`. */
  constructor(socket: Socket, parts: ConnectionParts, onClosed: () => void) {
    this.#socket = socket
    this.#memory = parts.memory
    this.#onClosed = onClosed
    this.remoteAddress = plain(socket.remoteAddress)
    this.remotePort = socket.remotePort ?? 0
    this.localAddress = plain(socket.localAddress)
    this.localPort = socket.localPort ?? 0
    this.#sender = new Sender(socket, parts.loop, this, parts.fileSender)
    socket.on('error', error => this.#fail(error))
    socket.on('end', () => this.#reader?.end())
    socket.on('close', () => this.#closed())
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get queuedBytes(): number {
    return this.#sender.queuedBytes
  }

  /** Begins to deliver to `handler`. */
  handle(handler: ConnectionHandler): void {
    this.#handler = handler
    if (!this.#isOpen) return
    this.#reader = new FrameReader(this.#memory, this, handler)
    if (this.#isPausedEarly) this.#reader.pause()
    if (this.#isEnding) this.#reader.discard()
  }

  /** For the socket: where the next read lands. */
  landing(): Buffer | null {
    return this.#reader?.landing() ?? null
  }

  /** For the socket: bytes have landed. */
  landed(sizeBytes: number, buffer: Buffer): void {
    this.#reader?.landed(sizeBytes, buffer)
  }

  send(pieces: readonly Piece[], done?: (error: Error | null) => void): void {
    if (this.#isOpen && !this.#isEnding) this.#sender.send(pieces, done)
    else if (done) queueMicrotask(() => done(this.#reason ?? new Error('the connection is closed')))
  }

  pause(): void {
    if (this.#reader === null) this.#isPausedEarly = true
    else this.#reader.pause()
  }

  resume(): void {
    if (this.#reader === null) this.#isPausedEarly = false
    else this.#reader.resume()
  }

  end(): void {
    if (!this.#isOpen || this.#isEnding) return
    this.#isEnding = true
    this.#reader?.discard()
    if (this.#sender.isIdle) this.#finish()
  }

  destroy(reason?: Error): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#reason = reason ?? null
    this.#sender.halt()
    this.#socket.destroy()
    this.#reader?.close()
  }

  startReading(): void {
    if (this.#isOpen) this.#socket.resume()
  }

  stopReading(): void {
    if (this.#isOpen) this.#socket.pause()
  }

  onSendDrained(hadBytes: boolean): void {
    if (hadBytes) this.#handler?.onDrain()
    if (this.#isEnding && this.#sender.isIdle) this.#finish()
  }

  onSendFailed(error: Error): void {
    this.#fail(error)
  }

  #finish(): void {
    if (!this.#isOpen) return
    this.#socket.end()
    this.#lingerTimer ??= setTimeout(() => this.destroy(), LINGER_MS).unref()
  }

  #fail(error: Error): void {
    // A peer that resets what we have ended and sent is no news.
    this.destroy(this.#isEnding && this.#sender.isIdle ? undefined : error)
  }

  #closed(): void {
    this.#isOpen = false
    clearTimeout(this.#lingerTimer)
    this.#reader?.close()
    this.#sender.close(this.#reason ?? new Error('the connection was closed'))
    this.#onClosed()
    this.#handler?.onClose(this.#reason)
  }
}

function plain(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith(MAPPED_PREFIX) ? address.slice(MAPPED_PREFIX.length) : address
}
