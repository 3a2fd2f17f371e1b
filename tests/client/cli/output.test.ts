import { describe, expect, test } from 'vitest'
import { grouped, plural, sizeText, tableLines } from '../../../client/cli/output.ts'

describe('a table', () => {
  test('has columns as wide as need be, numbers to the right, and no trailing blanks', () => {
    const lines = tableLines(
      ['TOPIC', 'LAG', 'NOTE'],
      [
        ['a', 1, ''],
        ['a-long-name', 1000, 'x'],
      ],
    )
    expect(lines).toEqual(['TOPIC         LAG  NOTE', 'a               1', 'a-long-name  1000  x'])
  })

  test('prints a dash for nothing, and numbers stay to the right beside it', () => {
    expect(
      tableLines(
        ['N', 'TEXT'],
        [
          [null, null],
          [10, 'a'],
        ],
      ),
    ).toEqual([' N  TEXT', ' -  -', '10  a'])
  })

  test('without rows is its heading', () => {
    expect(tableLines(['A', 'B'], [])).toEqual(['A  B'])
  })
})

test('counts are grouped by thousands and agree with their noun', () => {
  expect([0, 1, 2, 1000, 1234567].map(n => plural(n, 'record'))).toEqual([
    '0 records',
    '1 record',
    '2 records',
    '1,000 records',
    '1,234,567 records',
  ])
  expect(grouped(999)).toBe('999')
})

test('sizes are in the unit that fits', () => {
  expect([0, 1, 1023, 1024, 1536, 1024 ** 2, 5 * 1024 ** 4].map(sizeText)).toEqual([
    '0 bytes',
    '1 byte',
    '1,023 bytes',
    '1.0 KiB',
    '1.5 KiB',
    '1.0 MiB',
    '5.0 TiB',
  ])
})
