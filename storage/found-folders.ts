/**
 * The partition folders of a data folder as they are found, before any log is opened, and what may
 * become of each. Somebody above the storage knows the metadata and gives the verdict; without one
 * no folder is opened, renamed or removed.
 */
import type { Disk } from '../host/host.ts'
import type { LoadJournal } from './load-report.ts'
import type { LogConfig } from './log-config.ts'
import { METADATA_LOG_FOLDER, PARTITION_METADATA_FILE, parseFolderName } from './names.ts'
import { parsePartitionMetadata } from './partition-metadata.ts'

/** A folder with the name of a partition. */
export interface FoundFolder {
  readonly name: string
  readonly topic: string
  readonly partition: number
  /** What `partition.metadata` says; null if that file is missing or unreadable. */
  readonly topicId: string | null
}

/** What is to become of a folder with the name of a partition. */
export type Verdict =
  /** Its log is opened. `partition.metadata` is written anew where it does not say this id. */
  | { readonly kind: 'open'; readonly topicId: string; readonly config: LogConfig }
  /** The metadata says that its topic was deleted: it is renamed `-delete`, then unlinked. */
  | { readonly kind: 'delete'; readonly topicId: string }
  /** Nothing says what it is: it is renamed `-stray` and kept. */
  | { readonly kind: 'stray'; readonly reason: string }

/** A folder that was set aside, now or earlier, by this broker or by Kafka. */
export interface StrayFolder {
  readonly name: string
  readonly topic: string
  readonly partition: number
  /** Why it was set aside; null if that happened before this start. */
  readonly reason: string | null
}

export interface FolderList {
  readonly partitions: readonly FoundFolder[]
  /** Names of folders that wait to be unlinked. */
  readonly deleted: readonly string[]
  readonly strays: readonly StrayFolder[]
}

/** Reads names and topic ids; changes nothing. Throws DiskError. */
export function findFolders(disk: Disk, path: string, journal: LoadJournal): FolderList {
  const partitions: FoundFolder[] = []
  const deleted: string[] = []
  const strays: StrayFolder[] = []
  for (const { name, isFolder } of disk.list(path)) {
    if (!isFolder || name === METADATA_LOG_FOLDER) continue
    const parsed = parseFolderName(name)
    switch (parsed.kind) {
      case 'partition': {
        const { topic, partition } = parsed
        partitions.push({ name, topic, partition, topicId: topicIdOf(disk, `${path}/${name}`) })
        break
      }
      case 'delete':
        deleted.push(name)
        break
      case 'stray':
        strays.push({ name, topic: parsed.topic, partition: parsed.partition, reason: null })
        break
      case 'future':
        journal.add('skipped', `${path}/${name}`, 'set aside by Kafka (-future)')
        break
      default:
        journal.add('skipped', `${path}/${name}`, 'not a partition')
    }
  }
  return { partitions, deleted, strays }
}

/** The topic id that a partition's folder says it has; null if it says none. Throws DiskError. */
export function topicIdOf(disk: Disk, folder: string): string | null {
  const path = `${folder}/${PARTITION_METADATA_FILE}`
  if (disk.stat(path) === null) return null
  return parsePartitionMetadata(disk.readFile(path).toString('utf8'))
}
