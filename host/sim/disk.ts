/**
 * A disk in memory that keeps the durability contract of `host.ts` to the letter and can break
 * every promise the contract leaves open: power cuts, full, failing, slow, read-only.
 *
 * Crash story: `killed` is kill -9 (the page cache survives, descriptors and locks do not);
 * `crash` is a power cut (what was not synced is lost, torn or kept, as asked for).
 *
 * Invariants:
 *   (1) usedBytes is the sum of the sizes of all files a name or a descriptor keeps.
 *   (2) With durability tracked, every change of bytes or names is in its node's `changes` until
 *       it is durable.
 */
import { DiskError } from '../disk-error.ts'
import type { Clock, Disk, File, FileStat, FolderEntry, FolderLock } from '../host.ts'
import { afterPowerCut, type Keep } from './crash.ts'
import { type DiskCall, DiskFaults } from './disk-faults.ts'
import { DiskTree, namesOf } from './disk-tree.ts'
import { type FileOwner, SimFile } from './file.ts'
import { type FolderNode, type Inode, settle } from './inode.ts'
import { SeededRandom } from './random.ts'

export interface DiskOptions {
  /** Times of modification, and how long slow calls take. Default: stands still at 0. */
  readonly clock?: Clock
  /** Decides what a power cut keeps and which reads are cold. */
  readonly random?: SeededRandom
  /** Default: no limit. */
  readonly capacityBytes?: number
  /** Open files allowed at once. Default: no limit. */
  readonly descriptorsMax?: number
  /** After this long the kernel writes back by itself. Default 30,000, as Linux. */
  readonly writeBackMs?: number
  /** How long a sync takes, uniformly between the two. Default none. */
  readonly syncMs?: { readonly least: number; readonly most: number }
  /** How likely `isCached` is to deny. Default 0. */
  readonly coldChance?: number
  /** False: no power cuts, and nothing spent on being ready for them. Default true. */
  readonly tracksDurability?: boolean
}

export class SimDisk implements Disk, FileOwner {
  readonly faults = new DiskFaults()
  /** May be changed at any time; a smaller one than what is used fills the disk. */
  capacityBytes: number
  descriptorsMax: number
  isReadOnly = false
  coldChance: number
  readonly #options: DiskOptions
  readonly #random: SeededRandom
  #clock: Clock | null
  #tree: DiskTree
  #generation = 0
  #openCount = 0
  readonly #locks = new Set<string>()

  constructor(options: DiskOptions = {}, root?: FolderNode) {
    this.#options = options
    this.#clock = options.clock ?? null
    this.#random = options.random ?? new SeededRandom('disk')
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
    this.descriptorsMax = options.descriptorsMax ?? Number.POSITIVE_INFINITY
    this.coldChance = options.coldChance ?? 0
    this.#tree = this.#newTree(root, 0)
  }

  /** Bytes of all files. */
  get usedBytes(): number {
    return this.#tree.usedBytes
  }

  /** Descriptors open now. */
  get openCount(): number {
    return this.#openCount
  }

  // ------------------------------------------------------------------------------------ the Disk

