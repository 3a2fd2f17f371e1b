/**
 * The descriptor budget: segment files opened when they are needed, closed when others are needed
 * more. Least recently used goes first.
 *
 * Invariants:
 *   (1) A slot is in the list exactly while its file is open.
 *   (2) A pinned slot (written, not yet synced) is never closed for room: a later descriptor of the
 *       same file might not be told of a failed write-back.
 *   (3) Room is made in a task of its own, so that a range handed out stays open until its reader
 *       had the chance to retain it; only a burst of twice the budget is cut at once.
 */
import type { Disk, File, Loop } from '../host/host.ts'

const LOGS_PER_SYNC_MAX = 256

/** A segment's file, open or not. */
export class FileSlot {
  path: string
  file: File | null = null
  /** Held open while above 0. */
  pins = 0
  newer: FileSlot | null = null
  older: FileSlot | null = null

  constructor(path: string) {
    this.path = path
  }
}

export class OpenFiles {
  readonly #disk: Disk
  readonly #loop: Loop
  readonly #openMax: number
  #openCount = 0
  #newest: FileSlot | null = null
  #oldest: FileSlot | null = null
  #trimIsQueued = false

  constructor(disk: Disk, loop: Loop, openMax: number) {
    this.#disk = disk
    this.#loop = loop
    this.#openMax = Math.max(1, openMax)
  }

  get openCount(): number {
    return this.#openCount
  }

  /** Logs that may be synced together, each with a few small files open beside its segment. */
  get logsPerSync(): number {
    return Math.max(1, Math.min(LOGS_PER_SYNC_MAX, this.#openMax >>> 2))
  }

  /** The open file; opens it if need be. Throws DiskError. */
  use(slot: FileSlot): File {
    const file = slot.file
    if (file !== null) {
      if (slot !== this.#newest) {
        this.#unlink(slot)
        this.#linkNewest(slot)
      }
      return file
    }
    return this.#open(slot, 'write')
  }

  /** The same for a file that does not exist yet. */
  create(slot: FileSlot): File {
    return slot.file ?? this.#open(slot, 'create')
  }

  close(slot: FileSlot): void {
    if (slot.file === null) return
    this.#unlink(slot)
    this.#openCount--
    const file = slot.file
    slot.file = null
    file.close()
  }

  #open(slot: FileSlot, mode: 'write' | 'create'): File {
    const file = this.#disk.open(slot.path, mode)
    slot.file = file
    this.#openCount++
    this.#linkNewest(slot)
    if (this.#openCount > this.#openMax) {
      if (this.#openCount > 2 * this.#openMax) this.#trim(slot)
      else if (!this.#trimIsQueued) {
        this.#trimIsQueued = true
        this.#loop.afterTurn(this.#trimLater)
      }
    }
    return file
  }

  #trimLater = (): void => {
    this.#trimIsQueued = false
    this.#trim(null)
  }

  #trim(keep: FileSlot | null): void {
    let slot = this.#oldest
    while (slot !== null && this.#openCount > this.#openMax) {
      const next: FileSlot | null = slot.newer
      if (slot.pins === 0 && slot !== keep) this.close(slot)
      slot = next
    }
  }

  #linkNewest(slot: FileSlot): void {
    slot.newer = null
    slot.older = this.#newest
    if (this.#newest !== null) this.#newest.newer = slot
    this.#newest = slot
    if (this.#oldest === null) this.#oldest = slot
  }

  #unlink(slot: FileSlot): void {
    if (slot.newer === null) this.#newest = slot.older
    else slot.newer.older = slot.older
    if (slot.older === null) this.#oldest = slot.newer
    else slot.older.newer = slot.newer
    slot.newer = null
    slot.older = null
  }
}
