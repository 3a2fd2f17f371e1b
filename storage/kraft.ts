/**
 * KRaft's metadata log, `__cluster_metadata-0`, as raw batches: what a folder of Kafka's knows of
 * topics and settings. It begins with the latest snapshot file (`<end offset>-<epoch>.checkpoint`,
 * itself batches) and goes on with the log from there. Read only.
 */
import { DiskError } from '../host/disk-error.ts'
import type { Disk } from '../host/host.ts'
import { BatchView } from '../protocol/records/batch.ts'
import { batchesIn } from './log-reader.ts'
import { FileKind, METADATA_LOG_FOLDER, parseSegmentFileName } from './names.ts'

const SNAPSHOT = /^(\d{20})-\d{10}\.checkpoint$/

/** A data directory's metadata batches in order, each a copy of its own; none if it has no log. */
export function* readMetadataBatches(disk: Disk, directory: string): Generator<BatchView> {
  const folder = `${directory}/${METADATA_LOG_FOLDER}`
  const names = namesIn(disk, folder)
  const snapshot = names.filter(name => SNAPSHOT.test(name)).at(-1)
  let from = 0
  if (snapshot !== undefined) {
    yield* batchesOf(disk, `${folder}/${snapshot}`)
    from = Number(SNAPSHOT.exec(snapshot)?.[1])
  }
  for (const name of names) {
    const file = parseSegmentFileName(name)
    if (file?.kind !== FileKind.LOG || file.suffix !== '') continue
    for (const batch of batchesOf(disk, `${folder}/${name}`)) {
      if (batch.lastOffset >= from) yield batch
    }
  }
}

function namesIn(disk: Disk, folder: string): string[] {
  try {
    return disk.list(folder).map(({ name }) => name)
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return []
    throw error
  }
}

function* batchesOf(disk: Disk, path: string): Generator<BatchView> {
  const file = disk.open(path, 'read')
  try {
    for (const { bytes } of batchesIn(file, 0, file.sizeBytes))
      yield new BatchView(Buffer.from(bytes))
  } finally {
    file.close()
  }
}
