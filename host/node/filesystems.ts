/**
 * Commit rounds: making what was written to many files durable, by one fdatasync(2) a file or by
 * one syncfs(2) for the whole filesystem, whichever was last seen to cost less.
 *
 * Error rule: the kernel reports a write-back error once to every descriptor that was open when it
 * happened; a later sync succeeds although the bytes are lost. So each filesystem we write to is
 * held by a descriptor that is older than any of our writes, and a failed sync of a file is final.
 * A failed syncfs may be another program's file: each of ours is then asked by its own descriptor,
 * which has kept its own note of an error.
 *
 * Invariants:
 *   (1) A filesystem's descriptor is open while a file or a lock of ours is open on it.
 *   (2) A round resolves only if every file named in it is durable.
 */
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { orDiskError } from './disk-errors.ts'
import type { SystemCalls } from './native.ts'
import type { FileHome, NodeFile } from './node-file.ts'

/** How `syncAll` makes many files durable. 'auto' goes by what each way was last seen to cost. */
export type SyncMethod = 'auto' | 'files' | 'filesystem'

/** Fewer files than this are never worth a sync of everything. */
const FILES_MIN = 3
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
      const flags = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY
      const fd = orDiskError(path, 'open', () => fs.openSync(dirname(path), flags))
      const forget = () => this.#byDevice.delete(device)
      found = new Filesystem(fd, this.#loadCalls()?.syncfs ?? null, this.#method, forget)
      this.#byDevice.set(device, found)
    }
    found.enter()
    return found
  }
}

/** One filesystem in use. */
export class Filesystem implements FileHome {
  #userCount = 0
  readonly #fd: number
  readonly #syncfs: SystemCalls['syncfs']
  readonly #method: SyncMethod
  readonly #cost = new SyncCost()

  readonly #forget: () => void

  constructor(fd: number, syncfs: SystemCalls['syncfs'], method: SyncMethod, forget: () => void) {
    this.#fd = fd
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
    fs.closeSync(this.#fd)
  }

  /** The caller retains the files, and thereby this filesystem, until the promise settles. */
  async sync(files: readonly NodeFile[]): Promise<void> {
    const startMs = performance.now()
    const syncfs = this.#picksFilesystem(files.length, startMs) ? this.#syncfs : null
    if (syncfs === null) await syncEach(files)
    else if ((await syncfs(this.#fd)) !== 0) await syncEach(files)
    else for (const file of files) file.assertSyncable()
    this.#cost.saw(syncfs !== null, files.length, startMs, performance.now())
  }

  #picksFilesystem(fileCount: number, nowMs: number): boolean {
    if (this.#syncfs === null || this.#method === 'files') return false
    if (this.#method === 'filesystem') return true
    return fileCount >= FILES_MIN && this.#cost.favoursFilesystem(fileCount, nowMs)
  }
}

/** What rounds were seen to cost; starts from measurements on ext4 (0.1 ms a file, 0.35 ms all). */
class SyncCost {
  #fileMs = 0.1
  #filesystemMs = 0.35
  #roundsSinceTrial = 0
  #lastTrialMs = Number.NEGATIVE_INFINITY

  favoursFilesystem(fileCount: number, nowMs: number): boolean {
    const favours = this.#filesystemMs < this.#fileMs * fileCount
    if (++this.#roundsSinceTrial < TRIAL_ROUNDS || nowMs - this.#lastTrialMs < TRIAL_MS) {
      return favours
    }
    this.#roundsSinceTrial = 0
    this.#lastTrialMs = nowMs
    return !favours
  }

  saw(wasFilesystem: boolean, fileCount: number, startMs: number, endMs: number): void {
    const tookMs = endMs - startMs
    if (wasFilesystem) this.#filesystemMs += (tookMs - this.#filesystemMs) * WEIGHT
    else this.#fileMs += (tookMs / fileCount - this.#fileMs) * WEIGHT
  }
}

/** fdatasync(2) of each. Waits for all: no sync is still under way when the round has failed. */
export async function syncEach(files: readonly NodeFile[]): Promise<void> {
  const outcomes = await Promise.allSettled(files.map(file => file.sync()))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
