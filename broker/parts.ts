import type { Host } from '../host/host.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { newUuid } from '../protocol/uuid.ts'
import { Expander } from '../storage/expander.ts'
import { type LoadFinding, LogDirectory } from '../storage/log-directory.ts'
import { Space } from '../storage/space.ts'
import { Controller } from './cluster/controller-runtime.ts'
import { prepareMetadata } from './cluster/founding.ts'
import { ProducerIds } from './cluster/producer-ids.ts'
import { Conditions } from './conditions.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { withInternalConfigs } from './config/internal-topics.ts'
import { topicConfig } from './config/topic-config.ts'
import { GROUP_TOPIC, GroupCoordinators } from './coordinator/group-coordinators.ts'
import { PartitionLog } from './coordinator/partition-log.ts'
import { snapshotFile } from './coordinator/snapshot.ts'
import { descriptorShares } from './descriptors.ts'
import { findingTeller } from './findings.ts'
import { ClusterView } from './image/cluster-view.ts'
import { LocalStore } from './metadata/local-store.ts'
import { FetchSessions } from './partition/fetch-session.ts'
import { Partitions } from './partition/partitions.ts'
import { Deadlines } from './partition/purgatory.ts'
import { Recoder } from './partition/recoder.ts'
import { Reconciler } from './reconcile/reconciler.ts'
import { type Authorizer, allowAll } from './security/authorizer.ts'
import type { BrokerServices } from './services.ts'

export interface PartsOptions {
  readonly host: Host
  readonly config: BrokerConfig
  /** The data folder. */
  readonly folder: string
  /** Default: everybody may do everything. */
  readonly authorizer?: Authorizer | undefined
}

/** How far behind its deadline a produce may be told that it is late. */
const DEADLINE_GRANULARITY_MS = 50

/**
 * The parts of a broker that outlive its listeners, opened and joined together: folder, metadata,
 * partitions, groups. Nothing listens yet.
 */
export class BrokerParts implements BrokerServices {
  readonly host: Host
  readonly config: BrokerConfig
  readonly authorizer: Authorizer
  readonly nodeId: number
  readonly expander: Expander
  readonly logDirectory: LogDirectory
  readonly store: LocalStore
  readonly view: ClusterView
  readonly controller: Controller
  readonly producerIds: ProducerIds
  readonly deadlines: Deadlines
  readonly partitions: Partitions
  /** Makes this broker's replicas what the image says. */
  readonly reconciler: Reconciler
  readonly fetchSessions: FetchSessions
  readonly groups: GroupCoordinators
  readonly conditions: Conditions
  /** The room on the disk of the data folder. */
  readonly space: Space

  private constructor(
    options: PartsOptions,
    expander: Expander,
    logDirectory: LogDirectory,
    store: LocalStore,
    space: Space,
    conditions: Conditions,
  ) {
    const { host, config } = options
    this.expander = expander
    this.host = host
    this.config = config
    this.authorizer = options.authorizer ?? allowAll
    this.nodeId = logDirectory.identity.nodeId
    config.identify(this.nodeId)
    this.conditions = conditions
    this.logDirectory = logDirectory
    this.space = space
    this.store = store
    this.view = new ClusterView(store, host.loop)
    this.producerIds = new ProducerIds(store)
    this.deadlines = new Deadlines(host.clock, DEADLINE_GRANULARITY_MS)
    this.partitions = this.#makePartitions()
    this.reconciler = this.#makeReconciler()
    this.controller = new Controller({
      store,
      view: this.view,
      clock: host.clock,
      local: this.reconciler,
      config,
      newTopicId: () => newId(host),
      below: bound => host.random.below(bound),
    })
    this.fetchSessions = new FetchSessions({
      slots: () => config.get('max.incremental.fetch.session.cache.slots'),
      newSessionId: () => 1 + host.random.below(2 ** 31 - 1),
    })
    this.groups = this.#makeGroups()
  }

  /**
   * Locks the folder and reads its metadata; no log is opened before `prepare`. Rejects with
   * DiskError ('LOCKED' when another process has the folder), and with what else the folder's own
   * files make impossible.
   */
  static async open(options: PartsOptions): Promise<BrokerParts> {
    const { host, config, folder: path } = options
    const expander = new Expander({
      nextTurn: () => host.loop.nextTurn(),
      memoryBytesMax: () => config.get('ottla.expansion.memory.bytes'),
    })
    const sizeBytes = config.get('ottla.disk.ballast.bytes')
    const fill = (size: number) => host.random.bytes(size)
    const ballast = sizeBytes > 0 ? { sizeBytes, fill } : null
    const space = new Space({ disk: host.disk, folder: path, ballast })
    const conditions = new Conditions(() => host.clock.nowMs(), host.log)
    const onFinding = findingTeller(conditions, host.log)
    const logDirectory = await claimFolder(host, config, path, { space, expander, onFinding })
    try {
      const { disk, loop, crc32c } = host
      const makeRoom = () => space.full()
      const store = new LocalStore({ disk, loop, crc32c, folder: path, makeRoom, onFinding })
      return new BrokerParts(options, expander, logDirectory, store, space, conditions)
    } catch (error) {
      logDirectory.abandon()
      throw error
    }
  }

  image() {
    return this.view.image()
  }

  /** Brings metadata and folder together, recovering logs if need be (founding.ts). */
  async prepare(): Promise<void> {
    const { host, config, store, view, logDirectory, conditions } = this
    await prepareMetadata({ host, config, store, view, logDirectory, conditions })
  }

