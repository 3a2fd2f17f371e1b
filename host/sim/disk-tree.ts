/**
 * The names and bytes of a simulated disk, and the record of what is not durable yet.
 *
 * Invariants: see `inode.ts`; besides, `usedBytes` counts each file that has links exactly once.
 */
import { DiskError } from '../disk-error.ts'
import {
  type ByteChange,
  FileNode,
  FolderNode,
  type Inode,
  type NamedInode,
  writeBack,
} from './inode.ts'

export interface TreeOptions {
  readonly tracksDurability: boolean
  readonly writeBackMs: number
  /** Wall time, for the time of modification. */
  readonly nowMs: () => number
  /** For the age of what is dirty. */
  readonly monotonicMs: () => number
  /** Above that of every change `root` carries. */
  readonly firstSequence: number
  /** What it holds. Descriptors that keep files of it are forgotten. */
  readonly root?: FolderNode
}

export class DiskTree {
  readonly root: FolderNode
  readonly #options: TreeOptions
  #usedBytes = 0
  #sequence: number

  constructor(options: TreeOptions) {
    this.#options = options
    this.#sequence = options.firstSequence
    this.root = options.root ?? new FolderNode(options.nowMs())
    const files = new Map<FileNode, number>()
    countLinks(this.root, files)
    for (const [file, links] of files) {
      file.links = links
      this.#usedBytes += file.bytes.sizeBytes
    }
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** A number above every change made so far: those below it are covered by a sync starting now. */
  nextSequence(): number {
    return this.#sequence++
  }

  canonical(path: string): string {
    return partsOf(path).join('/')
  }

  find(path: string): Inode | undefined {
    let node: Inode | undefined = this.root
    for (const part of partsOf(path)) {
      node = node?.isFolder ? node.entries.get(part) : undefined
    }
    return node
  }

  file(path: string, call: string): FileNode {
    const node = this.find(path)
    if (node === undefined) throw new DiskError('ENOENT', path, call)
    if (node.isFolder) throw new DiskError('EISDIR', path, call)
    return node
  }

  folder(path: string, call: string): FolderNode {
    const node = this.find(path)
    if (node === undefined) throw new DiskError('ENOENT', path, call)
    if (!node.isFolder) throw new DiskError('ENOTDIR', path, call)
    return node
  }

  /** The file of this name, made if absent. */
  create(path: string): FileNode {
    const { folder, name } = this.#parent(path, 'open')
    const known = folder.entries.get(name)
    if (known?.isFolder) throw new DiskError('EISDIR', path, 'open')
    if (known !== undefined) return known
    const node = new FileNode(this.#options.nowMs())
    this.#rename(folder, [{ name, node }])
    return node
  }

  makeFolder(path: string): void {
    let folder = this.root
    for (const name of partsOf(path)) {
      let node = folder.entries.get(name)
      if (node === undefined) {
        node = new FolderNode(this.#options.nowMs())
        this.#rename(folder, [{ name, node }])
      }
      if (!node.isFolder) throw new DiskError('ENOTDIR', path, 'makeFolder')
      folder = node
    }
  }

  rename(from: string, to: string): void {
    const source = this.#parent(from, 'rename')
    const target = this.#parent(to, 'rename')
    const node = source.folder.entries.get(source.name)
    if (node === undefined) throw new DiskError('ENOENT', from, 'rename')
    const replaced = target.folder.entries.get(target.name)
    if (replaced === node) return
    if (replaced?.isFolder && !node.isFolder) throw new DiskError('EISDIR', to, 'rename')
    if (replaced !== undefined && !replaced.isFolder && node.isFolder) {
      throw new DiskError('ENOTDIR', to, 'rename')
    }
    if (replaced?.isFolder && replaced.entries.size > 0) {
      throw new DiskError('ENOTEMPTY', to, 'rename')
    }
    if (`${this.canonical(to)}/`.startsWith(`${this.canonical(from)}/`)) {
      throw new DiskError('EINVAL', to, 'rename')
    }
    const gone = { name: source.name, node: undefined }
    const come = { name: target.name, node }
    if (source.folder === target.folder) {
      this.#rename(source.folder, [gone, come])
    } else {
      this.#rename(target.folder, [come])
      this.#rename(source.folder, [gone])
    }
  }

  remove(path: string): void {
    if (this.find(path) === undefined) return
    const { folder, name } = this.#parent(path, 'remove')
    this.#remove(folder, name)
  }

  /** Writes the first `sizeBytes` of the buffers. */
  write(
    node: FileNode,
    buffers: readonly Uint8Array[],
    range: { readonly position: number; readonly sizeBytes: number },
  ): void {
    const { position, sizeBytes } = range
    const sizeBefore = node.bytes.sizeBytes
    this.#noteWrite(node, position, sizeBytes)
    let taken = 0
    for (const buffer of buffers) {
      const part = Math.min(buffer.length, sizeBytes - taken)
      if (part > 0) node.bytes.write(buffer.subarray(0, part), position + taken)
      taken += part
    }
    node.modifiedMs = this.#options.nowMs()
    this.#usedBytes += node.bytes.sizeBytes - sizeBefore
  }

  resize(node: FileNode, sizeBytes: number): void {
    const sizeBefore = node.bytes.sizeBytes
    const before = node.bytes.slice(sizeBytes, sizeBefore - sizeBytes)
    this.#note(node, { position: sizeBytes, sizeBytes: 0, isResize: true, sizeBefore, before })
    node.bytes.resize(sizeBytes)
    node.modifiedMs = this.#options.nowMs()
    this.#usedBytes += sizeBytes - sizeBefore
  }

  /** A name or a descriptor no longer keeps the file. */
  unlink(node: FileNode): void {
    node.links--
    if (node.links === 0) this.#usedBytes -= node.bytes.sizeBytes
  }

  #noteWrite(node: FileNode, position: number, sizeBytes: number): void {
    const sizeBefore = node.bytes.sizeBytes
    const last = node.changes.at(-1)
    // Appends that follow each other are one change, unless a sync has begun in between.
    const continues =
      last !== undefined &&
      position === sizeBefore &&
      last.fate === 'pending' &&
      !last.isResize &&
      last.before.length === 0 &&
      last.position + last.sizeBytes === position &&
      last.sequence >= node.syncBegun &&
      last.atMs > this.#options.monotonicMs() - MERGE_MS
    if (continues) {
      last.sizeBytes += sizeBytes
    } else if (this.#options.tracksDurability) {
      const before = node.bytes.slice(position, sizeBytes)
      this.#note(node, { position, sizeBytes, isResize: false, sizeBefore, before })
    }
  }

  #note(node: FileNode, change: Omit<ByteChange, 'sequence' | 'atMs' | 'fate'>): void {
    if (!this.#options.tracksDurability) return
    const atMs = this.#options.monotonicMs()
    node.changes.push({ ...change, sequence: this.#sequence++, atMs, fate: 'pending' })
    writeBack(node, atMs - this.#options.writeBackMs)
  }

  #remove(folder: FolderNode, name: string): void {
    const node = folder.entries.get(name)
    if (node === undefined) return
    // A removed folder loses its names one by one: a power cut may find it half empty.
    if (node.isFolder) for (const child of namesOf(node.entries)) this.#remove(node, child)
    this.#rename(folder, [{ name, node: undefined }])
  }

  /** Gives names in one folder their meaning, together. */
  #rename(folder: FolderNode, names: readonly NamedInode[]): void {
    const before = names.map(({ name }) => ({ name, node: folder.entries.get(name) }))
    for (const { node } of names) if (node !== undefined && !node.isFolder) node.links++
    for (const { node } of before) if (node !== undefined && !node.isFolder) this.unlink(node)
    for (const name of names) folder.set(name)
    folder.modifiedMs = this.#options.nowMs()
    if (!this.#options.tracksDurability) return
    const atMs = this.#options.monotonicMs()
    folder.changes.push({ names: before, sequence: this.#sequence++, atMs, fate: 'pending' })
    writeBack(folder, atMs - this.#options.writeBackMs)
  }

  #parent(path: string, call: string): { folder: FolderNode; name: string } {
    const parts = partsOf(path)
    const name = parts.pop()
    if (name === undefined) throw new DiskError('EINVAL', path, call)
    return { folder: this.folder(parts.join('/'), call), name }
  }
}

/** Changes older than this are not extended, so that they can be written back. */
const MERGE_MS = 1_000

/** Names in ascending order of their UTF-16 units. */
export function namesOf(entries: ReadonlyMap<string, Inode>): string[] {
  return [...entries.keys()].sort()
}

function partsOf(path: string): string[] {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}

function countLinks(folder: FolderNode, files: Map<FileNode, number>): void {
  for (const node of folder.entries.values()) {
    if (node.isFolder) countLinks(node, files)
    else files.set(node, (files.get(node) ?? 0) + 1)
  }
}
