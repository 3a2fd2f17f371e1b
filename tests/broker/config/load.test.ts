import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../../../broker/config/load.ts'
import { parseProperties } from '../../../broker/config/properties-file.ts'
import {
  actingProperties,
  brokerProperties,
  TOPIC_PROPERTIES,
} from '../../../broker/config/schema.ts'
import { brokerSynonyms } from '../../../broker/config/topic-properties.ts'

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('nothing was refused')
}

describe('declarations', () => {
  test('every default obeys its own rules', () => {
    const all = [...brokerProperties(), ...TOPIC_PROPERTIES]
    const wrong = all.flatMap(([name, property]) => {
      if (property.defaultText === null) return []
      const parsed = property.parse(property.defaultText)
      return parsed.ok ? [] : [`${name}: ${parsed.reason}`]
    })
    expect(wrong).toEqual([])
  })

  test('every broker property a topic inherits from exists', () => {
    const names = Object.values(brokerSynonyms).flatMap(list => list.map(({ name }) => name))
    expect(names.filter(name => !brokerProperties().has(name))).toEqual([])
  })

  test('a name is declared once, and knows whether it acts', () => {
    const ignored = [...brokerProperties()].filter(([, p]) => p.accepted === 'ignored')
    expect(ignored.map(([name]) => name).filter(name => name in actingProperties)).toEqual([])
    expect(brokerProperties().size).toBeGreaterThan(330)
  })
})

