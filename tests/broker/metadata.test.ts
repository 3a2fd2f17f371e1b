import { expect, test } from 'vitest'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import { brokerAndClient, createTopic } from './support.ts'

test('a topic asked for is made, and answered with its leader in the same reply', async () => {
  await using pair = await brokerAndClient({ config: { 'num.partitions': 3 } })
  const { client, broker } = pair
  for (const [version, name] of [
    [0, 'zero'],
    [4, 'four'],
    [13, 'thirteen'],
  ] as const) {
    const answer = await client.ask(ApiKey.METADATA, version, { topics: [{ name }] })
    const [topic] = answer.topics
    expect(topic.errorCode).toBe(ErrorCode.NONE)
    expect(topic.partitions).toHaveLength(3)
    expect(topic.partitions[0]).toMatchObject({ errorCode: 0, leaderId: 1, isrNodes: [1] })
    expect(answer.brokers).toMatchObject([{ nodeId: 1, host: '127.0.0.1', port: broker.port }])
    if (version >= 10) expect(topic.topicId).not.toBe(NO_UUID)
  }
})

test('none is made where the request or the broker does not allow it', async () => {
  await using pair = await brokerAndClient({ config: { 'auto.create.topics.enable': false } })
  const answer = await pair.client.ask(ApiKey.METADATA, 9, { topics: [{ name: 'a' }] })
  expect(answer.topics).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }])
  await using other = await brokerAndClient()
  const draft = { topics: [{ name: 'a' }], allowAutoTopicCreation: false }
  const refused = await other.client.ask(ApiKey.METADATA, 9, draft)
  expect(refused.topics).toMatchObject([
    { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name: 'a', partitions: [] },
  ])
})

test('all topics are: an empty list in version 0, null after that', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 'a')
  const names = async (version: number, topics: object[] | null) => {
    const answer = await client.ask(ApiKey.METADATA, version, { topics })
    return answer.topics.map((topic: { name: string }) => topic.name)
  }
  expect(await names(0, [])).toEqual(['a'])
  expect(await names(1, [])).toEqual([])
  expect(await names(1, null)).toEqual(['a'])
  expect(await names(12, null)).toEqual(['a'])
})

test('a topic named twice is answered once, a bad name is refused', async () => {
  await using pair = await brokerAndClient()
  const topics = [{ name: 'a' }, { name: 'a' }, { name: 'a b' }, { name: '..' }]
  const answer = await pair.client.ask(ApiKey.METADATA, 9, { topics })
  expect(answer.topics).toMatchObject([
    { name: 'a', errorCode: 0 },
    { name: 'a b', errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
    { name: '..', errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
  ])
})

test('topics are found by id since version 12, and refused by id before', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const topicId = await createTopic(client, 'a')
  const ask = async (version: number, topic: object) => {
    const answer = await client.ask(ApiKey.METADATA, version, { topics: [topic] })
    return answer.topics[0]
  }
  expect(await ask(12, { topicId, name: null })).toMatchObject({ errorCode: 0, name: 'a' })
  expect(await ask(12, { topicId: 'AAAAAAAAAAAAAAAAAAAAAg', name: null })).toMatchObject({
    errorCode: ErrorCode.UNKNOWN_TOPIC_ID,
    name: null,
  })
  expect(await ask(11, { topicId, name: 'a' })).toMatchObject({
    errorCode: ErrorCode.INVALID_REQUEST,
  })
})

test('authorized operations are told when asked for', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 'a')
  const topics = [{ name: 'a' }]
  const quiet = await client.ask(ApiKey.METADATA, 8, { topics })
  expect(quiet.topics[0].topicAuthorizedOperations).toBe(-2147483648)
  const told = await client.ask(ApiKey.METADATA, 8, {
    topics,
    includeTopicAuthorizedOperations: true,
    includeClusterAuthorizedOperations: true,
  })
  expect(told.topics[0].topicAuthorizedOperations).toBeGreaterThan(0)
  expect(told.clusterAuthorizedOperations).toBeGreaterThan(0)
})

test('advertised.listeners is what clients are told', async () => {
  await using pair = await brokerAndClient({
    config: { 'advertised.listeners': 'PLAINTEXT://broker.example:9999' },
  })
  const answer = await pair.client.ask(ApiKey.METADATA, 9, { topics: [] })
  expect(answer.brokers).toMatchObject([{ host: 'broker.example', port: 9999 }])
})

test('DescribeTopicPartitions pages through topics by its cursor', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 'b', {}, 3)
  await createTopic(client, 'a', {}, 2)
  const seen: string[] = []
  let cursor: object | null = null
  do {
    const page = await client.ask(ApiKey.DESCRIBE_TOPIC_PARTITIONS, 0, {
      topics: [],
      responsePartitionLimit: 2,
      cursor,
    })
    for (const { name, partitions } of page.topics) {
      for (const { partitionIndex } of partitions) seen.push(`${name}-${partitionIndex}`)
    }
    cursor = page.nextCursor
  } while (cursor !== null)
  expect(seen).toEqual(['a-0', 'a-1', 'b-0', 'b-1', 'b-2'])
})

test('CreateTopics refuses each bad topic with its own code', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 'a.b')
  const cases: [object, number][] = [
    [{ name: 'a.b' }, ErrorCode.TOPIC_ALREADY_EXISTS],
    [{ name: 'a_b' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    [{ name: 'x', numPartitions: 0 }, ErrorCode.INVALID_PARTITIONS],
    [{ name: 'x', replicationFactor: 2 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    [{ name: 'x', configs: [{ name: 'no.such', value: '1' }] }, ErrorCode.INVALID_CONFIG],
    [{ name: 'x', configs: [{ name: 'segment.bytes', value: '7' }] }, ErrorCode.INVALID_CONFIG],
  ]
  for (const [topic, errorCode] of cases) {
    const full = {
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
      ...topic,
    }
    const answer = await client.ask(ApiKey.CREATE_TOPICS, 7, { topics: [full] })
    expect(answer.topics).toMatchObject([{ errorCode }])
  }
})
