import type { DiskError } from '../host/disk-error.ts'
import type { ServedApi } from './api/api.ts'
import { privateApis, servedApis } from './api/index.ts'
import { changesOf } from './cluster-log.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { GROUP_TOPIC } from './coordinator/group-coordinators.ts'
import { descriptorShares } from './descriptors.ts'
import { ExhaustionWatch } from './exhaustion-watch.ts'
import type { EndpointImage } from './image/image.ts'
import { storeKey } from './image/values.ts'
import { advertisedAddresses, type ListenerAddress, listenerAddresses } from './listeners.ts'
import { ListenersFile } from './listeners-file.ts'
import type { Session } from './metadata/store.ts'
import { Dispatcher } from './network/dispatch.ts'
import type { NetworkLimits } from './network/limits.ts'
import { BrokerListener } from './network/listener.ts'
import { ReplyBudget } from './network/reply-budget.ts'
import { BrokerParts, type PartsOptions } from './parts.ts'
import { register } from './registration.ts'
import { Upkeep } from './upkeep.ts'

export interface BrokerServerOptions extends PartsOptions {
  /** Puts something between the dispatcher and the handlers; default: nothing. */
  readonly around?: (apis: readonly ServedApi[]) => readonly ServedApi[]
}

const WAITING_REPLIES = 'waiting replies'
const ONE_AT_A_TIME =
  'replies that wait behind earlier ones take all of ottla.reply.memory.bytes: ' +
  'each connection is served one request at a time'

/** A connection that has not taken its last replies by then is cut. */
const DRAIN_TIMEOUT_MS = 5_000

/**
 * BrokerServer: one broker, whole. Start-up goes from the disk to the network, stopping the same
 * way back:
 *
 *   folder, metadata -> partitions -> registered -> groups -> listening, upkeep
 *
 * Invariants:
 *   (1) A client that can connect can be served: listeners come last.
 *   (2) After `stop` resolved, every acknowledged record is on disk, the folder carries the marker
 *       of a clean stop, and nothing of this broker runs.
 */
export class BrokerServer {
  readonly parts: BrokerParts
  readonly listeners: readonly BrokerListener[]
  readonly #file: ListenersFile
  readonly #session: Session
  readonly #upkeep: Upkeep
  readonly #watch: ExhaustionWatch
  readonly #stopListening: () => void
  #stopping: Promise<void> | null = null

  private constructor(made: Made) {
    this.parts = made.parts
    this.listeners = made.listeners
    this.#file = made.file
    this.#session = made.session
    this.#upkeep = made.upkeep
    this.#watch = made.watch
    this.#stopListening = made.stopListening
  }

  /** Rejects with ConfigError, DiskError, or the system's error for an address. */
  static async start(options: BrokerServerOptions): Promise<BrokerServer> {
    const { config } = options
    const addresses = listenerAddresses(config)
    const advertised = advertisedAddresses(config)
    const parts = await BrokerParts.open(options)
    const listeners: BrokerListener[] = []
    let stopListening = () => {}
    const { disk, log } = parts.host
    const file = new ListenersFile({ disk, log, path: config.get('ottla.listeners.file') })
    try {
      file.remove()
      const { host, store, view, logDirectory } = parts
      await parts.prepare()
      await parts.publish()
      const { session, revision } = await register({
        store,
        nodeId: parts.nodeId,
        rack: config.get('broker.rack'),
        endpoints: addresses.map(address => endpoint(address, advertised)),
      })
      parts.controller.authorize({
        // The controller's epoch: what a controller that was replaced still sends, fails on it.
        compare: [{ key: storeKey.controller, field: 'createRevision', revision }],
        transactionSizeMax: store.transactionSizeMax,
      })
      await view.untilRevision(revision)
      const unfollow = followImage(parts)
      const unheard = tellBudgets(parts)
      stopListening = () => {
        unfollow()
        unheard()
      }
      const apis = [...servedApis, ...privateApis]
      const dispatcher = new Dispatcher(options.around?.(apis) ?? apis, parts)
      const replies = replyBudget(parts)
      const { connectionsMax } = descriptorShares(host, config)
      const share = Math.max(1, Math.floor(connectionsMax / addresses.length))
      for (const address of addresses) {
        const how = { ...listenerOptions(config, address, share), replies }
        listeners.push(await BrokerListener.listen(dispatcher, how))
      }
      const upkeep = new Upkeep({ host, config, logDirectory })
      upkeep.start()
      const watch = watchExhaustion(parts, listeners, connectionsMax)
      watch.start()
      await file.write(listeners)
      return new BrokerServer({ parts, listeners, file, session, upkeep, watch, stopListening })
    } catch (error) {
      for (const listener of listeners) {
        await listener.stopAccepting()
        listener.destroy()
      }
      stopListening()
      await abandonParts(parts)
      throw error
    }
  }

  /** The first port listened on. */
  get port(): number {
    return this.listeners[0]!.port
  }

  /** Called once if the data folder failed: nothing can be served any more. */
  onOffline(listener: (error: DiskError) => void): void {
    this.parts.logDirectory.onOffline(listener)
  }

