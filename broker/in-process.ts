import { Client } from '../client/index.ts'
import type { Disk, Host, Logger } from '../host/host.ts'
import { NodeClock } from '../host/node/clock.ts'
import { nodeDisk, nodeHost } from '../host/node/host.ts'
import { temporaryFolder } from '../host/node/temporary-folder.ts'
import type { SimDisk } from '../host/sim/disk.ts'
import type { ActiveFault, DiskFault } from '../host/sim/disk-faults.ts'
import { type AdvanceOptions, flowingClock, standingClock } from '../host/sim/flowing-clock.ts'
import { memoryDisk } from '../host/sim/memory-disk.ts'
import type { ServedApi } from './api/api.ts'
import type { BrokerServer } from './broker.ts'
import { didYouMean } from './config/did-you-mean.ts'
import { loadConfig } from './config/load.ts'
import type { Authorizer } from './security/authorizer.ts'
import { startServer } from './start.ts'
import { IN_PROCESS_CURES, StartFailure, startFailure } from './start-failure.ts'
import type { ApiName, RequestFaultBuilder } from './testing/request-fault.ts'
import { RequestFaults } from './testing/request-faults.ts'
import { type GroupWatch, type TopicWatch, Watchers } from './testing/watchers.ts'

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
  /**
   * Moves a virtual or still clock ahead by `ms`. Sessions, rebalances and whatever else a client
   * can observe happen in the order of their times; retention and expiry are worked through once,
   * and long polls are answered once, at the end. A member of a group that sends no heartbeat
   * meanwhile expires, unless `keepMembers` gives every member a fresh session.
   */
  advance(ms: number, options?: AdvanceOptions): Promise<void>
}

/** The disk of a broker in a test. */
export interface BrokerDisk {
  /**
   * Calls of the disk fail from here on as `fault` says; needs `disk: 'memory'`, and throws Error
   * for a real disk.
   */
  fail(fault: DiskFault): ActiveFault
}

/** A topic that a test wants to have. */
export interface TopicOptions {
  /** Default 1. */
  readonly partitions?: number
  /** Kafka's names of topic properties. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
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
  readonly #watchers: Watchers
  #client: Client | null = null
  #isStopped = false

  private constructor(making: Making, server: BrokerServer) {
    this.#making = making
    this.#server = server
    this.port = server.port
    const { clock } = making
    this.clock = clock
    this.#watchers = new Watchers(() => this.#ownClient(), new NodeClock('foreground'))
  }

  /**
   * Rejects with StartFailure: one sentence that says which option or property is wrong, or why
   * port or folder cannot be had, and what to do.
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    refuseUnknownOptions(options)
    const making = make(options)
    try {
      return new Broker(making, await startOn(making, options.port ?? 0))
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
   * What goes wrong with requests of an API, by Kafka's name for it:
   *
   *     const refused = broker.on('Produce').once().reply('NOT_LEADER_OR_FOLLOWER')
   *     broker.on('Fetch').withProbability(0.1, 42).disconnect()
   */
  on(apiName: ApiName): RequestFaultBuilder {
    return this.#making.faults.on(apiName)
  }

  get disk(): BrokerDisk {
    const { simDisk } = this.#making
    return {
      fail: fault => {
        if (simDisk === null)
          throw new Error("only a broker with disk: 'memory' can be made to fail")
        return simDisk.faults.add(fault)
      },
    }
  }

  topic(name: string): TopicWatch {
    return this.#watchers.topic(name)
  }

  group(groupId: string): GroupWatch {
    return this.#watchers.group(groupId)
  }

  /** Rejects with BrokerError: the topic exists, or a property is wrong. */
  async createTopic(
    topic: string,
    { partitions = 1, config = {} }: TopicOptions = {},
  ): Promise<void> {
    const configs = Object.fromEntries(
      Object.entries(config).map(([name, value]) => [name, String(value)]),
    )
    await this.#ownClient().admin().createTopics([{ topic, partitions, configs }])
  }

