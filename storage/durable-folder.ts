import type { Disk } from '../host/host.ts'

/**
 * Makes the folder and those above it, and sees to it that their names survive a power cut. Rejects
 * with DiskError.
 */
export async function makeDurableFolder(disk: Disk, path: string): Promise<void> {
  const made: string[] = []
  for (let at = path; disk.stat(at) === null; at = parentOf(at)) {
    made.push(parentOf(at))
    if (parentOf(at) === at) break
  }
  disk.makeFolder(path)
  for (const parent of made.reverse()) await disk.syncFolder(parent)
}

function parentOf(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  const slash = trimmed.lastIndexOf('/')
  if (slash < 0) return '.'
  return slash === 0 ? '/' : trimmed.slice(0, slash)
}
