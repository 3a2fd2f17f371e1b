import { describe, expect, test } from 'vitest'
import type { File } from '../../../host/host.ts'
import { virtualClock } from '../../../host/sim/clock.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { memoryDisk } from '../../../host/sim/memory-disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'

function written(disk: SimDisk, path: string, text = ''): File {
  const file = disk.open(path, 'create')
  if (text !== '') file.writev([Buffer.from(text)], 0)
  return file
}

describe('a full disk', () => {
  test('cuts the write that crosses the end of the space, then has no room at all', () => {
    const disk = memoryDisk({ capacityBytes: 10 })
    const file = disk.open('/a', 'create')
    expect(file.writev([Buffer.from('123456'), Buffer.from('789012')], 0)).toBe(10)
    expect(() => file.writev([Buffer.from('x')], 10)).toThrow('ENOSPC')
    expect(file.writev([Buffer.from('over')], 0)).toBe(4)
    expect(disk.freeBytes('/')).toBe(0)
  })

  test('has room again when a file is removed and closed, or cut', () => {
    const disk = memoryDisk({ capacityBytes: 10 })
    const file = written(disk, '/a', '0123456789')
    disk.remove('/a')
    expect(disk.freeBytes('/')).toBe(0)
    file.close()
    expect(disk.freeBytes('/')).toBe(10)
    const other = written(disk, '/b', '0123456789')
    other.truncate(4)
    expect(disk.freeBytes('/')).toBe(6)
  })

  test('gives back the room of a file another one replaced', () => {
    const disk = memoryDisk()
    written(disk, '/a', 'aaaa').close()
    written(disk, '/b', 'bb').close()
    disk.rename('/b', '/a')
    expect(disk.usedBytes).toBe(2)
  })
})

describe('faults', () => {
  test('ENOSPC after some bytes is a short write first', () => {
    const disk = memoryDisk()
    disk.faults.add({ calls: ['write'], path: '.log', code: 'ENOSPC', afterBytes: 5 })
    const file = disk.open('/a.log', 'create')
    expect(file.writev([Buffer.from('abc')], 0)).toBe(3)
    expect(file.writev([Buffer.from('defg')], 3)).toBe(2)
    expect(() => file.writev([Buffer.from('fg')], 5)).toThrow('ENOSPC')
    expect(disk.readFile('/a.log').toString()).toBe('abcde')
    expect(written(disk, '/other', 'fits').sizeBytes).toBe(4)
  })

  test('a one-shot fault strikes once, after the calls it lets pass', () => {
    const disk = memoryDisk()
    const fault = disk.faults.add({
      calls: ['read'],
      path: /^\/a/,
      code: 'EIO',
      afterCalls: 1,
      times: 1,
    })
    const file = written(disk, '/a', 'x')
    const target = Buffer.alloc(1)
    expect(file.read(target, 0)).toBe(1)
    expect(() => file.read(target, 0)).toThrow('EIO')
    expect(file.read(target, 0)).toBe(1)
    expect(fault.hits).toBe(1)
  })

  test('a fault can be lifted', () => {
    const disk = memoryDisk()
    const fault = disk.faults.add({ calls: ['open', 'rename'], code: 'EACCES' })
    expect(() => disk.open('/a', 'create')).toThrow('EACCES')
    fault.remove()
    disk.open('/a', 'create').close()
  })

  test('a read-only disk refuses every change and still reads', () => {
    const disk = memoryDisk()
    const file = written(disk, '/a', 'x')
    disk.isReadOnly = true
    expect(() => file.writev([Buffer.from('y')], 0)).toThrow('EROFS')
    expect(() => file.truncate(0)).toThrow('EROFS')
    expect(() => disk.open('/b', 'create')).toThrow('EROFS')
    expect(() => disk.rename('/a', '/b')).toThrow('EROFS')
    expect(() => disk.remove('/a')).toThrow('EROFS')
    expect(() => disk.makeFolder('/c')).toThrow('EROFS')
    expect(disk.readFile('/a').toString()).toBe('x')
  })

  test('descriptors run out, and come back when files close', () => {
    const disk = memoryDisk({ descriptorsMax: 2 })
    const first = disk.open('/a', 'create')
    disk.open('/b', 'create')
    expect(() => disk.open('/c', 'create')).toThrow('EMFILE')
    expect(() => disk.readFile('/a')).toThrow('EMFILE')
    first.retain()
    first.close()
    expect(() => disk.open('/c', 'create')).toThrow('EMFILE')
    first.release()
    disk.open('/c', 'create').close()
    expect(disk.openCount).toBe(1)
  })

  test('a slow sync takes virtual time', async () => {
    const clock = virtualClock()
    const disk = new SimDisk({ clock })
    const faster = disk.faults.slow({ calls: ['sync'], path: '/a', delayMs: 1_000 })
    const file = written(disk, '/a', 'x')
    let isDone = false
    const syncing = file.sync().then(() => {
      isDone = true
    })
    await clock.advance(999)
    expect(isDone).toBe(false)
    await clock.advance(1)
    await syncing
    faster()
    await file.sync()
  })

  test('cold files deny being cached', () => {
    const disk = memoryDisk({ coldChance: 1 })
    expect(written(disk, '/a', 'x').isCached(0, 1)).toBe(false)
  })
})

