/**
 * Commit rounds: making what was written to many files, and names in folders, durable by one
 * fdatasync(2) a file and one fsync(2) a folder, or by one syncfs(2) for the whole filesystem,
 * whichever was last seen to cost less.
 *
 * Error rule: the kernel reports a write-back error once to every descriptor that was open when it
 * happened; a later sync succeeds although the bytes are lost. So each filesystem we write to is
 * held by descriptors that are older than any of our writes, and a failed sync of a file is final.
 * A failed syncfs may be another program's file: each of ours is then asked by its own descriptor,
 * which has kept its own note of an error. Of two syncs under way on one descriptor only one is
 * told: no descriptor has two.
 *
 * Invariants:
 *   (1) A filesystem's descriptors are open while a file or a lock of ours is open on it.
 *   (2) A round resolves only if every file and folder named in it is durable.
 *   (3) A descriptor has one syncfs under way at most.
 */
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { DiskError } from '../disk-error.ts'
import { orDiskError } from './disk-errors.ts'
import type { SystemCalls } from './native.ts'
import type { FileHome, NodeFile } from './node-file.ts'

/** How `syncAll` makes many files durable. 'auto' goes by what each way was last seen to cost. */
export type SyncMethod = 'auto' | 'files' | 'filesystem'

/** What one round makes durable on one filesystem. */
export interface FilesystemRound {
  readonly files: NodeFile[]
  readonly folders: string[]
}

/**
 * Rounds that may use syncfs(2) at once: a data folder commits, seals and closes its logs, and
 * there may be several folders. One round more goes by files.
 */
const SYNCFS_AT_ONCE = 4
/** Fewer files and folders than this are never worth a sync of everything. */
const SYNCS_MIN = 3
/**
 * CPU of one fdatasync(2) or fsync(2) with the thread that waits for it: what a round by files
 * takes from the cores beside its time. A syncfs(2) of 45 files took 0.1 ms, one by one 3.1 ms.
 */
const CPU_MS_PER_SYNC = 0.05
/** Folders synced at once: each has a descriptor meanwhile. */
const FOLDERS_AT_ONCE = 16
/** A round in this many tries the other way, but no sooner than after this long. */
const TRIAL_ROUNDS = 64
const TRIAL_MS = 10_000
/** Weight of the last round in the averages. */
const WEIGHT = 0.2

/** The filesystems that files or locks of ours are open on. */
export class Filesystems {
  readonly #byDevice = new Map<number, Filesystem>()
  readonly #loadCalls: () => SystemCalls | null
  readonly #method: SyncMethod

  constructor(calls: () => SystemCalls | null, method: SyncMethod) {
    this.#loadCalls = calls
    this.#method = method
  }

  /** The filesystem of `device`, on which `path` lies, held open until `leave`. */
  enter(device: number, path: string): Filesystem {
    let found = this.#byDevice.get(device)
    if (found === undefined) {
      const syncfs = this.#method === 'files' ? null : (this.#loadCalls()?.syncfs ?? null)
      const descriptors = openFolder(dirname(path), syncfs === null ? 1 : SYNCFS_AT_ONCE)
      const forget = () => this.#byDevice.delete(device)
      found = new Filesystem(descriptors, syncfs, this.#method, forget)
      this.#byDevice.set(device, found)
    }
    found.enter()
    return found
  }

  /** The same without entering; null if nothing of ours is there. */
  find(device: number): Filesystem | null {
    return this.#byDevice.get(device) ?? null
  }
}

/** One filesystem in use. */
export class Filesystem implements FileHome {
  #userCount = 0
  /** Those with no syncfs under way. */
  readonly #descriptors: number[]
  readonly #syncfs: SystemCalls['syncfs']
  readonly #method: SyncMethod
  readonly #cost = new SyncCost()

  readonly #forget: () => void

  /** Takes over the descriptors. */
  constructor(
    descriptors: number[],
    syncfs: SystemCalls['syncfs'],
    method: SyncMethod,
    forget: () => void,
  ) {
    this.#descriptors = descriptors
    this.#syncfs = syncfs
    this.#method = method
    this.#forget = forget
  }

  enter(): void {
    this.#userCount++
  }

