/** How a partition's folder leaves its name: to be unlinked later, or to be kept as a stray. */
import { DiskError } from '../host/disk-error.ts'
import type { LoadResult } from './directory-loader.ts'
import type { LogEnvironment } from './environment.ts'
import type { Log } from './log.ts'
import { asideFolderName } from './names.ts'

export interface Departure {
  readonly environment: LogEnvironment
  /** The data folder. */
  readonly path: string
  /** 32 hexadecimal digits that no other call gave. */
  readonly uniqueHex: () => string
}

/**
 * Ends a log, telling everybody who waits for an append that it failed, and renames its folder.
 * Returns the folder's new name. Throws DiskError if it cannot be renamed: then call it again.
 */
export function moveAway(departure: Departure, log: Log, kind: 'delete' | 'stray'): string {
  const { environment, path, uniqueHex } = departure
  const { topic, partition, state } = log
  if (!state.isDeleted) {
    state.isDeleted = true
    log.fail(new DiskError('ENOENT', state.folder, 'append'))
    for (const segment of state.segments) {
      segment.isRemoved = true
      segment.forgetMirrors()
      environment.openFiles.close(segment.slot)
    }
  }
  const name = asideFolderName(topic, partition, uniqueHex(), kind)
  environment.disk.rename(state.folder, `${path}/${name}`)
  return name
}

/**
 * Renames the folders of a deleted topic that could not be renamed when the directory was opened.
 * Throws DiskError: then call it again.
 */
export function removeLeftovers(
  departure: Departure,
  { undeleted, refused }: LoadResult,
  topicId: string,
  nowMs: number,
): void {
  const { environment, path, uniqueHex } = departure
  for (let [first, ...rest] = undeleted.get(topicId) ?? []; first !== undefined; ) {
    const target = asideFolderName(first.topic, first.partition, uniqueHex(), 'delete')
    environment.disk.rename(`${path}/${first.name}`, `${path}/${target}`)
    environment.trash.add(`${path}/${target}`, 0, nowMs)
    refused.delete(first.name)
    undeleted.set(topicId, rest)
    ;[first, ...rest] = rest
  }
  undeleted.delete(topicId)
}
