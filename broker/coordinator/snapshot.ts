/**
 * A shard's records as of an offset, in one file: loading reads it, then the log from there.
 *
 *   crc32c (4 bytes, of what follows) · msgpackr of { version, topicId, nextOffset, records }
 *
 * Invariants:
 *   (1) Only committed records are in a snapshot, so no crash can take back what it says.
 *   (2) A snapshot is worth nothing to anybody else: one that cannot be read, is of another topic,
 *       or does not fit the log, is passed over and the log read from its start.
 *
 * Crash story: written aside, synced, renamed; whichever of the two is found is whole.
 */
import { pack, unpack } from 'msgpackr'
import type { Crc32c, Disk } from '../../host/host.ts'

const VERSION = 1

export interface Snapshot<Rec> {
  /** Exclusive end of the records it stands for. */
  readonly nextOffset: number
  readonly records: readonly Rec[]
}

/** Where a shard's snapshot is kept. */
export interface SnapshotStore<Rec> {
  /** Null for none that fits. Throws DiskError, and an Error with file and byte for damage. */
  load(): Snapshot<Rec> | null
  save(snapshot: Snapshot<Rec>): Promise<void>
}

export interface SnapshotFileOptions {
  readonly disk: Disk
  readonly crc32c: Crc32c
  readonly folder: string
  readonly name: string
  readonly topicId: string
}

/** A snapshot kept in a file of its own, under a name Kafka ignores. */
export function snapshotFile<Rec>(options: SnapshotFileOptions): SnapshotStore<Rec> {
  const path = `${options.folder}/${options.name}`
  return {
    load: () => load<Rec>(options, path),
    save: snapshot => save(options, path, snapshot),
  }
}

interface Stored<Rec> extends Snapshot<Rec> {
  readonly version: number
  readonly topicId: string
}

function load<Rec>(options: SnapshotFileOptions, path: string): Snapshot<Rec> | null {
  if (options.disk.stat(path) === null) return null
  const bytes = options.disk.readFile(path)
  const body = bytes.subarray(4)
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== options.crc32c(body) >>> 0) {
    throw new Error(`${path} is damaged, from byte 0 on`)
  }
  const stored = unpack(body) as Stored<Rec>
  const isOurs = stored.version === VERSION && stored.topicId === options.topicId
  return isOurs ? { nextOffset: stored.nextOffset, records: stored.records } : null
}

async function save<Rec>(
  options: SnapshotFileOptions,
  path: string,
  snapshot: Snapshot<Rec>,
): Promise<void> {
  const { disk, crc32c, topicId, folder } = options
  const stored: Stored<Rec> = { version: VERSION, topicId, ...snapshot }
  const body = pack(stored)
  const head = Buffer.alloc(4)
  head.writeUInt32BE(crc32c(body) >>> 0)
  const aside = `${path}.tmp`
  disk.remove(aside)
  const file = disk.open(aside, 'create')
  try {
    const sizeBytes = file.writev([head, body], 0)
    // A full disk: the log alone is enough.
    if (sizeBytes < head.length + body.length) return
    await file.sync()
  } finally {
    file.close()
  }
  disk.rename(aside, path)
  await disk.syncFolder(folder)
}