describe('kill -9', () => {
  test('keeps what was written, closes descriptors and unlocks folders', () => {
    const disk = new SimDisk()
    const file = written(disk, '/a', 'cached')
    disk.lockFolder('/')
    disk.killed()
    expect(disk.readFile('/a').toString()).toBe('cached')
    expect(() => file.writev([Buffer.from('x')], 0)).toThrow('EBADF')
    disk.lockFolder('/').release()
    expect(disk.openCount).toBe(0)
    file.close()
    expect(disk.openCount).toBe(0)
  })

  test('what was not synced before it is still at risk of a power cut', () => {
    const disk = new SimDisk()
    written(disk, '/a', 'cached')
    disk.killed()
    disk.crash({ keep: 'synced' })
    expect(disk.list('/')).toEqual([])
  })
})

describe('room and speed', () => {
  test('a gigabyte through rolling segments stays quick and forgets what was deleted', () => {
    const clock = virtualClock()
    const disk = new SimDisk({ clock, writeBackMs: 0 })
    const batch = new SeededRandom(1).bytes(65_000)
    const segmentBatches = 64
    for (let segment = 0; segment < 240; segment++) {
      const file = disk.open(`/${segment}.log`, 'create')
      for (let at = 0; at < segmentBatches; at++) file.writev([batch], at * batch.length)
      file.close()
      if (segment >= 4) disk.remove(`/${segment - 4}.log`)
    }
    expect(disk.usedBytes).toBe(4 * segmentBatches * batch.length)
  })

  test('small appends by the hundred thousand cost the same at the end as at the start', () => {
    const disk = new SimDisk()
    const file = disk.open('/a.log', 'create')
    const record = [Buffer.alloc(100, 1)]
    for (let at = 0; at < 200_000; at++) file.writev(record, at * 100)
    expect(file.sizeBytes).toBe(20_000_000)
  })

  test('a hundred and fifty small files take little memory', () => {
    const before = process.memoryUsage().arrayBuffers
    const disks = Array.from({ length: 20 }, () => {
      const disk = memoryDisk()
      for (let file = 0; file < 150; file++) written(disk, `/${file}`, 'x'.repeat(200)).close()
      return disk
    })
    expect(disks.length).toBe(20)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1_000_000)
  })

  test('a hole takes no room in memory and reads as zeros', () => {
    const disk = memoryDisk()
    const file = disk.open('/a', 'create')
    file.truncate(1 << 40)
    file.writev([Buffer.from('end')], (1 << 30) * 4)
    const target = Buffer.alloc(4, 1)
    expect(file.read(target, (1 << 30) * 4 - 1)).toBe(4)
    expect(target.toString('latin1')).toBe('\0end')
  })
})
