import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { File } from '../../../host/host.ts'
import { nodeDisk } from '../../../host/node/host.ts'
import { SMALL_READ_BYTES_MAX, smallReadCounts } from '../../../host/node/small-reads.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/ottla-small-`)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function fileOf(content: string | Buffer, name = 'a'): File {
  const file = nodeDisk().open(`${folder}/${name}`, 'create')
  file.writev([Buffer.from(content)], 0)
  return file
}

function textAt(file: File, position: number, sizeBytes: number): string {
  const target = Buffer.alloc(sizeBytes + 2, '.')
  const count = file.read(target, position, 1, sizeBytes)
  expect(String(target.subarray(count + 1))).toBe('.'.repeat(target.length - count - 1))
  return target.toString('latin1', 1, count + 1)
}

/** Whether the file has bytes of its own kept. */
function keeps(call: () => void): boolean {
  const before = smallReadCounts().inUse
  call()
  return smallReadCounts().inUse > before
}

test('a small range is kept, and its parts are read from there', () => {
  const file = fileOf('0123456789')
  expect(keeps(() => textAt(file, 2, 6))).toBe(true)
  expect(textAt(file, 2, 6)).toBe('234567')
  expect(textAt(file, 4, 2)).toBe('45')
  expect(textAt(file, 5, 3)).toBe('567')
  expect(textAt(file, 1, 3)).toBe('123')
  expect(textAt(file, 7, 9)).toBe('789')
  file.close()
})

test('a long range is not kept, nor one of a file that another opening may write', () => {
  const file = fileOf(Buffer.alloc(2 * SMALL_READ_BYTES_MAX, 'x'))
  expect(keeps(() => file.read(Buffer.alloc(SMALL_READ_BYTES_MAX + 1), 0))).toBe(false)
  const reader = nodeDisk().open(file.path, 'read')
  expect(keeps(() => textAt(reader, 0, 5))).toBe(false)
  file.writev([Buffer.from('after')], 0)
  expect(textAt(reader, 0, 5)).toBe('after')
  file.close()
  reader.close()
})

test('what is written behind leaves it, what is written over it does not', () => {
  const file = fileOf('abc')
  expect(textAt(file, 0, 3)).toBe('abc')
  expect(keeps(() => file.writev([Buffer.from('def')], 3))).toBe(false)
  expect(textAt(file, 0, 6)).toBe('abcdef')
  file.writev([Buffer.from('XY')], 2)
  expect(textAt(file, 0, 6)).toBe('abXYef')
  file.close()
})

test('a file cut and written anew shows the new bytes', () => {
  const file = fileOf('old bytes')
  expect(textAt(file, 4, 5)).toBe('bytes')
  file.truncate(4)
  expect(textAt(file, 4, 5)).toBe('')
  file.writev([Buffer.from('words')], 4)
  expect(textAt(file, 4, 5)).toBe('words')
  file.close()
})

test('a file opened again keeps nothing of before, one closed but retained nothing at all', () => {
  const before = smallReadCounts().inUse
  const first = fileOf('first')
  expect(textAt(first, 0, 5)).toBe('first')
  first.retain()
  first.close()
  expect(smallReadCounts().inUse).toBe(before)
  const second = nodeDisk().open(first.path, 'write')
  second.writev([Buffer.from('SECON')], 0)
  expect(textAt(second, 0, 5)).toBe('SECON')
  expect(keeps(() => textAt(first, 0, 5))).toBe(false)
  expect(textAt(first, 0, 5)).toBe('SECON')
  first.release()
  second.close()
  expect(smallReadCounts().inUse).toBe(before)
})

test('all files together keep no more than 4 MiB, and the latest of it', () => {
  const before = smallReadCounts().inUse
  const files = Array.from({ length: 1100 }, (_, at) => fileOf(`file ${at}`, String(at)))
  for (let round = 0; round < 2; round++) {
    for (const [at, file] of files.entries()) expect(textAt(file, 5, 9)).toBe(String(at))
  }
  expect(smallReadCounts()).toEqual({ inUse: 1024, bytes: 4 << 20 })
  for (const file of files) file.close()
  expect(smallReadCounts().inUse).toBe(before)
})
