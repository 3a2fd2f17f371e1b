/** What a client sends in one request must not hold up the broker: its work grows with its size. */
import { expect, test } from 'vitest'
import { alterLoggers } from '../../../broker/api/alter-loggers.ts'
import { ConfigResourceType } from '../../../broker/cluster/commands.ts'
import { AlterOperation, malformedRequest } from '../../../broker/config/alter.ts'
import { double, list } from '../../../broker/config/property.ts'
import type { BrokerServices } from '../../../broker/services.ts'
import { LoggerLevels } from '../../../host/log-levels.ts'

const LENGTH = 1_000_000

test('a list of a million blanks, and a number of a million digits, are read in one pass', () => {
  const blanks = `a ,${' '.repeat(LENGTH)}b${' '.repeat(LENGTH)}c`
  const read = list('', { doc: '' }).parse(blanks)
  expect(read).toMatchObject({ ok: true, value: ['a', `b${' '.repeat(LENGTH)}c`] })
  expect(double('0', { doc: '' }).parse(`${'1'.repeat(LENGTH)}x`).ok).toBe(false)
  for (const number of ['1', '1.', '1.5', '.5', '1.5e-3d', '+1f', 'Infinity']) {
    expect(double('0', { doc: '' }).parse(number).ok).toBe(true)
  }
})

test('three hundred thousand names are searched once for one that comes twice', () => {
  const changes = Array.from({ length: 300_000 }, (_, at) => {
    return { name: `name.${at}`, operation: AlterOperation.SET, value: '' }
  })
  expect(malformedRequest(changes)).toBeNull()
  const twice = malformedRequest([...changes, changes[7]!])
  expect(twice?.message).toBe('Error due to duplicate config keys: name.7')
})

test('a logger takes no level that is the name of a property of every object', () => {
  const logLevels = new LoggerLevels('info')
  const broker = { nodeId: 1, host: { logLevels } } as unknown as BrokerServices
  for (const value of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const result = alterLoggers(
      broker,
      {
        resourceType: ConfigResourceType.BROKER_LOGGER,
        resourceName: '1',
        mode: 'incremental',
        changes: [{ name: 'root', operation: AlterOperation.SET, value }],
      },
      { validateOnly: false },
    )
    expect(result.errorMessage).toContain(`${value} is not a level of root`)
  }
  expect(logLevels.levelOf('root')).toBe('info')
})
