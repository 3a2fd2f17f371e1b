import { endpointOf } from '../image/image.ts'
import type { RequestContext } from '../services.ts'

/** Where clients reach a broker. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/**
 * The address of broker `id` to tell the client of `context`: what the broker advertises for the
 * listener the client came in on; where it advertises none, the address the client used itself.
 * Null for a broker that is not alive or listens nowhere.
 */
export function endpointFor(context: RequestContext, id: number): Endpoint | null {
  const broker = context.broker.image().brokers.get(id)
  const { listenerName, localAddress, localPort } = context.connection
  const endpoint = broker && endpointOf(broker, listenerName)
  if (endpoint === undefined) return null
  if (endpoint.host !== null) return { host: endpoint.host, port: endpoint.port }
  return { host: plainAddress(localAddress), port: localPort }
}

/** An IPv4 address that arrived by an IPv6 socket, as IPv4: clients without IPv6 must reach it. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

/** The brokers a client of `context` can reach, with the address for it. */
export function liveBrokers(
  context: RequestContext,
): (Endpoint & { readonly id: number; readonly rack: string | null })[] {
  const reachable = []
  for (const { id, rack } of context.broker.image().brokers.values()) {
    const endpoint = endpointFor(context, id)
    if (endpoint !== null) reachable.push({ id, rack, ...endpoint })
  }
  return reachable
}
