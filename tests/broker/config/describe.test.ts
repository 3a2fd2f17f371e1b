import { describe, expect, test } from 'vitest'
import { AlterOperation, alterOverrides, replaceOverrides } from '../../../broker/config/alter.ts'
import { alterScopes } from '../../../broker/config/alter-scopes.ts'
import {
  describeBroker,
  describeBrokerDefaults,
  describeTopic,
  inheritedTopicText,
} from '../../../broker/config/describe.ts'
import { loadConfig } from '../../../broker/config/load.ts'
import { TOPIC_PROPERTIES } from '../../../broker/config/schema.ts'
import { topicConfig, topicValue } from '../../../broker/config/topic-config.ts'

const NONE: ReadonlyMap<string, string> = new Map()

function configOf(overrides: Record<string, string> = {}) {
  return loadConfig({ overrides }).config
}

describe('what a topic inherits', () => {
  test('its own value wins over the broker, the broker over the default', () => {
    const config = configOf({ 'log.segment.bytes': '2097152' })
    expect(topicValue(config, NONE, 'segment.bytes')).toBe(2_097_152)
    expect(topicValue(config, new Map([['segment.bytes', '4194304']]), 'segment.bytes')).toBe(
      4_194_304,
    )
    expect(topicValue(configOf(), NONE, 'segment.bytes')).toBe(1_073_741_824)
  })

  test('retention comes in three units, the finest one wins', () => {
    const hours = configOf({ 'log.retention.hours': '2' })
    const minutes = configOf({ 'log.retention.hours': '2', 'log.retention.minutes': '3' })
    const never = configOf({ 'log.retention.minutes': '3', 'log.retention.ms': '-1' })
    expect(topicConfig(hours, NONE).log.retentionMs).toBe(7_200_000)
    expect(topicConfig(minutes, NONE).log.retentionMs).toBe(180_000)
    expect(topicConfig(never, NONE).log.retentionMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('dynamic overrides take effect at once and are told to listeners', () => {
    const config = configOf({ 'log.roll.ms': '5000' })
    let told = 0
    config.onChange(() => told++)
    config.applyDynamic(new Map([['log.roll.ms', '6000']]), NONE)
    expect(topicConfig(config, NONE).log.segmentMs).toBe(6000)
    config.applyDynamic(new Map([['log.roll.ms', '6000']]), new Map([['log.roll.ms', '7000']]))
    expect(topicConfig(config, NONE).log.segmentMs).toBe(7000)
    config.applyDynamic(NONE, NONE)
    expect(config.get('log.roll.ms')).toBe(5000)
    expect(told).toBe(3)
  })
})

describe('describing', () => {
  test('a topic tells where each value comes from', () => {
    const config = configOf({ 'log.retention.hours': '1' })
    const own = new Map([['max.message.bytes', '1000']])
    const [size, retention] = describeTopic(config, own, ['max.message.bytes', 'retention.ms'])
    expect(size).toMatchObject({ value: '1000', source: 1, type: 3 })
    expect(size?.synonyms).toEqual([
      { name: 'max.message.bytes', value: '1000', source: 1 },
      { name: 'message.max.bytes', value: '1048588', source: 5 },
    ])
    expect(retention).toMatchObject({ value: '3600000', source: 4, type: 5 })
    expect(retention?.synonyms).toEqual([
      { name: 'log.retention.hours', value: '1', source: 4 },
      { name: 'log.retention.hours', value: '168', source: 5 },
    ])
    expect(inheritedTopicText(config, 'retention.ms')).toBe('3600000')
  })

  test('all properties of a topic are told, none twice', () => {
    const all = describeTopic(configOf(), NONE, null)
    expect(all.length).toBe(TOPIC_PROPERTIES.size)
    expect(all.every(({ source }) => source === 5)).toBe(true)
    expect(all.find(({ name }) => name === 'flush.ms')?.value).toBe('9223372036854775807')
  })

  test('what Kafka keeps to itself is not told, with all properties or by name', () => {
    const name = 'producer.id.expiration.check.interval.ms'
    const config = configOf({ [name]: '5' })
    const told = [...describeBroker(config, null), ...describeBroker(config, [name])]
    expect(told.filter(one => one.name === name)).toEqual([])
  })

  test('secrets are never told', () => {
    const config = configOf({ 'ssl.key.password': 'hush' })
    const [secret] = describeBroker(config, ['ssl.key.password'])
    expect(secret).toMatchObject({ value: null, isSensitive: true, source: 4 })
    expect(JSON.stringify(secret)).not.toContain('hush')
  })

  test('a property without effect says so', () => {
    const [ignored] = describeBroker(configOf(), [
      'request.timeout.ms',
      'request.timeout.ms',
      'no.such',
    ])
    expect(ignored?.documentation).toContain('without effect')
    expect(ignored?.isReadOnly).toBe(true)
  })

  test('the defaults of all brokers are told only where they are set', () => {
    const overrides = new Map([['message.max.bytes', '5']])
    const found = describeBrokerDefaults(overrides, null)
    expect(found.map(({ name, value, source }) => [name, value, source])).toEqual([
      ['message.max.bytes', '5', 3],
    ])
  })
})

describe('altering', () => {
  const { topic: scope } = alterScopes(configOf())
  const set = (name: string, value: string | null, operation = 0) => ({ name, operation, value })

  test('setting, deleting, appending and subtracting', () => {
    const current = new Map([
      ['segment.ms', '5'],
      ['retention.ms', '6'],
    ])
    const next = alterOverrides(
      current,
      [
        set('segment.ms', null, AlterOperation.DELETE),
        set('retention.ms', '7'),
        set('cleanup.policy', 'compact,delete', AlterOperation.APPEND),
      ],
      scope,
    )
    expect(next).toEqual(
      new Map([
        ['retention.ms', '7'],
        ['cleanup.policy', 'delete,compact'],
      ]),
    )
    const less = alterOverrides(
      next as Map<string, string>,
      [set('cleanup.policy', 'delete', AlterOperation.SUBTRACT)],
      scope,
    )
    expect((less as Map<string, string>).get('cleanup.policy')).toBe('compact')
    expect(current.size).toBe(2)
  })

  test.each([
    ['', false],
    ['compact,,delete', false],
    ['compact,', true],
  ])('appending %j: an empty element is refused unless it is the last', (value, isTaken) => {
    const append = set('cleanup.policy', value, AlterOperation.APPEND)
    const next = alterOverrides(new Map([['cleanup.policy', 'delete']]), [append], scope)
    expect(next instanceof Map).toBe(isTaken)
  })

  test('replacing forgets what is not named', () => {
    expect(replaceOverrides([set('segment.ms', '5')], scope)).toEqual(
      new Map([['segment.ms', '5']]),
    )
  })

  const refusals: [string, ReturnType<typeof set>[], string, string][] = [
    ['an unknown name', [set('no.such', '1')], 'invalid-config', 'Unknown topic config name'],
    ['null', [set('segment.ms', null)], 'invalid-request', 'Null value not supported'],
    ['a bad value', [set('segment.bytes', '14')], 'invalid-config', 'at least 1048576'],
    ['an append to what is no list', [set('segment.ms', '1', 2)], 'invalid-config', 'as a list'],
    [
      'a name twice',
      [set('segment.ms', '1'), set('segment.ms', '2')],
      'invalid-request',
      'duplicate',
    ],
    ['an unknown operation', [set('segment.ms', '1', 9)], 'invalid-request', 'Unknown operation'],
  ]
  for (const [what, changes, kind, words] of refusals) {
    test(`${what} is refused and changes nothing`, () => {
      expect(alterOverrides(NONE, changes, scope)).toMatchObject({
        kind,
        message: expect.stringContaining(words),
      })
    })
  }
})
