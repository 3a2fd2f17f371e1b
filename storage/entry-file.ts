/**
 * A file of entries of one size, append-only, mirrored in memory: what all indexes are made of.
 *
 * The mirror is the truth; the file follows it in batches (`persist`), never per entry. Losing what
 * was not persisted is harmless: after an unclean stop every segment that was not sealed is scanned
 * and its indexes are made again.
 *
 * Invariants:
 *   (1) persistedCount <= count; entries below persistedCount are equal in file and mirror.
 *   (2) A mirror is only dropped (`unload`) when everything is persisted.
 */
import { DiskError } from '../host/disk-error.ts'
import type { Disk, File } from '../host/host.ts'

const EMPTY = Buffer.alloc(0)
const FIRST_MIRROR_ENTRIES = 16

export class EntryFile {
  path: string
  readonly entryBytes: number
  /** Entries `[0, count)` are valid. Valid until the next append, truncate or unload. */
  mirror: Buffer = EMPTY
  count = 0
  persistedCount = 0
  isLoaded = false
  /** The file exists but is longer or otherwise different: the next persist writes all of it. */
  #mustRewrite = false

  constructor(path: string, entryBytes: number) {
    this.path = path
    this.entryBytes = entryBytes
  }

  /** Takes over the file's entries. False if its size is not a whole number of entries. */
  load(disk: Disk): boolean {
    const bytes = readIfExists(disk, this.path)
    this.isLoaded = true
    this.count = bytes === null ? 0 : Math.floor(bytes.length / this.entryBytes)
    this.persistedCount = this.count
    this.mirror = bytes ?? EMPTY
    return bytes === null || bytes.length === this.count * this.entryBytes
  }

  /** Begins anew; the file, whatever it holds, is replaced at the next persist. */
  reset(): void {
    this.isLoaded = true
    this.count = 0
    this.persistedCount = 0
    this.#mustRewrite = true
  }

  /** Makes room for one more entry and counts it; the caller fills it in. Returns its position. */
  grow(): number {
    const at = this.count * this.entryBytes
    if (at + this.entryBytes > this.mirror.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(this.mirror.length * 2, FIRST_MIRROR_ENTRIES * this.entryBytes),
      )
      this.mirror.copy(larger, 0, 0, at)
      this.mirror = larger
    }
    this.count++
    return at
  }

  /** Keeps the first `count` entries. */
  truncate(count: number): void {
    if (count >= this.count) return
    this.count = count
    if (this.persistedCount > count) {
      this.persistedCount = count
      this.#mustRewrite = true
    }
  }

  get isPersisted(): boolean {
    return this.persistedCount === this.count && !this.#mustRewrite
  }

  /** Writes what the file lacks; makes the file if it is missing. The caller closes it. */
  persist(disk: Disk): File {
    const file = disk.open(this.path, 'create')
    try {
      this.#persistTo(file)
    } catch (error) {
      file.close()
      throw error
    }
    return file
  }

  #persistTo(file: File): void {
    const from = this.persistedCount * this.entryBytes
    const to = this.count * this.entryBytes
    if (to > from && file.writev([this.mirror.subarray(from, to)], from) < to - from) {
      throw new DiskError('ENOSPC', this.path, 'writev')
    }
    if (this.#mustRewrite || file.sizeBytes > to) file.truncate(to)
    this.persistedCount = this.count
    this.#mustRewrite = false
  }

  unload(): void {
    if (!this.isPersisted) return
    this.mirror = EMPTY
    this.isLoaded = false
  }
}

function readIfExists(disk: Disk, path: string): Buffer | null {
  try {
    return disk.readFile(path)
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return null
    throw error
  }
}
