/**
 * Small text files replaced whole. Kafka's one format for all of them: a version, a count, then a
 * line each; an empty file says nothing.
 *
 * Crash story: written to `<name>.tmp`, synced, renamed, the folder synced. A reader finds the old
 * or the new content, never part of one; a torn or foreign file does not match its count and is
 * taken as absent, for everything in it can be found again from the logs.
 */
import { DiskError } from '../host/disk-error.ts'
import type { Disk } from '../host/host.ts'
import type { Offset } from './units.ts'

const VERSION = '0'

/**
 * Writes `<path>.tmp` and renames it. Durable once the file and then its folder are synced. Throws
 * DiskError; the old content then stays.
 */
export function replaceFile(disk: Disk, path: string, content: string): void {
  const bytes = Buffer.from(content)
  const temporary = `${path}.tmp`
  const file = disk.open(temporary, 'create')
  try {
    file.truncate(0)
    if (file.writev([bytes], 0) < bytes.length) throw new DiskError('ENOSPC', temporary, 'writev')
  } finally {
    file.close()
  }
  disk.rename(temporary, path)
}

/** Replaces a file of `folder` and makes it durable: content first, then name. */
export async function writeFileAtomically(
  disk: Disk,
  folder: string,
  name: string,
  content: string,
): Promise<void> {
  const path = `${folder}/${name}`
  const temporary = `${path}.tmp`
  const bytes = Buffer.from(content)
  const file = disk.open(temporary, 'create')
  try {
    file.truncate(0)
    if (file.writev([bytes], 0) < bytes.length) throw new DiskError('ENOSPC', temporary, 'writev')
    await file.sync()
  } finally {
    file.close()
  }
  disk.rename(temporary, path)
  await disk.syncFolder(folder)
}

/** Null if there is no such file. */
export function readTextFile(disk: Pick<Disk, 'readFile'>, path: string): string | null {
  try {
    return disk.readFile(path).toString('utf8')
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return null
    throw error
  }
}

/** The rows of a checkpoint as whole numbers and words; null if the text is not one. */
export function parseCheckpoint(text: string, columns: number): string[][] | null {
  if (text === '') return []
  const [version, count, ...lines] = text.split('\n')
  // Without its last newline the last number may lack digits.
  if (lines.pop() !== '') return null
  if (version?.trim() !== VERSION || parseWhole(count?.trim()) !== lines.length) return null
  const rows = lines.map(line => line.trim().split(/\s+/))
  return rows.every(row => row.length === columns) ? rows : null
}

export function formatCheckpoint(lines: readonly string[]): string {
  return [VERSION, String(lines.length), ...lines, ''].join('\n')
}

/** `<topic> <partition> <offset>` lines, by the partition's folder name; null if malformed. */
export function parseOffsets(text: string): Map<string, Offset> | null {
  const rows = parseCheckpoint(text, 3)
  if (rows === null) return null
  const offsets = new Map<string, Offset>()
  for (const [topic, partition, digits] of rows) {
    const offset = parseWhole(digits)
    if (offset === null) return null
    offsets.set(`${topic}-${partition}`, offset)
  }
  return offsets
}

/** A non-negative whole number below 2^53, or null. */
export function parseWhole(text: string | undefined): number | null {
  if (text === undefined || !/^\d+$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}