describe('loading', () => {
  test('an empty configuration has every default', () => {
    const { config, warnings } = loadConfig({})
    expect(config.get('log.segment.bytes')).toBe(1_073_741_824)
    expect(config.get('log.flush.interval.messages')).toBe(Number.POSITIVE_INFINITY)
    expect(config.get('log.retention.ms')).toBeNull()
    expect(config.get('durability')).toBe('fsync')
    expect(config.get('listeners')).toEqual(['PLAINTEXT://127.0.0.1:9092'])
    expect(warnings).toEqual([])
  })

  test('the last of file, environment and overrides wins', () => {
    const file = {
      path: 'a.properties',
      text: 'num.partitions=2\nlog.roll.hours=3\nfetch.max.bytes=2048',
    }
    const { config } = loadConfig({
      files: [file],
      env: { KAFKA_NUM_PARTITIONS: '4', KAFKA_LOG_ROLL_HOURS: '5', HOME: '/' },
      overrides: ['num.partitions=6'],
    })
    expect(config.get('num.partitions')).toBe(6)
    expect(config.get('log.roll.hours')).toBe(5)
    expect(config.get('fetch.max.bytes')).toBe(2048)
  })

  test('a later file wins over an earlier one', () => {
    const files = [
      { path: 'image', text: 'num.partitions=2\nlog.roll.hours=3' },
      { path: 'mounted', text: 'num.partitions=4' },
    ]
    const { config } = loadConfig({ files })
    expect(config.get('num.partitions')).toBe(4)
    expect(config.get('log.roll.hours')).toBe(3)
  })

  test("variables of Bitnami's and Apache's images are read, CLUSTER_ID among them", () => {
    const env = {
      KAFKA_CFG_NUM_PARTITIONS: '3',
      KAFKA_CFG_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_CFG_LOG_ROLL_HOURS: '3',
      KAFKA_LOG_ROLL_HOURS: '4',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'true',
      CLUSTER_ID: '4L6g3nShT-eMCtK--X86sw',
    }
    const { config, warnings } = loadConfig({ env })
    expect(config.get('num.partitions')).toBe(3)
    expect(config.get('log.roll.hours')).toBe(4)
    expect(config.get('auto.create.topics.enable')).toBe(true)
    expect(config.get('ottla.cluster.id')).toBe('4L6g3nShT-eMCtK--X86sw')
    expect(warnings).toEqual([])
    const bitnami = loadConfig({ env: { KAFKA_KRAFT_CLUSTER_ID: 'one', CLUSTER_ID: '' } }).config
    expect(bitnami.get('ottla.cluster.id')).toBe('one')
  })

  test('own names are reached by OTTLA_ variables', () => {
    const env = { OTTLA_DURABILITY: 'os', OTTLA_NATIVE: 'off', OTTLA_PARTITIONS_MAX: '7' }
    const { config } = loadConfig({ env })
    expect(config.get('durability')).toBe('os')
    expect(config.get('ottla.native')).toBe('off')
    expect(config.get('ottla.partitions.max')).toBe(7)
  })

  test("variables of Kafka's scripts and of the command line are no properties", () => {
    const env = {
      KAFKA_HEAP_OPTS: '-Xmx1g',
      KAFKA_LOG4J_ROOT_LOGLEVEL: 'WARN',
      KAFKA_JMX_PORT: '1',
      OTTLA_BOOTSTRAP_SERVER: '127.0.0.1:9092',
      OTTLA_DEBUG: '1',
    }
    expect(loadConfig({ env }).warnings).toEqual([])
  })

  test('unknown names are warned about, and names without effect are told in one line', () => {
    const text = 'no.such.thing=1\n\nnum.io.threads=8'
    const { warnings, summary } = loadConfig({ files: [{ path: 'f', text }] })
    expect(warnings).toEqual(['f:1: no.such.thing is not a property of this broker'])
    expect(summary).toBe('accepted without effect, and without danger: num.io.threads')
  })

  test('an override that nobody knows is refused with the name that was meant', () => {
    expect(problemsOf(() => loadConfig({ overrides: ['log.retention.mss=1'] }))).toEqual([
      'override: log.retention.mss is not a property of this broker; ' +
        'did you mean log.retention.ms?',
    ])
  })

  test('every bad value is refused with a sentence of its own', () => {
    const text = [
      'log.segment.bytes=3',
      'num.partitions=many',
      'auto.create.topics.enable=yes',
      'log.cleanup.policy=delete,shred',
      'durability=maybe',
      'message.max.bytes=2147483648',
      'log.retention.bytes=9223372036854775808',
      'num.partitions=',
      'ssl.key.password=secret',
    ].join('\n')
    expect(problemsOf(() => loadConfig({ files: [{ path: 'f', text }] }))).toEqual([
      'f:1: log.segment.bytes: expected at least 1048576, got 3',
      'f:2: num.partitions: expected a whole number, got many',
      'f:3: auto.create.topics.enable: expected true or false, got yes',
      'f:4: log.cleanup.policy: expected one of compact, delete, got delete,shred',
      'f:5: durability: expected one of fsync, os, got maybe',
      'f:6: message.max.bytes: expected at most 2147483647, got 2147483648',
      'f:7: log.retention.bytes: expected at most 9223372036854775807, got 9223372036854775808',
      'f:8: num.partitions: expected a whole number, got nothing',
    ])
  })

  test('an override without a value is refused', () => {
    expect(problemsOf(() => loadConfig({ overrides: ['durability'] }))).toEqual([
      'override: expected name=value, got durability',
    ])
  })
})

describe('properties files', () => {
  const cases: [string, string, [string, string][]][] = [
    ['plain', 'a=b', [['a', 'b']]],
    [
      'colon and blanks',
      'a : b\nc d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['comments', '# a=b\n! c=d\n  # e=f', []],
    ['continued lines', 'a=b,\\\n   c,\\\n   d', [['a', 'b,c,d']]],
    [
      'an escaped backslash at the end',
      'a=b\\\\\nc=d',
      [
        ['a', 'b\\'],
        ['c', 'd'],
      ],
    ],
    ['escapes', 'a\\=b=\\u0041\\tx\\:', [['a=b', 'A\tx:']]],
    [
      'no value',
      'a\nb=',
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    [
      'carriage returns',
      'a=b\r\nc=d\r',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a continuation at the end of the file', 'a=b\\', [['a', 'b']]],
    ['an equals sign in the value', 'a=b=c', [['a', 'b=c']]],
  ]
  for (const [what, text, expected] of cases) {
    test(`${what} are read as java.util.Properties does`, () => {
      expect(parseProperties(text).map(({ name, value }) => [name, value])).toEqual(expected)
    })
  }
})
