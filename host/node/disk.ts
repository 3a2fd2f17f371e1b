import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { DiskError } from '../disk-error.ts'
import type { Disk, File, FileStat, FolderEntry, FolderLock } from '../host.ts'
import { orDiskError } from './disk-errors.ts'
import {
  Filesystem,
  type FilesystemRound,
  Filesystems,
  type SyncMethod,
  settled,
  syncEach,
  syncFolder,
} from './filesystems.ts'
import { lockFolder } from './folder-lock.ts'
import type { SystemCalls } from './native.ts'
import { NodeFile } from './node-file.ts'
import { type PageCache, pageCache } from './page-cache.ts'

const OPEN_FLAGS = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT,
} as const

const FILE_MODE = 0o644

/** The machine's disks, by node:fs and, where `calls` has them, by system calls Node lacks. */
export class NodeDisk implements Disk {
  readonly #loadCalls: () => SystemCalls | null
  readonly #filesystems: Filesystems
  #pageCache: PageCache | null | undefined

  /** `calls` is asked when a file is opened or a folder locked. */
  constructor(calls: () => SystemCalls | null, syncMethod: SyncMethod) {
    this.#loadCalls = calls
    this.#filesystems = new Filesystems(calls, syncMethod)
  }

  open(path: string, mode: 'read' | 'write' | 'create'): File {
    if (this.#pageCache === undefined) this.#pageCache = pageCache(this.#loadCalls())
    const cache = this.#pageCache
    return orDiskError(path, 'open', () => {
      const fd = fs.openSync(path, OPEN_FLAGS[mode], FILE_MODE)
      try {
        const { dev, size } = fs.fstatSync(fd)
        const home = mode === 'read' ? null : this.#filesystems.enter(dev, path)
        return new NodeFile(path, fd, size, home, cache)
      } catch (error) {
        fs.closeSync(fd)
        throw error
      }
    })
  }

  stat(path: string): FileStat | null {
    const stat = orDiskError(path, 'stat', () => fs.statSync(path, { throwIfNoEntry: false }))
    if (stat === undefined) return null
    return { sizeBytes: stat.size, modifiedMs: stat.mtimeMs, isFolder: stat.isDirectory() }
  }

  list(folder: string): FolderEntry[] {
    const entries = orDiskError(folder, 'list', () =>
      fs.readdirSync(folder, { withFileTypes: true }).map(entry => ({
        name: entry.name,
        isFolder: entry.isSymbolicLink()
          ? (this.stat(`${folder}/${entry.name}`)?.isFolder ?? false)
          : entry.isDirectory(),
      })),
    )
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  makeFolder(path: string): void {
    orDiskError(path, 'makeFolder', () => makeFolders(path))
  }

  rename(from: string, to: string): void {
    orDiskError(from, 'rename', () => fs.renameSync(from, to))
  }

  remove(path: string): void {
    orDiskError(path, 'remove', () => fs.rmSync(path, { recursive: true, force: true }))
  }

  readFile(path: string): Buffer {
    return orDiskError(path, 'readFile', () => fs.readFileSync(path))
  }

  removeLater(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: NodeJS.ErrnoException | null) => {
        if (error) reject(new DiskError(error.code ?? 'EIO', path, 'remove', error))
        else resolve()
      }
      // Nearly always a file: fs.rm would first look what it is.
      fs.unlink(path, error => {
        if (error) fs.rm(path, { recursive: true, force: true }, settle)
        else settle(null)
      })
    })
  }

  syncFolder(path: string): Promise<void> {
    return syncFolder(path)
  }

  async syncAll(files: readonly File[], folders: readonly string[] = []): Promise<void> {
    const rounds = new Map<Filesystem | null, FilesystemRound>()
    const roundOf = (home: Filesystem | null): FilesystemRound => {
      let round = rounds.get(home)
      if (round === undefined) {
        round = { files: [], folders: [] }
        rounds.set(home, round)
      }
      return round
    }
    const retained: File[] = []
    try {
      for (const file of files) {
        if (!(file instanceof NodeFile)) throw new DiskError('EINVAL', file.path, 'syncAll')
        file.retain()
        retained.push(file)
        roundOf(file.home instanceof Filesystem ? file.home : null).files.push(file)
      }
      for (const folder of folders) roundOf(this.#homeOf(folder)).folders.push(folder)
      const syncs = [...rounds].map(([home, round]) =>
        home === null ? syncEach(round) : home.sync(round),
      )
      await settled(syncs)
    } finally {
      for (const file of retained) file.release()
    }
  }

  /** Null: no file of ours is open on the folder's filesystem, so that nothing holds it. */
  #homeOf(folder: string): Filesystem | null {
    const { dev } = orDiskError(folder, 'syncFolder', () => fs.statSync(folder))
    return this.#filesystems.find(dev)
  }

  lockFolder(path: string): FolderLock {
    const lock = orDiskError(path, 'lockFolder', () => lockFolder(path, this.#loadCalls()))
    const marker = `${path}/.lock`
    const device = orDiskError(path, 'lockFolder', () => fs.statSync(path).dev)
    const home = this.#filesystems.enter(device, marker)
    let isHeld = true
    return {
      release() {
        if (!isHeld) return
        isHeld = false
        home.leave()
        lock.release()
      },
    }
  }

  freeBytes(path: string): number {
    const stat = orDiskError(path, 'freeBytes', () => fs.statfsSync(path))
    return stat.bavail * stat.bsize
  }

  totalBytes(path: string): number {
    const stat = orDiskError(path, 'totalBytes', () => fs.statfsSync(path))
    return stat.blocks * stat.bsize
  }
}

/**
 * A folder and the parents it lacks. Node's own recursive form never returns where a parent exists
 * and yet refuses with ENOENT, as /proc does.
 */
function makeFolders(path: string): void {
  try {
    fs.mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && fs.statSync(path).isDirectory()) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    makeFolders(parent)
    fs.mkdirSync(path)
  }
}
