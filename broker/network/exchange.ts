import type { Frame, Piece } from '../../host/host.ts'
import type { Message } from '../../protocol/schema.ts'
import type { HotContext, Reply, ServedApi } from '../api/api.ts'
import type { Principal } from '../security/principal.ts'
import type { BrokerServices, ClientConnection } from '../services.ts'

/** A request's header, decoded. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** Where an exchange hands its answer to be encoded and sent in order. */
export interface ExchangeOwner extends ClientConnection {
  readonly principal: Principal
  answer(exchange: Exchange, answer: Reply<Message>): void
}

/**
 * One request and its answer: the handler's context and the connection's FIFO entry in one object,
 * because there is one of them for every record sent alone.
 *
 *   open --reply--> answered --sent in order, or connection closed--> (forgotten)
 */
export class Exchange implements HotContext<Message> {
  readonly api: ServedApi
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string
  readonly connection: ExchangeOwner
  readonly broker: BrokerServices
  readonly nowMs: number
  frame: Frame | null
  onAbandoned: (() => void) | null = null
  onHurry: (() => void) | null = null

  isAnswered = false
  /** The encoded response; null while open, and for an answer without bytes. */
  pieces: readonly Piece[] | null = null
  /** The connection ends when this exchange's turn comes. */
  closes = false
  /** The request that arrived after this one. */
  next: Exchange | null = null

  constructor(
    api: ServedApi,
    header: RequestHeader,
    connection: ExchangeOwner,
    broker: BrokerServices,
    nowMs: number,
    frame: Frame | null,
  ) {
    this.api = api
    this.apiKey = header.apiKey
    this.apiVersion = header.apiVersion
    this.correlationId = header.correlationId
    this.clientId = header.clientId ?? ''
    this.connection = connection
    this.broker = broker
    this.nowMs = nowMs
    this.frame = frame
  }

  get principal(): Principal {
    return this.connection.principal
  }

  reply(answer: Reply<Message>): void {
    this.connection.answer(this, answer)
  }
}
