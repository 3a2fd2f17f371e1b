/** What `bench -- latency --trace` puts a slow record to the account of. */
import { describe, expect, test } from 'vitest'
import { delaysOf, type SlowRecord } from '../../bench/support/delays.ts'
import type { Trace } from '../../bench/support/trace-probe.ts'

const quiet: Trace = { collections: [], looks: [], stacks: [] }

function causeOf(record: SlowRecord, trace = quiet): string | undefined {
  return delaysOf([record], trace)[0]?.cause
}

describe('a delay', () => {
  test("is the load's own where the load wrote or read late", () => {
    expect(causeOf([0, 4_000, 4_200, 4_300, 100, 0])).toBe('load: wrote late')
    expect(causeOf([0, 10, 200, 5_000, 100, 0])).toBe('load: read late')
  })

  test("is the machine's where the loop was ready while others ran", () => {
    expect(causeOf([0, 10, 5_000, 5_010, 200, 4_500])).toBe('machine: ready, others ran')
  })

  test("is the collector's where a collection overlaps most of the broker's part", () => {
    const collections = [{ kind: 'scavenge', fromUs: 100, untilUs: 2_900 }]
    const record: SlowRecord = [0, 10, 3_000, 3_010, 2_950, 0]
    expect(causeOf(record, { ...quiet, collections })).toBe('broker: collector')
    expect(delaysOf([record], { ...quiet, collections })[0]?.detail).toContain('scavenge 2.8 ms')
  })

  test("is the broker's where it ran, with the functions that were seen", () => {
    const trace = { ...quiet, looks: [{ atUs: 500, stack: 0 }], stacks: [['crc32c', 'append']] }
    const [delay] = delaysOf([[0, 10, 3_000, 3_010, 2_900, 0]], trace)
    expect(delay?.cause).toBe('broker: ran')
    expect(delay?.detail).toContain('1 x crc32c < append')
  })

  test("is the disk's or the machine's where the broker neither ran nor was ready", () => {
    expect(causeOf([0, 10, 3_000, 3_010, 100, 0])).toBe(
      'disk or machine: neither ran nor was ready',
    )
  })
})

test('records that were slow at the same time are one delay, as long as its longest record', () => {
  const delays = delaysOf(
    [
      [0, 10, 3_000, 3_010, 2_900, 0],
      [1_000, 1_010, 3_000, 3_010, 1_900, 0],
      [9_000, 9_010, 11_000, 11_010, 1_900, 0],
    ],
    quiet,
  )
  expect(delays.map(d => [d.records, d.lengthUs])).toEqual([
    [2, 3_010],
    [1, 2_010],
  ])
})
