import { Controller } from '../../../broker/cluster/controller-runtime.ts'
import { prepareMetadata } from '../../../broker/cluster/founding.ts'
import { put } from '../../../broker/cluster/plan.ts'
import { Conditions } from '../../../broker/conditions.ts'
import { type AlterScopes, alterScopes } from '../../../broker/config/alter-scopes.ts'
import { BrokerConfig } from '../../../broker/config/broker-config.ts'
import { withInternalConfigs } from '../../../broker/config/internal-topics.ts'
import { loadConfig } from '../../../broker/config/load.ts'
import { topicConfig } from '../../../broker/config/topic-config.ts'
import { ClusterView } from '../../../broker/image/cluster-view.ts'
import { applyEvents, emptyState } from '../../../broker/image/delta.ts'
import type { ClusterImage } from '../../../broker/image/image.ts'
import { storeKey } from '../../../broker/image/values.ts'
import { LocalStore } from '../../../broker/metadata/local-store.ts'
import type { MetadataStore, StoreOperation } from '../../../broker/metadata/store.ts'
import { Partitions } from '../../../broker/partition/partitions.ts'
import { Deadlines } from '../../../broker/partition/purgatory.ts'
import { Recoder } from '../../../broker/partition/recoder.ts'
import { Reconciler } from '../../../broker/reconcile/reconciler.ts'
import type { Clock, Disk, Logger } from '../../../host/host.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { memoryDisk } from '../../../host/sim/memory-disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { newUuid } from '../../../protocol/uuid.ts'
import { Expander } from '../../../storage/expander.ts'
import { LogDirectory } from '../../../storage/log-directory.ts'

const node = nodeHost()
export const FOLDER = '/data'

/** The image after some operations on an empty store. */
export function imageOf(...operations: StoreOperation[]): ClusterImage {
  const events = operations.map((operation, index) => {
    if (operation.kind !== 'put') throw new Error('only puts make an image')
    const { key, value } = operation
    const entry = { key, value, createRevision: index + 1, modRevision: index + 1 }
    return { kind: 'put', entry } as const
  })
  return applyEvents(emptyState(), events, events.length).state.image
}

export function live(id: number, rack: string | null = null): StoreOperation {
  return put('live', storeKey.live(id), { rack, endpoints: [] })
}

/** The operations that make a topic of so many partitions, all led by broker 1. */
export function topicOperations(name: string, id: string, partitions: number): StoreOperation[] {
  const parts = Array.from({ length: partitions }, (_, index) =>
    put('part', storeKey.part(id, index), { r: [1], isr: [1], l: 1, le: 0 }),
  )
  return [...parts, put('topic', storeKey.topic(id), { name, state: 'active', internal: false })]
}

export const SCOPES: AlterScopes = alterScopes(new BrokerConfig())

export interface NodeOptions {
  readonly disk?: Disk
  readonly path?: string
  readonly overrides?: Record<string, string>
  readonly clock?: Clock
  /** The store as the controller sees it. */
  readonly storeOf?: (store: MetadataStore) => MetadataStore
}

/** What was logged: message and fields. */
export type LogLine = readonly [message: string, fields: object]

function recording(lines: LogLine[]): Logger {
  const write = (fields: object, message: string) => {
    lines.push([message, fields])
  }
  const log: Logger = {
    debug: write,
    info: write,
    warn: write,
    error: write,
    fatal: write,
    child: () => log,
  }
  return log
}

function claimFolder(disk: Disk, path: string) {
  const random = new SeededRandom(`node-${nextSeed(disk)}`)
  return LogDirectory.claim({
    path,
    disk,
    loop: node.loop,
    crc32c: node.crc32c,
    random,
    newId: () => newUuid(random.bytes(16)),
    nodeId: 1,
    openFilesMax: 256,
  })
}

function makePartitions(
  logDirectory: LogDirectory,
  clock: Clock,
  config: BrokerConfig,
  deadlines: Deadlines,
): Partitions {
  return new Partitions({
    nodeId: logDirectory.identity.nodeId,
    crc32c: node.crc32c,
    deadlines,
    logDirectory,
    nowMs: () => clock.nowMs(),
    configOf: ({ name, configs }) =>
      topicConfig(config, withInternalConfigs(config, name, configs)),
    recoder: new Recoder({
      crc32c: node.crc32c,
      nextTurn: () => node.loop.nextTurn(),
      expander: new Expander({
        nextTurn: () => node.loop.nextTurn(),
        memoryBytesMax: () => 2 ** 27,
      }),
      expandedBytesMax: () => config.get('ottla.expanded.batch.max.bytes'),
    }),
  })
}

async function register(store: LocalStore, view: ClusterView, nodeId: number): Promise<void> {
  const { id } = await store.openSession()
  const role = put('controller', storeKey.controller, { nodeId })
  const operations = [live(nodeId), role].map(o => ({ ...o, sessionId: id }) as StoreOperation)
  const registered = await store.transact({ compare: [], operations })
  if (registered.kind === 'done') await view.untilRevision(registered.revision)
}

/** One node's metadata, controller and partitions over a folder; no network, no groups. */
export async function startNode(options: NodeOptions = {}) {
  const disk = options.disk ?? memoryDisk()
  const path = options.path ?? FOLDER
  const clock = options.clock ?? node.clock
  const { loop, crc32c } = node
  const { config } = loadConfig({ overrides: options.overrides ?? {} })
  const lines: LogLine[] = []
  const log = recording(lines)
  const logDirectory = await claimFolder(disk, path)
  const store = new LocalStore({ disk, loop, crc32c, folder: path })
  const view = new ClusterView(store, loop)
  const conditions = new Conditions(() => clock.nowMs(), log)
  const host = { clock, disk, log }
  await prepareMetadata({ host, config, store, view, logDirectory, conditions })
  const deadlines = new Deadlines(clock, 50)
  const partitions = makePartitions(logDirectory, clock, config, deadlines)
  const { nodeId } = logDirectory.identity
  const local = { nodeId, config, store, partitions, logDirectory, clock, loop, conditions }
  const reconciler = new Reconciler(local)
  await view.start(reconciler)
  await register(store, view, nodeId)
  const random = new SeededRandom(`topics-${view.image().revision}`)
  const controller = new Controller({
    store: options.storeOf?.(store) ?? store,
    view,
    clock,
    local: reconciler,
    config,
    newTopicId: () => newUuid(random.bytes(16)),
    below: bound => random.below(bound),
  })
  const parts = { disk, config, store, view, controller, partitions, logDirectory, lines, nodeId }
  return {
    ...parts,
    reconciler,
    conditions,
    image: () => view.image(),
    /** A clean stop. */
    async stop() {
      await controller.close()
      await reconciler.stop()
      await view.close()
      partitions.stop()
      deadlines.close()
      await logDirectory.close(clock.nowMs())
      await store.close()
    },
    /** As kill -9 would. */
    abandon() {
      reconciler.abandon()
      deadlines.close()
      logDirectory.abandon()
    },
  }
}

export type TestNode = Awaited<ReturnType<typeof startNode>>

function nextSeed(disk: Disk): number {
  return disk.stat(FOLDER) === null ? 0 : disk.list(FOLDER).length
}

/** A topic to create, with the controller's defaults. */
export function newTopic(
  name: string,
  partitions = -1,
  configs: Record<string, string | null> = {},
) {
  return {
    name,
    partitions,
    replicationFactor: -1,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  }
}
