import { type DiskOptions, SimDisk } from './disk.ts'

/**
 * A disk in memory for brokers that live in a test's process: syncs resolve at once, it takes
 * little more memory than the bytes written, and it forgets all when it is dropped. It can be full
 * or failing (`faults`, `capacityBytes`) but not lose power: for that take a `SimDisk`.
 */
export function memoryDisk(options: Omit<DiskOptions, 'tracksDurability'> = {}): SimDisk {
  return new SimDisk({ ...options, tracksDurability: false })
}
