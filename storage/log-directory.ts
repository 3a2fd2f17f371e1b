/**
 * All logs under one folder: its lock, its identity, its checkpoints, what its logs share, and the
 * end of it all when the disk fails.
 *
 *   opening ──> open ──(EIO, failed sync)──> offline, for good
 *                └──(close)──> closed, with the marker of a clean stop
 *
 * Invariants:
 *   (1) The folder's lock is held from `open` to `close` or `abandon`.
 *   (2) The clean-stop marker is gone before the first log is loaded (KAFKA-10471), and written
 *       only when every log was synced and closed without error.
 *   (3) Once offline nothing is written, no append succeeds, and every waiter is told.
 */
import { DiskError } from '../host/disk-error.ts'
import type { Crc32c, Disk, FolderLock, Loop, Random } from '../host/host.ts'
import { BatchCursor } from './batch-cursor.ts'
import { CachedTail } from './cached-tail.ts'
import { replaceFile, writeFileAtomically } from './checkpoint.ts'
import { CommitRounds } from './commit-rounds.ts'
import { DirectoryCheckpoints } from './directory-checkpoints.ts'
import { claimDirectory } from './directory-identity.ts'
import { loadLogs } from './directory-loader.ts'
import { asDiskError, isPassing } from './disk-failure.ts'
import { makeDurableFolder } from './durable-folder.ts'
import type { CommittedLog, LogEnvironment } from './environment.ts'
import { type LoadFinding, LoadJournal, type LoadReport } from './load-report.ts'
import { Log } from './log.ts'
import { finishLog } from './log-close.ts'
import type { LogConfig } from './log-config.ts'
import { LogState } from './log-state.ts'
import type { DirectoryIdentity } from './meta-properties.ts'
import { MirrorBudget } from './mirror-budget.ts'
import {
  CLEAN_STOP_FILE,
  deletedFolderName,
  PARTITION_METADATA_FILE,
  partitionFolderName,
} from './names.ts'
import { OpenFiles } from './open-files.ts'
import { formatPartitionMetadata } from './partition-metadata.ts'
import { Sealing } from './sealing.ts'
import { createSegment } from './segment-roll.ts'
import { StagedWrites } from './staged-writes.ts'
import { type RetentionReport, sweepLog } from './sweep.ts'
import { Trash } from './trash.ts'

export type { LoadFinding, LoadReport } from './load-report.ts'
export type { RetentionReport } from './sweep.ts'

export interface LogDirectoryOptions {
  readonly path: string
  readonly disk: Disk
  readonly loop: Loop
  readonly crc32c: Crc32c
  /** Draws each segment's share of segment.jitter.ms. */
  readonly random: Pick<Random, 'below'>
  readonly nowMs: number
  /** A fresh 22-character id. */
  readonly newId: () => string
  /** A folder that says otherwise is refused. */
  readonly expected?: { readonly clusterId?: string; readonly nodeId?: number }
  /** Written to a folder that has no identity yet. */
  readonly nodeId: number
  readonly openFilesMax: number
  readonly logDefaults: LogConfig
  readonly configOf?: (topic: string) => LogConfig
  /** Told what is found wrong on disk, while opening and later. Must not throw. */
  readonly onFinding?: ((finding: LoadFinding) => void) | undefined
  /** Memory for indexes read back from disk. Default 16 MiB. */
  readonly indexBytesMax?: number
  /** Bytes written last that stay in the page cache. Default: the kernel alone decides. */
  readonly cachedBytesMax?: number
  /** Bytes of one write, if no batch is larger; a turn writes about twice that. Default 1 MiB. */
  readonly stageBytesMax?: number
}

const INDEX_BYTES_MAX = 16_777_216
const STAGE_BYTES_MAX = 1 << 20
const CURSOR_BYTES = 8192

export class LogDirectory {
  readonly path: string
  readonly #options: LogDirectoryOptions
  readonly #environment: LogEnvironment
  readonly #rounds: CommitRounds
  readonly #checkpoints: DirectoryCheckpoints
  readonly #lock: FolderLock
  readonly #logs = new Map<string, Log>()
  readonly #offlineListeners: ((error: DiskError) => void)[] = []
  readonly #staged: StagedWrites
  #offline: DiskError | null = null
  readonly #sealing: Sealing
  #identity: DirectoryIdentity = { clusterId: '', nodeId: -1, directoryId: '' }
  #report: LoadReport = { wasCleanStop: false, logCount: 0, scannedBytes: 0, findings: [] }
  readonly #journal: LoadJournal
  #isClosed = false

