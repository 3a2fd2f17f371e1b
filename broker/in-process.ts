import type { Disk, Host, Logger } from '../host/host.ts'
import { NodeClock } from '../host/node/clock.ts'
import { nodeDisk, nodeHost } from '../host/node/host.ts'
import { temporaryFolder } from '../host/node/temporary-folder.ts'
import { virtualClock } from '../host/sim/clock.ts'
import { flowingClock } from '../host/sim/flowing-clock.ts'
import { memoryDisk } from '../host/sim/memory-disk.ts'
import { BrokerServer } from './broker.ts'
import { loadConfig } from './config/load.ts'
import type { Authorizer } from './security/authorizer.ts'

/** How a broker in a test is made. Nothing needs to be given. */
export interface BrokerOptions {
  /**
   * 'real': the system's time. 'virtual': keeps the pace of real time, so that clients notice
   * nothing, and `clock.advance` moves it ahead. 'still': moves by `clock.advance` alone, for tests
   * that look at every millisecond; a long poll then ends when the test says so. Default 'real'.
   */
  readonly clock?: 'real' | 'virtual' | 'still'
  /**
   * 'memory': gone with the broker. 'temporary': a folder under the system's temporary folder,
   * removed by `stop`. A path: a folder that stays. Default 'memory'.
   */
  readonly disk?: 'memory' | 'temporary' | { readonly path: string }
  /** Kafka's property names. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
  /** Default: any free one. */
  readonly port?: number
  /** Where the broker's own log goes. Default: nowhere. */
  readonly log?: Logger
  /** Who may do what. Default: everybody everything. */
  readonly authorizer?: Authorizer
}

/** The time of a broker's own. */
export interface BrokerClock {
  /** Milliseconds since 1970, as the broker sees them. */
  nowMs(): number
  /** Moves a virtual or still clock ahead: everything due on the way happens, in order. */
  advance(ms: number): Promise<void>
}

/** What suits a test: nobody else is going to join a group, and nothing is worth waiting for. */
const TEST_CONFIG = { 'group.initial.rebalance.delay.ms': 0 }

const MEMORY_FOLDER = '/ottla'

/**
 * Broker: a whole broker in this process, on a port of its own.
 *
 *     await using broker = await Broker.start()
 *     const kafka = new Kafka({ brokers: [broker.bootstrapServers] })
 *
 * Any number of them run side by side and share nothing. Clients are real ones on real sockets.
 */
export class Broker implements AsyncDisposable {
  readonly clock: BrokerClock
  readonly port: number
  readonly #making: Making
  #server: BrokerServer
  #isStopped = false

  private constructor(making: Making, server: BrokerServer) {
    this.#making = making
    this.#server = server
    this.port = server.port
    const { clock } = making
    this.clock = clock
  }

  /** Rejects with ConfigError for properties that do not parse, or with why it cannot start. */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const making = make(options)
    try {
      return new Broker(making, await startServer(making, options.port ?? 0))
    } catch (error) {
      making.removeFolder()
      throw error
    }
  }

  /** `host:port`, for a client to begin with. */
  get bootstrapServers(): string {
    return `127.0.0.1:${this.port}`
  }

  /**
   * The broker's parts, for this project's own tests. Replaced by `restart`.
   * @internal
   */
  get server(): BrokerServer {
    return this.#server
  }

  /**
   * Stops cleanly and starts again: same port, same disk, remembering what was stored. Rejects once
   * it was stopped.
   */
  async restart(): Promise<void> {
    this.#refuseStopped()
    await this.#server.stop()
    this.#server = await startServer(this.#making, this.port)
  }

  /**
   * Ends as if by kill -9 and starts again on what was written by then: connections break, nothing
   * is flushed, the folder is recovered. Rejects once it was stopped.
   */
  async crash(): Promise<void> {
    this.#refuseStopped()
    this.#server.abandon()
    this.#server = await startServer(this.#making, this.port)
  }

  /** Stops cleanly; idempotent. A temporary folder is removed. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    try {
      await this.#server.stop()
    } finally {
      this.#making.removeFolder()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** Nobody would stop it again. */
  #refuseStopped(): void {
    if (this.#isStopped) throw new Error('the broker was stopped: start another by Broker.start')
  }
}

/** What stays the same over restarts. */
interface Making {
  readonly host: Host
  readonly clock: BrokerClock
  readonly folder: string
  readonly options: BrokerOptions
  removeFolder(): void
}

function make(options: BrokerOptions): Making {
  const real = nodeHost({ logger: options.log ?? silence() })
  const clock = makeClock(real, options.clock ?? 'real')
  const { disk, folder, removeFolder } = makeDisk(options.disk ?? 'memory')
  return { host: { ...real, clock, disk }, clock, folder, options, removeFolder }
}

function makeClock(real: Host, kind: 'real' | 'virtual' | 'still') {
  const hop = () => real.loop.nextTurn()
  switch (kind) {
    case 'still':
      return virtualClock({ hop })
    case 'virtual':
      return flowingClock({ base: real.clock, hop })
    case 'real':
      return Object.assign(new NodeClock(), {
        advance: () =>
          Promise.reject(new Error("a real clock cannot be moved: start with clock: 'virtual'")),
      })
  }
}

function makeDisk(kind: NonNullable<BrokerOptions['disk']>): {
  disk: Disk
  folder: string
  removeFolder(): void
} {
  if (kind === 'memory') {
    return { disk: memoryDisk(), folder: MEMORY_FOLDER, removeFolder: () => {} }
  }
  if (kind !== 'temporary') {
    return { disk: nodeDisk(), folder: kind.path, removeFolder: () => {} }
  }
  const { path, remove } = temporaryFolder('ottla-')
  return { disk: nodeDisk(), folder: path, removeFolder: remove }
}

function startServer({ host, folder, options }: Making, port: number): Promise<BrokerServer> {
  const { config, warnings } = loadConfig({
    overrides: {
      listeners: `PLAINTEXT://127.0.0.1:${port}`,
      ...TEST_CONFIG,
      ...options.config,
    },
  })
  for (const warning of warnings) host.log.warn({}, warning)
  const { authorizer } = options
  return BrokerServer.start({ host, config, folder, ...(authorizer && { authorizer }) })
}

function silence(): Logger {
  const nothing = () => {}
  const logger: Logger = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    fatal: nothing,
    child: () => logger,
  }
  return logger
}
