import { execFileSync, spawn, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Disk } from '../../../host/host.ts'
import { SyncCost } from '../../../host/node/filesystems.ts'
import { nodeDisk } from '../../../host/node/host.ts'
import { loadSystemCalls } from '../../../host/node/native.ts'
import { pageCache } from '../../../host/node/page-cache.ts'
import { evict, evictableCache } from '../../support/evict.ts'
import { codeOf } from '../contract/disk-context.ts'

let folder = ''
beforeEach(() => {
  folder = fs.mkdtempSync(`${tmpdir()}/ottla-disk-`)
})
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

/** Mounts a tmpfs of `sizeBytes` on `path`; false where that is not permitted. */
function mountSmall(path: string, sizeBytes: number): boolean {
  fs.mkdirSync(path)
  const options = ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]
  return spawnSync('mount', options).status === 0
}

describe('a full disk', () => {
  test('a write returns what fitted, the next one fails, and room heals it', context => {
    const mount = `${folder}/small`
    if (!mountSmall(mount, 1 << 20)) return context.skip('mounting a tmpfs is not permitted here')
    try {
      const disk = nodeDisk()
      const file = disk.open(`${mount}/log`, 'create')
      const buffers = Array.from({ length: 3000 }, (_, at) => Buffer.alloc(1000, at))
      const written = file.writev(buffers, 0)
      expect(written).toBe(1 << 20)
      expect(file.sizeBytes).toBe(written)
      expect(disk.readFile(file.path).equals(Buffer.concat(buffers).subarray(0, written))).toBe(
        true,
      )
      expect(codeOf(() => file.writev([Buffer.from('more')], written))).toBe('ENOSPC')
      expect(codeOf(() => file.writev([Buffer.from('a'), Buffer.from('b')], written))).toBe(
        'ENOSPC',
      )
      file.truncate(500_000)
      expect(file.writev([Buffer.alloc(1 << 20)], 500_000)).toBeLessThan(600_000)
      file.truncate(0)
      expect(file.writev([Buffer.from('again'), Buffer.from('!')], 0)).toBe(6)
      file.close()
    } finally {
      spawnSync('umount', [mount])
    }
  })

  test('nothing of ours keeps a filesystem busy once its files are closed', async context => {
    const mount = `${folder}/small`
    if (!mountSmall(mount, 1 << 20)) return context.skip('mounting a tmpfs is not permitted here')
    const disk = nodeDisk()
    const lock = disk.lockFolder(mount)
    const file = disk.open(`${mount}/log`, 'create')
    await disk.syncAll([file])
    file.close()
    lock.release()
    expect(spawnSync('umount', [mount]).status).toBe(0)
  })
})

describe.each(['auto', 'files', 'filesystem'] as const)('commit rounds by %s', syncMethod => {
  test.each([1, 2, 3, 150])('%i files are synced round after round', async count => {
    const disk = nodeDisk({ syncMethod })
    const files = Array.from({ length: count }, (_, at) => disk.open(`${folder}/${at}`, 'create'))
    for (let round = 0; round < 4; round++) {
      for (const file of files) file.writev([Buffer.alloc(100, round)], round * 100)
      await disk.syncAll(files)
    }
    expect(files.every(file => file.sizeBytes === 400)).toBe(true)
    for (const file of files) file.close()
  })

  test('folders are synced with files, and without', async () => {
    const disk = nodeDisk({ syncMethod })
    const folders = Array.from({ length: 40 }, (_, at) => `${folder}/${at}`)
    for (const path of folders) disk.makeFolder(path)
    const file = disk.open(`${folder}/0/a`, 'create')
    await disk.syncAll([file], [...folders, folder])
    file.close()
    await disk.syncAll([], folders)
    await expect(disk.syncAll([], [...folders, `${folder}/gone`])).rejects.toMatchObject({
      code: 'ENOENT',
      path: `${folder}/gone`,
    })
  })

  test('files opened only to be read join a round', async () => {
    const disk = nodeDisk({ syncMethod })
    const writer = disk.open(`${folder}/a`, 'create')
    const reader = disk.open(`${folder}/a`, 'read')
    await disk.syncAll([writer, reader])
    writer.close()
    reader.close()
  })

  test('a file whose sync failed once fails every round it is in', async () => {
    const disk = nodeDisk({ syncMethod })
    // fdatasync(2) of a pipe says EINVAL: the only failure to be had without a broken disk.
    execFileSync('mkfifo', [`${folder}/pipe`])
    const bad = disk.open(`${folder}/pipe`, 'write')
    const good = [1, 2, 3].map(at => disk.open(`${folder}/${at}`, 'create'))
    await expect(bad.sync()).rejects.toMatchObject({ name: 'DiskError', code: 'EINVAL' })
    await expect(disk.syncAll([...good, bad])).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(bad.sync()).rejects.toMatchObject({ code: 'EINVAL' })
    await disk.syncAll(good)
    for (const file of [...good, bad]) file.close()
  })
})

