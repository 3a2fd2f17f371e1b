/**
 * Opens the logs of a directory, each as the verdict on its folder says: under the configuration of
 * its own topic, or not at all, where the folder is renamed out of the way. Nothing is removed or
 * renamed without a verdict.
 */
import { DiskError } from '../host/disk-error.ts'
import type { File } from '../host/host.ts'
import { replaceFile } from './checkpoint.ts'
import { asDiskError, isPassing } from './disk-failure.ts'
import type { LogEnvironment } from './environment.ts'
import type { FolderList, FoundFolder, StrayFolder, Verdict } from './found-folders.ts'
import { Log } from './log.ts'
import { LogState } from './log-state.ts'
import { asideFolderName, LEADER_EPOCH_FILE, PARTITION_METADATA_FILE } from './names.ts'
import { openLog } from './open-log.ts'
import { formatPartitionMetadata } from './partition-metadata.ts'
import { RefusedLog } from './recovery.ts'
import { sealSegments } from './sealing.ts'
import { SyncRound } from './sync-round.ts'
import type { Offset } from './units.ts'

export interface LoadOptions {
  readonly environment: LogEnvironment
  readonly path: string
  readonly folders: FolderList
  readonly judge: (folder: FoundFolder) => Verdict
  readonly wasCleanStop: boolean
  readonly checkpoints: {
    readonly recoveryPoints: ReadonlyMap<string, Offset>
    readonly logStarts: ReadonlyMap<string, Offset>
    readonly highWatermarks: ReadonlyMap<string, Offset>
  }
  readonly nowMs: number
  /** 32 hexadecimal digits that no other call gave. */
  readonly uniqueHex: () => string
}

export interface LoadResult {
  readonly logs: readonly Log[]
  readonly strays: readonly StrayFolder[]
  /** Folder name -> why its log stays closed, and its bytes where they are. */
  readonly refused: Map<string, string>
  /** Folders of deleted topics that could not be renamed yet, by topic id. */
  readonly undeleted: Map<string, readonly FoundFolder[]>
}

/** Logs opened in one go before other work of this process has its turn. */
const LOGS_PER_TURN = 64

/** Rejects with DiskError. A partition that must stay closed is reported and left out. */
export async function loadLogs(options: LoadOptions): Promise<LoadResult> {
  return new Loading(options).run()
}

class Loading {
  readonly #options: LoadOptions
  readonly #logs: Log[] = []
  readonly #strays: StrayFolder[]
  readonly #refused = new Map<string, string>()
  readonly #undeleted = new Map<string, FoundFolder[]>()
  #toSync: Log[] = []
  #wasRenamed = false

  constructor(options: LoadOptions) {
    this.#options = options
    this.#strays = [...options.folders.strays]
  }

