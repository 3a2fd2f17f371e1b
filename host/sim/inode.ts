/**
 * What a simulated disk holds: files and folders, each with the changes a power cut could undo.
 *
 * A file's bytes and a folder's names are kept once, as the page cache shows them. Every change not
 * yet known to be durable is kept as its undo. A power cut copies the content, undoes all of it
 * backwards (taking each change's outcome along) and does again what survived.
 *
 * Invariants:
 *   (1) `changes` are in the order made. Undone backwards they give what the disk durably holds.
 *   (2) A durable change stays in the list only behind one that is not.
 *   (3) 'lost' is for good: a sync failed, the kernel calls the page clean, the disk lacks it.
 */
import { SparseBytes } from './sparse-bytes.ts'

export type Fate = 'pending' | 'durable' | 'lost'

export interface Change {
  readonly sequence: number
  readonly atMs: number
  fate: Fate
}

/** A write of `sizeBytes` at `position`; or a resize to `position`, when `isResize`. */
export interface ByteChange extends Change {
  readonly position: number
  sizeBytes: number
  readonly isResize: boolean
  /** The file's size when it was made. */
  readonly sizeBefore: number
  /** The bytes from `position` on that it replaced or cut off. */
  readonly before: Buffer
}

/** Names that one call changed together, each with what it named before. */
export interface NameChange extends Change {
  readonly names: readonly NamedInode[]
}

export interface NamedInode {
  readonly name: string
  /** Undefined: nothing has this name. */
  readonly node: Inode | undefined
}

export type Inode = FileNode | FolderNode

export class FileNode {
  readonly isFolder = false
  bytes = new SparseBytes()
  modifiedMs: number
  changes: ByteChange[] = []
  /** Changes below this sequence number are covered by a sync that has begun. */
  syncBegun = 0
  /** The bytes below are not in the page cache, whoever read them since. */
  coldEnd = 0
  /** How many folder entries and open descriptors keep it. */
  links = 0

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs
  }
}

export class FolderNode {
  readonly isFolder = true
  readonly entries = new Map<string, Inode>()
  modifiedMs: number
  changes: NameChange[] = []

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs
  }

  set({ name, node }: NamedInode): void {
    if (node === undefined) this.entries.delete(name)
    else this.entries.set(name, node)
  }
}

/** Decides what is made of the changes up to (excluding) `sequenceEnd` that still wait. */
export function settle(
  node: { changes: Change[] },
  sequenceEnd: number,
  fate: 'durable' | 'lost',
): void {
  for (const change of node.changes) {
    if (change.sequence >= sequenceEnd) break
    if (change.fate === 'pending') change.fate = fate
  }
  dropDurable(node)
}

/** The kernel writes back by itself what has been dirty for long. */
export function writeBack(node: { changes: Change[] }, dirtySinceMs: number): void {
  for (const change of node.changes) {
    if (change.atMs > dirtySinceMs) break
    if (change.fate === 'pending') change.fate = 'durable'
  }
  dropDurable(node)
}

function dropDurable(node: { changes: Change[] }): void {
  let count = 0
  while (node.changes[count]?.fate === 'durable') count++
  if (count > 0) node.changes.splice(0, count)
}
