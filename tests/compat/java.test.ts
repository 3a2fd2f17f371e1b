/** Apache's own console clients and tools against a spawned broker. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafkaJars, kafkaUnavailable } from './support/kafka.ts'
import { run } from './support/programs.ts'
import { samples } from './support/sample.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

const TOOLS = 'org.apache.kafka.tools'
const MINUTE_MS = 60_000

describe.skipIf(await kafkaUnavailable())('the Java clients', () => {
  let broker: SpawnedBroker
  let jars: string

  beforeAll(async () => {
    jars = await kafkaJars()
    broker = await spawnBroker()
  }, 5 * MINUTE_MS)
  afterAll(() => broker[Symbol.asyncDispose]())

  function java(tool: string, args: readonly string[], input = '') {
    const quiet = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
    const bootstrap = ['--bootstrap-server', broker.address]
    return run('java', [...quiet, '-cp', `${jars}/*`, tool, ...bootstrap, ...args], input)
  }

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'records sent with %s, idempotent, come back through a group as they were',
    { timeout: MINUTE_MS },
    async codec => {
      const topic = `java-${codec}`
      const lines = samples(false).map(
        ({ key, value }) => `trace:a1\t${key ?? 'NULL'}\t${value ?? 'NULL'}`,
      )
      const input = `${lines.join('\n')}\n`
      await java(
        `${TOOLS}.ConsoleProducer`,
        [
          ...['--topic', topic, '--compression-codec', codec],
          ...['--reader-property', 'parse.key=true', '--reader-property', 'parse.headers=true'],
          ...['--reader-property', 'null.marker=NULL'],
        ],
        input,
      )
      const { stdout } = await java(`${TOOLS}.consumer.ConsoleConsumer`, [
        ...['--topic', topic, '--group', `java-${codec}`, '--from-beginning'],
        ...['--max-messages', String(lines.length), '--timeout-ms', '20000'],
        ...['--formatter-property', 'print.key=true', '--formatter-property', 'print.headers=true'],
        ...['--formatter-property', 'null.literal=NULL'],
      ])
      expect(stdout.toString()).toBe(input)
    },
  )

  test('topics are created, described, altered and deleted', {
    timeout: 2 * MINUTE_MS,
  }, async () => {
    const topics = `${TOOLS}.TopicCommand`
    const configs = ['--config', 'retention.ms=1000']
    const made = await java(topics, ['--create', '--topic', 'jt', '--partitions', '2', ...configs])
    expect(made.stdout.toString()).toContain('Created topic jt.')
    await java(topics, ['--alter', '--topic', 'jt', '--partitions', '3'])
    const described = (await java(topics, ['--describe', '--topic', 'jt'])).stdout.toString()
    expect(described).toContain('PartitionCount: 3\tReplicationFactor: 1\tConfigs: ')
    expect(described).toContain('retention.ms=1000')
    expect((await java(topics, ['--list'])).stdout.toString().split('\n')).toContain('jt')
    await java(topics, ['--delete', '--topic', 'jt'])
    expect((await java(topics, ['--list'])).stdout.toString().split('\n')).not.toContain('jt')
  })

  test('groups and offsets are shown', { timeout: 2 * MINUTE_MS }, async () => {
    await java(`${TOOLS}.ConsoleProducer`, ['--topic', 'shown'], 'a\nb\nc\n')
    await java(`${TOOLS}.consumer.ConsoleConsumer`, [
      ...['--topic', 'shown', '--group', 'viewers', '--from-beginning', '--max-messages', '2'],
    ])
    const groups = `${TOOLS}.consumer.group.ConsumerGroupCommand`
    expect((await java(groups, ['--list'])).stdout.toString().split('\n')).toContain('viewers')
    const described = (await java(groups, ['--describe', '--group', 'viewers'])).stdout.toString()
    expect(described).toMatch(/viewers\s+shown\s+0\s+2\s+3\s+1\s/)
    const offsets = await java(`${TOOLS}.GetOffsetShell`, ['--topic', 'shown'])
    expect(offsets.stdout.toString()).toBe('shown:0:3\n')
    await java(groups, ['--delete', '--group', 'viewers'])
    expect((await java(groups, ['--list'])).stdout.toString()).not.toContain('viewers')
  })
})
