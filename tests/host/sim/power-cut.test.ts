import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { File } from '../../../host/host.ts'
import { virtualClock } from '../../../host/sim/clock.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { memoryDisk } from '../../../host/sim/memory-disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'

function write(disk: SimDisk, path: string, text: string): File {
  const file = disk.open(path, 'create')
  file.writev([Buffer.from(text)], 0)
  return file
}

/** The disk as it is after a power cut that kept nothing unsynced. */
function cut(disk: SimDisk): SimDisk {
  return disk.image({ keep: 'synced' })
}

function textOf(disk: SimDisk, path: string): string | null {
  return disk.stat(path) === null ? null : disk.readFile(path).toString('latin1')
}

describe('bytes', () => {
  test('synced bytes survive, later ones do not', async () => {
    const disk = new SimDisk()
    const file = write(disk, '/a', 'synced')
    await file.sync()
    await disk.syncFolder('/')
    file.writev([Buffer.from(' and not')], 6)
    expect(textOf(cut(disk), '/a')).toBe('synced')
    expect(textOf(disk, '/a')).toBe('synced and not')
  })

  test('a round of files and folders makes bytes and names durable together', async () => {
    const disk = new SimDisk()
    const file = write(disk, '/a', 'bytes')
    await disk.syncAll([file], ['/'])
    expect(textOf(cut(disk), '/a')).toBe('bytes')
    disk.faults.add({ calls: ['syncFolder'], code: 'EIO', times: 1 })
    const late = write(disk, '/b', 'bytes')
    await expect(disk.syncAll([late], ['/'])).rejects.toMatchObject({ code: 'EIO', path: '/' })
    expect(textOf(cut(disk), '/b')).toBe(null)
  })

  test('overwritten and truncated bytes come back when that was not synced', async () => {
    const disk = new SimDisk()
    const file = write(disk, '/a', 'abcdefgh')
    await disk.syncAll([file])
    await disk.syncFolder('/')
    file.writev([Buffer.from('XX')], 2)
    file.truncate(5)
    file.writev([Buffer.from('YYYYYY')], 4)
    expect(textOf(disk, '/a')).toBe('abXXYYYYYY')
    expect(textOf(cut(disk), '/a')).toBe('abcdefgh')
    await file.sync()
    expect(textOf(cut(disk), '/a')).toBe('abXXYYYYYY')
  })

  test('bytes written while a sync is under way are not covered by it', async () => {
    const clock = virtualClock()
    const disk = new SimDisk({ clock })
    await disk.syncFolder('/')
    disk.faults.slow({ calls: ['sync'], delayMs: 10 })
    const file = write(disk, '/a', 'before')
    await disk.syncFolder('/')
    const syncing = file.sync()
    file.writev([Buffer.from(' after')], 6)
    await clock.advance(10)
    await syncing
    expect(textOf(cut(disk), '/a')).toBe('before')
  })

  test('after a failed sync the bytes are lost although a later sync succeeds', async () => {
    const disk = new SimDisk()
    const file = write(disk, '/a', 'kept')
    await file.sync()
    await disk.syncFolder('/')
    disk.faults.add({ calls: ['sync'], code: 'EIO', times: 1 })
    file.writev([Buffer.from('LOST')], 4)
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO', path: '/a' })
    file.writev([Buffer.from('later')], 8)
    await file.sync()
    expect(textOf(disk, '/a')).toBe('keptLOSTlater')
    expect(textOf(cut(disk), '/a')).toBe('kept\0\0\0\0later')
  })

  test('a failing file in a commit round does not spoil the others', async () => {
    const disk = new SimDisk()
    const [good, bad] = [write(disk, '/good', 'x'), write(disk, '/bad', 'x')]
    await disk.syncFolder('/')
    disk.faults.add({ calls: ['sync'], path: '/bad', code: 'EIO' })
    await expect(disk.syncAll([good, bad])).rejects.toMatchObject({ code: 'EIO', path: '/bad' })
    const after = cut(disk)
    expect([textOf(after, '/good'), textOf(after, '/bad')]).toEqual(['x', ''])
  })

  test('what stays dirty for long is written back by the kernel', async () => {
    const clock = virtualClock()
    const disk = new SimDisk({ clock, writeBackMs: 1_000 })
    const file = write(disk, '/a', 'old')
    await disk.syncFolder('/')
    await clock.advance(2_000)
    file.writev([Buffer.from('new')], 3)
    expect(textOf(cut(disk), '/a')).toBe('old')
  })
})

