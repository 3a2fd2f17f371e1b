import type { Connection, ConnectionHandler, Frame, Piece } from '../../host/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ProtocolViolation } from '../../protocol/errors.ts'
import type { Message } from '../../protocol/schema.ts'
import type { WireReader } from '../../protocol/wire-reader.ts'
import type { Reply } from '../api/api.ts'
import { CLOSE_CONNECTION } from '../api/api.ts'
import { ANONYMOUS, type Principal } from '../security/principal.ts'
import type { ClientSoftware } from '../services.ts'
import type { Dispatcher, OpenedExchange } from './dispatch.ts'
import type { Exchange, ExchangeOwner } from './exchange.ts'
import { bytesOf, ExchangeQueue } from './exchange-queue.ts'
import type { NetworkLimits } from './limits.ts'
import type { BudgetWaiter, ReplyBudget } from './reply-budget.ts'
import type { TurnWaiter } from './turn.ts'

/** How many bytes of a frame that broke the protocol are logged. */
const EVIDENCE_BYTES = 64

const VANISHED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

/** What a connection needs of its listener. */
export interface ConnectionSurroundings {
  readonly dispatcher: Dispatcher
  readonly limits: NetworkLimits
  /** Shared by all connections of the broker. */
  readonly replies: ReplyBudget
  readonly listenerName: string
  /** Sweeps since start: the coarse clock idleness is measured with. */
  readonly sweeps: number
  /** Told once, when the socket is gone. */
  closed(connection: BrokerConnection): void
}

/** Limits in time, counted in sweeps of the listener. */
export interface SweepLimits {
  readonly idle: number
  readonly slowReader: number
  readonly frame: number
}

/**
 * One client: frames in, ordered responses out.
 *
 *   open --malformed, or CLOSE_CONNECTION--> closing --earlier replies sent--> closed
 *
 * Invariants:
 *   (1) Exchanges form a FIFO in order of arrival; only the head's response is sent.
 *   (2) While an exchange is in its ordered phase no later one is begun: `waiting` holds frames.
 *   (3) Each frame is released exactly once by us: plain ones when copied (dispatch), hot ones
 *       when their ordered phase ended, waiting ones when begun or dropped.
 *   (4) Reading is paused if and only if some limit is exceeded, or the connection is closing.
 * A connection keeps no timer: its listener sweeps all of them now and then.
 */
