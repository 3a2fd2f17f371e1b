import * as fs from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { LocalStore } from '../../../broker/metadata/local-store.ts'
import type { StoreEntry, StoreOperation } from '../../../broker/metadata/store.ts'
import {
  METADATA_LOG,
  METADATA_SNAPSHOT,
  type StoreFinding,
} from '../../../broker/metadata/store-files.ts'
import type { Disk } from '../../../host/host.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { memoryDisk } from '../../../host/sim/memory-disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { storeContract } from './store-contract.ts'

const { loop, crc32c, disk: realDisk } = nodeHost()
const folders: string[] = []

afterAll(() => Promise.all(folders.map(folder => fs.rm(folder, { recursive: true }))))

function openOn(disk: Disk, folder: string, logBytesMax = 4096): LocalStore {
  disk.makeFolder(folder)
  return new LocalStore({ disk, loop, crc32c, folder, logBytesMax })
}

function worldOn(disk: Disk, folder: string, logBytesMax?: number) {
  return {
    open: async () => openOn(disk, folder, logBytesMax),
    reopen: async (store: { close(): Promise<void> }) => {
      await store.close()
      return openOn(disk, folder, logBytesMax)
    },
  }
}

storeContract('a local store in memory', async () => worldOn(memoryDisk(), '/data'))
storeContract('a local store that always compacts', async () => worldOn(memoryDisk(), '/data', 0))
storeContract('a local store on a real disk', async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'ottla-store-'))
  folders.push(folder)
  return worldOn(realDisk, folder)
})

function simDisk(seed: string): SimDisk {
  return new SimDisk({ random: new SeededRandom(seed) })
}

function put(key: string, value: string): StoreOperation {
  return { kind: 'put', key, value }
}

function write(store: LocalStore, ...operations: StoreOperation[]) {
  return store.transact({ compare: [], operations })
}

async function contents(store: LocalStore): Promise<[string, unknown][]> {
  const { entries } = await store.load()
  return entries.map(({ key, value }): [string, unknown] => [key, value]).sort()
}

describe('a local store after a crash', () => {
  for (const keep of ['synced', 'all', 'prefix', 'torn', 'stale'] as const) {
    test(`has all that resolved and nothing in part (kept: ${keep})`, async () => {
      for (let seed = 0; seed < 20; seed++) {
        const disk = simDisk(`${keep}-${seed}`)
        disk.makeFolder('/data')
        await disk.syncFolder('/')
        const store = openOn(disk, '/data', 512)
        const resolved: number[] = []
        const all: Promise<unknown>[] = []
        for (let index = 0; index < 40; index++) {
          const pair = [put(`a/${index}`, 'x'.repeat(index)), put(`b/${index}`, 'y')]
          const done = write(store, ...pair).then(({ kind }) => {
            if (kind === 'done') resolved.push(index)
          })
          all.push(done)
          if (index % 7 === seed % 7) await done
        }
        const before = [...resolved]
        disk.crash({ keep })
        await Promise.all(all)
        const again = openOn(disk, '/data', 512)
        const keys = new Set((await contents(again)).map(([key]) => key))
        for (const index of before) expect(keys.has(`a/${index}`)).toBe(true)
        for (let index = 0; index < 40; index++) {
          expect(keys.has(`a/${index}`)).toBe(keys.has(`b/${index}`))
        }
        const revision = (await again.load()).revision
        expect(revision).toBeGreaterThanOrEqual(before.length)
        expect(await write(again, put('more', 'z'))).toEqual({
          kind: 'done',
          revision: revision + 1,
        })
        await again.close()
      }
    })
  }

  test('a torn last frame is told, kept aside and cut off by the first write', async () => {
    const disk = memoryDisk()
    const store = openOn(disk, '/data')
    await write(store, put('a', 'kept'))
    await store.close()
    const file = disk.open(`/data/${METADATA_LOG}`, 'write')
    const size = file.sizeBytes
    file.writev([Buffer.from('OTMD\0\0\0\x40torn')], size)
    const findings: StoreFinding[] = []
    const again = new LocalStore({
      disk,
      loop,
      crc32c,
      folder: '/data',
      onFinding: finding => findings.push(finding),
    })
    expect(findings).toMatchObject([{ kind: 'cut', bytes: 12 }])
    expect(findings[0]?.reason).toContain(`from byte ${size} on`)
    expect(file.sizeBytes).toBe(size + 12)
    expect(await contents(again)).toEqual([['a', 'kept']])
    await write(again, put('b', 'more'))
    await again.close()
    expect(disk.readFile(`/data/${METADATA_LOG}.torn-${size}`).toString()).toContain('torn')
    expect(await contents(openOn(disk, '/data'))).toEqual([
      ['a', 'kept'],
      ['b', 'more'],
    ])
  })

  test('a flipped bit of any byte never undoes a change that was acknowledged', async () => {
    const disk = memoryDisk()
    const store = openOn(disk, '/data')
    await write(store, put('a', 'first'))
    await write(store, put('b', 'second'))
    await store.close()
    const whole = disk.readFile(`/data/${METADATA_LOG}`)
    const file = disk.open(`/data/${METADATA_LOG}`, 'write')
    let refused = 0
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      file.writev([flipped], 0)
      try {
        expect(await contents(openOn(disk, '/data'))).toEqual([
          ['a', 'first'],
          ['b', 'second'],
        ])
      } catch (error) {
        refused++
        expect(error).toMatchObject({ code: 'CORRUPT' })
        expect((error as { cause: Error }).cause.message).toMatch(/damaged at byte \d+/)
      }
    }
    // All but the seal of the last frame, 13 bytes, which only says that the frame was synced.
    expect(refused).toBe((whole.length - 13) * 8)
  })

  test('damage with sound data behind it is refused, not cut away', async () => {
    const disk = memoryDisk()
    const store = openOn(disk, '/data')
    await write(store, put('a', 'first'))
    await write(store, put('b', 'second'))
    await store.close()
    disk.open(`/data/${METADATA_LOG}`, 'write').writev([Buffer.from('!')], 20)
    expect(() => openOn(disk, '/data')).toThrow(/CORRUPT/)
  })

  test('a snapshot that is not whole is refused', async () => {
    const disk = memoryDisk()
    const store = openOn(disk, '/data', 0)
    await write(store, put('a', 'first'))
    await write(store, put('b', 'second'))
    await store.close()
    const snapshot = disk.open(`/data/${METADATA_SNAPSHOT}`, 'write')
    snapshot.truncate(snapshot.sizeBytes - 1)
    expect(() => openOn(disk, '/data')).toThrow(/CORRUPT/)
  })
})

