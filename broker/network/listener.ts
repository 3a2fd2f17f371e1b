import type { Connection, Host, Listener, Timer } from '../../host/host.ts'
import { BrokerConnection, type ConnectionSurroundings } from './connection.ts'
import type { Dispatcher } from './dispatch.ts'
import type { NetworkLimits } from './limits.ts'
import type { ReplyBudget } from './reply-budget.ts'

/** Where and how to listen. */
export interface BrokerListenerOptions {
  readonly name: string
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly limits: NetworkLimits
  readonly replies: ReplyBudget
  readonly backlog: number
  /** Infinity: no limit. */
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
}

/** A limit in time is checked this often within it, so it is kept to a quarter. */
const SWEEPS_PER_LIMIT = 4

/**
 * One address clients connect to, and the connections that came by it. One timer serves all of
 * them: nine thousand idle connections must cost nothing but their sockets.
 *
 *   listening --stopAccepting--> draining --drain, or destroy--> closed
 */
export class BrokerListener implements ConnectionSurroundings {
  readonly dispatcher: Dispatcher
  readonly limits: NetworkLimits
  readonly replies: ReplyBudget
  readonly listenerName: string
  sweeps = 0
  readonly #host: Host
  readonly #sweepMs: number
  readonly #connections = new Set<BrokerConnection>()
  #listener: Listener | null = null
  #timer: Timer | null = null
  #whenEmpty: (() => void) | null = null

  private constructor(dispatcher: Dispatcher, options: BrokerListenerOptions) {
    this.dispatcher = dispatcher
    this.limits = options.limits
    this.replies = options.replies
    this.listenerName = options.name
    this.#host = dispatcher.services.host
    const { idleMs, slowReaderMs, frameMs } = options.limits
    this.#sweepMs = Math.min(idleMs, slowReaderMs, frameMs) / SWEEPS_PER_LIMIT
  }

  /** Rejects with the system's error when the address cannot be had. */
  static async listen(
    dispatcher: Dispatcher,
    options: BrokerListenerOptions,
  ): Promise<BrokerListener> {
    const self = new BrokerListener(dispatcher, options)
    const { host, port, backlog, connectionsMax, connectionsPerAddressMax } = options
    self.#listener = await self.#host.net.listen(
      { host, port, backlog, connectionsMax, connectionsPerAddressMax },
      socket => self.#accept(socket),
    )
    self.#scheduleSweep()
    return self
  }

  get host(): string {
    return this.#listener!.host
  }

  /** The port really bound. */
  get port(): number {
    return this.#listener!.port
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Connections turned away by a limit since start. */
  get refusedCount(): number {
    return this.#listener!.refusedCount
  }

  async stopAccepting(): Promise<void> {
    await this.#listener?.close()
  }

  /**
   * Answers what was begun and closes each connection after that; those not done within
   * `timeoutMs` are cut. Resolves when none is left.
   */
  drain(timeoutMs: number): Promise<void> {
    this.#stopSweeping()
    for (const connection of [...this.#connections]) connection.drain()
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise(resolve => {
      const cut = this.#host.clock.schedule(timeoutMs, () => this.destroy())
      this.#whenEmpty = () => {
        cut.cancel()
        resolve()
      }
    })
  }

  /** Cuts every connection; there must be no new ones. */
  destroy(): void {
    this.#stopSweeping()
    for (const connection of [...this.#connections]) connection.destroy()
  }

  #accept(socket: Connection): BrokerConnection {
    const connection = new BrokerConnection(socket, this)
    this.#connections.add(connection)
    return connection
  }

  closed(connection: BrokerConnection): void {
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#whenEmpty?.()
  }

  #scheduleSweep(): void {
    if (!Number.isFinite(this.#sweepMs)) return
    const run = () => {
      this.#sweep()
      this.#scheduleSweep()
    }
    this.#timer = this.#host.clock.schedule(this.#sweepMs, run, 'upkeep')
  }

  #stopSweeping(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #sweep(): void {
    this.sweeps++
    this.replies.sweep()
    const { idleMs, slowReaderMs, frameMs } = this.limits
    const limits = {
      idle: idleMs / this.#sweepMs,
      slowReader: slowReaderMs / this.#sweepMs,
      frame: frameMs / this.#sweepMs,
    }
    for (const connection of [...this.#connections]) connection.sweep(limits)
  }
}
