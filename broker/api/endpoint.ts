import type { RequestContext } from '../services.ts'

/** Where clients reach a broker. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/**
 * The address of broker `id` to tell the client of `context`: what advertised.listeners names for
 * the listener the client came in on, else, for this broker itself, the address it used.
 * Null for a broker that is not known or has no such listener.
 */
export function endpointOf(context: RequestContext, id: number): Endpoint | null {
  const { broker, connection } = context
  if (id === broker.nodeId) {
    const advertised = broker.advertised.get(connection.listenerName)
    return advertised ?? { host: plainAddress(connection.localAddress), port: connection.localPort }
  }
  const known = broker.image().brokers.get(id)
  return known === undefined ? null : { host: known.host, port: known.port }
}

/** An IPv4 address that arrived by an IPv6 socket, as IPv4: clients without IPv6 must reach it. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
