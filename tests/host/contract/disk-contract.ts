/**
 * What every `Disk` does, real or simulated. A suite file calls `diskContract` with a way to make
 * one; the tests use nothing but the interface.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Disk } from '../../../host/host.ts'
import { bytes } from './disk-bytes.ts'
import { codeOf, type DiskContext, readAll, write } from './disk-context.ts'

export interface DiskWorld {
  readonly disk: Disk
  /** An empty folder that exists, absolute, for this test alone. */
  readonly folder: string
  dispose(): void | Promise<void>
}

export function diskContract(name: string, make: () => DiskWorld | Promise<DiskWorld>): void {
  describe(`disk contract: ${name}`, () => {
    let world: DiskWorld
    let disk: Disk
    let at: (name: string) => string
    beforeEach(async () => {
      world = await make()
      disk = world.disk
      at = name => `${world.folder}/${name}`
    })
    afterEach(() => world.dispose())
    const context: DiskContext = { disk: () => disk, at: name => at(name) }
    opening(context)
    bytes(context)
    names(context)
    syncing(context)
    lifetimes(context)
    locks(context)
  })
}

function opening({ disk, at }: DiskContext): void {
  test("opening what is absent to read or write says ENOENT and 'create' makes it", () => {
    expect(codeOf(() => disk().open(at('a'), 'read'))).toBe('ENOENT')
    expect(codeOf(() => disk().open(at('a'), 'write'))).toBe('ENOENT')
    const file = disk().open(at('a'), 'create')
    expect(file.path).toBe(at('a'))
    expect(file.sizeBytes).toBe(0)
    file.close()
    expect(disk().stat(at('a'))).toMatchObject({ sizeBytes: 0, isFolder: false })
  })

  test('opening with create keeps what is there', () => {
    write(disk(), at('a'), 'kept')
    const file = disk().open(at('a'), 'create')
    expect(file.sizeBytes).toBe(4)
    file.close()
    expect(disk().readFile(at('a')).toString()).toBe('kept')
  })

  test('creating a file in a folder that is absent says ENOENT', () => {
    expect(codeOf(() => disk().open(at('no/a'), 'create'))).toBe('ENOENT')
  })

  test('errors carry the path and the call', () => {
    try {
      disk().readFile(at('absent'))
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ name: 'DiskError', code: 'ENOENT', path: at('absent') })
    }
  })
}

function names({ disk, at }: DiskContext): void {
  test('folders are made with their parents, and again for nothing', () => {
    disk().makeFolder(at('x/y/z'))
    disk().makeFolder(at('x/y/z'))
    expect(disk().stat(at('x/y'))).toMatchObject({ isFolder: true })
    expect(disk().stat(at('x/q'))).toBeNull()
  })

  test('a listing is in ascending order and says what is a folder', () => {
    for (const name of ['b', 'a10', 'a9']) write(disk(), at(name), name)
    disk().makeFolder(at('c'))
    expect(disk().list(at(''))).toEqual([
      { name: 'a10', isFolder: false },
      { name: 'a9', isFolder: false },
      { name: 'b', isFolder: false },
      { name: 'c', isFolder: true },
    ])
    expect(codeOf(() => disk().list(at('absent')))).toBe('ENOENT')
    expect(codeOf(() => disk().list(at('b')))).toBe('ENOTDIR')
  })

  test('a rename replaces the file of that name', () => {
    write(disk(), at('from'), 'winner')
    write(disk(), at('to'), 'loser')
    disk().rename(at('from'), at('to'))
    expect(disk().readFile(at('to')).toString()).toBe('winner')
    expect(disk().stat(at('from'))).toBeNull()
    expect(codeOf(() => disk().rename(at('from'), at('to')))).toBe('ENOENT')
  })

  test('a folder is renamed with all in it', () => {
    disk().makeFolder(at('old'))
    write(disk(), at('old/f'), 'inside')
    disk().rename(at('old'), at('fresh'))
    expect(disk().readFile(at('fresh/f')).toString()).toBe('inside')
    expect(disk().stat(at('old'))).toBeNull()
  })

  test('removing takes a file, or a folder with all in it, and nothing when absent', () => {
    disk().makeFolder(at('d/e'))
    write(disk(), at('d/e/f'), 'x')
    write(disk(), at('g'), 'x')
    disk().remove(at('d'))
    disk().remove(at('g'))
    disk().remove(at('g'))
    expect(disk().list(at(''))).toEqual([])
  })

  test('removing off the loop is the same', async () => {
    disk().makeFolder(at('d/e'))
    write(disk(), at('d/e/f'), 'x')
    write(disk(), at('g'), 'x')
    await disk().removeLater(at('d'))
    await disk().removeLater(at('g'))
    await disk().removeLater(at('g'))
    expect(disk().list(at(''))).toEqual([])
  })

  test('there is room', () => {
    const freeBytes = disk().freeBytes(at(''))
    expect(freeBytes).toBeGreaterThan(1 << 20)
    expect(disk().totalBytes(at(''))).toBeGreaterThanOrEqual(freeBytes)
  })
}

