/** The last word on a log at a clean stop: indexes and snapshot whole, for the next to open it. */
import { DiskError } from '../host/disk-error.ts'
import type { Disk, File } from '../host/host.ts'
import type { Log } from './log.ts'
import { writeSnapshot } from './producer-loader.ts'

export interface ClosingFiles {
  readonly files: File[]
  readonly folder: string
}

/**
 * Writes what memory knows better than the files. Null if nothing changed since the log was opened.
 * The caller syncs, then closes the files. Throws DiskError.
 */
function finishLog(log: Log): ClosingFiles | null {
  const { state } = log
  const isPlain = !state.wasTouched && !log.commits.isDirty
  if (isPlain && state.segments.every(({ isSealed }) => isSealed)) return null
  const { active, environment, folder, nextOffset } = state
  const files: File[] = []
  if (active.sizeBytes > 0) active.finish()
  for (const segment of state.segments) {
    // What could not be sealed has its indexes in memory only; after a clean stop they are trusted.
    const isWhole = segment === active ? segment.sizeBytes === 0 : segment.isSealed
    if (!isWhole) files.push(...segment.persistIndexes())
  }
  if (nextOffset > 0) {
    const snapshot = writeSnapshot(environment, folder, nextOffset, state.producers())
    if (snapshot === null) throw new DiskError('ENOSPC', folder, 'snapshot')
    files.push(snapshot)
  }
  return { files, folder }
}

/** Finishes and syncs all logs, so many in one round. Rejects with DiskError. */
export async function finishLogs(
  disk: Disk,
  logs: readonly Log[],
  logsPerRound: number,
): Promise<void> {
  for (let at = 0; at < logs.length; at += logsPerRound) {
    await finishRound(disk, logs.slice(at, at + logsPerRound))
  }
}

async function finishRound(disk: Disk, logs: readonly Log[]): Promise<void> {
  const closing = logs.map(finishLog).filter(files => files !== null)
  const files = closing.flatMap(({ files }) => files)
  const folders = closing.map(({ folder }) => folder)
  try {
    if (closing.length > 0) await disk.syncAll(files, folders)
  } finally {
    for (const file of files) file.close()
  }
  for (const { state } of logs) {
    for (const segment of state.segments) segment.isSealed = true
    state.syncedOffset = state.writtenOffset
  }
}