  /** Idempotent. Rejects with DiskError if the last writes failed: there is no marker then. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const { host, view, controller, reconciler, groups, partitions, store } = this.parts
    await this.#upkeep.stop()
    this.#watch.stop()
    this.#file.remove()
    await Promise.all(this.listeners.map(listener => listener.stopAccepting()))
    // Answers everybody who waits for a rebalance, so that their connections can drain.
    await groups.stop()
    await Promise.all(this.listeners.map(listener => listener.drain(DRAIN_TIMEOUT_MS)))
    this.#stopListening()
    await controller.close()
    await reconciler.stop()
    await this.#session.revoke()
    await view.close()
    partitions.stop()
    this.parts.deadlines.close()
    this.parts.space.end()
    try {
      await this.parts.logDirectory.close(host.clock.nowMs())
    } finally {
      await store.close()
    }
  }

  /** Ends at once and writes nothing more, as kill -9 would. For tests. */
  abandon(): void {
    this.#stopping ??= Promise.resolve()
    this.#stopListening()
    for (const listener of this.listeners) {
      this.parts.host.loop.spawn('abandon', listener.stopAccepting())
      listener.destroy()
    }
    this.parts.host.loop.spawn('abandon', this.#upkeep.stop())
    this.parts.reconciler.abandon()
    this.#watch.stop()
    this.parts.groups.abandon()
    this.parts.deadlines.close()
    this.parts.logDirectory.abandon()
  }
}

interface Made {
  readonly parts: BrokerParts
  readonly listeners: readonly BrokerListener[]
  readonly file: ListenersFile
  readonly session: Session
  readonly upkeep: Upkeep
  readonly watch: ExhaustionWatch
  readonly stopListening: () => void
}

/** After a start that failed: nothing of the parts runs on, and nothing more is written. */
async function abandonParts(parts: BrokerParts): Promise<void> {
  await parts.reconciler.stop()
  parts.groups.abandon()
  await parts.view.close()
  parts.deadlines.close()
  await parts.store.close()
  parts.logDirectory.abandon()
}

/**
 * Groups learn of their partitions, and of topics that are gone, from the image; the log tells what
 * changed.
 */
function followImage(parts: BrokerParts): () => void {
  const log = parts.host.log.child({ part: 'cluster' })
  let image = parts.image()
  const follow = () => {
    const before = image
    image = parts.image()
    for (const { fields, message } of changesOf(before, image)) log.info(fields, message)
    parts.groups.onImage()
    const { topics } = image
    if (topics === before.topics || !topics.has(GROUP_TOPIC)) return
    const gone = [...before.topics.keys()].filter(name => !topics.has(name))
    if (gone.length > 0) parts.groups.onTopicsDeleted(new Set(gone))
  }
  follow()
  parts.reconciler.onOpened(() => parts.groups.onImage())
  return parts.view.onImage(follow)
}

/** Connections that are closed because memory is spent are a condition of the broker. */
function tellBudgets({ host, conditions }: BrokerParts): () => void {
  return host.net.onBudget((budget, message) => {
    if (message === null) conditions.clear('memory-budget-spent', budget)
    else conditions.set('memory-budget-spent', budget, 'warning', message)
  })
}

function replyBudget({ config, conditions }: BrokerParts): ReplyBudget {
  return new ReplyBudget(config.get('ottla.reply.memory.bytes'), isSpent => {
    if (!isSpent) conditions.clear('memory-budget-spent', WAITING_REPLIES)
    else conditions.set('memory-budget-spent', WAITING_REPLIES, 'warning', ONE_AT_A_TIME)
  })
}

function endpoint(
  { name, securityProtocol, port }: ListenerAddress,
  advertised: ReadonlyMap<string, ListenerAddress>,
): EndpointImage {
  const told = advertised.get(name)
  const common = { listenerName: name, securityProtocol }
  return told === undefined
    ? { ...common, host: null, port }
    : { ...common, host: told.host, port: told.port }
}

function watchExhaustion(
  { host, config, conditions, space, logDirectory }: BrokerParts,
  listeners: readonly BrokerListener[],
  max: number,
): ExhaustionWatch {
  return new ExhaustionWatch({
    clock: host.clock,
    conditions,
    space,
    folder: logDirectory.path,
    freeWarningBytes: () => config.get('ottla.disk.free.warning.bytes'),
    connections: {
      max,
      open: () => listeners.reduce((sum, { connectionCount }) => sum + connectionCount, 0),
      refused: () => listeners.reduce((sum, { refusedCount }) => sum + refusedCount, 0),
    },
  })
}

/** `descriptorsMax`: connections that the process limit leaves to this listener. */
function listenerOptions(
  config: BrokerConfig,
  { name, host, port }: ListenerAddress,
  descriptorsMax: number,
) {
  return {
    name,
    host: host === '' ? '::' : host,
    port,
    backlog: config.get('socket.listen.backlog.size'),
    connectionsMax: Math.min(config.get('max.connections'), descriptorsMax),
    connectionsPerAddressMax: config.get('max.connections.per.ip'),
    limits: networkLimits(config),
  }
}

function networkLimits(config: BrokerConfig): NetworkLimits {
  const idleMs = config.get('connections.max.idle.ms')
  return {
    produceFrameBytesMax: config.get('socket.request.max.bytes'),
    requestFrameBytesMax: config.get('ottla.request.max.bytes'),
    requestsInFlightMax: config.get('queued.max.requests'),
    responseBytesMax: config.get('ottla.connection.reply.queue.bytes'),
    slowReaderMs: config.get('ottla.connection.drain.timeout.ms'),
    frameMs: config.get('ottla.connection.frame.timeout.ms'),
    idleMs: idleMs < 0 ? Number.POSITIVE_INFINITY : idleMs,
  }
}
