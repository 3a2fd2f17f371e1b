import type { FileRange, Piece } from '../../host/host.ts'
import type { Exchange } from './exchange.ts'
import { EXCHANGE_BYTES, type ReplyBudget } from './reply-budget.ts'

/**
 * The requests of one connection that are begun and not answered on the wire, in order of arrival.
 *
 * Invariants:
 *   (1) Only the head's reply leaves the queue; an answered exchange behind it is parked, and its
 *       files are retained meanwhile.
 *   (2) The budget is charged `EXCHANGE_BYTES` for each exchange, and for the buffers of parked
 *       replies.
 */
export class ExchangeQueue {
  #head: Exchange | null = null
  #tail: Exchange | null = null
  #length = 0
  #parkedBytes = 0
  /** The part of them that is buffers and not file ranges. */
  #parkedBufferBytes = 0
  readonly #budget: ReplyBudget

  constructor(budget: ReplyBudget) {
    this.#budget = budget
  }

  get head(): Exchange | null {
    return this.#head
  }

  get length(): number {
    return this.#length
  }

  /** Bytes of replies behind one that is not ready, file ranges included. */
  get parkedBytes(): number {
    return this.#parkedBytes
  }

  add(exchange: Exchange): void {
    this.#length++
    this.#budget.charge(EXCHANGE_BYTES)
    if (this.#tail === null) this.#head = exchange
    else this.#tail.next = exchange
    this.#tail = exchange
  }

  /** The exchange is answered and not the head. */
  park({ pieces }: Exchange): void {
    for (const piece of pieces ?? []) {
      if (!(piece instanceof Uint8Array)) (piece as FileRange).file.retain()
    }
    this.#countParked(pieces, 1)
  }

  /** Removes the head, which is answered; `wasParked`: before it became the head. */
  shift(wasParked: boolean): void {
    const { pieces, next } = this.#head as Exchange
    if (wasParked) {
      releaseFiles(pieces)
      this.#countParked(pieces, -1)
    }
    this.#length--
    this.#budget.charge(-EXCHANGE_BYTES)
    this.#head = next
    if (next === null) this.#tail = null
  }

  /** What waits for something to happen answers now with what there is. */
  hurry(): void {
    const begun: Exchange[] = []
    for (let at = this.#head; at !== null; at = at.next) begun.push(at)
    for (const exchange of begun) exchange.onHurry?.()
  }

  /** The connection is gone: nobody will read the replies. */
  abandon(): void {
    let exchange = this.#head
    this.#head = null
    this.#tail = null
    this.#budget.charge(-EXCHANGE_BYTES * this.#length - this.#parkedBufferBytes)
    this.#length = 0
    this.#parkedBytes = 0
    this.#parkedBufferBytes = 0
    for (; exchange !== null; exchange = exchange.next) {
      if (exchange.isAnswered) releaseFiles(exchange.pieces)
      else exchange.onAbandoned?.()
    }
  }

  #countParked(pieces: readonly Piece[] | null, sign: 1 | -1): void {
    let bufferBytes = 0
    for (const piece of pieces ?? []) if (piece instanceof Uint8Array) bufferBytes += piece.length
    this.#parkedBytes += sign * bytesOf(pieces)
    this.#parkedBufferBytes += sign * bufferBytes
    this.#budget.charge(sign * bufferBytes)
  }
}

/** Bytes on the wire. */
export function bytesOf(pieces: readonly Piece[] | null): number {
  if (pieces === null) return 0
  let sizeBytes = 0
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at] as Piece
    sizeBytes += piece instanceof Uint8Array ? piece.length : piece.sizeBytes
  }
  return sizeBytes
}

function releaseFiles(pieces: readonly Piece[] | null): void {
  for (const piece of pieces ?? []) {
    if (!(piece instanceof Uint8Array)) (piece as FileRange).file.release()
  }
}
