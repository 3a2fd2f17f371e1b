/**
 * All logs under one folder: its lock, its identity, its checkpoints, what its logs share, and the
 * end of it all when the disk fails.
 *
 *   claim ──> claimed ──openLogs──> open ──(EIO, failed sync)──> offline, for good
 *                                    └──(close)──> closed, with the marker of a clean stop
 *
 * Invariants:
 *   (1) The folder's lock is held from `claim` to `close` or `abandon`.
 *   (2) The clean-stop marker is gone before the first log is loaded (KAFKA-10471), and written
 *       only when every log was synced and closed without error.
 *   (3) No folder is opened, renamed or removed before `openLogs` brought a verdict on it: whoever
 *       claims a directory may read the cluster's metadata first.
 *   (4) A log that was deleted or set aside is found by `get` until its folder was renamed; the
 *       name is not free before.
 *   (5) Once offline nothing is written, no append succeeds, and every waiter is told.
 */
import { DiskError } from '../host/disk-error.ts'
import type { FolderLock } from '../host/host.ts'
import { writeFileAtomically } from './checkpoint.ts'
import { CommitRounds } from './commit-rounds.ts'
import { createLog, type NewLog } from './create-log.ts'
import { type Departure, moveAway, removeLeftovers } from './departures.ts'
import { DirectoryCheckpoints } from './directory-checkpoints.ts'
import {
  type LogDirectoryOptions,
  makeEnvironment,
  stagedBytesMax,
} from './directory-environment.ts'
import { claimDirectory } from './directory-identity.ts'
import { type LoadResult, loadLogs } from './directory-loader.ts'
import { asDiskError, isDiskFull, isPassing } from './disk-failure.ts'
import { makeDurableFolder } from './durable-folder.ts'
import type { CommittedLog, LogEnvironment } from './environment.ts'
import {
  type FolderList,
  type FoundFolder,
  findFolders,
  type StrayFolder,
  type Verdict,
} from './found-folders.ts'
import { LoadJournal, type LoadReport } from './load-report.ts'
import type { Log } from './log.ts'
import { finishLogs } from './log-close.ts'
import type { LogConfig } from './log-config.ts'
import type { DirectoryIdentity } from './meta-properties.ts'
import { CLEAN_STOP_FILE, PARTITION_METADATA_FILE, partitionFolderName } from './names.ts'
import { Sealing } from './sealing.ts'
import { StagedWrites } from './staged-writes.ts'
import { type RetentionReport, sweepLog } from './sweep.ts'

export type { LogDirectoryOptions } from './directory-environment.ts'
export type { FoundFolder, StrayFolder, Verdict } from './found-folders.ts'
export type { LoadFinding, LoadReport } from './load-report.ts'
export type { RetentionReport } from './sweep.ts'

export class LogDirectory {
  readonly path: string
  readonly #options: LogDirectoryOptions
  readonly #environment: LogEnvironment
  readonly #departure: Departure
  readonly #rounds: CommitRounds
  readonly #checkpoints: DirectoryCheckpoints
  readonly #lock: FolderLock
  readonly #logs = new Map<string, Log>()
  readonly #offlineListeners: ((error: DiskError) => void)[] = []
  readonly #staged: StagedWrites
  #offline: DiskError | null = null
  readonly #sealing: Sealing
  #identity: DirectoryIdentity = { clusterId: '', nodeId: -1, directoryId: '' }
  #wasCleanStop = false
  readonly #journal: LoadJournal
  #folders: FolderList = { partitions: [], deleted: [], strays: [] }
  #loaded: LoadResult = { logs: [], strays: [], refused: new Map(), undeleted: new Map() }
  #isClosed = false

