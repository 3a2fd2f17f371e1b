/** `ottla storage repair`: sets aside what keeps a broker from reading its data folder. */

import { storeKey } from '../../../broker/image/values.ts'
import { repairIdentity } from '../../../broker/metadata/identity-repair.ts'
import { repairStore } from '../../../broker/metadata/store-repair.ts'
import { DiskError } from '../../../host/disk-error.ts'
import type { Host } from '../../../host/host.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { newUuid } from '../../../protocol/uuid.ts'
import { META_PROPERTIES_FILE } from '../../../storage/names.ts'
import { repairLogs } from '../../../storage/repair.ts'
import { CommandFailure } from '../failure.ts'
import { plural, printJson, printLine } from '../output.ts'

export interface StorageRepairOptions {
  readonly apply?: boolean
  readonly json?: boolean
}

/** One thing that is wrong, and what becomes of it. */
export interface Repair {
  readonly path: string
  readonly position: number
  readonly bytes: number
  readonly action: string
}

/** Throws CommandFailure when the folder is not there or a broker uses it. */
export async function storageRepair(folder: string, options: StorageRepairOptions): Promise<void> {
  const { apply = false, json = false } = options
  const repairs = await repairFolder(nodeHost(), folder.replace(/(?<=.)\/$/, ''), apply)
  for (const { path, position, bytes, action } of repairs) {
    if (json) printJson({ path, position, bytes, action, applied: apply })
    else printLine(`${path}: ${plural(bytes, 'byte')} from byte ${position} on: ${action}`)
  }
  if (json) return
  if (repairs.length === 0) printLine('Nothing to repair: every batch and every change is whole.')
  else if (apply) {
    printLine(`Repaired ${plural(repairs.length, 'place')}; what was taken out is kept beside.`)
  } else {
    printLine(`Found ${plural(repairs.length, 'place')}; nothing was written: --apply repairs.`)
  }
}

/** What is wrong in the folder; with `apply`, no more. Throws CommandFailure, DiskError. */
export async function repairFolder(
  host: Pick<Host, 'disk' | 'crc32c' | 'loop' | 'random'>,
  folder: string,
  apply: boolean,
): Promise<Repair[]> {
  const { disk, crc32c, loop, random } = host
  if (disk.stat(folder)?.isFolder !== true) {
    throw new CommandFailure(`${folder} is not a folder: name the data folder of a broker.`)
  }
  const lock = locked(disk, folder)
  try {
    const changes = await repairStore({ disk, crc32c, folder, apply })
    // Damaged metadata say nothing for certain.
    const identity =
      apply || changes.length === 0
        ? await repairIdentity({
            ...{ disk, crc32c, loop, folder, apply },
            clusterKey: storeKey.cluster,
            newId: () => newUuid(random.bytes(16)),
          })
        : null
    const segments = await repairLogs({ disk, crc32c, path: folder, apply })
    return [
      ...changes.map(({ path, position, bytes }) => {
        return { path, position, bytes, action: 'changes of the metadata that are lost' }
      }),
      ...(identity === null ? [] : [identityRepair(folder, identity)]),
      ...segments.map(({ path, position, bytes, kind, reason }) => {
        const action = kind === 'taken-out' ? `${reason}, taken out` : `put right: ${reason}`
        return { path, position, bytes, action }
      }),
    ]
  } finally {
    lock.release()
  }
}

function identityRepair(folder: string, reason: string): Repair {
  const action = `${reason}; written again`
  return { path: `${folder}/${META_PROPERTIES_FILE}`, position: 0, bytes: 0, action }
}

function locked(disk: Host['disk'], folder: string) {
  try {
    return disk.lockFolder(folder)
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'LOCKED') throw error
    throw new CommandFailure(`${folder} is in use: stop the broker first.`)
  }
}