describe('names', () => {
  test('a created file is gone unless its folder was synced', async () => {
    const disk = new SimDisk()
    await write(disk, '/a', 'bytes').sync()
    expect(textOf(cut(disk), '/a')).toBeNull()
    await disk.syncFolder('/')
    expect(textOf(cut(disk), '/a')).toBe('bytes')
  })

  test('every folder above must have been synced too', async () => {
    const disk = new SimDisk()
    disk.makeFolder('/x/y')
    await write(disk, '/x/y/a', 'bytes').sync()
    await disk.syncFolder('/x/y')
    expect(cut(disk).list('/')).toEqual([])
    await disk.syncFolder('/')
    expect(cut(disk).list('/x')).toEqual([])
    await disk.syncFolder('/x')
    expect(textOf(cut(disk), '/x/y/a')).toBe('bytes')
  })

  test('a rename that was not synced is undone whole', async () => {
    const disk = new SimDisk()
    await disk.syncAll([write(disk, '/target', 'old'), write(disk, '/source', 'new')])
    await disk.syncFolder('/')
    disk.rename('/source', '/target')
    expect([textOf(cut(disk), '/target'), textOf(cut(disk), '/source')]).toEqual(['old', 'new'])
    await disk.syncFolder('/')
    expect([textOf(cut(disk), '/target'), textOf(cut(disk), '/source')]).toEqual(['new', null])
  })

  test('a rename before the bytes are synced leaves an empty file', async () => {
    const disk = new SimDisk()
    write(disk, '/file.tmp', 'checkpoint')
    disk.rename('/file.tmp', '/file')
    await disk.syncFolder('/')
    expect(textOf(cut(disk), '/file')).toBe('')
  })

  test('a removed folder comes back, with as much in it as was durable', async () => {
    const disk = new SimDisk()
    disk.makeFolder('/t')
    await write(disk, '/t/a', 'a').sync()
    await disk.syncFolder('/t')
    await disk.syncFolder('/')
    disk.remove('/t')
    expect(disk.stat('/t')).toBeNull()
    expect(textOf(cut(disk), '/t/a')).toBe('a')
    await disk.syncFolder('/')
    expect(cut(disk).stat('/t')).toBeNull()
  })

  test('of several unsynced names a prefix survives, in the order they were made', () => {
    const disk = new SimDisk()
    for (const name of ['a', 'b', 'c', 'd']) write(disk, `/${name}`, name)
    const seen = new Set<number>()
    const random = new SeededRandom(1)
    for (let attempt = 0; attempt < 60; attempt++) {
      const names = disk
        .image({ keep: 'prefix', random })
        .list('/')
        .map(entry => entry.name)
      expect(['a', 'b', 'c', 'd'].slice(0, names.length)).toEqual(names)
      seen.add(names.length)
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4])
  })
})

