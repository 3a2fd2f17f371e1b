import { describe, expect, test } from 'vitest'
import {
  addresses,
  count,
  durationMs,
  header,
  partitionList,
  positiveCount,
  settings,
  shift,
  startAt,
} from '../../../client/cli/arguments.ts'
import { UsageError } from '../../../client/cli/failure.ts'

const NOW_MS = Date.parse('2026-11-21T12:00:00Z')

describe('addresses', () => {
  test('are hosts with a port, the port being Kafka’s when left out', () => {
    expect(addresses('a:1, b.example.org:65535,c')).toEqual([
      'a:1',
      'b.example.org:65535',
      'c:9092',
    ])
  })

  test('of IPv6 stand in brackets', () => {
    expect(addresses('[::1]:9093,[fe80::1%eth0]')).toEqual(['[::1]:9093', '[fe80::1%eth0]:9092'])
  })

  test.each(['', ',', 'a:0', 'a:65536', 'a:b', '::1', 'a b', 'kafka://a:1'])('refuse %j', typed => {
    expect(() => addresses(typed)).toThrow(UsageError)
  })
})

describe('numbers', () => {
  test('are whole, and as positive as asked', () => {
    expect([count('0'), count('17'), positiveCount('1')]).toEqual([0, 17, 1])
    for (const typed of ['-1', '1.5', '1e3', '', 'x', '9'.repeat(16)]) {
      expect(() => count(typed)).toThrow(UsageError)
    }
    expect(() => positiveCount('0')).toThrow(UsageError)
  })

  test('of partitions may be lists, ranges and repeated', () => {
    expect(partitionList('3')).toEqual([3])
    expect(partitionList('4,0-2,1')).toEqual([0, 1, 2, 4])
    expect(partitionList('1', [7])).toEqual([1, 7])
    for (const typed of ['', 'a', '2-1', '0-', '0-999999999']) {
      expect(() => partitionList(typed)).toThrow(UsageError)
    }
  })

  test('of time have a unit, milliseconds when left out', () => {
    expect(['1500ms', '500ms', '1.5s', '2m', '1h', '7d'].map(durationMs)).toEqual([
      1500, 500, 1500, 120_000, 3_600_000, 604_800_000,
    ])
    for (const typed of ['0', '', '-1s', '1w', 's', '0s']) {
      expect(() => durationMs(typed)).toThrow(UsageError)
    }
  })

  test('of a time without its unit are refused, and say how to write it', () => {
    expect(() => durationMs('5')).toThrow(
      'expected a time with its unit (ms, s, m, h, d), as in 5s',
    )
  })
})

describe('shifts', () => {
  test('are on or back, but not nowhere', () => {
    expect(['10', '+10', '-10'].map(shift)).toEqual([10, 10, -10])
    for (const typed of ['0', '', '1.5', 'x', '--1']) expect(() => shift(typed)).toThrow(UsageError)
  })
})

describe('pairs', () => {
  test('of headers keep their order, repetitions and further equals signs', () => {
    expect(header('a=2=3', header('a=1'))).toEqual([
      { key: 'a', value: '1' },
      { key: 'a', value: '2=3' },
    ])
    expect(header('empty=')).toEqual([{ key: 'empty', value: '' }])
  })

  test('of settings are once each, the last winning', () => {
    const given = settings('b=3', settings('a=2', settings('a=1')))
    expect([...given]).toEqual([
      ['a', '2'],
      ['b', '3'],
    ])
  })

  test('need a name and an equals sign', () => {
    for (const typed of ['', 'a', '=1']) {
      expect(() => header(typed)).toThrow(UsageError)
      expect(() => settings(typed)).toThrow(UsageError)
    }
  })
})

describe('where to start', () => {
  const at = (typed: string) => startAt(typed, NOW_MS)

  test('is an end of the log, an offset, or so many records before the end', () => {
    expect(at('beginning')).toEqual({ kind: 'beginning' })
    expect(at('end')).toEqual({ kind: 'end' })
    expect(at('42')).toEqual({ kind: 'offset', offset: 42 })
    expect(at('-10')).toEqual({ kind: 'last', count: 10 })
  })

  test('is a time, by the calendar, in milliseconds or as long ago', () => {
    const noon = { kind: 'time', timestampMs: NOW_MS }
    expect(at('2026-11-21T12:00:00Z')).toEqual(noon)
    expect(at('2026-11-21T13:00+01:00')).toEqual(noon)
    expect(at(`@${NOW_MS}`)).toEqual(noon)
    expect(at('15m')).toEqual({ kind: 'time', timestampMs: NOW_MS - 900_000 })
    expect(at('2026-11-21')).toEqual({ kind: 'time', timestampMs: Date.parse('2026-11-21') })
  })

  test('is nothing else', () => {
    for (const typed of ['', 'start', '1.5', '2026-99-99', '@x', '+3']) {
      expect(() => at(typed)).toThrow(UsageError)
    }
  })
})
