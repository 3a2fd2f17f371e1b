/** What the parts of the disk contract share. */
import { expect } from 'vitest'
import { DiskError } from '../../../host/disk-error.ts'
import type { Disk, File } from '../../../host/host.ts'

export interface DiskContext {
  disk(): Disk
  at(name: string): string
}

/** The code of the DiskError that `call` throws. */
export function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(DiskError)
    return (error as DiskError).code
  }
  throw new Error('expected a DiskError, nothing was thrown')
}

export function write(disk: Disk, path: string, text: string): void {
  const file = disk.open(path, 'create')
  file.writev([Buffer.from(text)], 0)
  file.close()
}

export function readAll(file: File, sizeBytes = file.sizeBytes): string {
  const target = Buffer.alloc(sizeBytes)
  expect(file.read(target, 0)).toBe(sizeBytes)
  return target.toString('latin1')
}
