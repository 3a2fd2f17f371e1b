import type { BrokerConfig } from './config/broker-config.ts'
import { ConfigError } from './config/load.ts'
import { listElements } from './config/property.ts'

/** One of `listeners`, or of `advertised.listeners`. */
export interface ListenerAddress {
  readonly name: string
  readonly securityProtocol: string
  /** As written: '' means every interface. */
  readonly host: string
  readonly port: number
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '::1', '0:0:0:0:0:0:0:1'])
/** Kafka's listener for its controllers: there are none here to speak to. */
const CONTROLLER = 'CONTROLLER'

/**
 * Where to listen, checked. Throws ConfigError for what cannot be parsed, for security protocols
 * that are not spoken, and for an address other machines reach that was not allowed.
 */
export function listenerAddresses(config: BrokerConfig): ListenerAddress[] {
  const problems: string[] = []
  const addresses = parseAll(config, 'listeners', config.get('listeners'), problems)
  for (const { name, securityProtocol, host } of addresses) {
    if (securityProtocol !== 'PLAINTEXT') {
      problems.push(
        `listeners: ${name} asks for ${securityProtocol}; only PLAINTEXT is spoken. ` +
          'Listen on the loopback address, or put a TLS proxy in front.',
      )
    } else if (!isLoopback(host) && !config.get('ottla.allow.public.listener')) {
      problems.push(
        `listeners: ${name}://${host} can be reached from other machines and does not ask who ` +
          'is calling. Set ottla.allow.public.listener=true if that is wanted.',
      )
    }
  }
  const names = addresses.map(address => address.name)
  if (new Set(names).size < names.length) problems.push('listeners: every name may be used once')
  if (addresses.length === 0 && problems.length === 0) {
    problems.push('listeners: at least one is needed')
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return addresses
}

/** What clients are told to connect to, by listener name; a listener not in it tells none. */
export function advertisedAddresses(config: BrokerConfig): Map<string, ListenerAddress> {
  const problems: string[] = []
  const texts = config.get('advertised.listeners') ?? []
  const addresses = parseAll(config, 'advertised.listeners', texts, problems)
  for (const { name, host, port } of addresses) {
    if (host === '' || host === '0.0.0.0' || host === '::') {
      problems.push(`advertised.listeners: ${name} needs a host that clients can connect to`)
    }
    if (port === 0) problems.push(`advertised.listeners: ${name} needs a port`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return new Map(addresses.map(address => [address.name, address]))
}

function parseAll(
  config: BrokerConfig,
  property: string,
  texts: readonly string[],
  problems: string[],
): ListenerAddress[] {
  const protocols = new Map(
    listElements(config.get('listener.security.protocol.map')).map(pair => {
      const [name = '', protocol = ''] = pair.split(':')
      return [name.trim().toUpperCase(), protocol.trim().toUpperCase()] as const
    }),
  )
  const addresses: ListenerAddress[] = []
  for (const text of texts) {
    const match = /^([A-Za-z0-9_-]+):\/\/(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text.trim())
    const port = Number(match?.[4])
    if (match === null || port > 0xffff) {
      problems.push(`${property}: expected NAME://host:port, got ${text}`)
      continue
    }
    const name = match[1]!.toUpperCase()
    if (name === CONTROLLER) continue
    const securityProtocol = protocols.get(name)
    if (securityProtocol === undefined) {
      problems.push(`${property}: ${name} is not in listener.security.protocol.map`)
      continue
    }
    addresses.push({ name, securityProtocol, host: match[2] ?? match[3] ?? '', port })
  }
  return addresses
}

function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}
