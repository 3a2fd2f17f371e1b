/**
 * A file of the real disk.
 *
 * Invariants:
 *   (1) The descriptor is open while the file is open or anything retains it, and then closed once.
 *   (2) Work off the loop retains the file until it is over.
 *   (3) A failed sync is final: every later sync of this file fails the same way.
 *   (4) A small range found cached counts as cached for a second, with what is written behind it:
 *       the kernel is not asked once a partition and fetch.
 *   (5) The last small range read is kept until it is truncated or written over, and until `close`:
 *       a later opening of the path never meets bytes that this one kept.
 */
import * as fs from 'node:fs'
import { DiskError } from '../disk-error.ts'
import type { File } from '../host.ts'
import { asDiskError, orDiskError } from './disk-errors.ts'
import type { PageCache } from './page-cache.ts'
import { type BlockHolder, ReadBlock, SMALL_READ_BYTES_MAX } from './small-reads.ts'

/** More than this many buffers are refused by writev(2). */
const IOVECS_MAX = 1024
/** Larger ranges are always asked about: asking costs little beside sending them. */
const WARM_RANGE_BYTES_MAX = 64 << 10
/** What was found cached this recently is not asked about again. */
const WARM_MS = 1000

/** The filesystem of a file that may be written, held while the file's descriptor is open. */
export interface FileHome {
  leave(): void
}

export class NodeFile implements File, BlockHolder {
  readonly path: string
  /** Null for a file opened only to be read. */
  readonly home: FileHome | null
  readonly #pageCache: PageCache | null
  #fd: number
  #sizeBytes: number
  #isOpen = true
  #retainCount = 0
  #syncFailure: DiskError | null = null
  /** Resolves when the last sync asked for is over, however it went; null while there is none. */
  #syncing: Promise<void> | null = null
  // [from, to) was found cached, or written since.
  #warmFrom = 0
  #warmTo = 0
  #warmUntilMs = 0
  #kept: ReadBlock | null = null

  /** Takes over `fd`, and the place in `home`. */
  constructor(
    path: string,
    fd: number,
    sizeBytes: number,
    home: FileHome | null,
    pageCache: PageCache | null,
  ) {
    this.path = path
    this.home = home
    this.#fd = fd
    this.#sizeBytes = sizeBytes
    this.#pageCache = pageCache
  }