describe('the choice between a sync of each and one of all', () => {
  /** Past the first trial, which comes at once. */
  function seasoned(): SyncCost {
    const cost = new SyncCost()
    for (let round = 0; round < 64; round++) cost.favoursFilesystem(1, 0)
    return cost
  }

  test('few go each for itself, many together', () => {
    const cost = seasoned()
    expect(cost.favoursFilesystem(1, 0)).toBe(false)
    expect(cost.favoursFilesystem(40, 0)).toBe(true)
  })

  test('follows what rounds take, with the CPU that many syncs cost', () => {
    const cost = seasoned()
    for (let round = 0; round < 60; round++) cost.saw(true, 40, 30)
    expect(cost.favoursFilesystem(40, 0)).toBe(false)
    for (let round = 0; round < 60; round++) cost.saw(false, 40, 40 * 0.74)
    expect(cost.favoursFilesystem(40, 0)).toBe(true)
  })

  test('one round that was held up does not turn it', () => {
    const cost = seasoned()
    cost.saw(true, 40, 5000)
    expect(cost.favoursFilesystem(40, 0)).toBe(true)
  })

  test('the other way is tried now and then', () => {
    const cost = seasoned()
    const picks = Array.from({ length: 640 }, (_, at) => cost.favoursFilesystem(40, at * 100))
    const tried = picks.filter(pick => !pick).length
    expect(tried).toBeGreaterThan(3)
    expect(tried).toBeLessThan(8)
  })
})

describe('the page cache', () => {
  const ways = loadSystemCalls()
  const probing = ways && { ...ways, cachestat: null }
  test.each([
    ['cachestat', ways?.cachestat ? pageCache(ways) : null],
    ['preadv2', ways?.preadNow ? pageCache(probing) : null],
  ])('%s tells what is cached', async (name, cache) => {
    if (cache === null) return console.warn(`no ${name} here`)
    if (evictableCache(folder) === null) return console.warn(`${folder} is in memory`)
    const disk = nodeDisk()
    const file = disk.open(`${folder}/data`, 'create')
    file.writev([Buffer.alloc(1_000_000, 1)], 0)
    await file.sync()
    const fd = fs.openSync(file.path, 'r')
    expect(cache.holds(fd, 0, 1_000_000)).toBe(true)
    evict(file.path)
    expect(cache.holds(fd, 0, 1_000_000)).toBe(false)
    expect(cache.holds(fd, 500_000, 1)).toBe(false)
    file.read(Buffer.alloc(5000), 4096)
    expect(cache.holds(fd, 4096, 5000)).toBe(true)
    fs.closeSync(fd)
    file.close()
  })

  test('gives up what is on disk when it is told that nobody needs it', async () => {
    if (evictableCache(folder) === null) return console.warn(`${folder} is in memory`)
    const file = nodeDisk().open(`${folder}/data`, 'create')
    const bytes = Buffer.alloc(1_000_000, 1)
    file.writev([bytes], 0)
    await file.sync()
    expect(file.isCached(0, 40_000)).toBe(true)
    await file.uncache(0, 512 << 10)
    // What was found cached a moment ago does not count any more.
    expect(file.isCached(0, 40_000)).toBe(false)
    expect(file.isCached(0, 512 << 10)).toBe(false)
    expect(file.isCached(512 << 10, bytes.length - (512 << 10))).toBe(true)
    const read = Buffer.alloc(bytes.length)
    expect(await file.readLater(read, 0)).toBe(bytes.length)
    expect(read.equals(bytes)).toBe(true)
    file.close()
  })

  test('a file may be closed while it is told', async () => {
    const file = nodeDisk().open(`${folder}/data`, 'create')
    file.writev([Buffer.alloc(10_000)], 0)
    const told = file.uncache(0, 10_000)
    file.close()
    await told
    expect(codeOf(() => file.read(Buffer.alloc(1), 0))).toBe('EBADF')
  })

  test('without native parts everything counts as cached, and stays', async () => {
    expect(pageCache(null)).toBeNull()
    const file = nodeDisk({ native: 'off' }).open(`${folder}/data`, 'create')
    file.writev([Buffer.alloc(10_000)], 0)
    await file.uncache(0, 10_000)
    expect(file.isCached(0, 10_000)).toBe(true)
    file.close()
  })
})