  leave(): void {
    if (--this.#userCount > 0) return
    this.#forget()
    for (const fd of this.#descriptors) fs.closeSync(fd)
  }

  /** The caller retains the files until the promise settles. */
  async sync(round: FilesystemRound): Promise<void> {
    const syncCount = round.files.length + round.folders.length
    const startMs = performance.now()
    const picksFilesystem = this.#picksFilesystem(syncCount, startMs)
    this.enter()
    try {
      if (!picksFilesystem || !(await this.#syncAll())) await syncEach(round)
      else for (const file of round.files) file.assertSyncable()
    } finally {
      this.leave()
    }
    this.#cost.saw(picksFilesystem, syncCount, performance.now() - startMs)
  }

  /** Whether one syncfs(2) made everything durable. */
  async #syncAll(): Promise<boolean> {
    const fd = this.#descriptors.pop() as number
    try {
      return (await this.#syncfs?.(fd)) === 0
    } finally {
      this.#descriptors.push(fd)
    }
  }

  #picksFilesystem(syncCount: number, nowMs: number): boolean {
    if (this.#syncfs === null || this.#descriptors.length === 0) return false
    if (this.#method === 'filesystem') return true
    return syncCount >= SYNCS_MIN && this.#cost.favoursFilesystem(syncCount, nowMs)
  }
}

/** What rounds were seen to cost; starts from measurements on ext4 (0.1 ms a file, 0.35 ms all). */
export class SyncCost {
  #fileMs = 0.1
  #filesystemMs = 0.35
  #roundsSinceTrial = 0
  #lastTrialMs = Number.NEGATIVE_INFINITY

  favoursFilesystem(syncCount: number, nowMs: number): boolean {
    const favours = this.#filesystemMs < (this.#fileMs + CPU_MS_PER_SYNC) * syncCount
    if (++this.#roundsSinceTrial < TRIAL_ROUNDS || nowMs - this.#lastTrialMs < TRIAL_MS) {
      return favours
    }
    this.#roundsSinceTrial = 0
    this.#lastTrialMs = nowMs
    return !favours
  }

  saw(wasFilesystem: boolean, syncCount: number, tookMs: number): void {
    if (wasFilesystem) this.#filesystemMs = averaged(this.#filesystemMs, tookMs)
    else this.#fileMs = averaged(this.#fileMs, tookMs / syncCount)
  }
}

/** A round that was held up counts twice the average at most: one must not decide for seconds. */
function averaged(averageMs: number, tookMs: number): number {
  return averageMs + (Math.min(tookMs, 2 * averageMs) - averageMs) * WEIGHT
}

/**
 * fdatasync(2) of each file, fsync(2) of each folder. Waits for all: no sync is still under way
 * when the round has failed.
 */
export async function syncEach({ files, folders }: FilesystemRound): Promise<void> {
  const syncs = files.map(file => file.sync())
  if (folders.length > 0) syncs.push(syncFolders(folders))
  await settled(syncs)
}

async function syncFolders(folders: readonly string[]): Promise<void> {
  for (let at = 0; at < folders.length; at += FOLDERS_AT_ONCE) {
    await settled(folders.slice(at, at + FOLDERS_AT_ONCE).map(syncFolder))
  }
}

/**
 * Waits for all, then throws the failure that says most: of a sync, rather than that there was no
 * descriptor to begin one (EMFILE, ENFILE), rather than that a folder is not there (ENOENT).
 */
export async function settled(syncs: readonly Promise<void>[]): Promise<void> {
  const failures: unknown[] = []
  for (const outcome of await Promise.allSettled(syncs)) {
    if (outcome.status === 'rejected') failures.push(outcome.reason)
  }
  if (failures.length === 0) return
  throw failures.toSorted((a, b) => mildness(a) - mildness(b))[0]
}

/** Mildest last. */
function mildness(failure: unknown): number {
  const { code } = failure as DiskError
  if (code === 'ENOENT') return 2
  return code === 'EMFILE' || code === 'ENFILE' ? 1 : 0
}

/** fsync(2) of a folder. */
export async function syncFolder(path: string): Promise<void> {
  const flags = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY
  const fd = orDiskError(path, 'syncFolder', () => fs.openSync(path, flags))
  try {
    await new Promise<void>((resolve, reject) => {
      fs.fsync(fd, error => {
        if (error) reject(new DiskError(error.code ?? 'EIO', path, 'syncFolder', error))
        else resolve()
      })
    })
  } finally {
    fs.closeSync(fd)
  }
}

function openFolder(path: string, count: number): number[] {
  const flags = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY
  const descriptors: number[] = []
  try {
    for (let at = 0; at < count; at++) {
      descriptors.push(orDiskError(path, 'open', () => fs.openSync(path, flags)))
    }
    return descriptors
  } catch (error) {
    for (const fd of descriptors) fs.closeSync(fd)
    throw error
  }
}
