import { expect, test } from 'vitest'
import { SimDisk } from '../../host/sim/disk.ts'
import { BALLAST_FILE, Space } from '../../storage/space.ts'

const MIB = 1 << 20
const BALLAST = { sizeBytes: 2 * MIB, fill: (size: number) => Buffer.alloc(size, 7) }

function roomOf(capacityBytes: number) {
  const disk = new SimDisk({ capacityBytes, tracksDurability: false })
  disk.makeFolder('/data')
  const make = () => new Space({ disk, folder: '/data', ballast: BALLAST })
  const space = make()
  const write = (name: string, sizeBytes: number) => {
    const file = disk.open(`/data/${name}`, 'create')
    file.writev([Buffer.alloc(sizeBytes)], 0)
    file.close()
  }
  const heldBytes = () => disk.stat(`/data/${BALLAST_FILE}`)?.sizeBytes ?? -1
  return { disk, space, make, write, heldBytes }
}

/** Looks until the ballast is whole, or cannot be made. */
function grow(space: Space): void {
  while (space.look().isGrowing);
}

test('the ballast is made while as much again stays free', () => {
  const { space, heldBytes } = roomOf(4 * MIB)
  grow(space)
  expect(heldBytes()).toBe(2 * MIB)
  const small = roomOf(3 * MIB)
  grow(small.space)
  expect(small.heldBytes()).toBe(-1)
  expect(small.space.isFull).toBe(false)
})

test('a full disk gives the ballast up and refuses records until there is room again', () => {
  const { disk, space, write, heldBytes } = roomOf(6 * MIB)
  let told = 0
  space.onFull = () => told++
  grow(space)
  write('a', 4 * MIB)
  expect(space.look()).toMatchObject({ isFull: true })
  expect(space.isRefusing).toBe(true)
  expect(heldBytes()).toBe(0)
  expect(disk.freeBytes('/data')).toBe(2 * MIB)
  expect(space.full()).toBe(false)
  expect(told).toBe(1)
  expect(space.look().isFull).toBe(true)

  disk.remove('/data/a')
  grow(space)
  expect(space.look()).toEqual({ freeBytes: 4 * MIB, isFull: false, isGrowing: false })
  expect(space.isRefusing).toBe(false)
  expect(heldBytes()).toBe(2 * MIB)
})

test('a start on a full disk gives the ballast up, and the next start knows of it', () => {
  const { disk, space, make, write, heldBytes } = roomOf(6 * MIB)
  grow(space)
  write('a', 4 * MIB - 100)
  const next = make()
  next.begin()
  expect(next.isRefusing).toBe(true)
  expect(heldBytes()).toBe(0)
  // What a start and a stop write takes some of what was given up.
  write('b', MIB)
  const third = make()
  third.begin()
  expect(third.isRefusing).toBe(true)
  disk.remove('/data/a')
  const fourth = make()
  fourth.begin()
  expect(fourth.isRefusing).toBe(false)
})

test('without a ballast a full disk refuses nothing beforehand', () => {
  const disk = new SimDisk({ capacityBytes: MIB / 2, tracksDurability: false })
  disk.makeFolder('/data')
  const space = new Space({ disk, folder: '/data', ballast: null })
  space.begin()
  expect(space.look()).toMatchObject({ isFull: true })
  expect(space.isRefusing).toBe(false)
  disk.capacityBytes = 8 * MIB
  expect(space.look()).toMatchObject({ isFull: false })
})
