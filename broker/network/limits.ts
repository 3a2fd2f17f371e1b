/**
 * What a client may make the network layer hold. Each is a property of `broker/config`; here they
 * are plain numbers, so that this layer knows no configuration.
 */
export interface NetworkLimits {
  /** Largest frame of a Produce (socket.request.max.bytes). */
  readonly produceFrameBytesMax: number
  /** Largest frame of anything else. */
  readonly requestFrameBytesMax: number
  /** Requests of one connection begun and not answered; above, the connection is not read. */
  readonly requestsInFlightMax: number
  /** Response bytes of one connection not yet its turn, or not taken; above, it is not read. */
  readonly responseBytesMax: number
  /** A client that takes no byte of what is queued for this long is dropped. */
  readonly slowReaderMs: number
  /** One request may take this long to arrive. */
  readonly frameMs: number
  /** A connection without a request for this long is closed (connections.max.idle.ms). */
  readonly idleMs: number
}
