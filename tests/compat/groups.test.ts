/** One group shared by members of several kinds, some of which leave and some of which die. */
import { spawn } from 'node:child_process'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kafkaJars, kafkaUnavailable } from './support/kafka.ts'
import { Members, readAfterCommit, type Told } from './support/members.ts'
import { missing } from './support/programs.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

const PARTITIONS = 4
const MINUTES_MS = 60_000
const noKafka = await kafkaUnavailable()
const noKcat = missing('kcat', 'apt-get install kcat')
let broker: SpawnedBroker
let kafka: Kafka

beforeAll(async () => {
  broker = await spawnBroker()
  kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
})
afterAll(() => broker[Symbol.asyncDispose]())

async function createTopic(topic: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] })
  await admin.disconnect()
}

/** Sends values from `first` on, spread over the partitions. */
async function send(topic: string, first: number, count: number): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  const messages = Array.from({ length: count }, (_, i) => ({
    value: `v${first + i}`,
    partition: (first + i) % PARTITIONS,
  }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

const values = (told: readonly Told[]) =>
  new Set(told.flatMap(t => (t.event === 'read' ? [t.value] : [])))
const committedCount = (told: readonly Told[]) =>
  new Set(told.flatMap(t => (t.event === 'committed' ? [`${t.partition}:${t.offset}`] : []))).size

test('of two members one leaves, one is killed; nothing is lost or read again after its commit', {
  timeout: 2 * MINUTES_MS,
}, async () => {
  await createTopic('shared')
  const members = new Members(broker.address, 'sharers', 'shared')
  members.start('a')
  members.start('b')
  const shared = () => members.assignment('a').length === 2 && members.assignment('b').length === 2
  await members.until(shared)
  expect([...members.assignment('a'), ...members.assignment('b')].toSorted()).toEqual([0, 1, 2, 3])
  await send('shared', 0, 200)
  await members.until(told => committedCount(told) >= 200)

  await members.leave('b')
  await members.until(() => members.assignment('a').length === 4)
  await send('shared', 200, 200)
  await members.until(told => committedCount(told) >= 400)

  members.start('c')
  await members.until(() => members.assignment('c').length === 2)
  await send('shared', 400, 400)
  await members.until(told => told.some(t => t.name === 'c' && t.event === 'committed'))
  await members.kill('c')
  // Not commits: one may have been made and the member killed before it could tell of it.
  await members.until(told => values(told).size >= 800)
  await members.stopAll()

  expect(values(members.told).size).toBe(800)
  expect(readAfterCommit(members.told)).toEqual([])
})

test.skipIf(noKafka)(
  'a kafkajs member and a Java member share a group',
  { timeout: 2 * MINUTES_MS },
  async () => {
    await createTopic('mixed')
    const members = new Members(broker.address, 'mixers', 'mixed')
    members.start('js')
    await members.until(() => members.assignment('js').length === PARTITIONS)
    const java = spawn('java', [
      ...[
        '-Xmx256m',
        '-cp',
        `${await kafkaJars()}/*`,
        'org.apache.kafka.tools.consumer.ConsoleConsumer',
      ],
      ...['--bootstrap-server', broker.address, '--topic', 'mixed', '--group', 'mixers'],
      ...[
        '--command-property',
        'partition.assignment.strategy=org.apache.kafka.clients.consumer.RoundRobinAssignor',
      ],
      ...['--command-property', 'auto.commit.interval.ms=100'],
      ...['--command-property', 'session.timeout.ms=6000'],
      ...['--command-property', 'heartbeat.interval.ms=500'],
      // It may look for its offsets after the first records were sent.
      ...['--command-property', 'auto.offset.reset=earliest'],
    ])
    const read = new Set<string>()
    java.stdout.on('data', text => {
      for (const value of String(text).split('\n')) if (value !== '') read.add(value)
      members.look()
    })
    const ended = new Promise(resolve => java.once('close', resolve))
    await members.until(() => members.assignment('js').length === PARTITIONS / 2)
    await send('mixed', 0, 200)
    await members.until(told => values(told).size + read.size >= 200)
    java.kill('SIGKILL')
    await ended
    await members.until(() => members.assignment('js').length === PARTITIONS)
    await send('mixed', 200, 100)
    await members.until(told => new Set([...values(told), ...read]).size >= 300)
    await members.stopAll()
    expect(read.size).toBeGreaterThan(0)
    expect(readAfterCommit(members.told)).toEqual([])
  },
)

test.skipIf(noKcat)(
  'a static member restarts without a rebalance',
  { timeout: MINUTES_MS },
  async () => {
    await createTopic('static')
    await send('static', 0, 8)
    const admin = kafka.admin()
    await admin.connect()
    const member = (id: string) =>
      spawn('kcat', [
        ...['-b', broker.address, '-q', '-u', '-G', 'statics', '-X', `group.instance.id=${id}`],
        ...[
          '-X',
          'auto.offset.reset=earliest',
          '-X',
          'session.timeout.ms=30000',
          '-f',
          '%s\\n',
          'static',
        ],
      ])
    const settled = async (state: string, count: number) => {
      for (;;) {
        const { groups } = await admin.describeGroups(['statics'])
        if (groups[0]?.state === state && groups[0].members.length === count) return groups[0]
      }
    }
    const first = member('one')
    const second = member('two')
    const before = await settled('Stable', 2)
    const gone = new Promise(resolve => first.once('close', resolve))
    first.kill('SIGKILL')
    await gone
    const third = member('one')
    const read = new Promise<void>(resolve => third.stdout.once('data', () => resolve()))
    await send('static', 8, 400)
    await read
    const after = await settled('Stable', 2)
    const assignments = (group: typeof before) =>
      group.members.map(m => m.memberAssignment.toString('hex')).toSorted()
    expect(assignments(after)).toEqual(assignments(before))
    expect(after.members.map(m => m.memberId)).not.toEqual(before.members.map(m => m.memberId))
    second.kill()
    third.kill()
    await admin.disconnect()
  },
)
