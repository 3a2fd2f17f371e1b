import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommandFailure } from '../../../client/cli/failure.ts'
import { LineParser, linesOf } from '../../../client/cli/line-records.ts'

const LINE_BYTES_MAX = 1024

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

async function linesIn(chunks: readonly Uint8Array[], max = LINE_BYTES_MAX): Promise<string[]> {
  const lines: string[] = []
  for await (const some of linesOf(stream(chunks), max)) {
    lines.push(...some.map(line => line.toString('latin1')))
  }
  return lines
}

describe('lines', () => {
  test('end with a newline, the last with or without', async () => {
    expect(await linesIn([Buffer.from('a\nb\n')])).toEqual(['a', 'b'])
    expect(await linesIn([Buffer.from('a\nb')])).toEqual(['a', 'b'])
    expect(await linesIn([Buffer.from('\n\n')])).toEqual(['', ''])
    expect(await linesIn([])).toEqual([])
  })

  test('keep their carriage returns and bytes that are no text', async () => {
    expect(await linesIn([Buffer.from([0x61, 0x0d, 0x0a, 0xff, 0x00])])).toEqual(['a\r', '\xff\0'])
  })

  test('are the same however the bytes arrive', async () => {
    const chunk = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(fc.array(chunk), async chunks => {
        const whole = await linesIn([Buffer.from(chunks.join(''))])
        expect(await linesIn(chunks.map(text => Buffer.from(text)))).toEqual(whole)
      }),
    )
  })

  test('have a length that is not exceeded', async () => {
    const part = Buffer.alloc(600, 'a')
    await expect(linesIn([part, part])).rejects.toThrow(CommandFailure)
    expect(await linesIn([part, Buffer.from('\n'), part])).toHaveLength(2)
  })
})

describe('a line', () => {
  function parsed(parser: LineParser, line: string): (string | null)[] {
    const { key, value } = parser.parse(Buffer.from(line))
    return [key?.toString() ?? null, value?.toString() ?? null]
  }

  test('is a value without a key unless a separator is given', () => {
    expect(parsed(new LineParser(null, null), 'a:b')).toEqual([null, 'a:b'])
  })

  test('is cut at the first separator, however long that is', () => {
    expect(parsed(new LineParser(':', null), 'a:b:c')).toEqual(['a', 'b:c'])
    expect(parsed(new LineParser('=>', null), 'a=>b')).toEqual(['a', 'b'])
    expect(parsed(new LineParser(':', null), ':')).toEqual(['', ''])
  })

  test('without the separator is refused by its number', () => {
    const parser = new LineParser(':', null)
    parser.parse(Buffer.from('a:1'))
    expect(() => parser.parse(Buffer.from('b'))).toThrow(/^Line 2 has no ':'/)
  })

  test('can say null for key and value', () => {
    expect(parsed(new LineParser(':', 'NULL'), 'NULL:NULL')).toEqual([null, null])
    expect(parsed(new LineParser(':', 'NULL'), 'NULLS: NULL')).toEqual(['NULLS', ' NULL'])
    expect(parsed(new LineParser(null, ''), '')).toEqual([null, null])
  })
})
