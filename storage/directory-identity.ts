import type { Disk } from '../host/host.ts'
import { readTextFile, writeFileAtomically } from './checkpoint.ts'
import {
  type DirectoryIdentity,
  formatMetaProperties,
  parseMetaProperties,
} from './meta-properties.ts'
import { META_PROPERTIES_FILE } from './names.ts'

/** The folder belongs to another cluster or node. Not opening it keeps both from harm. */
export class ForeignDirectory extends Error {
  override readonly name = 'ForeignDirectory'
}

export interface ClaimOptions {
  readonly disk: Disk
  readonly path: string
  readonly nodeId: number
  readonly expected?: { readonly clusterId?: string; readonly nodeId?: number } | undefined
  readonly newId: () => string
}

/**
 * Whose folder it is, written down if it is nobody's yet. Rejects with ForeignDirectory when it
 * contradicts what is expected, with UnreadableIdentity when it makes no sense, with DiskError when
 * it can't be read or written.
 */
export async function claimDirectory(options: ClaimOptions): Promise<DirectoryIdentity> {
  const { disk, path, expected, newId } = options
  const text = readTextFile(disk, `${path}/${META_PROPERTIES_FILE}`)
  const stored = text === null ? null : parseMetaProperties(text)
  const clusterId = stored?.clusterId ?? expected?.clusterId ?? newId()
  const nodeId = stored?.nodeId ?? expected?.nodeId ?? options.nodeId
  if (expected?.clusterId !== undefined && expected.clusterId !== clusterId) {
    throw new ForeignDirectory(`${path} belongs to cluster ${clusterId}, not ${expected.clusterId}`)
  }
  if (expected?.nodeId !== undefined && expected.nodeId !== nodeId) {
    throw new ForeignDirectory(`${path} belongs to node ${nodeId}, not ${expected.nodeId}`)
  }
  const identity = { clusterId, nodeId, directoryId: stored?.directoryId ?? newId() }
  const isComplete =
    stored?.clusterId != null && stored.nodeId !== null && stored.directoryId !== null
  if (!isComplete) {
    await writeFileAtomically(disk, path, META_PROPERTIES_FILE, formatMetaProperties(identity))
  }
  return identity
}
