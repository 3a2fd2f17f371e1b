import { expect, test } from 'vitest'
import { AlterOperation, alterOverrides } from '../../../broker/config/alter.ts'
import { type AlterScopes, alterScopes } from '../../../broker/config/alter-scopes.ts'
import { describeBroker, describeTopic } from '../../../broker/config/describe.ts'
import { loadConfig } from '../../../broker/config/load.ts'

/*
 * The values were set on Apache Kafka 4.3.0: what it took, refused and told stands here.
 */
const NONE: ReadonlyMap<string, string> = new Map()
const { SET, DELETE, APPEND, SUBTRACT } = AlterOperation

function scopesOf(overrides: Record<string, string> = {}): AlterScopes {
  return alterScopes(loadConfig({ overrides }).config)
}

function altered(
  kind: keyof AlterScopes,
  name: string,
  value: string | null,
  { operation = SET as number, current = NONE, scopes = scopesOf() } = {},
): string | undefined {
  const result = alterOverrides(current, [{ name, operation, value }], scopes[kind])
  return 'message' in result ? result.kind : result.get(name)
}

const values: [kind: keyof AlterScopes, name: string, value: string, told: string][] = [
  ['topic', 'compression.type', ' gzip ', 'gzip'],
  ['topic', 'compression.type', 'GZIP', 'invalid-config'],
  ['topic', 'retention.ms', ' +2000', '2000'],
  ['topic', 'retention.ms', '02000', '2000'],
  ['topic', 'retention.ms', '-0', '0'],
  ['topic', 'retention.ms', '9223372036854775807', '9223372036854775807'],
  ['topic', 'retention.ms', '9223372036854775808', 'invalid-config'],
  ['topic', 'retention.ms', '2000.0', 'invalid-config'],
  ['topic', 'retention.ms', '', 'invalid-config'],
  ['topic', 'min.cleanable.dirty.ratio', '+.3', '0.3'],
  ['topic', 'min.cleanable.dirty.ratio', '1', '1.0'],
  ['topic', 'min.cleanable.dirty.ratio', '0.0001', '1.0E-4'],
  ['topic', 'min.cleanable.dirty.ratio', '0.30f', '0.3'],
  ['topic', 'preallocate', ' TRUE', 'true'],
  ['topic', 'preallocate', 'yes', 'invalid-config'],
  ['topic', 'cleanup.policy', ' delete , compact,delete', 'delete,compact'],
  ['topic', 'cleanup.policy', '', ''],
  ['topic', 'cleanup.policy', 'delete,,compact', 'invalid-config'],
  ['topic', 'leader.replication.throttled.replicas', ' 0:1 , 0:1', '0:1,0:1'],
  ['topic', 'leader.replication.throttled.replicas', '*', '*'],
  ['topic', 'leader.replication.throttled.replicas', '0:1,*', 'invalid-config'],
  ['topic', 'leader.replication.throttled.replicas', '0', 'invalid-config'],
  ['topic', 'compression.gzip.level', '0', 'invalid-config'],
  ['topic', 'remote.storage.enable', 'true', 'invalid-config'],
  ['broker', 'leader.replication.throttled.rate', ' 1000 ', '1000'],
  ['broker', 'follower.replication.throttled.rate', '-1', 'invalid-request'],
  ['broker', 'log.cleaner.threads', '2', '2'],
  ['broker', 'log.cleaner.enable', 'false', 'invalid-request'],
  ['broker', 'ssl.keystore.password', 'hush', 'invalid-request'],
  ['broker', 'listener.name.external.ssl.keystore.password', 'hush', 'hush'],
  ['broker', 'principal.builder.class', 'no.such.Class', 'invalid-request'],
  ['brokerDefaults', 'listeners', 'PLAINTEXT://:1', 'invalid-request'],
  ['brokerDefaults', 'max.connections.per.ip.overrides', 'a:b', 'invalid-request'],
  ['group', 'consumer.session.timeout.ms', ' +46000 ', '46000'],
  ['group', 'consumer.session.timeout.ms', '44999', 'invalid-config'],
  ['group', 'share.auto.offset.reset', 'by_duration:PT1H', 'by_duration:PT1H'],
  ['group', 'share.auto.offset.reset', 'by_duration:-PT1H', 'invalid-config'],
  ['group', 'no.such', '1', 'invalid-config'],
  ['clientMetrics', 'interval.ms', '99', 'invalid-request'],
  ['clientMetrics', 'interval.ms', 'x', 'invalid-config'],
  ['clientMetrics', 'match', ' client_id = b ', 'client_id = b'],
  ['clientMetrics', 'match', 'client_id=[', 'invalid-config'],
  ['clientMetrics', 'no.such', '1', 'invalid-request'],
]
for (const [kind, name, value, told] of values) {
  test(`${kind} ${name} = ${JSON.stringify(value)}: ${told}`, () => {
    expect(altered(kind, name, value)).toBe(told)
  })
}

test('deleting what is unknown or was never set changes nothing', () => {
  for (const kind of ['topic', 'broker', 'brokerDefaults', 'group', 'clientMetrics'] as const) {
    expect(altered(kind, 'no.such', null, { operation: DELETE })).toBeUndefined()
  }
  const scope = scopesOf().brokerDefaults
  const clear = [{ name: 'leader.replication.throttled.rate', operation: DELETE, value: null }]
  expect(alterOverrides(NONE, clear, scope)).toEqual(NONE)
  expect(altered('broker', 'node.id', null, { operation: DELETE })).toBeUndefined()
})

test('what is appended to a list and taken from it is in the normal form', () => {
  const added = altered('topic', 'cleanup.policy', ' compact , delete', { operation: APPEND })
  expect(added).toBe('delete,compact')
  const current = new Map([['cleanup.policy', 'delete,compact']])
  const less = altered('topic', 'cleanup.policy', ' delete ', { operation: SUBTRACT, current })
  expect(less).toBe('compact')
})

test('compaction lags that contradict each other, or the broker, are refused', () => {
  const max = new Map([['max.compaction.lag.ms', '5']])
  expect(altered('topic', 'min.compaction.lag.ms', '6', { current: max })).toBe('invalid-config')
  expect(altered('topic', 'min.compaction.lag.ms', '5', { current: max })).toBe('5')
  const scopes = scopesOf({ 'log.cleaner.max.compaction.lag.ms': '7' })
  expect(altered('topic', 'min.compaction.lag.ms', '8', { scopes })).toBe('invalid-config')
})

test('a synonym is told under its own name and in its own unit', () => {
  const { config } = loadConfig({
    overrides: { 'log.retention.hours': '24', 'log.retention.minutes': '+90' },
  })
  const [retention] = describeTopic(config, NONE, ['retention.ms'])
  expect(retention?.value).toBe('5400000')
  expect(retention?.synonyms).toEqual([
    { name: 'log.retention.minutes', value: '90', source: 4 },
    { name: 'log.retention.hours', value: '24', source: 4 },
    { name: 'log.retention.hours', value: '168', source: 5 },
  ])
  const [minutes] = describeBroker(config, ['log.retention.minutes'])
  expect(minutes).toMatchObject({ value: '90', source: 4, isReadOnly: true })
})

test('a value that an older version stored as it was written is told in the normal form', () => {
  const { config } = loadConfig({})
  const [type] = describeTopic(config, new Map([['compression.type', ' gzip ']]), [
    'compression.type',
  ])
  expect(type?.value).toBe('gzip')
})
