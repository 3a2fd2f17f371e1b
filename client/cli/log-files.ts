/** Which files of a data folder `ottla dump-log` can read, by their names. */
import type { Disk } from '../../host/host.ts'
import {
  FileKind,
  HIGH_WATERMARK_FILE,
  LEADER_EPOCH_FILE,
  LOG_START_FILE,
  META_PROPERTIES_FILE,
  PARTITION_METADATA_FILE,
  parseSegmentFileName,
  RECOVERY_POINT_FILE,
} from '../../storage/names.ts'
import { CommandFailure } from './failure.ts'

export type LogFileKind =
  | 'segment'
  | 'offset-index'
  | 'time-index'
  | 'transaction-index'
  | 'producer-snapshot'
  | 'epochs'
  | 'checkpoint'
  | 'partition-metadata'
  | 'meta-properties'

export interface LogFile {
  readonly path: string
  readonly kind: LogFileKind
  /** Of a segment's files, the offset in their name. */
  readonly baseOffset: number
}

const SEGMENT_KINDS: ReadonlyMap<FileKind, LogFileKind> = new Map([
  [FileKind.LOG, 'segment'],
  [FileKind.OFFSET_INDEX, 'offset-index'],
  [FileKind.TIME_INDEX, 'time-index'],
  [FileKind.TRANSACTION_INDEX, 'transaction-index'],
  [FileKind.SNAPSHOT, 'producer-snapshot'],
])

const OTHER_KINDS: ReadonlyMap<string, LogFileKind> = new Map([
  [LEADER_EPOCH_FILE, 'epochs'],
  [PARTITION_METADATA_FILE, 'partition-metadata'],
  [META_PROPERTIES_FILE, 'meta-properties'],
  [RECOVERY_POINT_FILE, 'checkpoint'],
  [LOG_START_FILE, 'checkpoint'],
  [HIGH_WATERMARK_FILE, 'checkpoint'],
])

/**
 * A file, or those of a partition's folder, or those of a data folder with all its partitions, in
 * the order of their names. Throws CommandFailure where there is nothing to show.
 */
export function logFilesUnder(disk: Disk, path: string): LogFile[] {
  const stat = disk.stat(path)
  if (stat === null) throw new CommandFailure(`${path} is not there: check the path.`)
  if (!stat.isFolder) {
    const file = logFile(path)
    if (file === null)
      throw new CommandFailure(`${path} is no file of a log: name a .log or index.`)
    return [file]
  }
  const found = filesOf(disk, path)
  if (found.length === 0) {
    throw new CommandFailure(`${path} has no files of a log: name a partition's or a data folder.`)
  }
  return found
}

function filesOf(disk: Disk, folder: string): LogFile[] {
  return disk.list(folder).flatMap(({ name, isFolder }) => {
    const path = `${folder.replace(/\/$/, '')}/${name}`
    if (isFolder) return filesOf(disk, path)
    // What has a further ending is on its way in or out: no part of the log.
    return isLeftover(name) ? [] : (logFile(path) ?? [])
  })
}

function isLeftover(name: string): boolean {
  return (parseSegmentFileName(name)?.suffix ?? '') !== ''
}

function logFile(path: string): LogFile | null {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const segment = parseSegmentFileName(name)
  if (segment !== null) {
    const kind = SEGMENT_KINDS.get(segment.kind) as LogFileKind
    return { path, kind, baseOffset: segment.baseOffset }
  }
  const kind = OTHER_KINDS.get(name)
  return kind === undefined ? null : { path, kind, baseOffset: 0 }
}
