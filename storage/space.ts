/**
 * Space: what lets a broker start, delete and stop on a full disk. A file of real blocks, the
 * ballast, is given up when the disk is full; records are refused from then on, so that only what
 * makes room again uses what it leaves. Kafka ignores the file, as it does every file it has no
 * name for.
 *
 *   roomy --(no room for a write, or next to nothing free)--> full
 *   full --(room for twice the ballast, and what is free can be had)--> roomy
 *
 * What is free cannot always be had: there are quotas, and disks that hold no more files. A disk
 * that refused a write while it told of enough room is full until a trial file can be written.
 *
 * Invariants:
 *   (1) Records are refused only while the ballast is given up.
 *   (2) The ballast is made only while as much again stays free, and the disk can be believed.
 *
 * Crash story: a ballast that is not whole is completed, and one that was given up is found empty,
 * so that the next start knows that the disk was full.
 */
import { DiskError } from '../host/disk-error.ts'
import type { Disk } from '../host/host.ts'

export const BALLAST_FILE = 'ottla-ballast'
/** Written and removed to find out whether there is room. */
const TRIAL_FILE = 'ottla-ballast.trial'

/** Less than this free is a full disk, whatever its size. */
const FULL_BYTES = 1 << 20
/** Bytes of the ballast that are written in one step. */
const STEP_BYTES = 1 << 20
/** As much as one write of a log may be. */
const TRIAL_BYTES = 1 << 20

/** A look at the disk. */
export interface SpaceReport {
  readonly freeBytes: number
  readonly isFull: boolean
  /** The ballast is not whole yet, and there is room to make it: look again soon. */
  readonly isGrowing: boolean
}

export interface BallastOptions {
  readonly sizeBytes: number
  /** Makes bytes that no filesystem can squeeze into a hole, such as random ones. */
  fill(sizeBytes: number): Buffer
}

export interface SpaceOptions {
  readonly disk: Disk
  /** The data folder. */
  readonly folder: string
  /** Null: there is none. */
  readonly ballast: BallastOptions | null
}

export class Space {
  /** Whether records must not be written. Read for every batch. */
  isRefusing = false
  /** Called when the disk became full. */
  onFull: () => void = () => {}
  readonly #options: SpaceOptions
  readonly #path: string
  #isFull = false
  /** Free bytes from which the disk is not full any more. */
  #resumeBytes = 0
  /** A write was refused while the disk told of enough room: its word is not taken any more. */
  #isMisled = false

  constructor(options: SpaceOptions) {
    this.#options = options
    this.#path = `${options.folder}/${BALLAST_FILE}`
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** To be called once the folder is locked and before anything is written to it. */
  begin(): void {
    const hadBallast = this.#heldBytes() >= 0
    if (hadBallast && this.#freeBytes() < this.#ballastBytes) this.full()
  }

  /** A clean stop writes: makes room for that if there is little. */
  end(): void {
    if (this.#freeBytes() < this.#ballastBytes) this.#giveUp()
  }

  /** A write found no room. Returns whether that made some, so that it is worth trying again. */
  full(): boolean {
    if (this.#isFull) return false
    this.#isFull = true
    const freeBytes = this.#freeBytes()
    const madeRoom = this.#giveUp()
    this.isRefusing = this.#ballastBytes > 0 && this.#heldBytes() >= 0
    this.#resumeBytes = this.isRefusing
      ? 2 * this.#ballastBytes
      : Math.max(FULL_BYTES, 2 * Math.min(freeBytes, FULL_BYTES))
    if (this.#freeBytes() >= this.#resumeBytes) this.#isMisled = true
    this.onFull()
    return madeRoom
  }

  /**
   * Looks how much is free, and makes a step of the ballast if there is room for it. To be called
   * every now and then, and not where a write just failed.
   */
  look(): SpaceReport {
    const freeBytes = this.#freeBytes()
    if (!this.#isFull && freeBytes < FULL_BYTES) this.full()
    else if (this.#isFull && freeBytes >= this.#resumeBytes && this.#canWrite()) {
      this.#isFull = false
      this.isRefusing = false
    }
    return { freeBytes, isFull: this.#isFull, isGrowing: !this.#isFull && this.#grow(freeBytes) }
  }

  /** Whether what is free can be had: tried where the disk was wrong about that before. */
  #canWrite(): boolean {
    if (!this.#isMisled) return true
    const { disk, folder } = this.#options
    const path = `${folder}/${TRIAL_FILE}`
    try {
      const file = disk.open(path, 'create')
      try {
        return file.writev([Buffer.alloc(TRIAL_BYTES, 1)], 0) === TRIAL_BYTES
      } finally {
        file.close()
        disk.remove(path)
      }
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      return false
    }
  }

  #grow(freeBytes: number): boolean {
    const { disk, ballast } = this.#options
    // A disk without bounds is one in memory: it needs none.
    if (ballast === null || freeBytes === Number.POSITIVE_INFINITY || this.#isMisled) return false
    const heldBytes = Math.max(0, this.#heldBytes())
    const missingBytes = ballast.sizeBytes - heldBytes
    if (missingBytes <= 0 || freeBytes - missingBytes < ballast.sizeBytes) return false
    try {
      const file = disk.open(this.#path, 'create')
      try {
        file.writev([ballast.fill(Math.min(STEP_BYTES, missingBytes))], heldBytes)
      } finally {
        file.close()
      }
      return true
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      return false
    }
  }

  /** Returns whether there was any. */
  #giveUp(): boolean {
    if (this.#heldBytes() <= 0) return false
    try {
      const file = this.#options.disk.open(this.#path, 'write')
      try {
        file.truncate(0)
      } finally {
        file.close()
      }
      return true
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      return false
    }
  }

  get #ballastBytes(): number {
    return this.#options.ballast?.sizeBytes ?? 0
  }

  /** -1: there is no such file. */
  #heldBytes(): number {
    try {
      return this.#options.disk.stat(this.#path)?.sizeBytes ?? -1
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      return -1
    }
  }

  /** A disk that does not tell is taken for one with room: its writes will say. */
  #freeBytes(): number {
    try {
      return this.#options.disk.freeBytes(this.#options.folder)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      return Number.POSITIVE_INFINITY
    }
  }
}