  async run(): Promise<LoadResult> {
    const { environment, folders, path, nowMs } = this.#options
    for (const name of folders.deleted) environment.trash.add(`${path}/${name}`, 0, nowMs)
    let count = 0
    for (const folder of folders.partitions) {
      if (++count % LOGS_PER_TURN === 0) await environment.loop.nextTurn()
      this.#follow(this.#options.judge(folder), folder)
      if (this.#toSync.length === environment.openFiles.logsPerSync) await this.#sync()
    }
    await this.#sync()
    if (this.#wasRenamed) await environment.disk.syncFolder(path)
    const [logs, strays, refused] = [this.#logs, this.#strays, this.#refused]
    return { logs, strays, refused, undeleted: this.#undeleted }
  }

  #follow(verdict: Verdict, folder: FoundFolder): void {
    const { environment, path, nowMs } = this.#options
    const { topic, partition } = folder
    if (verdict.kind === 'open') {
      this.#open(verdict, folder)
    } else if (verdict.kind === 'stray') {
      const name = this.#rename(folder, 'stray')
      const { reason } = verdict
      // Where the name cannot be changed now, the folder is left alone under the one it has.
      if (name === null) this.#refused.set(folder.name, reason)
      this.#strays.push({ name: name ?? folder.name, topic, partition, reason })
    } else {
      const name = this.#rename(folder, 'delete')
      if (name !== null) environment.trash.add(`${path}/${name}`, 0, nowMs)
      else {
        this.#refused.set(folder.name, 'its topic was deleted')
        const others = this.#undeleted.get(verdict.topicId) ?? []
        this.#undeleted.set(verdict.topicId, [...others, folder])
      }
    }
  }

  /** The new name; null if the disk has no room for it now. */
  #rename({ name, topic, partition }: FoundFolder, kind: 'delete' | 'stray'): string | null {
    const { environment, path, uniqueHex } = this.#options
    const target = asideFolderName(topic, partition, uniqueHex(), kind)
    try {
      environment.disk.rename(`${path}/${name}`, `${path}/${target}`)
    } catch (error) {
      if (!isPassing(asDiskError(error))) throw error
      return null
    }
    this.#wasRenamed = true
    return target
  }

  #open(verdict: Extract<Verdict, { kind: 'open' }>, folder: FoundFolder): void {
    const { environment, path } = this.#options
    try {
      const { log, mustSync } = loadOne(this.#options, verdict, folder)
      this.#logs.push(log)
      if (mustSync) this.#toSync.push(log)
    } catch (error) {
      if (!(error instanceof RefusedLog)) throw error
      this.#refused.set(folder.name, error.message)
      environment.journal.add('refused', `${path}/${folder.name}`, error.message)
    }
  }

  async #sync(): Promise<void> {
    await syncRecovered(this.#options.environment, this.#toSync)
    this.#toSync = []
  }
}

function loadOne(
  options: LoadOptions,
  { topicId, config }: Extract<Verdict, { kind: 'open' }>,
  found: FoundFolder,
): { log: Log; mustSync: boolean } {
  const { environment, path, wasCleanStop, checkpoints, nowMs } = options
  const { name, topic, partition } = found
  const folder = `${path}/${name}`
  const { opened, mustSync } = openLog({
    environment,
    topic,
    partition,
    topicId,
    folder,
    config,
    wasCleanStop,
    recoveryPoint: checkpoints.recoveryPoints.get(name) ?? 0,
    logStartOffset: checkpoints.logStarts.get(name) ?? 0,
    highWatermark: checkpoints.highWatermarks.get(name) ?? 0,
    nowMs,
  })
  const state = new LogState(environment, opened)
  state.wasTouched = mustSync
  const log = new Log(state)
  if (found.topicId !== topicId) giveTopicId(options, log)
  if (!wasCleanStop) {
    // Whoever made these names may have died before they were on disk: the next round sees to it.
    const metadata = `${folder}/${PARTITION_METADATA_FILE}`
    log.commits.created([path, folder], environment.disk.stat(metadata) ? [metadata] : [])
  }
  return { log, mustSync }
}

/** The folder lost its topic's id: it is written again. A disk without room leaves it for later. */
function giveTopicId({ environment }: LoadOptions, log: Log): void {
  const path = `${log.folder}/${PARTITION_METADATA_FILE}`
  const reason = `from byte 0 on it did not name the topic's id, ${log.topicId}: written again`
  environment.journal.add('repaired', path, reason)
  try {
    replaceFile(environment.disk, path, formatPartitionMetadata(log.topicId))
  } catch (error) {
    if (!(error instanceof DiskError) || !isPassing(error)) throw error
    return
  }
  log.state.wasTouched = true
  log.commits.created([log.folder], [path])
}

/** What was recovered was perhaps never on disk: it is before anyone is told what it holds. */
async function syncRecovered(environment: LogEnvironment, logs: readonly Log[]): Promise<void> {
  if (logs.length === 0) return
  const { disk } = environment
  const round = new SyncRound()
  const opened: File[] = []
  try {
    for (const { state, commits } of logs) {
      round.add(state.active.file())
      round.folders.set(state.folder, commits)
      const epochs = `${state.folder}/${LEADER_EPOCH_FILE}`
      if (disk.stat(epochs) !== null) opened.push(disk.open(epochs, 'write'))
    }
    for (const file of opened) round.add(file)
    await round.run(disk)
  } finally {
    round.release()
    for (const file of opened) file.close()
  }
  await sealSegments(disk, new Set(logs.map(({ commits }) => commits)))
  for (const { state } of logs) {
    if (state.segments.every(({ isSealed }) => isSealed)) state.syncedOffset = state.writtenOffset
  }
}