  /** Opens every partition the metadata gives this broker. */
  async publish(): Promise<void> {
    await this.view.start(this.reconciler)
  }

  #makeReconciler(): Reconciler {
    const { host, config, store, partitions, logDirectory, nodeId, conditions } = this
    const { clock, loop } = host
    const parts = { nodeId, config, store, partitions, logDirectory, conditions }
    return new Reconciler({ ...parts, clock, loop })
  }

  #makePartitions(): Partitions {
    const { host, config, logDirectory, nodeId, deadlines } = this
    return new Partitions({
      logDirectory,
      nodeId,
      nowMs: () => host.clock.nowMs(),
      configOf: ({ name, configs }) =>
        topicConfig(config, withInternalConfigs(config, name, configs)),
      crc32c: host.crc32c,
      deadlines,
      recoder: new Recoder({
        crc32c: host.crc32c,
        nextTurn: () => host.loop.nextTurn(),
        expander: this.expander,
        expandedBytesMax: () => config.get('ottla.expanded.batch.max.bytes'),
      }),
    })
  }

  #makeGroups(): GroupCoordinators {
    const { host, config, logDirectory, nodeId } = this
    return new GroupCoordinators({
      host,
      nodeId,
      image: () => this.image(),
      createTopic: () => this.#createGroupTopic(),
      openLog: index => {
        const partition = this.partitions.get(GROUP_TOPIC, index)
        return partition?.isLeader ? new PartitionLog(partition, host.loop) : null
      },
      snapshots: (index, topicId) => {
        const { disk, crc32c } = host
        const name = `ottla-groups-${index}.snapshot`
        return snapshotFile({ disk, crc32c, folder: logDirectory.path, name, topicId })
      },
      limits: () => ({
        sessionTimeoutMsMin: config.get('group.min.session.timeout.ms'),
        sessionTimeoutMsMax: config.get('group.max.session.timeout.ms'),
        membersMax: config.get('group.max.size'),
        initialDelayMs: config.get('group.initial.rebalance.delay.ms'),
        newMemberTimeoutMs: NEW_MEMBER_TIMEOUT_MS,
        metadataSizeMax: config.get('offset.metadata.max.bytes'),
        offsetsRetentionMs: config.get('offsets.retention.minutes') * 60_000,
        expiryIntervalMs: config.get('offsets.retention.check.interval.ms'),
        sweepRecordsMax: SWEEP_RECORDS_MAX,
      }),
      commitTimeoutMs: () => config.get('offsets.commit.timeout.ms'),
      onLoad: (index, failure) => this.#onGroupsLoad(`${GROUP_TOPIC}-${index}`, failure),
    })
  }

  #onGroupsLoad(subject: string, failure: Error | null): void {
    if (failure === null) {
      this.conditions.clear('coordinator-not-loaded', subject)
      return
    }
    const message =
      `The groups kept in ${subject} are not served, because it cannot be read ` +
      `(${failure.message}); it is tried again until it can.`
    this.conditions.set('coordinator-not-loaded', subject, 'error', message)
  }

  async #createGroupTopic(): Promise<ErrorCode> {
    const { config } = this
    const replicas = config.get('offsets.topic.replication.factor')
    const [created] = await this.controller.createTopics(
      [
        {
          name: GROUP_TOPIC,
          partitions: config.get('offsets.topic.num.partitions'),
          replicationFactor: Math.min(replicas, this.image().brokers.size),
          assignments: [],
          configs: [],
        },
      ],
      { validateOnly: false },
    )
    return created?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
  }
}

/** Kafka's: a member that never completes its first join is dropped after this long. */
const NEW_MEMBER_TIMEOUT_MS = 300_000
/** Expired offsets removed in one step. */
const SWEEP_RECORDS_MAX = 500

/** The data folder as configured: absolute, or seen from wherever the process was started. */
export function dataFolder(config: BrokerConfig): string {
  return config.get('log.dirs')?.[0] ?? config.get('log.dir')[0] ?? 'data'
}

interface FolderParts {
  readonly space: Space
  readonly expander: Expander
  readonly onFinding: (finding: LoadFinding) => void
}

function claimFolder(
  host: Host,
  config: BrokerConfig,
  path: string,
  { space, expander, onFinding }: FolderParts,
): Promise<LogDirectory> {
  const configured = Math.max(config.get('node.id'), config.get('broker.id'))
  const clusterId = config.get('ottla.cluster.id')
  return LogDirectory.claim({
    path,
    disk: host.disk,
    loop: host.loop,
    crc32c: host.crc32c,
    onFinding,
    random: host.random,
    newId: () => newId(host),
    expected: {
      ...(configured >= 0 && { nodeId: configured }),
      ...(clusterId !== null && { clusterId }),
    },
    nodeId: configured >= 0 ? configured : 1,
    openFilesMax: descriptorShares(host, config).openFilesMax,
    space,
    cachedBytesMax: cachedBytesMax(host, config),
    expander,
  })
}

/** A sixteenth of memory for what logs wrote last: enough for readers of their ends. */
const MEMORY_PER_LOG_CACHE = 16

function cachedBytesMax(host: Host, config: BrokerConfig): number {
  const configured = config.get('ottla.log.cache.bytes')
  if (configured === 0) return Number.POSITIVE_INFINITY
  return configured > 0 ? configured : Math.floor(host.process.memoryBytes / MEMORY_PER_LOG_CACHE)
}

function newId(host: Host): string {
  return newUuid(host.random.bytes(16))
}
