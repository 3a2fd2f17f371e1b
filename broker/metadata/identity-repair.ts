/** Makes `meta.properties` again where it contradicts the cluster's metadata or makes no sense. */
import type { Crc32c, Disk, Loop } from '../../host/host.ts'
import { readTextFile, writeFileAtomically } from '../../storage/checkpoint.ts'
import {
  formatMetaProperties,
  parseMetaProperties,
  type StoredIdentity,
  UnreadableIdentity,
} from '../../storage/meta-properties.ts'
import { META_PROPERTIES_FILE } from '../../storage/names.ts'
import { LocalStore } from './local-store.ts'

const ID = /^[A-Za-z0-9_-]{22}$/
const NODE_ID_DEFAULT = 1

interface IdentityRepairOptions {
  readonly disk: Disk
  readonly loop: Loop
  readonly crc32c: Crc32c
  /** The data folder, whose metadata is whole; its lock is the caller's. */
  readonly folder: string
  /** The key under which the metadata keeps `{ id }` of the cluster. */
  readonly clusterKey: string
  readonly newId: () => string
  /** False: nothing is written. */
  readonly apply: boolean
}

/**
 * Returns what is wrong with the file; null if it is right or nothing tells what it should say. The
 * node's id is kept where it can be read, else it is 1. Rejects with DiskError.
 */
export async function repairIdentity(options: IdentityRepairOptions): Promise<string | null> {
  const { disk, loop, crc32c, folder, clusterKey, newId, apply } = options
  const text = readTextFile(disk, `${folder}/${META_PROPERTIES_FILE}`)
  const store = new LocalStore({ disk, loop, crc32c, folder })
  const value = (await store.get(clusterKey))?.value as { readonly id?: string } | undefined
  await store.close()
  if (text === null || value?.id === undefined) return null
  const stored = parsed(text)
  if (stored?.clusterId === value.id && stored.nodeId !== null) return null
  const directoryId = stored?.directoryId ?? ''
  const identity = {
    clusterId: value.id,
    nodeId: stored?.nodeId ?? NODE_ID_DEFAULT,
    directoryId: ID.test(directoryId) ? directoryId : newId(),
  }
  if (apply) {
    const content = formatMetaProperties(identity)
    await writeFileAtomically(disk, folder, `${META_PROPERTIES_FILE}.damaged`, text)
    await writeFileAtomically(disk, folder, META_PROPERTIES_FILE, content)
  }
  return `it does not name cluster ${value.id} and a node, as the metadata do`
}

function parsed(text: string): StoredIdentity | null {
  try {
    return parseMetaProperties(text)
  } catch (error) {
    if (error instanceof UnreadableIdentity) return null
    throw error
  }
}
