/** What a disk does with the bytes of a file: written, read back, cut. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeOf, type DiskContext, readAll, write } from './disk-context.ts'

const arbitraryStep = fc.record({
  kind: fc.constantFrom('append', 'overwrite', 'truncate', 'reopen', 'read', 'read', 'read'),
  position: fc.nat(60),
  sizeBytes: fc.nat(20),
  fill: fc.integer({ min: 1, max: 255 }),
})

/** Part of the disk contract. */
export function bytes({ disk, at }: DiskContext): void {
  test('buffers written one after another read back as one run of bytes', () => {
    const file = disk().open(at('a'), 'create')
    expect(file.writev([Buffer.from('one '), Buffer.from('two '), Buffer.from('three')], 0)).toBe(
      13,
    )
    expect(file.sizeBytes).toBe(13)
    expect(readAll(file)).toBe('one two three')
    expect(file.writev([Buffer.from('TWO')], 4)).toBe(3)
    expect(file.sizeBytes).toBe(13)
    expect(readAll(file)).toBe('one TWO three')
    file.close()
  })

  test('two thousand buffers are written by one call', () => {
    const file = disk().open(at('a'), 'create')
    const buffers = Array.from({ length: 2000 }, (_, at) => Buffer.from(`${at};`))
    const all = Buffer.concat(buffers)
    expect(file.writev(buffers, 0)).toBe(all.length)
    expect(disk().readFile(at('a')).equals(all)).toBe(true)
    file.close()
  })

  test('writing nothing writes nothing', () => {
    const file = disk().open(at('a'), 'create')
    expect(file.writev([], 0)).toBe(0)
    expect(file.writev([Buffer.alloc(0)], 10)).toBe(0)
    expect(file.sizeBytes).toBe(0)
    file.close()
  })

  test('the buffers may be reused once writev has returned', () => {
    const file = disk().open(at('a'), 'create')
    const buffer = Buffer.from('first')
    file.writev([buffer], 0)
    buffer.write('XXXXX')
    expect(readAll(file)).toBe('first')
    file.close()
  })

  test('a gap reads as zeros', () => {
    const file = disk().open(at('a'), 'create')
    file.writev([Buffer.from('z')], 5)
    expect(file.sizeBytes).toBe(6)
    expect(readAll(file)).toBe('\0\0\0\0\0z')
    file.close()
  })

  test('a read is cut at the end of the file and returns 0 behind it', async () => {
    const file = disk().open(at('a'), 'create')
    file.writev([Buffer.from('0123456789')], 0)
    const target = Buffer.alloc(8)
    expect(file.read(target, 6)).toBe(4)
    expect(target.toString('latin1', 0, 4)).toBe('6789')
    expect(file.read(target, 10)).toBe(0)
    expect(file.read(target, 1000)).toBe(0)
    expect(await file.readLater(target, 4)).toBe(6)
    expect(target.toString('latin1', 0, 6)).toBe('456789')
    expect(await file.readLater(target, 10)).toBe(0)
    file.close()
  })

  test('a read into the middle leaves the rest as it was', () => {
    const file = disk().open(at('a'), 'create')
    file.writev([Buffer.from('0123456789')], 0)
    const target = Buffer.alloc(8, '.')
    expect(file.read(target, 3, 2, 4)).toBe(4)
    expect(String(target)).toBe('..3456..')
    expect(file.read(target, 3, 6)).toBe(2)
    expect(String(target)).toBe('..345634')
    file.close()
  })

  test('whatever is written, cut and opened again is what is read', () => {
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: 40 }), steps => {
        let model = Buffer.alloc(0)
        let file = disk().open(at('a'), 'create')
        file.truncate(0)
        for (const { kind, position, sizeBytes, fill } of steps) {
          const cut = Math.min(position, model.length)
          if (kind === 'append' || kind === 'overwrite') {
            const from = kind === 'append' ? model.length : cut
            const bytes = Buffer.alloc(sizeBytes, fill)
            file.writev([bytes], from)
            const rest = model.subarray(from + sizeBytes)
            model = Buffer.concat([model.subarray(0, from), bytes, rest])
          } else if (kind === 'truncate') {
            file.truncate(cut)
            model = model.subarray(0, cut)
          } else if (kind === 'reopen') {
            file.close()
            file = disk().open(at('a'), 'write')
          } else {
            const expected = model.subarray(position, position + sizeBytes)
            const target = Buffer.alloc(sizeBytes)
            expect(file.read(target, position)).toBe(expected.length)
            expect(target.subarray(0, expected.length).equals(expected)).toBe(true)
          }
        }
        file.close()
      }),
      { numRuns: 100 },
    )
  })

  test('truncating cuts and extends with zeros', () => {
    const file = disk().open(at('a'), 'create')
    file.writev([Buffer.from('abcdef')], 0)
    file.truncate(3)
    expect(file.sizeBytes).toBe(3)
    file.truncate(5)
    expect(file.sizeBytes).toBe(5)
    expect(readAll(file)).toBe('abc\0\0')
    file.close()
  })

  test('what was just written is cached', () => {
    const file = disk().open(at('a'), 'create')
    file.writev([Buffer.alloc(100_000, 1)], 0)
    expect(file.isCached(0, 100_000)).toBe(true)
    file.close()
  })

  test('what need not stay cached reads the same, synced or not', async () => {
    const file = disk().open(at('a'), 'create')
    file.writev([Buffer.alloc(100_000, 7)], 0)
    await file.uncache(0, 100_000)
    await file.sync()
    await file.uncache(0, 100_000)
    const target = Buffer.alloc(100_000)
    expect(file.read(target, 0)).toBe(100_000)
    expect(target.equals(Buffer.alloc(100_000, 7))).toBe(true)
    file.close()
  })

  test('two openings of one file see the same bytes', () => {
    const writer = disk().open(at('a'), 'create')
    const reader = disk().open(at('a'), 'read')
    writer.writev([Buffer.from('seen')], 0)
    expect(readAll(reader, 4)).toBe('seen')
    writer.close()
    reader.close()
  })

  test('a file opened to read cannot be written', () => {
    write(disk(), at('a'), 'x')
    const reader = disk().open(at('a'), 'read')
    expect(codeOf(() => reader.writev([Buffer.from('y')], 0))).toBe('EBADF')
    reader.close()
  })
}
