import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unescaped } from '../../../client/cli/escapes.ts'
import { UsageError } from '../../../client/cli/failure.ts'
import { compileFormat, jsonOf, type PrintableRecord } from '../../../client/cli/record-format.ts'

const RECORD: PrintableRecord = {
  topic: 'orders',
  partition: 2,
  offset: 17,
  timestamp: 1_700_000_000_000,
  key: Buffer.from('alice'),
  value: Buffer.from('2 apples'),
  headers: [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
  ],
}

function printed(format: string, record: PrintableRecord = RECORD, nullText = ''): string {
  return Buffer.concat(compileFormat(format, nullText)(record)).toString()
}

describe('a format', () => {
  test('names every part of a record', () => {
    expect(printed('%t/%p@%o %T %k=%v [%h]', RECORD, 'NULL')).toBe(
      'orders/2@17 1700000000000 alice=2 apples [a=1,b=NULL]',
    )
  })

  test('has escapes and a way to write a percent sign', () => {
    expect(printed('100%%\\t%k\\n\\x41\\\\')).toBe('100%\talice\nA\\')
  })

  test('reads escapes of the format only, never of the record', () => {
    expect(printed('%v', { ...RECORD, value: Buffer.from('a\\n%k') })).toBe('a\\n%k')
  })

  test('prints nothing, or the marker, for null', () => {
    const empty = { ...RECORD, key: null, value: null }
    expect(printed('[%k|%v]', empty)).toBe('[|]')
    expect(printed('[%k|%v]', empty, '∅')).toBe('[∅|∅]')
  })

  test('keeps bytes that are no text', () => {
    const value = Buffer.from([0xff, 0x00, 0xfe, 0x0a])
    const pieces = compileFormat('<%v>', '')({ ...RECORD, value })
    expect(Buffer.concat(pieces)).toEqual(Buffer.from([0x3c, 0xff, 0x00, 0xfe, 0x0a, 0x3e]))
  })

  test.each(['%x', '%', 'a%', '%%%', '\\q', '\\'])('refuses %j', format => {
    expect(() => compileFormat(format, '')).toThrow(UsageError)
  })

  test('of plain text prints that text', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        const format = text.replaceAll('%', '%%').replaceAll('\\', '\\\\')
        expect(printed(format)).toBe(text)
      }),
    )
  })
})

test('an escape is read as what it stands for', () => {
  expect(unescaped('a\\tb\\r\\n\\0\\x1fz')).toBe('a\tb\r\n\0\x1fz')
})

describe('a record as JSON', () => {
  test('has every part, text as text', () => {
    expect(jsonOf(RECORD)).toEqual({
      topic: 'orders',
      partition: 2,
      offset: 17,
      timestamp: 1_700_000_000_000,
      key: 'alice',
      value: '2 apples',
      headers: [
        { key: 'a', value: '1' },
        { key: 'b', value: null },
      ],
    })
  })

  test('tells null from empty', () => {
    expect(jsonOf({ ...RECORD, key: null, value: Buffer.alloc(0) })).toMatchObject({
      key: null,
      value: '',
    })
  })

  test('has bytes that are no text in base64, so that every byte comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), array => {
        const value = Buffer.from(array)
        const json = JSON.parse(JSON.stringify(jsonOf({ ...RECORD, value })))
        const back =
          'value' in json ? Buffer.from(json.value) : Buffer.from(json.valueBase64, 'base64')
        expect(back).toEqual(value)
      }),
    )
  })

  test('keeps a replacement character that was really there', () => {
    expect(jsonOf({ ...RECORD, value: Buffer.from('\ufffd') })).toMatchObject({ value: '\ufffd' })
  })
})