describe('what may survive', () => {
  /** A file with 1,000 synced bytes 's' and 4,000 unsynced 'u' behind them. */
  async function halfSynced(): Promise<SimDisk> {
    const disk = new SimDisk()
    const file = write(disk, '/a', 's'.repeat(1_000))
    await file.sync()
    await disk.syncFolder('/')
    file.writev([Buffer.alloc(4_000, 'u')], 1_000)
    return disk
  }

  test('a prefix may end at any byte', async () => {
    const disk = await halfSynced()
    const random = new SeededRandom(5)
    const lengths = new Set<number>()
    for (let attempt = 0; attempt < 300; attempt++) {
      const text = textOf(disk.image({ keep: 'prefix', random }), '/a') as string
      expect(text).toMatch(/^s{1000}u*$/)
      lengths.add(text.length)
    }
    expect(lengths.size).toBeGreaterThan(250)
  })

  test('torn writes tear at sectors, and what is missing reads as zeros', async () => {
    const disk = await halfSynced()
    const random = new SeededRandom(6)
    let holes = 0
    for (let attempt = 0; attempt < 100; attempt++) {
      const text = textOf(disk.image({ keep: 'torn', random }), '/a') as string
      expect(text.slice(0, 1_000)).toBe('s'.repeat(1_000))
      expect(text.slice(1_000, 1_024)).toMatch(/^(u*|\0*)$/)
      for (let at = 1_024; at < text.length; at += 512) {
        expect(text.slice(at, at + 512)).toMatch(/^(u*|\0*)$/)
      }
      if (/\0+u/.test(text)) holes++
    }
    expect(holes).toBeGreaterThan(20)
  })

  test('stale blocks hold garbage where bytes did not make it', async () => {
    const disk = await halfSynced()
    const random = new SeededRandom(7)
    const texts = Array.from({ length: 50 }, () =>
      textOf(disk.image({ keep: 'stale', random }), '/a'),
    )
    expect(texts.every(text => text?.startsWith('s'.repeat(1_000)))).toBe(true)
    expect(texts.some(text => /[^su\0]{20}/.test(text ?? ''))).toBe(true)
  })

  test('a crash happens in place: descriptors die, and what is left is durable', async () => {
    const disk = await halfSynced()
    disk.crash({ keep: 'prefix' })
    const left = textOf(disk, '/a')
    disk.crash({ keep: 'synced' })
    expect(textOf(disk, '/a')).toBe(left)
    expect(disk.usedBytes).toBe(left?.length)
  })

  test('an image does not disturb the disk it was taken of', async () => {
    const disk = await halfSynced()
    const image = disk.image({ keep: 'all' })
    const file = image.open('/a', 'write')
    file.writev([Buffer.from('changed')], 0)
    file.truncate(7)
    expect(textOf(image, '/a')).toBe('changed')
    expect(textOf(disk, '/a')).toBe('s'.repeat(1_000) + 'u'.repeat(4_000))
  })

  test('an image is as slow and as small as its disk', async () => {
    const clock = virtualClock()
    const disk = new SimDisk({ clock, capacityBytes: 10, syncMs: { least: 5, most: 5 } })
    const file = disk.image({ keep: 'all' }).open('/a', 'create')
    expect(file.writev([Buffer.alloc(20)], 0)).toBe(10)
    const syncing = file.sync()
    await clock.advance(5)
    await syncing
  })

  test('rot changes bytes that were durable', async () => {
    const disk = await halfSynced()
    disk.corrupt('/a', 10, Buffer.from('R'))
    expect(textOf(cut(disk), '/a')?.indexOf('R')).toBe(10)
  })

  test('a disk that tracks nothing refuses to lose power', () => {
    expect(() => memoryDisk().crash({ keep: 'synced' })).toThrow(/cannot lose power/)
  })
})

type Step =
  | { kind: 'write'; position: number; text: string }
  | { kind: 'truncate'; sizeBytes: number }
  | { kind: 'sync' }

const size = fc.integer({ min: 0, max: 3_000 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    position: size,
    text: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1_200 }),
  }),
  fc.record({ kind: fc.constant('truncate' as const), sizeBytes: size }),
  fc.constant({ kind: 'sync' as const }),
)

test('whatever is done, a power cut leaves exactly the bytes of the last sync', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
      const disk = new SimDisk()
      const file = disk.open('/a', 'create')
      await disk.syncFolder('/')
      let [synced, cached] = ['', '']
      for (const one of steps) {
        cached = await apply(file, one, cached)
        if (one.kind === 'sync') synced = cached
        expect(textOf(disk, '/a')).toBe(cached)
        expect(textOf(cut(disk), '/a')).toBe(synced)
        expect(textOf(disk.image({ keep: 'all' }), '/a')).toBe(cached)
      }
    }),
    { seed: 848, numRuns: 150 },
  )
})

test('no survivor shows a byte that was never there', async () => {
  const keeps = fc.constantFrom('prefix' as const, 'torn' as const)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), keeps, async (steps, keep) => {
      const disk = new SimDisk()
      const file = disk.open('/a', 'create')
      await disk.syncFolder('/')
      let cached = ''
      let possible: Set<string>[] = []
      for (const one of steps) {
        cached = await apply(file, one, cached)
        if (one.kind === 'sync') possible = []
        for (let at = 0; at < cached.length; at++) {
          possible[at] ??= new Set(one.kind === 'sync' ? [] : ['\0'])
          possible[at]?.add(cached[at] as string)
        }
      }
      const left = textOf(disk.image({ keep }), '/a') as string
      const isPossible = (byte: string, at: number) => possible[at]?.has(byte) ?? byte === '\0'
      expect([...left].findIndex((byte, at) => !isPossible(byte, at))).toBe(-1)
    }),
    { seed: 101, numRuns: 150 },
  )
})

async function apply(file: File, one: Step, cached: string): Promise<string> {
  if (one.kind === 'sync') {
    await file.sync()
    return cached
  }
  if (one.kind === 'truncate') {
    file.truncate(one.sizeBytes)
    return cached.slice(0, one.sizeBytes).padEnd(one.sizeBytes, '\0')
  }

  file.writev([Buffer.from(one.text, 'latin1')], one.position)
  const head = cached.slice(0, one.position).padEnd(one.position, '\0')
  return head + one.text + cached.slice(one.position + one.text.length)
}