  /** The client with which the broker looks into itself for a test. */
  #ownClient(): Client {
    this.#client ??= new Client({ bootstrapServers: this.bootstrapServers, clientId: 'ottla-test' })
    return this.#client
  }

  /**
   * Stops cleanly and starts again: same port, same disk, remembering what was stored. Rejects once
   * it was stopped.
   */
  async restart(): Promise<void> {
    this.#refuseStopped()
    await this.#server.stop()
    this.#server = await startOn(this.#making, this.port)
  }

  /**
   * Ends as if by kill -9 and starts again on what was written by then: connections break, nothing
   * is flushed, the folder is recovered. Rejects once it was stopped.
   */
  async crash(): Promise<void> {
    this.#refuseStopped()
    this.#server.abandon()
    this.#server = await startOn(this.#making, this.port)
  }

  /** Stops cleanly; idempotent. A temporary folder is removed. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    try {
      await this.#client?.close()
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
  readonly faults: RequestFaults
  /** Null: the disk is real. */
  readonly simDisk: SimDisk | null
  removeFolder(): void
}

function make(options: BrokerOptions): Making {
  const real = nodeHost({ logger: options.log ?? silence() })
  const clock = makeClock(real, options.clock ?? 'real')
  const made = makeDisk(options.disk ?? 'memory')
  const host = { ...real, clock, disk: made.disk }
  return { ...made, host, clock, options, faults: new RequestFaults(clock) }
}

function makeClock(real: Host, kind: 'real' | 'virtual' | 'still') {
  const hop = () => real.loop.nextTurn()
  switch (kind) {
    case 'still':
      return flowingClock({ base: standingClock(real.clock.nowMs()), hop })
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
  simDisk: SimDisk | null
  folder: string
  removeFolder(): void
} {
  const nothing = () => {}
  if (kind === 'memory') {
    const simDisk = memoryDisk()
    return { disk: simDisk, simDisk, folder: MEMORY_FOLDER, removeFolder: nothing }
  }
  const real = { disk: nodeDisk(), simDisk: null }
  if (kind !== 'temporary') return { ...real, folder: kind.path, removeFolder: nothing }
  const { path, remove } = temporaryFolder('ottla-')
  return { ...real, folder: path, removeFolder: remove }
}

function startOn({ host, folder, options, faults }: Making, port: number): Promise<BrokerServer> {
  const listeners = `PLAINTEXT://127.0.0.1:${port}`
  const { config, warnings, summary } = configOf(
    { listeners, ...TEST_CONFIG, ...options.config },
    folder,
  )
  for (const warning of warnings) host.log.warn({}, warning)
  if (summary !== null) host.log.info({}, summary)
  const { authorizer } = options
  const around = (apis: readonly ServedApi[]) => faults.around(apis)
  const all = { host, config, folder, around, ...(authorizer && { authorizer }) }
  return startServer(all, IN_PROCESS_CURES)
}

function configOf(overrides: NonNullable<BrokerOptions['config']>, folder: string) {
  try {
    return loadConfig({ overrides })
  } catch (error) {
    const listeners = String(overrides['listeners'])
    throw startFailure(error, { listeners, folder }, IN_PROCESS_CURES)
  }
}

const OPTIONS: ReadonlySet<string> = new Set<keyof BrokerOptions>([
  ...(['clock', 'disk', 'config', 'port', 'log', 'authorizer'] as const),
])

/** Programs without types pass what they like. */
function refuseUnknownOptions(options: BrokerOptions): void {
  const unknown = Object.keys(options).find(name => !OPTIONS.has(name))
  if (unknown === undefined) return
  const isProperty = unknown.includes('.')
  const suggestion = isProperty ? '; properties go into config' : didYouMean(unknown, OPTIONS)
  throw new StartFailure(`Broker.start knows no option ${unknown}${suggestion}`, 2)
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