describe('a local store on a full disk', () => {
  test('does nothing of what it could not write, and goes on when there is room', async () => {
    const disk = new SimDisk({ random: new SeededRandom('full'), capacityBytes: 64 * 1024 })
    const store = openOn(disk, '/data', 4096)
    await write(store, put('a', 'before'))
    const filler = disk.open('/filler', 'create')
    const free = disk.freeBytes('/')
    filler.writev([Buffer.alloc(free)], 0)
    const many = await Promise.all([
      write(store, put('a', 'during'), put('big', 'x'.repeat(9000))),
      write(store, put('c', 'judged upon it')),
    ])
    expect(many.map(({ kind }) => kind)).toEqual(['unknown', 'unknown'])
    expect(await contents(store)).toEqual([['a', 'before']])
    filler.truncate(0)
    expect((await write(store, put('c', 'after'))).kind).toBe('done')
    await store.close()
    expect(await contents(openOn(disk, '/data'))).toEqual([
      ['a', 'before'],
      ['c', 'after'],
    ])
  })
})

describe('random histories', () => {
  const key = fc.constantFrom('a', 'p/a', 'p/b', 'p/q/a', 'q')
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key, value: fc.integer() }),
    fc.record({ kind: fc.constant('delete' as const), key }),
    fc.record({
      kind: fc.constant('delete-prefix' as const),
      prefix: fc.constantFrom('p', 'p/', 'p/q/', 'q', ''),
    }),
  )

  test('a store equals a map, over restarts and compactions', async () => {
    const steps = fc.array(fc.oneof(fc.array(operation, { maxLength: 5 }), fc.constant('reopen')))
    await fc.assert(
      fc.asyncProperty(steps, async history => {
        const disk = memoryDisk()
        let store = openOn(disk, '/data', 200)
        const model = new Map<string, unknown>()
        for (const step of history) {
          if (typeof step === 'string') {
            await store.close()
            store = openOn(disk, '/data', 200)
          } else {
            await store.transact({ compare: [], operations: step })
            for (const one of step) applyTo(model, one)
          }
          const { entries } = await store.load()
          const found = entries.map((entry: StoreEntry) => [entry.key, entry.value])
          expect(new Map(found as [string, unknown][])).toEqual(model)
        }
        await store.close()
      }),
      { numRuns: 60 },
    )
  })
})

function applyTo(model: Map<string, unknown>, operation: StoreOperation): void {
  if (operation.kind === 'put') model.set(operation.key, operation.value)
  else if (operation.kind === 'delete') model.delete(operation.key)
  else for (const key of [...model.keys()]) if (key.startsWith(operation.prefix)) model.delete(key)
}

test('a change is done once it is on disk, whether or not its seal could be written', async () => {
  const disk = simDisk('seal')
  const store = openOn(disk, '/data')
  await write(store, put('first', '1'))
  const path = 'ottla-metadata'
  disk.faults.add({ calls: ['write'], path, code: 'ENOSPC', afterCalls: 1, times: 1 })
  expect((await write(store, put('second', '2'))).kind).toBe('done')
  expect((await write(store, put('third', '3'))).kind).toBe('done')
  await store.close()
  const again = openOn(disk, '/data')
  expect(await contents(again)).toEqual([
    ['first', '1'],
    ['second', '2'],
    ['third', '3'],
  ])
  await again.close()
})
