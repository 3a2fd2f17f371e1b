/**
 * A folder that Apache Kafka left behind, served by Ottla to a client: each user partition holds
 * what Kafka's own dump tool found in it, and its groups have the offsets they committed.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigResourceTypes, type EachBatchPayload, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { plugCodecs } from './support/kafkajs-codecs.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

interface Expected {
  readonly records: number
  readonly firstOffset: number | null
  readonly lastOffset: number
  readonly logStart: number
  readonly values?: readonly (string | null)[]
}

interface Read {
  readonly offset: number
  readonly line: string
  readonly value: string | null
}

const vectors = new URL('../vectors/', import.meta.url).pathname
const HASH = 'sha256 of "offset timestamp keySize valueSize\\n" lines'
const expected: ReadonlyMap<string, Expected> = new Map(
  Object.entries(JSON.parse(readFileSync(`${vectors}kafka-data-4.3.0.expect.json`, 'utf8'))),
)
const partitions = [...expected.keys()].filter(name => !name.startsWith('__'))
const read = new Map<string, Map<string, Read[]>>()
let folder: string
let broker: SpawnedBroker
let kafka: Kafka

beforeAll(async () => {
  plugCodecs()
  folder = mkdtempSync(join(tmpdir(), 'ottla-adopt-'))
  execFileSync('tar', ['xzf', `${vectors}kafka-data-4.3.0.tar.gz`, '-C', folder])
  // The recording grows older than any retention; what is tested is reading it.
  broker = await spawnBroker({ 'log.dirs': folder, 'log.retention.ms': '-1' })
  kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
  read.set('uncommitted', await readAll(true))
  read.set('committed', await readAll(false))
}, 60_000)

afterAll(async () => {
  await broker[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Reads every user partition to its end with one group. */
async function readAll(readUncommitted: boolean): Promise<Map<string, Read[]>> {
  const groupId = `adopted-${readUncommitted}`
  const topics = [...new Set(partitions.map(name => name.replace(/-\d+$/, '')))]
  const ends = new Map<string, number>()
  const admin = kafka.admin()
  await admin.connect()
  for (const topic of topics) {
    for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
      if (high !== low) ends.set(`${topic}-${partition}`, Number(high))
    }
  }
  await admin.disconnect()
  const consumer = kafka.consumer({ groupId, readUncommitted, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: true })
  const found = new Map<string, Read[]>(partitions.map(name => [name, []]))
  await new Promise<void>((resolve, reject) => {
    const eachBatch = async ({ batch }: EachBatchPayload) => {
      const name = `${batch.topic}-${batch.partition}`
      for (const { offset, timestamp, key, value } of batch.messages) {
        found.get(name)?.push({
          offset: Number(offset),
          line: `${offset} ${timestamp} ${key?.length ?? -1} ${value?.length ?? -1}\n`,
          value: value?.toString() ?? null,
        })
      }
      if (Number(batch.lastOffset()) + 1 >= (ends.get(name) ?? 0)) ends.delete(name)
      if (ends.size === 0) resolve()
    }
    consumer.run({ eachBatch, eachBatchAutoResolve: true }).catch(reject)
  })
  await consumer.disconnect()
  return found
}

test.each(partitions)('%s serves what Kafka wrote', name => {
  const want = expected.get(name) as Expected
  const records = (read.get('uncommitted')?.get(name) ?? []).filter(r => r.offset >= want.logStart)
  if (want.values && want.logStart === 0) expect(records.map(r => r.value)).toEqual(want.values)
  if (want.logStart === 0) {
    expect(records).toHaveLength(want.records)
    const hash = createHash('sha256')
      .update(records.map(r => r.line).join(''))
      .digest('hex')
    expect(hash).toBe((want as unknown as Record<string, string>)[HASH])
  } else {
    expect(records).toHaveLength(want.lastOffset + 1 - want.logStart)
    expect(records[0]?.offset).toBe(want.logStart)
  }
})

test('read_committed leaves out the aborted record and nothing else', () => {
  for (const name of partitions) {
    const all = read.get('uncommitted')?.get(name) ?? []
    const committed = read.get('committed')?.get(name) ?? []
    const aborted = name === 'kj-1' ? 1 : 0
    expect([name, committed.length]).toEqual([name, all.length - aborted])
  }
})

test('its groups, their offsets and its topic configs are there', async () => {
  const admin = kafka.admin()
  await admin.connect()
  const { groups } = await admin.listGroups()
  expect(groups.map(g => g.groupId)).toEqual(expect.arrayContaining(['g-kjs', 'g-rd', 'g-848']))
  const [kj] = await admin.fetchOffsets({ groupId: 'g-kjs', topics: ['kj'] })
  expect(kj?.partitions.find(p => p.partition === 0)?.offset).toBe('1')
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: 'compacted' }],
  })
  const entries = resources[0]?.configEntries ?? []
  expect(entries.find(e => e.configName === 'cleanup.policy')?.configValue).toBe('compact')
  await admin.disconnect()
})