export class BrokerConnection
  implements ConnectionHandler, ExchangeOwner, BudgetWaiter, TurnWaiter
{
  readonly principal: Principal = ANONYMOUS
  clientSoftware: ClientSoftware | null = null
  readonly #socket: Connection
  readonly #around: ConnectionSurroundings
  readonly #exchanges: ExchangeQueue
  /** Frames behind an ordered phase that takes longer than a turn; null when there is none. */
  #waiting: Frame[] | null = null
  /** The client's end came while frames were waiting. */
  #endsAfterWaiting = false
  #isPaused = false
  /** The turn in which the last request began, and how many began in it. */
  #turn = -1
  #begunInTurn = 0
  /** Its share of that turn is used up. */
  #awaitsTurn = false
  /** Frames wait to be read, and behind them is the client's end. */
  #isEndAhead = false
  #isClosing = false
  #activeSweep: number
  /** When the frame that is arriving began; Infinity between frames. */
  #frameSweep = Number.POSITIVE_INFINITY
  #sentBytes = 0
  #takenBytes = 0
  #takenSweep = 0

  constructor(socket: Connection, around: ConnectionSurroundings) {
    this.#socket = socket
    this.#around = around
    this.#exchanges = new ExchangeQueue(around.replies)
    this.#activeSweep = around.sweeps
  }

  /** Cuts it at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  get id(): number {
    return this.#socket.id
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress
  }

  get localAddress(): string {
    return this.#socket.localAddress
  }

  get localPort(): number {
    return this.#socket.localPort
  }

  get listenerName(): string {
    return this.#around.listenerName
  }

  frameBytesMax(head: number): number {
    this.#frameSweep = this.#around.sweeps
    const { produceFrameBytesMax, requestFrameBytesMax } = this.#around.limits
    return head === ApiKey.PRODUCE ? produceFrameBytesMax : requestFrameBytesMax
  }

  onFrame(frame: Frame): void {
    this.#activeSweep = this.#around.sweeps
    this.#frameSweep = Number.POSITIVE_INFINITY
    if (this.#isClosing) {
      frame.release()
      return
    }
    if (this.#waiting !== null) {
      this.#waiting.push(frame)
      return
    }
    this.#begin(frame)
    this.#updateReading()
  }

  /** The client may still read: what it asked is answered, then the connection ends. */
  onEnd(): void {
    if (this.#waiting === null) this.#closeAfterReplies()
    else this.#endsAfterWaiting = true
  }

  /** The client will send no more requests, so the requests that wait are answered now. */
  onEndAhead(): void {
    this.#isEndAhead = true
    this.#exchanges.hurry()
  }

  onDrain(): void {
    this.#updateReading()
  }

  onBudgetFree(): void {
    this.#updateReading()
  }

  onNextTurn(): void {
    this.#awaitsTurn = false
    this.#updateReading()
  }

  onClose(reason: Error | null): void {
    this.#isClosing = true
    if (reason !== null) this.#logBroken(reason)
    for (const frame of this.#waiting ?? []) frame.release()
    this.#waiting = null
    this.#exchanges.abandon()
    this.#around.replies.leave(this)
    this.#around.closed(this)
  }

  /** Called by the listener now and then, with its limits in sweeps. */
  sweep({ idle, slowReader, frame }: SweepLimits): void {
    const { sweeps } = this.#around
    const { queuedBytes } = this.#socket
    const takenBytes = this.#sentBytes - queuedBytes
    if (queuedBytes === 0 || takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes
      this.#takenSweep = sweeps
    } else if (sweeps - this.#takenSweep > slowReader) {
      this.#socket.destroy(new Error('the client does not read its responses'))
      return
    }
    // A paused connection is not to blame for what has not arrived.
    if (!this.#isPaused && sweeps - this.#frameSweep > frame) {
      this.#socket.destroy(new Error('a request took too long to arrive'))
      return
    }
    // Nobody would notice that a client has gone whose connection is not read: it has so long, too.
    const hasBegun = this.#exchanges.head !== null
    const isIdle = (!hasBegun || this.#isPaused) && queuedBytes === 0
    // A client that was answered only now has not been idle since it asked.
    if (!isIdle) this.#activeSweep = sweeps
    else if (sweeps - this.#activeSweep <= idle) return
    else if (!hasBegun) this.#socket.end()
    else this.#socket.destroy(new Error('the connection waited unread for too long'))
  }

  /**
   * Graceful stop: no further request is begun; ends once those begun are answered, where a fetch
   * that waits for more waits no longer.
   */
  drain(): void {
    for (const frame of this.#waiting ?? []) frame.release()
    this.#waiting = this.#waiting === null ? null : []
    this.#closeAfterReplies()
  }

  answer(exchange: Exchange, answer: Reply<Message>): void {
    if (exchange.isAnswered) throw new Error(`${exchange.api.name} was answered twice`)
    exchange.isAnswered = true
    exchange.onAbandoned = null
    exchange.onHurry = null
    if (!this.#socket.isOpen) return
    if (answer === CLOSE_CONNECTION) exchange.closes = true
    else exchange.pieces = this.#encode(exchange, answer)
    if (exchange === this.#exchanges.head) this.#flush()
    else this.#park(exchange)
  }

  /** A reply in front may take its time: files must not be closed meanwhile. */
  #park(exchange: Exchange): void {
    this.#exchanges.park(exchange)
    // What comes behind it would never be answered.
    if (exchange.closes) this.#closeAfterReplies()
  }

  #encode(exchange: Exchange, answer: Reply<Message>): readonly Piece[] | null {
    const { dispatcher } = this.#around
    try {
      return dispatcher.encode(exchange, answer)
    } catch (error) {
      // The draft does not fit the version, which is a bug: this client must not wait for ever.
      this.#log('a response could not be encoded', { api: exchange.api.name, error })
      exchange.closes = true
      return null
    }
  }

  #begin(frame: Frame): void {
    const { dispatcher } = this.#around
    let opened: OpenedExchange
    try {
      opened = dispatcher.open(frame, this)
    } catch (error) {
      this.#violated(error, frame.bytes)
      frame.release()
      this.#closeAfterReplies()
      return
    }
    const { exchange, reader } = opened
    this.#exchanges.add(exchange)
    this.#countInTurn()
    try {
      this.#run(exchange, reader)
      if (this.#isEndAhead) exchange.onHurry?.()
    } catch (error) {
      this.#violated(error, exchange.frame?.bytes ?? reader.buffer)
      exchange.frame?.release()
      // Requests before it are answered first, as if it had been read after them.
      exchange.reply(CLOSE_CONNECTION)
      this.#closeAfterReplies()
    }
  }

  #countInTurn(): void {
    const { turn } = this.#around.dispatcher
    if (turn.number !== this.#turn) {
      this.#turn = turn.number
      this.#begunInTurn = 0
    }
    if (++this.#begunInTurn >= turn.share) this.#awaitTurn()
  }

  #awaitTurn(): void {
    if (this.#awaitsTurn) return
    this.#awaitsTurn = true
    this.#around.dispatcher.turn.wait(this)
  }

  #run(exchange: Exchange, reader: WireReader): void {
    const { frame } = exchange
    const orderedPhase = this.#around.dispatcher.run(exchange, reader)
    if (orderedPhase === undefined) {
      frame?.release()
      return
    }
    this.#waiting = []
    const { loop } = this.#around.dispatcher.services.host
    loop.spawn(
      `${exchange.api.name} ordered phase`,
      orderedPhase.then(() => {
        frame?.release()
        this.#resumeWaiting()
      }),
    )
  }

  #resumeWaiting(): void {
    const frames = this.#waiting ?? []
    this.#waiting = null
    while (frames.length > 0 && this.#waiting === null && !this.#isClosing) {
      this.#begin(frames.shift()!)
    }
    if (this.#waiting !== null) (this.#waiting as Frame[]).push(...frames)
    else for (const frame of frames) frame.release()
    if (this.#waiting === null && this.#endsAfterWaiting) this.#closeAfterReplies()
    this.#updateReading()
  }

  /** Sends what is answered at the head of the FIFO. */
  #flush(): void {
    const exchanges = this.#exchanges
    let wasParked = false
    let exchange = exchanges.head
    while (exchange?.isAnswered) {
      const { pieces, closes } = exchange
      if (pieces !== null) this.#send(pieces)
      exchanges.shift(wasParked)
      wasParked = true
      if (closes) {
        this.#isClosing = true
        this.#socket.end()
        return
      }
      exchange = exchanges.head
    }
    if (exchange === null && this.#isClosing) this.#socket.end()
    if (this.#isPaused) this.#updateReading()
  }

  #send(pieces: readonly Piece[]): void {
    this.#sentBytes += bytesOf(pieces)
    this.#socket.send(pieces)
  }

  #closeAfterReplies(): void {
    this.#isClosing = true
    this.#exchanges.hurry()
    if (this.#exchanges.head === null) this.#socket.end()
    else this.#updateReading()
  }

  #violated(error: unknown, bytes: Buffer): void {
    if (!(error instanceof ProtocolViolation)) throw error
    const evidence = bytes.subarray(0, EVIDENCE_BYTES).toString('hex')
    this.#log('a request broke the protocol', { error: error.message, evidence })
  }

  #updateReading(): void {
    const { requestsInFlightMax, responseBytesMax } = this.#around.limits
    const { length, parkedBytes } = this.#exchanges
    const socket = this.#socket
    let mustPause =
      this.#isClosing ||
      this.#waiting !== null ||
      this.#awaitsTurn ||
      length >= requestsInFlightMax ||
      socket.queuedBytes + parkedBytes > responseBytesMax ||
      socket.isBackedUp
    if (!mustPause && length > 0 && this.#around.replies.isSpent) {
      mustPause = true
      this.#around.replies.wait(this)
    }
    if (mustPause === this.#isPaused || !socket.isOpen) return
    if (!mustPause && !this.#around.dispatcher.turn.mayResume()) {
      this.#awaitTurn()
      return
    }
    this.#isPaused = mustPause
    if (mustPause) socket.pause()
    else {
      this.#around.replies.leave(this)
      socket.resume()
    }
  }

  #logBroken(reason: Error): void {
    const { log } = this.#around.dispatcher.services.host
    const fields = {
      connection: this.id,
      remoteAddress: this.remoteAddress,
      reason: reason.message,
    }
    // Clients that vanish are daily life; ones that break a limit are worth a look.
    if (VANISHED.has((reason as { code?: string }).code ?? '')) {
      log.debug(fields, 'a client vanished')
    } else {
      log.warn(fields, 'a connection was cut')
    }
  }

  #log(message: string, fields: object): void {
    const { remoteAddress, remotePort, id } = this.#socket
    const { log } = this.#around.dispatcher.services.host
    log.warn({ connection: id, remoteAddress, remotePort, ...fields }, message)
  }
}