  private constructor(options: LogDirectoryOptions, lock: FolderLock) {
    this.path = options.path
    this.#options = options
    this.#lock = lock
    this.#staged = new StagedWrites(options.loop, 2 * stagedBytesMax(options))
    this.#rounds = new CommitRounds(options.disk, options.loop, error => this.#fail(error))
    this.#sealing = new Sealing(options.disk, options.loop, error => this.#fail(error))
    this.#checkpoints = new DirectoryCheckpoints(options.disk, options.path)
    this.#journal = new LoadJournal(options.onFinding)
    this.#environment = this.#makeEnvironment()
    this.#departure = {
      environment: this.#environment,
      path: options.path,
      uniqueHex: () => Buffer.from(options.newId(), 'base64url').toString('hex').padEnd(32, '0'),
    }
  }

  #makeEnvironment(): LogEnvironment {
    const directory = this
    return makeEnvironment(this.#options, {
      get offline() {
        return directory.#offline
      },
      fail: error => this.#fail(error),
      journal: this.#journal,
      onRebuilt: path => this.#journal.add('rebuilt', path, 'an index was missing or wrong'),
      stage: log => this.#staged.add(log),
      commit: (log: CommittedLog) => this.#rounds.request(log),
      seal: log => this.#sealing.request(log),
    })
  }

  /**
   * Locks the folder, gives it an identity if it has none, and lists what is in it; no log is
   * opened. Rejects with DiskError ('LOCKED' when someone else has the folder) or ForeignDirectory.
   */
  static async claim(options: LogDirectoryOptions): Promise<LogDirectory> {
    await makeDurableFolder(options.disk, options.path)
    const lock = options.disk.lockFolder(options.path)
    const directory = new LogDirectory(options, lock)
    try {
      const { disk, path, nodeId, expected, newId } = options
      directory.#environment.space.begin()
      directory.#identity = await claimDirectory({ disk, path, nodeId, expected, newId })
      directory.#wasCleanStop = disk.stat(`${path}/${CLEAN_STOP_FILE}`) !== null
      directory.#folders = findFolders(disk, path, directory.#journal)
      return directory
    } catch (error) {
      directory.abandon()
      throw error
    }
  }

  /**
   * Opens the logs as `judge` says of each folder, and recovers what an unclean stop left. Call
   * once. Rejects with DiskError.
   */
  async openLogs(judge: (folder: FoundFolder) => Verdict, nowMs: number): Promise<void> {
    const { disk } = this.#options
    if (this.#wasCleanStop) {
      disk.remove(`${this.path}/${CLEAN_STOP_FILE}`)
      await disk.syncFolder(this.path)
    }
    const journal = this.#journal
    this.#loaded = await loadLogs({
      environment: this.#environment,
      path: this.path,
      folders: this.#folders,
      judge,
      wasCleanStop: this.#wasCleanStop,
      checkpoints: this.#checkpoints.load(journal),
      nowMs,
      uniqueHex: this.#departure.uniqueHex,
    })
    for (const log of this.#loaded.logs) {
      this.#logs.set(partitionFolderName(log.topic, log.partition), log)
    }
    journal.close()
  }

  /** From `meta.properties`, which is written if it is absent. */
  get identity(): DirectoryIdentity {
    return this.#identity
  }

  /** Whether the broker before ended with everything on disk. */
  get wasCleanStop(): boolean {
    return this.#wasCleanStop
  }

  /** What opening the logs found and did. */
  get report(): LoadReport {
    const { scannedBytes, findings } = this.#journal
    const [wasCleanStop, logCount] = [this.#wasCleanStop, this.#loaded.logs.length]
    return { wasCleanStop, logCount, scannedBytes, findings }
  }

  /** Folders with the name of a partition, as they were before `openLogs`. */
  get folders(): readonly FoundFolder[] {
    return this.#folders.partitions
  }

  /** Folders that were set aside and wait for somebody to look at them. */
  get strays(): readonly StrayFolder[] {
    return this.#loaded.strays
  }

  /** Why the folder of a partition was found and is not open; null if that is not so. */
  refusalOf(topic: string, partition: number): string | null {
    return this.#loaded.refused.get(partitionFolderName(topic, partition)) ?? null
  }

  /** What took the directory offline, for good; null while it works. */
  get offline(): DiskError | null {
    return this.#offline
  }

  onOffline(listener: (error: DiskError) => void): void {
    this.#offlineListeners.push(listener)
  }

  /** Segment files open now. */
  get openFileCount(): number {
    return this.#environment.openFiles.openCount
  }

  logs(): IterableIterator<Log> {
    return this.#logs.values()
  }

  get(topic: string, partition: number): Log | undefined {
    return this.#logs.get(partitionFolderName(topic, partition))
  }

  /**
   * Makes a log. Throws DiskError, after which the call may be made again; 'EEXIST' while the name
   * belongs to another log, or to a folder with records; 'ENOSPC' also while the ballast is given
   * up, for what that leaves is not for new logs.
   */
  create(topic: string, partition: number, topicId: string, config: LogConfig, nowMs: number): Log {
    if (this.#offline !== null) throw this.#offline
    const name = partitionFolderName(topic, partition)
    const folder = `${this.path}/${name}`
    if (this.#logs.has(name) || this.#loaded.refused.has(name)) {
      throw new DiskError('EEXIST', folder, 'create')
    }
    if (this.#environment.space.isRefusing) throw new DiskError('ENOSPC', folder, 'create')
    const log = this.#make({ topic, partition, topicId, folder, config }, nowMs)
    log.commits.created([this.path, folder], [`${folder}/${PARTITION_METADATA_FILE}`])
    this.#logs.set(name, log)
    return log
  }

  #make(place: NewLog, nowMs: number): Log {
    try {
      return createLog(this.#environment, place, nowMs)
    } catch (error) {
      if (error instanceof DiskError && isDiskFull(error)) this.#environment.space.full()
      throw error
    }
  }

  /**
   * Nothing can be appended to the log from here on, and whoever waits for an append is told it
   * failed; the folder is renamed and unlinked by a later sweep. Throws DiskError while the folder
   * cannot be renamed: then call it again. The new name is durable after `syncNames`.
   */
  delete(log: Log, nowMs: number): void {
    const name = this.#moveAway(log, 'delete')
    const { fileDeleteDelayMs } = log.state.config
    this.#environment.trash.add(`${this.path}/${name}`, fileDeleteDelayMs, nowMs)
  }

  /**
   * The same for a log of which nobody knows why it is here: its folder is kept. Returns the
   * folder's new name.
   */
  setAside(log: Log): string {
    return this.#moveAway(log, 'stray')
  }

  /** Renames the folders of a deleted topic that `openLogs` could not rename. Throws DiskError. */
  deleteLeftovers(topicId: string, nowMs: number): void {
    removeLeftovers(this.#departure, this.#loaded, topicId, nowMs)
  }

  #moveAway(log: Log, kind: 'delete' | 'stray'): string {
    const name = moveAway(this.#departure, log, kind)
    this.#logs.delete(partitionFolderName(log.topic, log.partition))
    return name
  }

  /** Resolves once the names of all folders are durable: deletions too. Rejects with DiskError. */
  async syncNames(): Promise<void> {
    if (this.#offline !== null) throw this.#offline
    try {
      await this.#options.disk.syncFolder(this.path)
    } catch (error) {
      this.#failUnlessPassing(asDiskError(error))
      throw error
    }
  }

  // --------------------------------------------------------------------------------- background

  /** Retention. Never throws for one log's trouble. */
  sweep(nowMs: number): RetentionReport[] {
    const reports: RetentionReport[] = []
    for (const log of this.#live()) {
      if (this.#offline !== null) break
      try {
        reports.push(...sweepLog(log, nowMs))
      } catch (error) {
        this.#failUnlessPassing(asDiskError(error))
      }
    }
    return reports
  }

  /** Whether something was deleted long enough ago (file.delete.delay.ms) to be unlinked. */
  isUnlinkDue(nowMs: number): boolean {
    return this.#environment.trash.isDue(nowMs)
  }

  /** Unlinks what was deleted long enough ago. */
  async unlinkDue(nowMs: number): Promise<void> {
    await this.#environment.trash.sweep(nowMs)
  }

  /** Forgets the idempotent producers that wrote nothing for longer than their log remembers. */
  expireProducers(nowMs: number): void {
    for (const log of this.#live()) log.expireProducers(nowMs)
  }

  /** Under 'os': syncs what is older than its flush.ms, and what was closed a while ago. */
  flushDue(nowMs: number): void {
    for (const { commits } of this.#live()) {
      if (commits.isDue(nowMs)) commits.request()
      if (commits.isSealDue(nowMs)) this.#sealing.request(commits)
    }
  }

  /** Recovery points, log starts, high watermarks. A full disk leaves the old ones in place. */
  async checkpoint(): Promise<void> {
    if (this.#offline !== null) return
    try {
      await this.#checkpoints.write(this.#live())
    } catch (error) {
      this.#failUnlessPassing(asDiskError(error))
    }
  }

  /** Without those whose folder waits to be renamed. */
  *#live(): Generator<Log> {
    for (const log of this.#logs.values()) if (!log.isDeleted) yield log
  }

  // ----------------------------------------------------------------------------------- the end

  #failUnlessPassing(error: DiskError): void {
    if (!isPassing(error)) this.#fail(error)
  }

  #fail(error: DiskError): void {
    if (this.#offline !== null || this.#isClosed) return
    this.#offline = error
    this.#rounds.stop()
    // Whoever caused this may be in the middle of an append: waiters are told once it returned.
    this.#options.loop.afterTurn(() => {
      for (const log of this.#logs.values()) log.fail(error)
      this.#staged.flush()
      for (const listener of this.#offlineListeners) listener(error)
    })
  }

  /**
   * A clean stop: everything written, synced, indexed and checkpointed, then the marker. Rejects
   * with the first DiskError, without a marker: the next start recovers.
   */
  async close(nowMs: number): Promise<void> {
    if (this.#isClosed) return
    try {
      if (this.#offline === null) await this.#closeLogs(nowMs)
    } finally {
      this.abandon()
    }
  }

  async #closeLogs(nowMs: number): Promise<void> {
    const { disk } = this.#options
    this.#staged.flush()
    for (const log of this.#live()) {
      log.appender.flush()
      if (log.commits.isDirty && log.state.wasTouched) log.commits.request()
      if (log.commits.isSealDue(Number.POSITIVE_INFINITY)) this.#sealing.request(log.commits)
    }
    await this.#rounds.drained()
    await this.#sealing.idle()
    if (this.#offline !== null) throw this.#offline
    await finishLogs(disk, [...this.#live()], this.#environment.openFiles.logsPerSync)
    await this.#checkpoints.write(this.#live())
    await this.#environment.trash.sweep(nowMs)
    const marker = JSON.stringify({ version: 0, brokerEpoch: -1 })
    await writeFileAtomically(disk, this.path, CLEAN_STOP_FILE, marker)
  }

  /** Closes descriptors and the lock, writes nothing: as kill -9 would. Idempotent. */
  abandon(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#rounds.stop()
    this.#staged.abandon()
    for (const { state } of this.#logs.values()) {
      for (const segment of state.segments) this.#environment.openFiles.close(segment.slot)
      state.isDeleted = true
    }
    this.#lock.release()
  }
}
