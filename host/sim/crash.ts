/**
 * What a power cut leaves: from a tree as the page cache shows it to the tree a reboot finds.
 *
 * Changes are undone backwards to what the disk durably holds, then those that survived are done
 * again. Durable changes always survive, lost ones never; the others as the chosen `Keep` says.
 */
import {
  type ByteChange,
  type Change,
  FileNode,
  FolderNode,
  type Inode,
  type NamedInode,
} from './inode.ts'
import type { SeededRandom } from './random.ts'

/**
 * What becomes of changes that were not synced:
 * - 'synced': nothing survives.
 * - 'all': everything survives, as after kill -9.
 * - 'prefix': of each file and folder a random prefix, the last write cut at a random byte.
 * - 'torn': each sector of 512 bytes survives or not, whatever came before it; where the file's
 *   size survived and its bytes did not, zeros.
 * - 'stale': as 'torn', with whatever the blocks held before (random bytes) in place of zeros.
 *
 * Names are never torn: of each folder a random prefix of its changes survives.
 */
export type Keep = 'synced' | 'all' | 'prefix' | 'torn' | 'stale'

const SECTOR_BYTES = 512

/** A copy of the tree as a power cut would leave it. The original is untouched. */
export function afterPowerCut(root: FolderNode, keep: Keep, random: SeededRandom): FolderNode {
  const copies = new Map<Inode, Inode>()
  const copyOf = (node: Inode): Inode => {
    const known = copies.get(node)
    if (known !== undefined) return known
    const copy = node.isFolder ? new FolderNode(node.modifiedMs) : fileAfter(node, keep, random)
    copies.set(node, copy)
    if (node.isFolder && copy.isFolder) {
      for (const [name, child] of namesAfter(node, keep, random)) {
        const childCopy = copyOf(child)
        if (!childCopy.isFolder) childCopy.links++
        copy.entries.set(name, childCopy)
      }
    }
    return copy
  }
  return copyOf(root) as FolderNode
}

function fileAfter(node: FileNode, keep: Keep, random: SeededRandom): FileNode {
  const copy = new FileNode(node.modifiedMs)
  copy.bytes = node.bytes.copy()
  if (keep === 'all') return copy

  const outcomes = node.changes
    .toReversed()
    .map(change => undo(copy, change))
    .toReversed()
  const pendingBytes = node.changes.reduce((sum, change) => sum + weight(change), 0)
  let budget = keep === 'prefix' ? random.between(0, pendingBytes) : 0
  const survival = random.float()
  node.changes.forEach((change, at) => {
    const outcome = outcomes[at] as Buffer
    if (change.fate === 'durable') {
      redo(copy, change, outcome)
    } else if (change.fate === 'pending' && keep === 'prefix') {
      redo(copy, change, outcome.subarray(0, budget), budget > 0)
      budget = Math.max(0, budget - weight(change))
    } else if (change.fate === 'pending' && keep !== 'synced') {
      tear(copy, change, outcome, { keep, random, survival })
    }
  })
  return copy
}

/** Takes a change back and returns the bytes it had made. */
function undo({ bytes }: FileNode, change: ByteChange): Buffer {
  const outcome = change.isResize ? Buffer.alloc(0) : bytes.slice(change.position, change.sizeBytes)
  bytes.resize(change.sizeBefore)
  if (change.before.length > 0) bytes.write(change.before, change.position)
  return outcome
}

function redo({ bytes }: FileNode, change: ByteChange, outcome: Buffer, resizes = true): void {
  if (!change.isResize) {
    if (outcome.length > 0) bytes.write(outcome, change.position)
  } else if (resizes) {
    const isShrink = change.position < change.sizeBefore
    bytes.resize(isShrink ? Math.min(bytes.sizeBytes, change.position) : change.position)
  }
}

interface Tearing {
  readonly keep: Keep
  readonly random: SeededRandom
  /** How likely each sector is to survive. */
  readonly survival: number
}

function tear(node: FileNode, change: ByteChange, outcome: Buffer, how: Tearing): void {
  const { keep, random, survival } = how
  if (change.isResize) {
    redo(node, change, outcome, random.chance(survival))
    return
  }

  const sizeBefore = node.bytes.sizeBytes
  const end = change.position + outcome.length
  if (end > sizeBefore && random.chance(survival)) node.bytes.resize(end)
  let at = change.position
  while (at < end) {
    const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES)
    if (random.chance(survival)) {
      node.bytes.write(outcome.subarray(at - change.position, next - change.position), at)
    } else if (keep === 'stale' && at >= sizeBefore && node.bytes.sizeBytes >= next) {
      node.bytes.write(random.bytes(next - at), at)
    }
    at = next
  }
}

function namesAfter(node: FolderNode, keep: Keep, random: SeededRandom): Map<string, Inode> {
  if (keep === 'all') return node.entries
  const folder = new FolderNode(0)
  for (const [name, child] of node.entries) folder.entries.set(name, child)

  const outcomes: NamedInode[][] = []
  for (const change of node.changes.toReversed()) {
    outcomes.unshift(change.names.map(({ name }) => ({ name, node: folder.entries.get(name) })))
    for (const before of change.names.toReversed()) folder.set(before)
  }
  const pending = node.changes.filter(change => change.fate === 'pending').length
  let budget = keep === 'synced' ? 0 : random.between(0, pending)
  node.changes.forEach((change, at) => {
    const survives = change.fate === 'durable' || (change.fate === 'pending' && budget-- > 0)
    if (survives) for (const after of outcomes[at] ?? []) folder.set(after)
  })
  return folder.entries
}

function weight(change: Change & ByteChange): number {
  if (change.fate !== 'pending') return 0
  return change.isResize ? 1 : change.sizeBytes
}