describe.each(['on', 'off'] as const)('folder locks with native parts %s', native => {
  const other = (script: string) => execFileSync('python3', ['-c', script, folder]).toString()

  test('a POSIX lock of another process, as Kafka holds it, is respected', async () => {
    const disk = nodeDisk({ native })
    const script = `
import fcntl, sys
f = open(sys.argv[1] + '/.lock', 'w')
fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
print('held', flush=True)
sys.stdin.read()`
    const { kill, ready } = background('python3', ['-c', script, folder])
    await ready
    expect(codeOf(() => disk.lockFolder(folder))).toBe('LOCKED')
    await kill()
    disk.lockFolder(folder).release()
  })

  test('brokers with and without native parts exclude each other', () => {
    const mine = nodeDisk({ native }).lockFolder(folder)
    for (const other of ['on', 'off'] as const) {
      expect(codeOf(() => nodeDisk({ native: other }).lockFolder(folder))).toBe('LOCKED')
    }
    mine.release()
  })

  test('a folder reached by another path is the same folder', () => {
    fs.symlinkSync(folder, `${folder}.alias`)
    try {
      const lock = nodeDisk({ native }).lockFolder(folder)
      expect(codeOf(() => nodeDisk({ native }).lockFolder(`${folder}.alias`))).toBe('LOCKED')
      lock.release()
    } finally {
      fs.rmSync(`${folder}.alias`)
    }
  })

  test('a living owner that uses no kernel lock is respected, a dead one is not', () => {
    const disk = nodeDisk({ native })
    const parent = fs.readFileSync(`/proc/${process.ppid}/stat`, 'latin1')
    const start = parent.slice(parent.lastIndexOf(')') + 2).split(' ')[19]
    const owner = `${folder}/.ottla-owner`
    fs.writeFileSync(owner, `${process.ppid} ${start}\n`)
    expect(codeOf(() => disk.lockFolder(folder))).toBe('LOCKED')
    for (const stale of [`${process.ppid} 12\n`, '99999999 5\n', 'nonsense', '']) {
      fs.writeFileSync(owner, stale)
      disk.lockFolder(folder).release()
    }
    expect(fs.readdirSync(folder)).toEqual(['.lock'])
  })

  test('a process that dies by kill -9 leaves no lock behind', async () => {
    const module = import.meta.resolve('../../../host/node/host.ts')
    const script = `
      const { nodeDisk } = await import('${module}')
      nodeDisk({ native: '${native}' }).lockFolder(${JSON.stringify(folder)})
      console.log('held')
      setInterval(() => {}, 1000)`
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
    const { kill, ready } = background(process.execPath, flags)
    await ready
    expect(codeOf(() => nodeDisk({ native }).lockFolder(folder))).toBe('LOCKED')
    await kill()
    nodeDisk({ native }).lockFolder(folder).release()
  })

  test('the lock is seen by a program that asks as Kafka does', () => {
    if (native === 'off') return
    const lock = (nodeDisk({ native }) as Disk).lockFolder(folder)
    const script = `
import fcntl, sys
try:
    fcntl.lockf(open(sys.argv[1] + '/.lock', 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)
    print('free')
except OSError:
    print('taken')`
    expect(other(script).trim()).toBe('taken')
    lock.release()
    expect(other(script).trim()).toBe('free')
  })
})

/** Starts a process that says so once it is ready, and is killed, not asked to stop. */
function background(command: string, args: string[]) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise(resolve => child.once('exit', resolve))
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', code => reject(new Error(`${command} ended with ${code}`)))
  })
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return { ready, kill }
}
