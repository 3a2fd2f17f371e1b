import { DiskError } from '../disk-error.ts'
import type { File } from '../host.ts'
import type { FileNode } from './inode.ts'

/** What an open file asks of its disk. */
export interface FileOwner {
  /** Throws when a fault is due or the process that opened the file is gone. */
  checkRead(file: SimFile): void
  write(file: SimFile, buffers: readonly Uint8Array[], position: number): number
  truncate(file: SimFile, sizeBytes: number): void
  /** Waits as long as a read off the loop takes. */
  readDelay(file: SimFile): Promise<void>
  isCold(): boolean
  syncAll(files: readonly File[]): Promise<void>
  closed(file: SimFile): void
}

/** An open descriptor of a simulated file. */
export class SimFile implements File {
  readonly path: string
  readonly node: FileNode
  readonly isWritable: boolean
  /** The process (counted by the disk) that opened it. */
  readonly generation: number
  readonly #owner: FileOwner
  #retains = 0
  #isClosing = false
  #isClosed = false

  constructor(
    owner: FileOwner,
    options: { path: string; node: FileNode; isWritable: boolean; generation: number },
  ) {
    this.#owner = owner
    this.path = options.path
    this.node = options.node
    this.isWritable = options.isWritable
    this.generation = options.generation
  }

  get sizeBytes(): number {
    return this.node.bytes.sizeBytes
  }

  writev(buffers: readonly Uint8Array[], position: number): number {
    this.checkOpen('write')
    return this.#owner.write(this, buffers, position)
  }

  read(target: Uint8Array, position: number, at = 0, sizeBytes = target.length - at): number {
    this.checkOpen('read')
    this.#owner.checkRead(this)
    return this.node.bytes.read(target.subarray(at, at + sizeBytes), position)
  }

  async readLater(target: Uint8Array, position: number): Promise<number> {
    this.checkOpen('read')
    this.retain()
    try {
      await this.#owner.readDelay(this)
      return this.read(target, position)
    } finally {
      this.release()
    }
  }

  isCached(position: number, _sizeBytes: number): boolean {
    return position >= this.node.coldEnd && !this.#owner.isCold()
  }

  async uncache(position: number, sizeBytes: number): Promise<void> {
    this.checkOpen('uncache')
    const { node } = this
    if (position <= node.coldEnd) node.coldEnd = Math.max(node.coldEnd, position + sizeBytes)
  }

  truncate(sizeBytes: number): void {
    this.checkOpen('truncate')
    this.#owner.truncate(this, sizeBytes)
  }

  async sync(): Promise<void> {
    this.checkOpen('sync')
    await this.#owner.syncAll([this])
  }

  retain(): void {
    this.checkOpen('retain')
    this.#retains++
  }

  release(): void {
    if (this.#retains === 0) throw new Error(`${this.path} was released more than retained`)
    this.#retains--
    this.#closeIfUnused()
  }

  close(): void {
    this.#isClosing = true
    this.#closeIfUnused()
  }

  #closeIfUnused(): void {
    if (!this.#isClosing || this.#retains > 0 || this.#isClosed) return
    this.#isClosed = true
    this.#owner.closed(this)
  }

  /** Throws EBADF once it is closed and nothing retains it. */
  checkOpen(call: string): void {
    if (this.#isClosed) throw new DiskError('EBADF', this.path, call)
  }
}