  /** The descriptor, for native calls. Throws once the file is closed. */
  get fd(): number {
    if (this.#fd < 0) throw new DiskError('EBADF', this.path, 'use')
    return this.#fd
  }

  get sizeBytes(): number {
    // Another opening may be growing what this one only reads.
    if (this.home === null && this.#fd >= 0) this.#sizeBytes = fs.fstatSync(this.#fd).size
    return this.#sizeBytes
  }

  writev(buffers: readonly Uint8Array[], position: number): number {
    const fd = this.fd
    if (this.#kept?.reaches(position)) this.#forgetKept()
    let written = 0
    try {
      written = buffers.length === 1 ? this.#writeOne(fd, buffers[0]!, position) : 0
      if (buffers.length > 1) {
        this.#writeMany(fd, buffers, position, sizeBytes => {
          written += sizeBytes
        })
      }
    } catch (error) {
      if (written === 0 || !isFull(error)) throw asDiskError(error, this.path, 'writev')
    }
    if (written > 0) this.#sizeBytes = Math.max(this.#sizeBytes, position + written)
    if (position === this.#warmTo) this.#warmTo += written
    return written
  }

  read(target: Uint8Array, position: number, at = 0, sizeBytes = target.length - at): number {
    if (this.#fd < 0) throw new DiskError('EBADF', this.path, 'read')
    const kept = this.#kept
    if (kept?.holds(position, sizeBytes)) {
      kept.copy(target, at, position, sizeBytes)
      return sizeBytes
    }
    // Of a file opened only to be read, another opening may change what was read.
    if (sizeBytes > SMALL_READ_BYTES_MAX || this.home === null || !this.#isOpen) {
      return this.#readNow(target, position, at, sizeBytes)
    }
    this.#kept ??= ReadBlock.take(this)
    return this.#readKept(this.#kept, target, position, at, sizeBytes)
  }

  #readKept(
    block: ReadBlock,
    target: Uint8Array,
    position: number,
    at: number,
    sizeBytes: number,
  ): number {
    block.clear()
    const readBytes = this.#readNow(block.bytes, position, 0, sizeBytes)
    block.filled(position, readBytes)
    block.copy(target, at, position, readBytes)
    return readBytes
  }

  #readNow(target: Uint8Array, position: number, at: number, sizeBytes: number): number {
    try {
      let done = 0
      while (done < sizeBytes) {
        const count = fs.readSync(this.#fd, target, at + done, sizeBytes - done, position + done)
        if (count === 0) break
        done += count
      }
      return done
    } catch (error) {
      throw asDiskError(error, this.path, 'read')
    }
  }

  onBlockTaken(): void {
    this.#kept = null
  }

  #forgetKept(): void {
    this.#kept?.release()
    this.#kept = null
  }

  readLater(target: Uint8Array, position: number): Promise<number> {
    return this.#offTheLoop('read', (fd, settle) => readFully(fd, target, position, 0, settle))
  }

  isCached(position: number, sizeBytes: number): boolean {
    if (this.#pageCache === null || sizeBytes <= 0) return true
    if (this.#kept?.holds(position, sizeBytes)) return true
    if (sizeBytes > WARM_RANGE_BYTES_MAX) return this.#pageCache.holds(this.fd, position, sizeBytes)
    const nowMs = performance.now()
    const isWarm = position >= this.#warmFrom && position + sizeBytes <= this.#warmTo
    if (isWarm && nowMs < this.#warmUntilMs) return true
    if (!this.#pageCache.holds(this.fd, position, sizeBytes)) return false
    this.#warmFrom = position
    this.#warmTo = position + sizeBytes
    this.#warmUntilMs = nowMs + WARM_MS
    return true
  }

  async uncache(position: number, sizeBytes: number): Promise<void> {
    if (this.#pageCache === null) return
    this.retain()
    try {
      await this.#pageCache.drop(this.fd, position, sizeBytes)
    } finally {
      this.#warmTo = this.#warmFrom
      this.release()
    }
  }

  truncate(sizeBytes: number): void {
    this.#forgetKept()
    orDiskError(this.path, 'truncate', () => fs.ftruncateSync(this.fd, sizeBytes))
    this.#sizeBytes = sizeBytes
    this.#warmTo = this.#warmFrom
  }

  /** One at a time: of two under way the kernel tells one of an error, and the other must know. */
  async sync(): Promise<void> {
    this.retain()
    const before = this.#syncing
    const sync = before === null ? this.#syncNow() : before.then(() => this.#syncNow())
    const settled = sync.catch(() => {})
    this.#syncing = settled
    try {
      await sync
    } finally {
      if (this.#syncing === settled) this.#syncing = null
      this.release()
    }
  }

  async #syncNow(): Promise<void> {
    this.assertSyncable()
    try {
      await this.#offTheLoop('sync', (fd, settle) => fs.fdatasync(fd, error => settle(error, 0)))
    } catch (error) {
      throw this.failSync(error as DiskError)
    }
  }

  /** Throws the failure of an earlier sync: no later one can be believed. */
  assertSyncable(): void {
    if (this.#syncFailure !== null) throw this.#syncFailure
  }

  /** Records a failed sync, for good; the first failure is the one that is told. */
  failSync(error: DiskError): DiskError {
    if (error.code === 'EBADF') return error
    this.#syncFailure ??= error
    return this.#syncFailure
  }

  retain(): void {
    if (this.#fd < 0) throw new DiskError('EBADF', this.path, 'retain')
    this.#retainCount++
  }

  release(): void {
    this.#retainCount--
    this.#closeUnlessUsed()
  }

  close(): void {
    this.#isOpen = false
    this.#forgetKept()
    this.#closeUnlessUsed()
  }

  #closeUnlessUsed(): void {
    if (this.#isOpen || this.#retainCount > 0 || this.#fd < 0) return
    const fd = this.#fd
    this.#fd = -1
    this.home?.leave()
    orDiskError(this.path, 'close', () => fs.closeSync(fd))
  }

  #offTheLoop(
    call: string,
    run: (fd: number, settle: (error: unknown, count: number) => void) => void,
  ): Promise<number> {
    // A closed file is refused even while a reader still pins its descriptor.
    if (!this.#isOpen && this.#retainCount === 0) {
      return Promise.reject(new DiskError('EBADF', this.path, call))
    }
    this.retain()
    return new Promise((resolve, reject) => {
      run(this.fd, (error, count) => {
        this.release()
        if (error) reject(asDiskError(error, this.path, call))
        else resolve(count)
      })
    })
  }

  #writeOne(fd: number, buffer: Uint8Array, position: number): number {
    let done = 0
    while (done < buffer.length) {
      try {
        done += fs.writeSync(fd, buffer, done, buffer.length - done, position + done)
      } catch (error) {
        if (done === 0 || !isFull(error)) throw error
        return done
      }
    }
    return done
  }

  #writeMany(
    fd: number,
    buffers: readonly Uint8Array[],
    position: number,
    wrote: (sizeBytes: number) => void,
  ): void {
    let at = position
    for (let first = 0; first < buffers.length; first += IOVECS_MAX) {
      let rest = buffers.slice(first, first + IOVECS_MAX)
      while (rest.length > 0) {
        const count = fs.writevSync(fd, rest, at)
        at += count
        wrote(count)
        rest = without(rest, count)
      }
    }
  }
}

/** What of `buffers` lies behind the first `sizeBytes`. */
function without(buffers: readonly Uint8Array[], sizeBytes: number): Uint8Array[] {
  let left = sizeBytes
  let index = 0
  while (index < buffers.length && left >= buffers[index]!.length) left -= buffers[index++]!.length
  const rest = buffers.slice(index)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

function readFully(
  fd: number,
  target: Uint8Array,
  position: number,
  done: number,
  settle: (error: unknown, count: number) => void,
): void {
  if (done === target.length) {
    settle(null, done)
    return
  }
  fs.read(fd, target, done, target.length - done, position + done, (error, count) => {
    if (error || count === 0) settle(error, done)
    else readFully(fd, target, position, done + count, settle)
  })
}
