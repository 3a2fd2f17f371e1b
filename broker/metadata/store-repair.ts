/** Takes damaged frames out of the local store's two files, keeping what they were beside them. */
import { DiskError } from '../../host/disk-error.ts'
import type { Crc32c, Disk } from '../../host/host.ts'
import { METADATA_LOG, METADATA_SNAPSHOT } from './store-files.ts'
import { FrameCodec } from './store-frame.ts'

/** A range of one of the files that holds no frame. */
export interface StoreRepair {
  readonly path: string
  readonly position: number
  readonly bytes: number
}

interface StoreRepairOptions {
  readonly disk: Disk
  readonly crc32c: Crc32c
  /** The data folder; its lock is the caller's. */
  readonly folder: string
  /** False: nothing is written. */
  readonly apply: boolean
}

/**
 * What the store would refuse to start with, and, with `apply`, those ranges taken out: what the
 * frames held is lost to the cluster's metadata. The files as they were are kept as
 * `<name>.damaged`. Rejects with DiskError.
 */
export async function repairStore(options: StoreRepairOptions): Promise<StoreRepair[]> {
  const repairs: StoreRepair[] = []
  for (const name of [METADATA_SNAPSHOT, METADATA_LOG]) {
    repairs.push(...(await repairFile(options, name)))
  }
  return repairs
}

async function repairFile(
  { disk, crc32c, folder, apply }: StoreRepairOptions,
  name: string,
): Promise<StoreRepair[]> {
  const path = `${folder}/${name}`
  if (disk.stat(path) === null) return []
  const bytes = disk.readFile(path)
  const codec = new FrameCodec(crc32c)
  const { values, frames, damage, validBytes } = codec.decodeSound(bytes)
  const ranges = damage.map(({ start, end }) => ({ path, position: start, bytes: end - start }))
  const isSnapshot = name === METADATA_SNAPSHOT
  const whole = isSnapshot ? closedSnapshot(codec, values, frames) : Buffer.concat(frames)
  // The log's last frame may be torn, which the broker takes care of; a snapshot is written whole.
  const isOpen = isSnapshot && (validBytes < bytes.length || !whole.equals(bytes))
  if (isOpen && ranges.length === 0) {
    ranges.push({ path, position: validBytes, bytes: bytes.length - validBytes })
  }
  if (!apply || ranges.length === 0) return ranges
  await replace(disk, folder, name, bytes, whole)
  return ranges
}

/** The sound frames of entries, and an end that counts them. */
function closedSnapshot(
  codec: FrameCodec,
  values: readonly unknown[],
  frames: readonly Buffer[],
): Buffer {
  const entries = values.flatMap(value => (Array.isArray(value) ? value : []))
  const end = values.find(value => !Array.isArray(value)) as { revision: number } | undefined
  const revision = end?.revision ?? entries.reduce((max, [, , mod]) => Math.max(max, mod), 0)
  const kept = frames.filter((_, at) => Array.isArray(values[at]))
  return Buffer.concat([...kept, codec.encode({ revision, count: entries.length })])
}

async function replace(
  disk: Disk,
  folder: string,
  name: string,
  before: Buffer,
  after: Buffer,
): Promise<void> {
  const path = `${folder}/${name}`
  let kept = `${path}.damaged`
  for (let copy = 1; disk.stat(kept) !== null; copy++) kept = `${path}.damaged.${copy}`
  await writeWhole(disk, kept, before)
  await writeWhole(disk, `${path}.tmp`, after)
  disk.rename(`${path}.tmp`, path)
  await disk.syncFolder(folder)
}

async function writeWhole(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const file = disk.open(path, 'create')
  try {
    file.truncate(0)
    if (file.writev([bytes], 0) < bytes.length) throw new DiskError('ENOSPC', path, 'writev')
    await file.sync()
  } finally {
    file.close()
  }
}
