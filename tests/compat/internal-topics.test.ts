/**
 * What a client may do to the topics that are the broker's own: the same requests to Apache Kafka
 * 4.3.0 and to Ottla, and the same answers, request by request.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Broker } from '../../broker/in-process.ts'
import { nodeHost } from '../../host/node/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import { WireClient } from '../broker/wire-client.ts'
import { kafkaUnavailable, type RunningKafka, startKafka } from './support/kafka.ts'

const isSkipped = await kafkaUnavailable()
const { net } = nodeHost()
const NAMES = ['cleanup.policy', 'compression.type']
let kafka: RunningKafka | null = null
let broker: Broker | null = null
let folder = ''

beforeAll(async () => {
  if (isSkipped) return
  folder = mkdtempSync(join(tmpdir(), 'ottla-internal-'))
  kafka = await startKafka({ port: 21150, folder: join(folder, 'kafka'), heap: '512M' })
  broker = await Broker.start()
}, 120_000)

afterAll(async () => {
  await kafka?.stop()
  await broker?.stop()
  if (folder !== '') rmSync(folder, { recursive: true })
})

async function whenLed(client: WireClient, name: string, count: number) {
  for (;;) {
    const { topics } = await client.ask(ApiKey.METADATA, 9, {
      topics: [{ name, topicId: NO_UUID }],
      allowAutoTopicCreation: false,
    })
    const [topic] = topics
    const led = topic.partitions.filter((p: { errorCode: number }) => p.errorCode === 0)
    if (led.length === count) return topic
  }
}

async function produce(client: WireClient, name: string, index: number, clientId = 'test') {
  const records = buildBatch({
    records: [{ timestamp: Date.UTC(2026, 0), key: Buffer.from('k'), value: Buffer.from('v') }],
  })
  client.clientId = clientId
  const request = { transactionalId: null, acks: -1, timeoutMs: 5_000 }
  const errorCode = await settled(async () => {
    const topicData = [{ name, partitionData: [{ index, records }] }]
    const { responses } = await client.ask(ApiKey.PRODUCE, 9, { ...request, topicData })
    return responses[0].partitionResponses[0].errorCode
  })
  client.clientId = 'test'
  return errorCode
}

/** Kafka's metadata names a leader before the leader itself knows. */
async function settled(ask: () => Promise<number>): Promise<number> {
  for (;;) {
    const errorCode = await ask()
    if (errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER) return errorCode
  }
}

async function configs(client: WireClient, name: string) {
  const { results } = await client.ask(ApiKey.DESCRIBE_CONFIGS, 4, {
    resources: [{ resourceType: 2, resourceName: name, configurationKeys: NAMES }],
    includeSynonyms: false,
    includeDocumentation: false,
  })
  const told = results[0].configs.map((c: { name: string; value: string }) => [c.name, c.value])
  return Object.fromEntries(told)
}

/** Everything that a client may try, and what it was answered. */
async function transcript(port: number, name: string) {
  const client = await WireClient.connect(net, port)
  const created = await client.ask(ApiKey.CREATE_TOPICS, 6, {
    topics: [{ name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 10_000,
    validateOnly: false,
  })
  const create = created.topics[0].errorCode
  const { isInternal } = await whenLed(client, name, 2)
  const byClient = await produce(client, name, 0)
  const byAdmin = name === 'plain' ? 0 : await produce(client, name, 0, '__admin_client')
  const nowhere = await produce(client, name, 7)
  const deleteRecords = await settled(async () => {
    const topics = [{ name, partitions: [{ partitionIndex: 0, offset: -1 }] }]
    const request = { topics, timeoutMs: 5_000 }
    const deleted = await client.ask(ApiKey.DELETE_RECORDS, 2, request)
    return deleted.topics[0].partitions[0].errorCode
  })
  const added = await client.ask(ApiKey.CREATE_PARTITIONS, 2, {
    topics: [{ name, count: 3, assignments: null }],
    timeoutMs: 10_000,
    validateOnly: false,
  })
  await whenLed(client, name, 3)
  const altered = await client.ask(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, {
    resources: [
      {
        resourceType: 2,
        resourceName: name,
        configs: [{ name: 'cleanup.policy', configOperation: 0, value: 'delete' }],
      },
    ],
    validateOnly: false,
  })
  const after = await configs(client, name)
  const gone = await client.ask(ApiKey.DELETE_TOPICS, 5, { topicNames: [name], timeoutMs: 10_000 })
  client.end()
  return {
    create,
    isInternal,
    produce: { byClient, byAdmin, nowhere },
    deleteRecords,
    createPartitions: added.results[0].errorCode,
    alterConfigs: altered.responses[0].errorCode,
    after,
    deleteTopics: gone.responses[0].errorCode,
  }
}

test
  .skipIf(isSkipped)
  .each(['plain', '__consumer_offsets', '__transaction_state', '__share_group_state'])(
  '%s',
  async name => {
    const wanted = await transcript(kafka?.port ?? 0, name)
    const found = await transcript(broker?.port ?? 0, name)
    // Kafka gives a topic of its own that a client makes the broker's defaults, and retention then
    // deletes what groups committed: ours has the configs of the topic that Kafka makes itself.
    expect({ ...found, after: null }).toEqual({ ...wanted, after: null })
  },
)
