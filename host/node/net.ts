import * as net from 'node:net'
import type {
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Net,
} from '../host.ts'
import type { BudgetNews } from './budget-news.ts'
import { type ConnectionParts, NodeConnection } from './connection.ts'
import type { MemoryReturn } from './memory-return.ts'
import type { SystemCalls } from './native.ts'
import { stopPacing } from './pacing.ts'
import { shortenBuffers } from './socket-calls.ts'
import {
  dataSocket,
  onreadOptions,
  type RawSocket,
  type ReceiveMethod,
  receiveMethods,
  takeOver,
} from './sockets.ts'

const BACKLOG = 4096

/** What the network needs besides what its connections share. */
export interface NetParts extends ConnectionParts {
  /** Pins how connections are read. Null: the best this runtime offers. */
  readonly receive: ReceiveMethod | null
  readonly news: BudgetNews
  /** At work while there is a listener. */
  readonly memoryReturn: MemoryReturn
  /** The system calls Node lacks; asked for when first needed. */
  calls(): SystemCalls | null
  /** Called once the first listener listens. */
  onListening(): void
}

/** TCP by node:net. */
export class NodeNet implements Net {
  readonly #parts: NetParts

  constructor(parts: NetParts) {
    this.#parts = parts
  }

  async listen(
    options: ListenOptions,
    accept: (connection: Connection) => ConnectionHandler,
  ): Promise<Listener> {
    const server = net.createServer({ allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      const { host, port, backlog = BACKLOG } = options
      server.once('error', reject)
      server.listen({ host, port, backlog }, resolve)
    })
    const listener = new NodeListener(server, options, this.#parts, accept)
    this.#parts.onListening()
    return listener
  }

  onBudget(listener: (budget: string, message: string | null) => void): () => void {
    return this.#parts.news.listen(listener)
  }

  connect(options: ConnectOptions, handler: ConnectionHandler): Promise<Connection> {
    const { host, port, localAddress, timeoutMs } = options
    const { onread, begin } = onreadOptions()
    const usesData = this.#parts.receive === 'data'
    return new Promise((resolve, reject) => {
      const socket = net.connect({
        host,
        port,
        ...(localAddress === undefined ? {} : { localAddress }),
        ...(usesData ? {} : { onread }),
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
      })
      const timer = setTimeout(() => {
        const late = new Error(`connect to ${host}:${port} took longer than ${timeoutMs} ms`)
        socket.destroy(Object.assign(late, { code: 'ETIMEDOUT' }))
      }, timeoutMs)
      const failed = (error: Error) => {
        clearTimeout(timer)
        reject(error)
      }
      socket.once('error', failed)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.off('error', failed)
        const connection = new NodeConnection(socket, this.#parts, () => {})
        connection.handle(handler)
        const raw = usesData ? dataSocket(socket) : { socket, begin }
        raw.begin(connection)
        resolve(connection)
      })
    })
  }
}

class NodeListener implements Listener {
  readonly host: string
  readonly port: number
  readonly connections: ReadonlySet<Connection>
  readonly #connections = new Set<Connection>()
  readonly #countByAddress = new Map<string, number>()
  readonly #server: net.Server
  readonly #options: ListenOptions
  readonly #parts: NetParts
  readonly #accept: (connection: Connection) => ConnectionHandler
  #refusedCount = 0

  constructor(
    server: net.Server,
    options: ListenOptions,
    parts: NetParts,
    accept: (connection: Connection) => ConnectionHandler,
  ) {
    const { address, port } = server.address() as net.AddressInfo
    this.host = address
    this.port = port
    this.connections = this.#connections
    this.#server = server
    this.#options = options
    this.#parts = parts
    this.#accept = accept
    const method = parts.receive ?? chooseMethod(server, parts)
    const calls = method === 'dup' ? parts.calls() : null
    takeOver(
      server,
      method,
      calls,
      raw => this.#accepted(raw),
      () => this.#refusedCount++,
    )
    // Descriptors ran out, as a rule: that connection is lost, the listener goes on.
    server.on('error', () => this.#refusedCount++)
    parts.memoryReturn.enter()
    server.once('close', () => parts.memoryReturn.leave())
  }

  get refusedCount(): number {
    return this.#refusedCount
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    await new Promise(resolve => setImmediate(resolve))
  }

  #accepted(raw: RawSocket): void {
    const connection = new NodeConnection(raw.socket, this.#parts, () => this.#left(connection))
    const { remoteAddress } = connection
    const fromAddress = this.#countByAddress.get(remoteAddress) ?? 0
    const { connectionsMax = Infinity, connectionsPerAddressMax = Infinity } = this.#options
    if (this.#connections.size >= connectionsMax || fromAddress >= connectionsPerAddressMax) {
      this.#refusedCount++
      connection.destroy()
      return
    }
    this.#connections.add(connection)
    this.#countByAddress.set(remoteAddress, fromAddress + 1)
    if (remoteAddress === connection.localAddress) stopPacing(raw.socket, this.#parts.calls())
    shortenBuffers(raw.socket, this.#connections.size, this.#parts.calls)
    connection.handle(this.#accept(connection))
    raw.begin(connection)
  }

  #left(connection: Connection): void {
    if (!this.#connections.delete(connection)) return
    const { remoteAddress } = connection
    const fromAddress = (this.#countByAddress.get(remoteAddress) ?? 1) - 1
    if (fromAddress > 0) this.#countByAddress.set(remoteAddress, fromAddress)
    else this.#countByAddress.delete(remoteAddress)
  }
}

/** Loads koffi only where the best method is not to be had. */
function chooseMethod(server: net.Server, parts: NetParts): ReceiveMethod {
  const [first] = receiveMethods(server, null)
  if (first === 'handle') return first
  return receiveMethods(server, parts.calls())[0] as ReceiveMethod
}