  open(path: string, mode: 'read' | 'write' | 'create'): File {
    this.#check('open', path)
    if (this.#openCount >= this.descriptorsMax) throw new DiskError('EMFILE', path, 'open')
    if (mode === 'write') this.#checkWritable('open', path)
    if (mode === 'create' && this.#tree.find(path) === undefined) this.#checkWritable('open', path)
    const node = mode === 'create' ? this.#tree.create(path) : this.#tree.file(path, 'open')
    node.links++
    this.#openCount++
    return new SimFile(this, {
      path,
      node,
      isWritable: mode !== 'read',
      generation: this.#generation,
    })
  }

  stat(path: string): FileStat | null {
    this.#check('stat', path)
    const node = this.#tree.find(path)
    if (node === undefined) return null
    const { isFolder, modifiedMs } = node
    return { isFolder, modifiedMs, sizeBytes: node.isFolder ? 0 : node.bytes.sizeBytes }
  }

  list(folder: string): FolderEntry[] {
    this.#check('list', folder)
    const { entries } = this.#tree.folder(folder, 'list')
    return namesOf(entries).map(name => ({ name, isFolder: entries.get(name)?.isFolder === true }))
  }

  makeFolder(path: string): void {
    this.#checkChange('makeFolder', path)
    this.#tree.makeFolder(path)
  }

  rename(from: string, to: string): void {
    this.#checkChange('rename', from)
    this.#tree.rename(from, to)
  }

  remove(path: string): void {
    this.#checkChange('remove', path)
    this.#tree.remove(path)
  }

  async removeLater(path: string): Promise<void> {
    this.remove(path)
  }

  readFile(path: string): Buffer {
    this.#check('readFile', path)
    if (this.#openCount >= this.descriptorsMax) throw new DiskError('EMFILE', path, 'readFile')
    const { bytes } = this.#tree.file(path, 'readFile')
    return bytes.slice(0, bytes.sizeBytes)
  }

  async syncFolder(path: string): Promise<void> {
    const folder = this.#tree.folder(path, 'syncFolder')
    const sequenceEnd = this.#tree.nextSequence()
    const failure = this.#failureOf('syncFolder', path)
    await this.#wait(this.faults.delayMs('syncFolder', path) + this.#syncMs())
    settleSync(folder, sequenceEnd, failure)
    if (failure !== null) throw failure
  }

  async syncAll(files: readonly File[], folders: readonly string[] = []): Promise<void> {
    const named = folders.map(path => ({ path, node: this.#tree.folder(path, 'syncFolder') }))
    let delayMs = this.#syncMs()
    const bytes = files.map(file => {
      const mine = this.#mine(file, 'sync')
      mine.checkOpen('sync')
      const { node, path } = mine
      delayMs = Math.max(delayMs, this.faults.delayMs('sync', path))
      node.syncBegun = this.#tree.nextSequence()
      return { node, sequenceEnd: node.syncBegun, failure: this.#failureOf('sync', path) }
    })
    const names = named.map(({ path, node }) => {
      delayMs = Math.max(delayMs, this.faults.delayMs('syncFolder', path))
      const sequenceEnd = this.#tree.nextSequence()
      return { node, sequenceEnd, failure: this.#failureOf('syncFolder', path) }
    })
    await this.#wait(delayMs)
    let told: unknown = null
    for (const { node, sequenceEnd, failure } of [...bytes, ...names]) {
      settleSync(node, sequenceEnd, failure)
      // A sync that failed is told rather than one that did not begin.
      if (told === null || !hasBegun(told)) told = failure ?? told
    }
    if (told !== null) throw told
  }

  lockFolder(path: string): FolderLock {
    this.#check('lockFolder', path)
    this.#tree.folder(path, 'lockFolder')
    const place = this.#tree.canonical(path)
    if (this.#locks.has(place)) throw new DiskError('LOCKED', path, 'lockFolder')
    this.#locks.add(place)
    const generation = this.#generation
    let isHeld = true
    const release = () => {
      if (isHeld && generation === this.#generation) this.#locks.delete(place)
      isHeld = false
    }
    return { release }
  }

  freeBytes(_path: string): number {
    return Math.max(0, this.capacityBytes - this.usedBytes)
  }

  totalBytes(_path: string): number {
    return this.capacityBytes
  }

  // -------------------------------------------------------------------------------- for its files

  write(file: SimFile, buffers: readonly Uint8Array[], position: number): number {
    const { node } = this.#mine(file, 'write')
    if (!file.isWritable) throw new DiskError('EBADF', file.path, 'write')
    this.#checkWritable('write', file.path)
    const sizeBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
    if (sizeBytes === 0) return 0

    const growth = Math.max(0, position + sizeBytes - node.bytes.sizeBytes)
    const missing = Math.max(0, growth - this.freeBytes(file.path))
    const fits = Math.max(0, sizeBytes - missing)
    // A write that crosses the end of the space is cut short; the next one has no room at all.
    if (fits === 0) throw new DiskError('ENOSPC', file.path, 'write')
    const allowed = Math.min(fits, this.faults.allow('write', file.path, sizeBytes))
    this.#tree.write(node, buffers, { position, sizeBytes: allowed })
    return allowed
  }

  truncate(file: SimFile, sizeBytes: number): void {
    const { node } = this.#mine(file, 'truncate')
    if (!file.isWritable) throw new DiskError('EINVAL', file.path, 'truncate')
    this.#checkChange('truncate', file.path)
    this.#tree.resize(node, sizeBytes)
  }

  checkRead(file: SimFile): void {
    this.#mine(file, 'read')
    this.#check('read', file.path)
  }

  readDelay(file: SimFile): Promise<void> {
    return this.#wait(this.faults.delayMs('read', file.path))
  }

  isCold(): boolean {
    return this.#random.chance(this.coldChance)
  }

  closed(file: SimFile): void {
    if (file.generation !== this.#generation) return
    this.#openCount--
    this.#tree.unlink(file.node)
  }

  // ----------------------------------------------------------------------------- what may happen

  /** The process died: descriptors and locks are gone, what it wrote is in the page cache. */
  killed(): void {
    this.#generation++
    this.#openCount = 0
    this.#locks.clear()
    this.#tree = this.#newTree(this.#tree.root, this.#tree.nextSequence())
  }

  /** The power failed: the process died, and of what was not synced only `keep` is left. */
  crash(options: { readonly keep: Keep }): void {
    this.#requireTracking()
    const root = afterPowerCut(this.#tree.root, options.keep, this.#random)
    this.killed()
    this.#tree = this.#newTree(root, 0)
  }

  /**
   * Another disk, as a power cut at this moment would leave this one, which goes on undisturbed.
   * Cheap: chunks are shared until written. Faults are not copied.
   */
  image(options: { readonly keep: Keep; readonly random?: SeededRandom }): SimDisk {
    if (options.keep !== 'all') this.#requireTracking()
    const root = afterPowerCut(this.#tree.root, options.keep, options.random ?? this.#random)
    const { capacityBytes, descriptorsMax, coldChance } = this
    const clock = this.#clock === null ? {} : { clock: this.#clock }
    return new SimDisk(
      { ...this.#options, ...clock, capacityBytes, descriptorsMax, coldChance },
      root,
    )
  }

  /** Changes bytes of a file behind everyone's back, durably: rot, or a misdirected write. */
  corrupt(path: string, position: number, bytes: Uint8Array): void {
    this.#tree.file(path, 'corrupt').bytes.write(bytes, position)
  }

  /** The clock of the process that uses the disk from here on. */
  attach(clock: Clock): void {
    this.#clock = clock
  }

  // ------------------------------------------------------------------------------------- helpers

  #newTree(root: FolderNode | undefined, firstSequence: number): DiskTree {
    return new DiskTree({
      firstSequence,
      tracksDurability: this.#options.tracksDurability ?? true,
      writeBackMs: this.#options.writeBackMs ?? 30_000,
      nowMs: () => this.#clock?.nowMs() ?? 0,
      monotonicMs: () => this.#clock?.monotonicMs() ?? 0,
      ...(root === undefined ? {} : { root }),
    })
  }

  #requireTracking(): void {
    if (this.#options.tracksDurability === false) {
      throw new Error('this disk does not track durability: it cannot lose power')
    }
  }

  #mine(file: File, call: string): SimFile {
    if (file instanceof SimFile && file.generation === this.#generation) return file
    throw new DiskError('EBADF', file.path, call)
  }

  #check(call: DiskCall, path: string): void {
    this.faults.check(call, path)
  }

  #checkChange(call: DiskCall, path: string): void {
    this.#check(call, path)
    this.#checkWritable(call, path)
  }

  #checkWritable(call: DiskCall, path: string): void {
    if (this.isReadOnly) throw new DiskError('EROFS', path, call)
  }

  #failureOf(call: DiskCall, path: string): unknown {
    try {
      this.#check(call, path)
      return null
    } catch (failure) {
      return failure // Thrown once the wait is over, as by a real sync.
    }
  }

  #syncMs(): number {
    const { syncMs } = this.#options
    if (syncMs === undefined) return 0
    return syncMs.least + this.#random.float() * (syncMs.most - syncMs.least)
  }

  #wait(delayMs: number): Promise<void> {
    const clock = this.#clock
    if (delayMs <= 0) return Promise.resolve()
    if (clock === null) throw new Error('a slow disk needs a clock')
    return new Promise(resolve => {
      clock.schedule(delayMs, resolve)
    })
  }
}

/** Whether a sync that failed had begun: without a descriptor it had not. */
function hasBegun(failure: unknown): boolean {
  const { code } = failure as DiskError
  return code !== 'EMFILE' && code !== 'ENFILE'
}

/** After a failed sync the kernel calls the pages clean: no later sync writes them. */
function settleSync(node: Inode, sequenceEnd: number, failure: unknown): void {
  if (failure === null) settle(node, sequenceEnd, 'durable')
  else if (hasBegun(failure)) settle(node, sequenceEnd, 'lost')
}
