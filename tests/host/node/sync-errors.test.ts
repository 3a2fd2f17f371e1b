/**
 * The kernel tells each descriptor once of a failed write-back. What is here stands for the kernel:
 * a device that loses a write can't be had in a test that anybody can run.
 */
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Disk, File } from '../../../host/host.ts'
import { NodeDisk } from '../../../host/node/disk.ts'
import { nodeDisk } from '../../../host/node/host.ts'
import type { SystemCalls } from '../../../host/node/native.ts'
import { realTurn } from '../../support/turns.ts'

const EIO = 5

let folder = ''
beforeEach(() => {
  folder = fs.mkdtempSync(`${tmpdir()}/ottla-sync-`)
})
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

/** Calls of syncfs wait for `finish`, and each descriptor is told once of the error there was. */
class ErrorOfFilesystem {
  readonly waiting: (() => void)[] = []
  readonly #told = new Set<number>()

  readonly syncfs = (fd: number): Promise<number> =>
    new Promise(resolve => {
      this.waiting.push(() => {
        resolve(this.#told.has(fd) ? 0 : EIO)
        this.#told.add(fd)
      })
    })

  disk(): Disk {
    const calls = { syncfs: this.syncfs, cachestat: null, preadNow: null, dontNeed: null }
    return new NodeDisk(() => calls as unknown as SystemCalls, 'filesystem')
  }
}

/** A file that can't be synced: fdatasync(2) of a pipe says EINVAL. */
function lost(disk: Disk, name: string): File {
  execFileSync('mkfifo', [`${folder}/${name}`])
  return disk.open(`${folder}/${name}`, 'write')
}

/** Descriptors of this process that are open on the folder or a file in it. */
function descriptorsIn(folder: string): number {
  const isIn = (fd: string) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder)
    } catch {
      return false // Closed since it was listed.
    }
  }
  return fs.readdirSync('/proc/self/fd').filter(isIn).length
}

test('rounds under way together are told of an error, each of them', async () => {
  const kernel = new ErrorOfFilesystem()
  const disk = kernel.disk()
  const bad = Array.from({ length: 6 }, (_, at) => lost(disk, `${at}`))
  const good = disk.open(`${folder}/good`, 'create')
  const others = disk.syncAll([good])
  const ours = Promise.allSettled(bad.map(file => disk.syncAll([file])))
  await realTurn()
  for (const finish of kernel.waiting) finish()
  await others
  expect((await ours).map(({ status }) => status)).toEqual(bad.map(() => 'rejected'))
  for (const file of [...bad, good]) file.close()
})

test('a filesystem that is left has no descriptor open', async () => {
  if (process.platform !== 'linux') return console.warn('descriptors can be counted on Linux')
  const kernel = new ErrorOfFilesystem()
  const disk = kernel.disk()
  const file = disk.open(`${folder}/a`, 'create')
  for (let round = 0; round < 6; round++) {
    const done = disk.syncAll([file])
    kernel.waiting.pop()?.()
    await done
  }
  expect(descriptorsIn(folder)).toBe(5)
  file.close()
  expect(descriptorsIn(folder)).toBe(0)
})

test('of two syncs of a file one is told of an error, and both fail', async () => {
  const original = fs.fdatasync
  const waiting: (() => void)[] = []
  let isTold = false
  const fdatasync = (_fd: number, done: (error: Error | null) => void) => {
    waiting.push(() => {
      done(isTold ? null : Object.assign(new Error('lost'), { code: 'EIO' }))
      isTold = true
    })
  }
  Object.assign(process.getBuiltinModule('node:fs'), { fdatasync })
  syncBuiltinESMExports()
  try {
    const file = nodeDisk().open(`${folder}/a`, 'create')
    const syncs = Promise.allSettled([file.sync(), file.sync()])
    file.close()
    await realTurn()
    // The newest first: it must not have been asked already.
    while (waiting.length > 0) {
      waiting.pop()?.()
      await realTurn()
    }
    expect((await syncs).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  } finally {
    Object.assign(process.getBuiltinModule('node:fs'), { fdatasync: original })
    syncBuiltinESMExports()
  }
})
