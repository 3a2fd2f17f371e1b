import { expect, test } from 'vitest'
import { Broker } from '../../broker/in-process.ts'
import { nodeHost } from '../../host/node/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { WireClient } from './wire-client.ts'

const { net } = nodeHost()
const NAME = '__consumer_offsets'

test('the topic of groups is internal, whoever made it, and not for clients to write', async () => {
  const broker = await Broker.start()
  const client = await WireClient.connect(net, broker.port)
  const topics = [
    { name: NAME, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] },
  ]
  await client.ask(ApiKey.CREATE_TOPICS, 6, { topics, timeoutMs: 10_000, validateOnly: false })
  const metadata = await client.ask(ApiKey.METADATA, 9, {
    topics: [{ name: NAME }],
    allowAutoTopicCreation: false,
  })
  expect(metadata.topics[0]).toMatchObject({ isInternal: true, partitions: [{}, {}] })
  const resources = [{ resourceType: 2, resourceName: NAME, configurationKeys: ['cleanup.policy'] }]
  const asked = { resources, includeSynonyms: false, includeDocumentation: false }
  const { results } = await client.ask(ApiKey.DESCRIBE_CONFIGS, 4, asked)
  expect(results[0].configs[0].value).toBe('compact')

  const produce = async (clientId: string) => {
    client.clientId = clientId
    const records = buildBatch({
      records: [{ timestamp: 0, key: Buffer.from('k'), value: Buffer.from('v') }],
    })
    const topicData = [{ name: NAME, partitionData: [{ index: 0, records }] }]
    const request = { transactionalId: null, acks: -1, timeoutMs: 5_000, topicData }
    const { responses } = await client.ask(ApiKey.PRODUCE, 9, request)
    return responses[0].partitionResponses[0].errorCode
  }
  expect(await produce('anybody')).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION)
  expect(await produce('__admin_client')).toBe(ErrorCode.NONE)
  const partitions = [{ partitionIndex: 0, offset: -1 }]
  const deletion = { topics: [{ name: NAME, partitions }], timeoutMs: 5_000 }
  const deleted = await client.ask(ApiKey.DELETE_RECORDS, 2, deletion)
  expect(deleted.topics[0].partitions[0].errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION)
  client.end()
  await broker.stop()
})
