import { DiskError } from '../disk-error.ts'

/** Runs a call of node:fs and turns what it throws into a `DiskError`. */
export function orDiskError<T>(path: string, call: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw asDiskError(error, path, call)
  }
}

export function asDiskError(error: unknown, path: string, call: string): DiskError {
  if (error instanceof DiskError) return error
  return new DiskError((error as NodeJS.ErrnoException).code ?? 'UNKNOWN', path, call, error)
}
