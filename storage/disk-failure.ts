import { DiskError } from '../host/disk-error.ts'

/** Failures that pass: room or descriptors may come back, and nothing was lost. */
const PASSING = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'] as const

/** Whether later calls may succeed. Everything else takes the directory offline. */
export function isPassing(error: DiskError): boolean {
  return PASSING.some(code => code === error.code)
}

/**
 * Whether a sync could not begin because there was no descriptor for it: a sync itself never fails
 * so. Nothing was lost, and the same sync may succeed later.
 */
export function lacksDescriptor({ code }: DiskError): boolean {
  return code === 'EMFILE' || code === 'ENFILE'
}

/** Whether there was no room for a write. */
export function isDiskFull({ code }: DiskError): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Rethrows what is not a DiskError: a bug of ours. */
export function asDiskError(error: unknown): DiskError {
  if (error instanceof DiskError) return error
  throw error
}
