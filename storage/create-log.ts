/** A partition's folder and its empty log, made when the partition comes to this broker. */
import { DiskError } from '../host/disk-error.ts'
import type { Disk } from '../host/host.ts'
import { replaceFile } from './checkpoint.ts'
import type { LogEnvironment } from './environment.ts'
import { Log } from './log.ts'
import type { LogConfig } from './log-config.ts'
import { LogState } from './log-state.ts'
import { FileKind, PARTITION_METADATA_FILE, parseSegmentFileName } from './names.ts'
import { formatPartitionMetadata } from './partition-metadata.ts'
import { createSegment } from './segment-roll.ts'

/** Where a log is to be, and whose it is. */
export interface NewLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  /** Path of the folder. */
  readonly folder: string
  readonly config: LogConfig
}

/**
 * Makes the folder if it is not there. A folder that an interrupted creation left is taken over;
 * one with records in it is refused with DiskError 'EEXIST', for an empty log must never hide
 * records. Throws DiskError; a later call then makes what is missing.
 */
export function createLog(environment: LogEnvironment, place: NewLog, nowMs: number): Log {
  const { disk } = environment
  const { topic, partition, topicId, folder, config } = place
  if (holdsRecords(disk, folder)) throw new DiskError('EEXIST', folder, 'create')
  disk.makeFolder(folder)
  const metadata = `${folder}/${PARTITION_METADATA_FILE}`
  replaceFile(disk, metadata, formatPartitionMetadata(topicId))
  const segment = createSegment(environment, folder, 0, { config, nowMs })
  const state = new LogState(environment, {
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
  return new Log(state)
}

/**
 * Whether a folder has a segment with bytes, or one that begins above 0 (its records were removed
 * by retention, but their offsets were given). False if there is no such folder.
 */
export function holdsRecords(disk: Disk, folder: string): boolean {
  if (disk.stat(folder) === null) return false
  return disk.list(folder).some(({ name }) => {
    const file = parseSegmentFileName(name)
    if (file?.kind !== FileKind.LOG) return false
    return file.baseOffset > 0 || (disk.stat(`${folder}/${name}`)?.sizeBytes ?? 0) > 0
  })
}