function syncing({ disk, at }: DiskContext): void {
  test('a file, a folder and a round of files sync', async () => {
    const files = Array.from({ length: 40 }, (_, index) => disk().open(at(`f${index}`), 'create'))
    for (const file of files) file.writev([Buffer.from('durable')], 0)
    await files[0]?.sync()
    await disk().syncFolder(at(''))
    await disk().syncAll([])
    await disk().syncAll(files.slice(0, 1))
    await disk().syncAll(files)
    await disk().syncAll([...files, ...files])
    disk().makeFolder(at('sub'))
    await disk().syncAll([], [at('')])
    await disk().syncAll(files, [at(''), at('sub')])
    for (const file of files) file.close()
  })

  test('a file may be closed while its sync is under way', async () => {
    const files = Array.from({ length: 20 }, (_, index) => disk().open(at(`f${index}`), 'create'))
    for (const file of files) file.writev([Buffer.from('durable')], 0)
    const round = disk().syncAll(files)
    const single = files[0]?.sync()
    for (const file of files) file.close()
    await Promise.all([round, single])
  })

  test('syncing a folder that is absent rejects with ENOENT', async () => {
    const file = disk().open(at('a'), 'create')
    const refusal = { name: 'DiskError', code: 'ENOENT', path: at('absent') }
    await expect(disk().syncFolder(at('absent'))).rejects.toMatchObject(refusal)
    await expect(disk().syncAll([file], [at('absent')])).rejects.toMatchObject(refusal)
    file.close()
  })
}

function lifetimes({ disk, at }: DiskContext): void {
  test('an open file outlives its name', () => {
    write(disk(), at('a'), 'still here')
    const file = disk().open(at('a'), 'read')
    disk().remove(at('a'))
    expect(readAll(file)).toBe('still here')
    file.close()
  })

  test('an open file follows its rename', () => {
    const file = disk().open(at('a'), 'create')
    disk().rename(at('a'), at('b'))
    file.writev([Buffer.from('moved')], 0)
    expect(disk().readFile(at('b')).toString()).toBe('moved')
    file.close()
  })

  test('what retains a file keeps it readable past its close', () => {
    write(disk(), at('a'), 'pinned')
    const file = disk().open(at('a'), 'read')
    file.retain()
    file.retain()
    file.close()
    file.close()
    file.release()
    expect(readAll(file, 6)).toBe('pinned')
    file.release()
    expect(codeOf(() => file.read(Buffer.alloc(1), 0))).toBe('EBADF')
  })

  test('a closed file refuses everything with EBADF', async () => {
    const file = disk().open(at('a'), 'create')
    file.close()
    file.close()
    expect(codeOf(() => file.writev([Buffer.from('x')], 0))).toBe('EBADF')
    expect(codeOf(() => file.read(Buffer.alloc(1), 0))).toBe('EBADF')
    expect(codeOf(() => file.truncate(0))).toBe('EBADF')
    await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' })
    await expect(file.readLater(Buffer.alloc(1), 0)).rejects.toMatchObject({ code: 'EBADF' })
    await expect(disk().syncAll([file])).rejects.toMatchObject({ code: 'EBADF' })
  })
}

function locks({ disk, at }: DiskContext): void {
  test('a locked folder is refused until its lock is released', () => {
    disk().makeFolder(at('one'))
    disk().makeFolder(at('two'))
    const lock = disk().lockFolder(at('one'))
    expect(codeOf(() => disk().lockFolder(at('one')))).toBe('LOCKED')
    disk().lockFolder(at('two')).release()
    lock.release()
    lock.release()
    disk().lockFolder(at('one')).release()
  })

  test('a folder that is absent cannot be locked', () => {
    expect(codeOf(() => disk().lockFolder(at('absent')))).toBe('ENOENT')
  })
}
