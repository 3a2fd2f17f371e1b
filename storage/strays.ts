/**
 * Stray folders of a data folder, for a tool that works while no broker runs: what they hold, and
 * how one takes its place among the partitions again.
 */
import type { Disk } from '../host/host.ts'
import { writeFileAtomically } from './checkpoint.ts'
import { holdsRecords } from './create-log.ts'
import { findFolders, topicIdOf } from './found-folders.ts'
import { parseStarts } from './leader-epochs.ts'
import { LoadJournal } from './load-report.ts'
import {
  asideFolderName,
  CLEAN_STOP_FILE,
  FileKind,
  LEADER_EPOCH_FILE,
  PARTITION_METADATA_FILE,
  parseSegmentFileName,
  partitionFolderName,
} from './names.ts'
import { formatPartitionMetadata } from './partition-metadata.ts'

export interface Stray {
  readonly name: string
  /** May be cut short: a name of a folder has at most 255 characters. */
  readonly topic: string
  readonly partition: number
  /** Null if `partition.metadata` is missing or unreadable. */
  readonly topicId: string | null
  /** Of its segments. */
  readonly sizeBytes: number
  /** -1: it has none. */
  readonly latestEpoch: number
}

/** Reads only; a broker may run on the folder. Throws DiskError. */
export function listStrays(disk: Disk, path: string): Stray[] {
  const { strays } = findFolders(disk, path, new LoadJournal())
  return strays.map(({ name, topic, partition }) => {
    const folder = `${path}/${name}`
    const segments = disk
      .list(folder)
      .filter(file => parseSegmentFileName(file.name)?.kind === FileKind.LOG)
    const sizes = segments.map(file => disk.stat(`${folder}/${file.name}`)?.sizeBytes ?? 0)
    const epochs = `${folder}/${LEADER_EPOCH_FILE}`
    const starts = disk.stat(epochs) === null ? [] : parseStarts(String(disk.readFile(epochs)))
    return {
      name,
      topic,
      partition,
      topicId: topicIdOf(disk, folder),
      sizeBytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
      latestEpoch: starts?.at(-1)?.leaderEpoch ?? -1,
    }
  })
}

/** What stands where a partition's folder would be. Throws DiskError. */
export function occupantOf(
  disk: Disk,
  path: string,
  topic: string,
  partition: number,
): 'nothing' | 'empty log' | 'records' {
  const folder = `${path}/${partitionFolderName(topic, partition)}`
  if (disk.stat(folder) === null) return 'nothing'
  return holdsRecords(disk, folder) ? 'records' : 'empty log'
}

/** Where a stray is to stand. */
export interface StrayPlace {
  readonly topic: string
  readonly topicId: string
  /** Makes the name unique under which an empty log is moved away. */
  readonly hex32: string
}

/**
 * Gives a stray its partition's name and topic id, and makes both durable. An empty log in its
 * place is left for the next start to unlink. The marker of a clean stop goes first: nobody has
 * looked at the stray's last segment since. Rejects with DiskError.
 */
export async function takeBack(
  disk: Disk,
  path: string,
  stray: Stray,
  { topic, topicId, hex32 }: StrayPlace,
): Promise<void> {
  const { name, partition } = stray
  disk.remove(`${path}/${CLEAN_STOP_FILE}`)
  const metadata = formatPartitionMetadata(topicId)
  await writeFileAtomically(disk, `${path}/${name}`, PARTITION_METADATA_FILE, metadata)
  const folder = `${path}/${partitionFolderName(topic, partition)}`
  if (disk.stat(folder) !== null) {
    disk.rename(folder, `${path}/${asideFolderName(topic, partition, hex32, 'delete')}`)
  }
  disk.rename(`${path}/${name}`, folder)
  await disk.syncFolder(path)
}
