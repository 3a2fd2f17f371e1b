import { expect, test } from 'vitest'
import { Conditions } from '../../broker/conditions.ts'

test('a condition is logged when it begins and when it is over, and not in between', () => {
  const lines: string[] = []
  let now = 100
  const note = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level}: ${message}`)
  }
  const log = { info: note('info'), warn: note('warn'), error: note('error') }
  const conditions = new Conditions(() => now, log)
  conditions.set('disk-nearly-full', '/data', 'warning', 'less than 1 GiB is free')
  now = 200
  conditions.set('disk-nearly-full', '/data', 'warning', 'less than 1 MiB is free')
  conditions.set('stray-log', 'a-0', 'error', 'a-0 belongs to no topic')
  expect(conditions.list().map(({ subject, sinceMs }) => [subject, sinceMs])).toEqual([
    ['a-0', 200],
    ['/data', 100],
  ])
  conditions.clear('disk-nearly-full', '/data')
  conditions.clear('disk-nearly-full', '/data')
  expect(lines).toEqual([
    'warn: less than 1 GiB is free',
    'error: a-0 belongs to no topic',
    'info: a condition is over',
  ])
  expect(conditions.has('disk-nearly-full', '/data')).toBe(false)
})
