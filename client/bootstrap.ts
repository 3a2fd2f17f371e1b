import type { Address } from './client-host.ts'
import { UsageError } from './errors.ts'

/**
 * Addresses from `host:port,host:port` or a list of such; `[::1]:9092` for IPv6. Throws UsageError
 * for anything else.
 */
export function parseBootstrapServers(servers: string | readonly string[]): Address[] {
  const list = typeof servers === 'string' ? servers.split(',') : servers
  const addresses = list
    .map(text => text.trim())
    .filter(text => text !== '')
    .map(parseAddress)
  if (addresses.length === 0) {
    throw new UsageError('There are no bootstrapServers; give at least one as host:port.')
  }
  return addresses
}

function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) {
    throw new UsageError(`"${text}" is no address of a broker; write it as host:port.`)
  }
  return { host: (match[1] ?? match[2])!, port }
}
