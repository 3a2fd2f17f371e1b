/**
 * One TCP connection: a socket whose bytes become frames, and pieces that leave in order.
 *
 *   open --end()--> ending --all sent--> finished --peer's end, or the linger time--> closed
 *   any  --destroy(), error of the socket--> closed
 *
 * Invariants:
 *   (1) `onClose` is called once, last, from the socket's own close event, with the first reason.
 *   (2) After `end`, `destroy` or a failure no frame is delivered.
 *   (3) `SocketWatch` has the connection while it is open and paused, or its sender is stuck.
 */
import type { Socket } from 'node:net'
import type { Connection, ConnectionHandler, Piece } from '../host.ts'
import { type ByteSource, FrameReader } from './frame-reader.ts'
import type { ReceiveMemory } from './receive-memory.ts'
import { Sender, type SenderOwner, type SenderParts } from './sender.ts'
import type { SocketWatch, WatchedConnection } from './socket-watch.ts'
import { descriptorOf } from './sockets.ts'

/** How long a peer may take to close its side after we have closed ours. */
const LINGER_MS = 2_000
/** IPv4 over a socket for both. */
const MAPPED_PREFIX = '::ffff:'

let nextId = 1

/** What connections of one host share. */
export interface ConnectionParts extends SenderParts {
  readonly memory: ReceiveMemory
  readonly watch: SocketWatch
}

export class NodeConnection implements Connection, SenderOwner, ByteSource, WatchedConnection {
  readonly id = nextId++
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #socket: Socket
  readonly #sender: Sender
  readonly #memory: ReceiveMemory
  readonly #watch: SocketWatch
  #reader: FrameReader | null = null
  #handler: ConnectionHandler | null = null
  #isOpen = true
  #isEnding = false
  #isStuck = false
  /** Paused while `accept` still looks for a handler. */
  #isPausedEarly = false
  #reason: Error | null = null
  #lingerTimer: NodeJS.Timeout | undefined
  readonly #onClosed: () => void

  /** `onClosed` is called before the handler's `onClose`. */
  constructor(socket: Socket, parts: ConnectionParts, onClosed: () => void) {
    this.#socket = socket
    this.#memory = parts.memory
    this.#watch = parts.watch
    this.#onClosed = onClosed
    this.remoteAddress = plain(socket.remoteAddress)
    this.remotePort = socket.remotePort ?? 0
    this.localAddress = plain(socket.localAddress)
    this.localPort = socket.localPort ?? 0
    this.#sender = new Sender(socket, parts, this)
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

  get isBackedUp(): boolean {
    return this.#sender.isBackedUp
  }

  get descriptor(): number {
    return this.#isOpen ? descriptorOf(this.#socket) : -1
  }

  get isPaused(): boolean {
    return this.#reader?.isPaused ?? this.#isPausedEarly
  }

  get movedBytes(): number {
    return (this.#reader?.broughtBytes ?? 0) + this.#sender.progressBytes
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
    if (this.#isOpen) this.#watch.add(this)
  }

  resume(): void {
    if (this.#reader === null) this.#isPausedEarly = false
    else this.#reader.resume()
    this.#unwatch()
  }

  probe(): void {
    this.#reader?.probe()
  }

  peerEnded(): void {
    this.#handler?.onEndAhead?.()
  }

  peerVanished(): void {
    this.#fail(Object.assign(new Error('the peer has gone'), { code: 'ECONNRESET' }))
  }

  abandon(reason: Error): void {
    this.destroy(reason)
  }

  onSendStuck(isStuck: boolean): void {
    this.#isStuck = isStuck
    if (isStuck && this.#isOpen) this.#watch.add(this)
    else this.#unwatch()
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
    this.#watch.remove(this)
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

  #unwatch(): void {
    if (!this.#isOpen || !(this.#isStuck || this.isPaused)) this.#watch.remove(this)
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
    this.#watch.remove(this)
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