  private constructor(options: LogDirectoryOptions, lock: FolderLock) {
    this.path = options.path
    this.#options = options
    this.#lock = lock
    this.#staged = new StagedWrites(options.loop, 2 * (options.stageBytesMax ?? STAGE_BYTES_MAX))
    this.#rounds = new CommitRounds(options.disk, options.loop, error => this.#fail(error))
    this.#sealing = new Sealing(options.disk, options.loop, error => this.#fail(error))
    this.#checkpoints = new DirectoryCheckpoints(options.disk, options.path)
    this.#journal = new LoadJournal(options.onFinding)
    this.#environment = this.#makeEnvironment()
  }

  #makeEnvironment(): LogEnvironment {
    const options = this.#options
    const { disk, loop, crc32c, random } = options
    const { indexBytesMax = INDEX_BYTES_MAX, stageBytesMax = STAGE_BYTES_MAX } = options
    const directory = this
    return {
      disk,
      loop,
      crc32c,
      random,
      stageBytesMax,
      openFiles: new OpenFiles(disk, loop, options.openFilesMax),
      mirrors: new MirrorBudget(indexBytesMax),
      trash: new Trash(disk),
      cachedTail: new CachedTail(loop, options.cachedBytesMax),
      cursor: new BatchCursor(Buffer.allocUnsafeSlow(CURSOR_BYTES)),
      newCursor: () => new BatchCursor(Buffer.allocUnsafeSlow(CURSOR_BYTES)),
      get offline() {
        return directory.#offline
      },
      fail: error => this.#fail(error),
      journal: this.#journal,
      onRebuilt: path => this.#journal.add('rebuilt', path, 'an index was missing or wrong'),
      stage: log => this.#staged.add(log),
      commit: (log: CommittedLog) => this.#rounds.request(log),
      seal: log => this.#sealing.request(log),
    }
  }

  /**
   * Locks the folder, reads it, recovers what an unclean stop left. Rejects with DiskError
   * ('LOCKED' when someone else has it) or ForeignDirectory.
   */
  static async open(options: LogDirectoryOptions): Promise<LogDirectory> {
    await makeDurableFolder(options.disk, options.path)
    const lock = options.disk.lockFolder(options.path)
    const directory = new LogDirectory(options, lock)
    try {
      await directory.#load()
      return directory
    } catch (error) {
      directory.abandon()
      throw error
    }
  }

  async #load(): Promise<void> {
    const { disk, nodeId, expected, newId } = this.#options
    const journal = this.#journal
    this.#identity = await claimDirectory({ disk, path: this.path, nodeId, expected, newId })
    const marker = `${this.path}/${CLEAN_STOP_FILE}`
    const wasCleanStop = disk.stat(marker) !== null
    if (wasCleanStop) {
      disk.remove(marker)
      await disk.syncFolder(this.path)
    }
    const logs = await loadLogs({
      environment: this.#environment,
      path: this.path,
      wasCleanStop,
      checkpoints: this.#checkpoints.load(journal),
      configOf: this.#options.configOf ?? (() => this.#options.logDefaults),
      nowMs: this.#options.nowMs,
    })
    for (const log of logs) this.#logs.set(partitionFolderName(log.topic, log.partition), log)
    const { scannedBytes, findings } = journal
    this.#report = { wasCleanStop, logCount: logs.length, scannedBytes, findings }
    journal.close()
  }

  /** From `meta.properties`, which is written if it is absent. */
  get identity(): DirectoryIdentity {
    return this.#identity
  }

  get wasCleanStop(): boolean {
    return this.#report.wasCleanStop
  }

  get report(): LoadReport {
    return this.#report
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

  /** Throws DiskError, leaving nothing behind that matters; Error if the log exists. */
  create(topic: string, partition: number, topicId: string, config: LogConfig, nowMs: number): Log {
    if (this.#offline !== null) throw this.#offline
    const name = partitionFolderName(topic, partition)
    if (this.#logs.has(name)) throw new Error(`${name} exists`)
    const folder = `${this.path}/${name}`
    const { disk } = this.#options
    disk.makeFolder(folder)
    const metadata = `${folder}/${PARTITION_METADATA_FILE}`
    replaceFile(disk, metadata, formatPartitionMetadata(topicId))
    const segment = createSegment(this.#environment, folder, 0, { config, nowMs })
    const state = new LogState(this.#environment, {
      topic,
      partition,
      topicId,
      folder,
      config,
      segments: [segment],
      logStartOffset: 0,
      nextOffset: 0,
      recoveryPoint: 0,
      highWatermark: 0,
      snapshots: [],
      producers: null,
    })
    const log = new Log(state)
    log.commits.created([this.path, folder], [metadata])
    this.#logs.set(name, log)
    return log
  }

  /** Gives a folder that did not say it (foreign or torn) its topic's id. Throws DiskError. */
  adoptTopicId(log: Log, topicId: string): void {
    const metadata = `${log.folder}/${PARTITION_METADATA_FILE}`
    replaceFile(this.#options.disk, metadata, formatPartitionMetadata(topicId))
    log.state.topicId = topicId
    log.state.wasTouched = true
    log.commits.created([log.folder], [metadata])
  }

  /**
   * The log is gone at once; its folder is renamed and unlinked by a later sweep. Whoever waits for
   * an append is told it failed. Throws DiskError.
   */
  delete(log: Log, nowMs: number): void {
    const { topic, partition, state } = log
    this.#logs.delete(partitionFolderName(topic, partition))
    state.isDeleted = true
    log.fail(new DiskError('ENOENT', state.folder, 'append'))
    for (const segment of state.segments) {
      segment.isRemoved = true
      segment.forgetMirrors()
      this.#environment.openFiles.close(segment.slot)
    }
    const unique = Buffer.from(this.#options.newId(), 'base64url').toString('hex')
    const target = `${this.path}/${deletedFolderName(topic, partition, unique.padEnd(32, '0'))}`
    this.#options.disk.rename(state.folder, target)
    this.#environment.trash.add(target, state.config.fileDeleteDelayMs, nowMs)
  }

  // --------------------------------------------------------------------------------- background

  /** Retention, late unlinks, producers not heard of. Never throws for one log's trouble. */
  sweep(nowMs: number): RetentionReport[] {
    const reports: RetentionReport[] = []
    for (const log of this.#logs.values()) {
      if (this.#offline !== null) break
      try {
        reports.push(...sweepLog(log, nowMs))
      } catch (error) {
        this.#failUnlessPassing(asDiskError(error))
      }
    }
    this.#options.loop.spawn('unlink', this.#environment.trash.sweep(nowMs))
    return reports
  }

  /** Under 'os': syncs what is older than its flush.ms, and what was closed a while ago. */
  flushDue(nowMs: number): void {
    for (const { commits } of this.#logs.values()) {
      if (commits.isDue(nowMs)) commits.request()
      if (commits.isSealDue(nowMs)) this.#sealing.request(commits)
    }
  }

  /** Recovery points, log starts, high watermarks. A full disk leaves the old ones in place. */
  async checkpoint(): Promise<void> {
    if (this.#offline !== null) return
    try {
      await this.#checkpoints.write(this.#logs.values())
    } catch (error) {
      this.#failUnlessPassing(asDiskError(error))
    }
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
    for (const log of this.#logs.values()) {
      log.appender.flush()
      if (log.commits.isDirty && log.state.wasTouched) log.commits.request()
      if (log.commits.isSealDue(Number.POSITIVE_INFINITY)) this.#sealing.request(log.commits)
    }
    await this.#rounds.drained()
    await this.#sealing.idle()
    if (this.#offline !== null) throw this.#offline
    const logs = [...this.#logs.values()]
    const group = this.#environment.openFiles.logsPerSync
    for (let at = 0; at < logs.length; at += group) {
      await this.#finishGroup(logs.slice(at, at + group))
    }
    await this.#checkpoints.write(this.#logs.values())
    await this.#environment.trash.sweep(nowMs)
    const marker = JSON.stringify({ version: 0, brokerEpoch: -1 })
    await writeFileAtomically(disk, this.path, CLEAN_STOP_FILE, marker)
  }

  async #finishGroup(logs: readonly Log[]): Promise<void> {
    const { disk } = this.#options
    const closing = logs.map(finishLog).filter(files => files !== null)
    const files = closing.flatMap(({ files }) => files)
    try {
      if (closing.length > 0) {
        await disk.syncAll(
          files,
          closing.map(({ folder }) => folder),
        )
      }
    } finally {
      for (const file of files) file.close()
    }
    for (const { state } of logs) {
      for (const segment of state.segments) segment.isSealed = true
      state.syncedOffset = state.writtenOffset
    }
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
