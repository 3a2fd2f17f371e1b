/**
 * Who may have how many of the descriptors that the process may open. Whatever clients do, storage
 * finds the descriptors it needs:
 *
 *   connections   half: never the share of storage, nor the reserve
 *   open files    a quarter: segments, of which the least recently used are closed for others
 *   reserve       a quarter: segments of a burst, indexes while segments are sealed, folders while
 *                 they are synced, checkpoints, the metadata log, what Node itself holds
 */
import type { Host } from '../host/host.ts'
import type { BrokerConfig } from './config/broker-config.ts'

export interface DescriptorShares {
  /** Segment files open at once. */
  readonly openFilesMax: number
  /** Connections of all listeners together; Infinity where the process limit is not known. */
  readonly connectionsMax: number
}

/** Segment files open at once where the process limit is not known. */
const OPEN_FILES_DEFAULT = 4096
const OPEN_FILES_MIN = 64
const OPEN_FILES_SHARE = 0.25
const RESERVE_SHARE = 0.25
/** However few descriptors there are, somebody must be able to connect. */
const CONNECTIONS_MIN = 16

/** As the settings say, or as the process limit allows. */
export function descriptorShares(host: Host, config: BrokerConfig): DescriptorShares {
  const limit = descriptorLimit(host)
  const configured = config.get('ottla.open.files.max')
  if (limit === null) {
    const openFilesMax = configured > 0 ? configured : OPEN_FILES_DEFAULT
    return { openFilesMax, connectionsMax: Number.POSITIVE_INFINITY }
  }
  const share = Math.max(OPEN_FILES_MIN, Math.floor(limit * OPEN_FILES_SHARE))
  const openFilesMax = configured > 0 ? configured : share
  const left = Math.floor(limit * (1 - RESERVE_SHARE)) - Math.min(openFilesMax, share)
  return { openFilesMax, connectionsMax: Math.max(CONNECTIONS_MIN, left) }
}

/** RLIMIT_NOFILE of this process; null where it cannot be known, or is none. */
function descriptorLimit(host: Host): number | null {
  if (host.process.platform !== 'linux') return null
  const path = '/proc/self/limits'
  if (host.disk.stat(path) === null) return null
  const limit = /Max open files\s+(\d+)/.exec(host.disk.readFile(path).toString())?.[1]
  return limit === undefined ? null : Number(limit)
}
