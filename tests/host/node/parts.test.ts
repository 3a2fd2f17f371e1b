import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { describe, expect, test } from 'vitest'
import { crc32cInJs } from '../../../host/node/crc32c.ts'
import { nodeCrc32c, nodeHost } from '../../../host/node/host.ts'
import { NodeLoop } from '../../../host/node/loop.ts'
import { Arena, SLAB_BYTES, Slab, slabCounts } from '../../../host/node/slabs.ts'

const host = nodeHost({ log: { level: 'silent' } })

describe('the loop', () => {
  test('tasks run in order, those of tasks in the same drain, and flushes after them', async () => {
    const loop = new NodeLoop()
    const seen: string[] = []
    loop.flushSoon({ flush: () => seen.push('flush') })
    loop.afterTurn(() => {
      seen.push('a')
      loop.afterTurn(() => seen.push('c'))
      loop.flushSoon({ flush: () => seen.push('flush c') })
    })
    loop.afterTurn(() => seen.push('b'))
    await loop.nextTurn()
    expect(seen).toEqual(['a', 'b', 'c', 'flush', 'flush c'])
  })

  test('a task queued by a flush runs in a later turn', async () => {
    const loop = new NodeLoop()
    const seen: string[] = []
    loop.flushSoon({ flush: () => loop.afterTurn(() => seen.push('later')) })
    await loop.nextTurn()
    expect(seen).toEqual([])
    await loop.nextTurn()
    expect(seen).toEqual(['later'])
  })

  test('what a spawned promise fails with is reported with its name', async () => {
    const bugs: Error[] = []
    const loop = new NodeLoop(bug => bugs.push(bug))
    loop.spawn('the sweep', Promise.reject(new Error('no broom')))
    loop.spawn('fine', Promise.resolve())
    await loop.nextTurn()
    expect(bugs.map(bug => bug.message)).toEqual(['the sweep failed: no broom'])
  })

  test('a spawned failure nobody takes ends the process', () => {
    const module = import.meta.resolve('../../../host/node/loop.ts')
    const script = `
      const { NodeLoop } = await import('${module}')
      new NodeLoop().spawn('the sweep', Promise.reject(new Error('no broom')))`
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
    const run = () => execFileSync(process.execPath, flags, { stdio: 'pipe' })
    expect(run).toThrow('the sweep failed: no broom')
  })
})

describe('clock and random', () => {
  test('timers run in order of their delay, cancelled ones never', async () => {
    const seen: string[] = []
    const dropped = host.clock.schedule(1, () => seen.push('dropped'))
    host.clock.schedule(5, () => seen.push('later'))
    host.clock.schedule(1, () => seen.push('soon'))
    dropped.cancel()
    dropped.cancel()
    while (seen.length < 2) await host.loop.nextTurn()
    expect(seen).toEqual(['soon', 'later'])
  })

  test('a delay beyond what Node can hold does not run at once', async () => {
    let hasRun = false
    const timer = host.clock.schedule(2 ** 33, () => {
      hasRun = true
    })
    const startMs = host.clock.monotonicMs()
    while (host.clock.monotonicMs() < startMs + 5) await host.loop.nextTurn()
    timer.cancel()
    expect(hasRun).toBe(false)
  })

  test('numbers stay in their range and reach all of it', () => {
    const seen = new Set(Array.from({ length: 500 }, () => host.random.below(7)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
    for (let count = 0; count < 2000; count++) {
      const value = host.random.float()
      expect(value >= 0 && value < 1).toBe(true)
    }
    expect(host.random.below(1)).toBe(0)
    expect(() => host.random.below(0)).toThrow(RangeError)
    expect(host.random.bytes(9)).toHaveLength(9)
  })
})

describe('CRC-32C', () => {
  test('is Castagnoli', () => {
    expect(crc32cInJs(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32cInJs(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32cInJs(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  })

  test('native and own agree on every length, in one go and continued', () => {
    const native = nodeCrc32c()
    const own = nodeCrc32c({ nativeCrc: 'off' })
    const bytes = host.random.bytes(600)
    for (let size = 0; size <= bytes.length; size++) {
      const part = bytes.subarray(0, size)
      const crc = own(part)
      expect(native(part)).toBe(crc)
      expect(own(bytes.subarray(size), crc)).toBe(own(bytes))
      expect(native(bytes.subarray(size), crc)).toBe(own(bytes))
    }
    expect(native(new Uint8Array(bytes.subarray(1, 99)))).toBe(own(bytes.subarray(1, 99)))
  })
})

describe('slabs', () => {
  test('one that comes back is lent again', () => {
    const slab = Slab.take(null)
    const { inUse } = slabCounts()
    slab.retain()
    slab.release()
    slab.release()
    expect(slabCounts().inUse).toBe(inUse - 1)
    expect(Slab.take(null) === slab).toBe(true)
    slab.release()
    expect(() => slab.release()).toThrow('more often')
  })

  test('an arena whose pieces all came back begins again at the start of its slab', () => {
    const arena = new Arena(() => Slab.take(null))
    expect(arena.room).toBe(0)
    expect(arena.reserve(1000)).toBe(0)
    const { slab } = arena
    slab.retain()
    expect(arena.reserve(1000)).toBe(1000)
    expect(arena.reserve(SLAB_BYTES)).toBe(0)
    expect(arena.slab === slab).toBe(false)
    slab.release()
    expect(arena.reserve(10)).toBe(0)
    expect(arena.room).toBe(SLAB_BYTES)
    expect(() => arena.reserve(SLAB_BYTES + 1)).toThrow(RangeError)
    arena.clear()
  })
})

describe('process and log', () => {
  test('the process knows itself and its native parts', () => {
    expect(host.process.pid).toBe(process.pid)
    expect(host.process.residentBytes()).toBeGreaterThan(10 << 20)
    expect(host.process.cpuMicros()).toBeGreaterThan(0)
    expect(host.process.memoryBytes).toBeGreaterThan(64 << 20)
    expect(host.process.memoryBytes).toBeLessThanOrEqual(totalmem())
    expect(host.process.nativeParts).toContain('onread')
    const bare = nodeHost({ native: 'off', receive: 'data', log: { level: 'silent' } })
    expect(bare.process.nativeParts).toEqual([])
  })

  test('the log writes one JSON object a line, at once', () => {
    const folder = fs.mkdtempSync(`${tmpdir()}/ottla-log-`)
    const destination = `${folder}/log`
    const { log } = nodeHost({ log: { level: 'info', destination } })
    log.debug({}, 'unheard')
    log.info({ topic: 'a' }, 'created')
    log.child({ part: 'storage' }).warn({ bytes: 5 }, 'cut')
    const lines = fs.readFileSync(destination, 'utf8').trim().split('\n')
    expect(lines.map(line => JSON.parse(line))).toMatchObject([
      { level: 30, topic: 'a', msg: 'created' },
      { level: 40, part: 'storage', bytes: 5, msg: 'cut' },
    ])
    fs.rmSync(folder, { recursive: true })
  })
})
