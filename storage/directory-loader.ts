/** Opens every partition of a directory; what is not a partition is left alone and reported. */
import type { File } from '../host/host.ts'
import type { LogEnvironment } from './environment.ts'
import { Log } from './log.ts'
import type { LogConfig } from './log-config.ts'
import { LogState } from './log-state.ts'
import {
  LEADER_EPOCH_FILE,
  METADATA_LOG_FOLDER,
  PARTITION_METADATA_FILE,
  parseFolderName,
} from './names.ts'
import { openLog } from './open-log.ts'
import { RefusedLog } from './recovery.ts'
import { sealSegments } from './sealing.ts'
import { SyncRound } from './sync-round.ts'
import type { Offset } from './units.ts'

export interface LoadOptions {
  readonly environment: LogEnvironment
  readonly path: string
  readonly wasCleanStop: boolean
  readonly checkpoints: {
    readonly recoveryPoints: ReadonlyMap<string, Offset>
    readonly logStarts: ReadonlyMap<string, Offset>
    readonly highWatermarks: ReadonlyMap<string, Offset>
  }
  readonly configOf: (topic: string) => LogConfig
  readonly nowMs: number
}

/** Logs opened in one go before other work of this process has its turn. */
const LOGS_PER_TURN = 64

interface Placed {
  readonly name: string
  readonly topic: string
  readonly partition: number
}

/** Rejects with DiskError. A partition that must stay closed is reported and left out. */
export async function loadLogs(options: LoadOptions): Promise<Log[]> {
  const { environment } = options
  const places = placesOf(options)
  const logs: Log[] = []
  let toSync: Log[] = []
  let count = 0
  const group = environment.openFiles.logsPerSync
  for (const place of places) {
    if (++count % LOGS_PER_TURN === 0) await environment.loop.nextTurn()
    const loaded = loadOne(options, place)
    if (loaded === null) continue
    logs.push(loaded.log)
    if (loaded.mustSync) toSync.push(loaded.log)
    if (toSync.length === group) {
      await syncRecovered(environment, toSync)
      toSync = []
    }
  }
  await syncRecovered(environment, toSync)
  return logs
}

function placesOf({ environment, path, nowMs }: LoadOptions): Placed[] {
  const { journal } = environment
  const places: Placed[] = []
  for (const { name, isFolder } of environment.disk.list(path)) {
    if (!isFolder || name === METADATA_LOG_FOLDER) continue
    const parsed = parseFolderName(name)
    switch (parsed.kind) {
      case 'partition':
        places.push({ name, topic: parsed.topic, partition: parsed.partition })
        break
      case 'delete':
        environment.trash.add(`${path}/${name}`, 0, nowMs)
        break
      case 'future':
      case 'stray':
        journal.add('skipped', `${path}/${name}`, `set aside by Kafka (-${parsed.kind})`)
        break
      default:
        journal.add('skipped', `${path}/${name}`, 'not a partition')
    }
  }
  return places
}

function loadOne(options: LoadOptions, place: Placed): { log: Log; mustSync: boolean } | null {
  const { environment, path, wasCleanStop, checkpoints, configOf, nowMs } = options
  const { name, topic, partition } = place
  const folder = `${path}/${name}`
  try {
    const { opened, mustSync } = openLog({
      environment,
      topic,
      partition,
      folder,
      config: configOf(topic),
      wasCleanStop,
      recoveryPoint: checkpoints.recoveryPoints.get(name) ?? 0,
      logStartOffset: checkpoints.logStarts.get(name) ?? 0,
      highWatermark: checkpoints.highWatermarks.get(name) ?? 0,
      nowMs,
    })
    const state = new LogState(environment, opened)
    state.wasTouched = mustSync
    const log = new Log(state)
    if (!wasCleanStop) {
      // Whoever made these names may have died before they were on disk: the next round sees to it.
      const metadata = `${folder}/${PARTITION_METADATA_FILE}`
      log.commits.created([path, folder], environment.disk.stat(metadata) ? [metadata] : [])
    }
    return { log, mustSync }
  } catch (error) {
    if (!(error instanceof RefusedLog)) throw error
    environment.journal.add('refused', folder, error.message)
    return null
  }
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
