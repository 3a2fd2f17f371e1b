/** What one round makes durable, and how. */
import { DiskError } from '../host/disk-error.ts'
import type { Disk, File } from '../host/host.ts'
import { lacksDescriptor } from './disk-failure.ts'

/** Whose folder it is: it may be renamed meanwhile. */
export interface FolderOwner {
  readonly isDeleted: boolean
}

/** Files and folders to be synced together. */
export class SyncRound {
  readonly #files: File[] = []
  readonly folders = new Map<string, FolderOwner>()

  /** Held open until the round is over: more may be added than may be open, or a log be deleted. */
  add(file: File): void {
    file.retain()
    this.#files.push(file)
  }

  /** There will be no round, or it is over. */
  release(): void {
    for (const file of this.#files.splice(0)) file.release()
  }

  /**
   * Resolves once all of it is durable. Rejects with the DiskError of a failed sync, but that a log
   * deleted meanwhile has its folder under another name (KAFKA-15391). Where a sync could not begin
   * for want of a descriptor, `mayTryAgain` is asked, which waits first; without it that rejects.
   */
  async run(disk: Disk, mayTryAgain: () => Promise<boolean> = never): Promise<void> {
    try {
      while (!(await this.#isDone(disk, mayTryAgain)));
    } finally {
      this.release()
    }
  }

  async #isDone(disk: Disk, mayTryAgain: () => Promise<boolean>): Promise<boolean> {
    try {
      await disk.syncAll(this.#files, [...this.folders.keys()])
      return true
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      if (lacksDescriptor(error) && (await mayTryAgain())) return false
      // Nothing else failed: it would have been told instead.
      if (!this.#isOfDeleted(error)) throw error
      this.folders.delete(error.path)
      return false
    }
  }

  #isOfDeleted({ code, path }: DiskError): boolean {
    return code === 'ENOENT' && this.folders.get(path)?.isDeleted === true
  }
}

const never = (): Promise<boolean> => Promise.resolve(false)
