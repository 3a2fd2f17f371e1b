import type {
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Net,
} from '../host.ts'
import { errorWithCode, SimConnection } from './connection.ts'
import type { Owner } from './event-queue.ts'
import { isLoopback, type Machine, type SimNetwork } from './network.ts'
import { Pipe } from './pipe.ts'

type Accept = (connection: Connection) => ConnectionHandler

/** How often a connect that got no answer tries again, as TCP does. */
const CONNECT_RETRY_MS = 1_000

/** The simulated network as one process on one machine sees it. */
export class SimNet implements Net {
  readonly machine: Machine
  readonly #network: SimNetwork
  readonly #owner: Owner

  constructor(network: SimNetwork, machine: Machine, owner: Owner) {
    this.#network = network
    this.machine = machine
    this.#owner = owner
  }

  async listen(options: ListenOptions, accept: Accept): Promise<Listener> {
    const { machine } = this
    const { host } = options
    const isOurs = this.#network.resolve(machine, host) === machine
    if (!isOurs) throw errorWithCode('EADDRNOTAVAIL', `${host} is not an address of this machine`)
    const port = options.port === 0 ? freePort(machine) : options.port
    if (machine.listeners.has(port)) {
      throw errorWithCode('EADDRINUSE', `${host}:${port} is in use`)
    }
    const listener = new SimListener(machine, { ...options, port }, this.#owner, accept)
    machine.listeners.set(port, listener)
    return listener
  }

  connect(options: ConnectOptions, handler: ConnectionHandler): Promise<Connection> {
    const network = this.#network
    const { machine } = this
    const { host, port, timeoutMs } = options
    const target = network.resolve(machine, host)
    return new Promise((resolve, reject) => {
      if (target === undefined) return reject(errorWithCode('ENOTFOUND', host))
      const what = `connect ${machine.name} ${host}:${port}`
      let isOver = false
      const fail = (code: string) => {
        isOver = true
        reject(errorWithCode(code, `${host}:${port}`))
      }
      const timer = network.simulation.schedule(timeoutMs, `${what} timed out`, this.#owner, () => {
        if (!isOver) fail('ETIMEDOUT')
      })
      const arrive = () => {
        if (isOver || !this.#owner.isAlive) return
        if (network.isBlocked(machine, target) || network.isBlocked(target, machine)) {
          network.simulation.schedule(CONNECT_RETRY_MS, `${what} again`, this.#owner, arrive)
          return
        }
        const connection = this.#establish(target, options, handler)
        network.simulation.schedule(
          network.drawLatencyMs(target, machine),
          connection === null ? `${what} refused` : `${what} connected`,
          this.#owner,
          () => {
            timer.cancel()
            if (isOver) connection?.destroy()
            else if (connection === null) fail('ECONNREFUSED')
            else resolve(connection)
            isOver = true
          },
        )
      }
      const delayMs = network.drawLatencyMs(machine, target)
      network.simulation.schedule(delayMs, what, target.owner, arrive)
    })
  }

  /** The simulated machine has memory for everybody. */
  onBudget(): () => void {
    return () => {}
  }

  /** Both ends and the pipes between them; null when nobody listens. */
  #establish(
    target: Machine,
    options: ConnectOptions,
    handler: ConnectionHandler,
  ): SimConnection | null {
    const { machine } = this
    const listener = target.listeners.get(options.port)
    if (listener === undefined) return null
    if (isLoopback(listener.host) && target !== machine) return null

    const isLocal = target === machine
    const here = {
      machine,
      owner: this.#owner,
      address: options.localAddress ?? (isLocal ? '127.0.0.1' : machine.address),
      port: freePort(machine),
    }
    const there = {
      machine: target,
      owner: listener.owner,
      address: isLocal && isLoopback(options.host) ? options.host : target.address,
      port: options.port,
    }
    const [client, server] = joinEnds(this.#network, here, there)
    client.handle(handler)
    listener.take(server)
    return client
  }
}

export class SimListener implements Listener {
  readonly host: string
  readonly port: number
  readonly owner: Owner
  readonly connections = new Set<Connection>()
  readonly #machine: Machine
  readonly #options: ListenOptions
  readonly #accept: Accept
  #refusedCount = 0

  constructor(machine: Machine, options: ListenOptions, owner: Owner, accept: Accept) {
    this.#machine = machine
    this.#options = options
    this.#accept = accept
    this.owner = owner
    this.host = options.host
    this.port = options.port
  }

  get refusedCount(): number {
    return this.#refusedCount
  }

  async close(): Promise<void> {
    if (this.#machine.listeners.get(this.port) === this) this.#machine.listeners.delete(this.port)
  }

  /** A connection has come in. */
  take(connection: SimConnection): void {
    const { connectionsMax, connectionsPerAddressMax } = this.#options
    let sameAddress = 0
    for (const { remoteAddress } of this.connections) {
      if (remoteAddress === connection.remoteAddress) sameAddress++
    }
    const isFull =
      this.connections.size >= (connectionsMax ?? Number.POSITIVE_INFINITY) ||
      sameAddress >= (connectionsPerAddressMax ?? Number.POSITIVE_INFINITY)
    if (isFull) {
      this.#refusedCount++
      connection.destroy()
      return
    }
    this.connections.add(connection)
    const handler = this.#accept(connection)
    connection.handle({
      frameBytesMax: head => handler.frameBytesMax(head),
      onFrame: frame => handler.onFrame(frame),
      onEnd: () => handler.onEnd(),
      onEndAhead: () => handler.onEndAhead?.(),
      onDrain: () => handler.onDrain(),
      onClose: reason => {
        this.connections.delete(connection)
        handler.onClose(reason)
      },
    })
  }
}

interface Side {
  readonly machine: Machine
  readonly owner: Owner
  readonly address: string
  readonly port: number
}

/** The two ends of a connection between two sides. */
function joinEnds(network: SimNetwork, here: Side, there: Side): [SimConnection, SimConnection] {
  const near = newEnd(network, here, there, () => far)
  const far: SimConnection = newEnd(network, there, here, () => near)
  const outward = newPipe(network, here, there, [near, far])
  const inward = newPipe(network, there, here, [far, near])
  near.attach(inward, outward)
  far.attach(outward, inward)
  const deliver = () => {
    inward.deliver()
    outward.deliver()
  }
  const nearEnd = { owner: here.owner, peer: there.machine, peerEnd: () => far, deliver }
  const farEnd = { owner: there.owner, peer: here.machine, peerEnd: () => near, deliver }
  here.machine.ends.set(near, nearEnd)
  there.machine.ends.set(far, farEnd)
  return [near, far]
}

function newEnd(
  network: SimNetwork,
  here: Side,
  there: Side,
  peer: () => SimConnection,
): SimConnection {
  return new SimConnection({
    id: network.nextConnectionId(),
    simulation: network.simulation,
    owner: here.owner,
    localAddress: here.address,
    localPort: here.port,
    remoteAddress: there.address,
    remotePort: there.port,
    resetPeer: () => network.sendReset(here.machine, there.machine, peer()),
    onClosed: connection => here.machine.ends.delete(connection),
    breaks: () => network.random.chance(network.resetChance),
  })
}

function newPipe(
  network: SimNetwork,
  from: Side,
  to: Side,
  [writer, reader]: readonly [SimConnection, SimConnection],
): Pipe {
  return new Pipe({
    simulation: network.simulation,
    random: network.random,
    receiver: to.machine.owner,
    label: `connection ${reader.id} from ${from.machine.name}`,
    windowBytes: network.windowBytes,
    splitChance: () => network.splitChance,
    latencyMs: () => network.drawLatencyMs(from.machine, to.machine),
    isBlocked: () => network.isBlocked(from.machine, to.machine),
    reader,
    onRoom: () => writer.onRoom(),
  })
}

function freePort(machine: Machine): number {
  let port = machine.portNext
  while (machine.listeners.has(port)) port++
  machine.portNext = port + 1 > 65_535 ? 32_768 : port + 1
  return port
}
