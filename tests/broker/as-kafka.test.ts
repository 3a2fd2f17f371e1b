import { expect, test } from 'vitest'
import { denying, Operation, ResourceType } from '../../broker/security/authorizer.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { NO_UUID, newUuid } from '../../protocol/uuid.ts'
import { batchOf, brokerAndClient, createTopic, fetchDraft, produceDraft } from './support.ts'

/*
 * Answers that were held against those of Apache Kafka 4.3.0, request by request, and differed.
 */

test('min.insync.replicas asks for no more replicas than the partition has', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't', { 'min.insync.replicas': '2' })
  const draft = produceDraft({ name: 't' }, batchOf(['a']))
  const answer = await client.ask(ApiKey.PRODUCE, 9, draft)
  expect(answer.responses[0].partitionResponses[0]).toMatchObject({
    errorCode: ErrorCode.NONE,
    baseOffset: 0,
  })
})

test('a transactional batch that may not be written refuses the whole request', async () => {
  await using pair = await brokerAndClient({
    authorizer: denying((_, __, type) => type === ResourceType.TRANSACTIONAL_ID),
  })
  const { client } = pair
  await createTopic(client, 't', {}, 2)
  const plain = batchOf(['a'])
  const envelope = { producerId: 5, producerEpoch: 0, baseSequence: 0 }
  const transactional = batchOf(['a'], { isTransactional: true, ...envelope })
  const codesOf = async (transactionalId: string | null, records: Buffer[], acks = -1) => {
    const answer = await client.ask(ApiKey.PRODUCE, 9, {
      transactionalId,
      acks,
      timeoutMs: 5_000,
      topicData: [
        { name: 't', partitionData: records.map((r, index) => ({ index, records: r })) },
        { name: 'unknown', partitionData: [{ index: 0, records: plain }] },
      ],
    })
    return answer.responses.flatMap((topic: { partitionResponses: { errorCode: number }[] }) =>
      topic.partitionResponses.map(({ errorCode }) => errorCode),
    )
  }
  const refused = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  expect(await codesOf(null, [plain, transactional])).toEqual([refused, refused, refused])
  expect(await codesOf('x', [plain, transactional])).toEqual([refused, refused, refused])
  expect(await codesOf('x', [plain, transactional], 5)).toEqual([refused, refused, refused])
  // Without such a batch nobody asks about the id.
  expect(await codesOf('x', [plain, plain])).toEqual([0, 0, unknown])
  const badAcks = ErrorCode.INVALID_REQUIRED_ACKS
  expect(await codesOf(null, [plain, plain], 5)).toEqual([badAcks, badAcks, unknown])
})

test('a topic that a request deletes twice is answered once, and stays', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const topicId = await createTopic(client, 't')
  const byName = await client.ask(ApiKey.DELETE_TOPICS, 5, {
    topicNames: ['t', 'unknown', 't', 'unknown'],
    timeoutMs: 5_000,
  })
  const refused = { errorCode: ErrorCode.INVALID_REQUEST }
  expect(byName.responses).toMatchObject([
    { name: 't', ...refused },
    { name: 'unknown', ...refused },
  ])
  const byBoth = await client.ask(ApiKey.DELETE_TOPICS, 6, {
    topics: [
      { name: null, topicId },
      { name: 't', topicId: NO_UUID },
    ],
    timeoutMs: 5_000,
  })
  expect(byBoth.responses).toMatchObject([{ name: 't', topicId, ...refused }])
  const { topics } = await client.ask(ApiKey.METADATA, 12, { topics: null })
  expect(topics).toMatchObject([{ name: 't' }])
})

for (const version of [12, 13]) {
  test(`a fetch ${version} that waits is told that its topic is gone`, async () => {
    await using pair = await brokerAndClient()
    const { client } = pair
    const topicId = await createTopic(client, 't')
    const reader = await pair.connect()
    const topic = version >= 13 ? { topicId } : { topic: 't' }
    const answer = reader.ask(ApiKey.FETCH, version, fetchDraft(topic, 0, { maxWaitMs: 20_000 }))
    // Behind the fetch on its way in: it waits by the time this is answered.
    await client.ask(ApiKey.METADATA, 12, { topics: null })
    await client.ask(ApiKey.DELETE_TOPICS, 5, { topicNames: ['t'], timeoutMs: 5_000 })
    expect((await answer).responses[0].partitions[0].errorCode).toBe(
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    )
    reader.destroy()
  })
}

test('OffsetForLeaderEpoch is for those who act as the cluster or may see the topic', async () => {
  let denied: Operation[] = []
  await using pair = await brokerAndClient({
    authorizer: denying((_, operation) => denied.includes(operation)),
  })
  const { client } = pair
  await createTopic(client, 't')
  const codeOf = async (replicaId: number) => {
    const partitions = [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }]
    const draft = { replicaId, topics: [{ topic: 't', partitions }] }
    const answer = await client.ask(ApiKey.OFFSET_FOR_LEADER_EPOCH, 4, draft)
    return answer.topics[0].partitions[0].errorCode
  }
  for (const replicaId of [-1, 5]) {
    for (const one of [Operation.DESCRIBE, Operation.CLUSTER_ACTION]) {
      denied = [one]
      expect(await codeOf(replicaId)).toBe(ErrorCode.NONE)
    }
    denied = [Operation.DESCRIBE, Operation.CLUSTER_ACTION]
    expect(await codeOf(replicaId)).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  }
})

test('topics are deleted by who may delete in the cluster, or see and delete them', async () => {
  let denied: Operation[] = []
  const ofCluster = Operation.CLUSTER_ACTION
  await using pair = await brokerAndClient({
    // Deleting in the cluster goes by another name here, to tell it from deleting a topic.
    authorizer: denying((_, operation, type) =>
      denied.includes(
        type === ResourceType.CLUSTER && operation === Operation.DELETE ? ofCluster : operation,
      ),
    ),
  })
  const { client } = pair
  const topicId = await createTopic(client, 't')
  const codeOf = async (name: string | null, id = NO_UUID) => {
    const draft = { topics: [{ name, topicId: id }], timeoutMs: 5_000 }
    return (await client.ask(ApiKey.DELETE_TOPICS, 6, draft)).responses[0].errorCode
  }
  const refused = ErrorCode.TOPIC_AUTHORIZATION_FAILED
  denied = [ofCluster, Operation.DELETE]
  expect(await codeOf('t')).toBe(refused)
  expect(await codeOf(null, topicId)).toBe(refused)
  expect(await codeOf('unknown')).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  denied = [ofCluster, Operation.DESCRIBE]
  expect(await codeOf('t')).toBe(refused)
  expect(await codeOf('unknown')).toBe(refused)
  denied = [Operation.DELETE, Operation.DESCRIBE]
  expect(await codeOf('unknown')).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect(await codeOf('t')).toBe(ErrorCode.NONE)
})

test('topics are described a page at a time, from a cursor that is one of them', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 'a', {}, 3)
  const ask = async (names: string[], limit: number, cursor: object | null = null) => {
    const topics = names.map(name => ({ name }))
    const draft = { topics, responsePartitionLimit: limit, cursor }
    return await client.ask(ApiKey.DESCRIBE_TOPIC_PARTITIONS, 0, draft)
  }
  // A topic that is not there comes on the next page once this one is full.
  const full = await ask(['a', 'b'], 3)
  expect(full).toMatchObject({
    topics: [{ name: 'a' }],
    nextCursor: { topicName: 'b', partitionIndex: 0 },
  })
  const next = await ask(['a', 'b'], 3, full.nextCursor)
  expect(next).toMatchObject({
    topics: [{ name: 'b', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }],
    nextCursor: null,
  })
  for (const topicName of ['', 'aa', 'z']) {
    const { topics } = await ask(['a', 'b'], 3, { topicName, partitionIndex: 0 })
    expect(topics).toMatchObject([
      { name: 'a', errorCode: ErrorCode.INVALID_REQUEST },
      { name: 'b', errorCode: ErrorCode.INVALID_REQUEST },
    ])
    // Of all topics any name may be gone by now.
    const all = await ask([], 3, { topicName, partitionIndex: 0 })
    expect(all.topics.map(({ errorCode }: { errorCode: number }) => errorCode)).not.toContain(42)
  }
})

test('why a topic was not deleted is said in words', async () => {
  await using pair = await brokerAndClient()
  const draft = { topicNames: ['unknown'], timeoutMs: 5_000 }
  const { responses } = await pair.client.ask(ApiKey.DELETE_TOPICS, 5, draft)
  expect(responses[0].errorMessage).toBe('This server does not host this topic-partition.')
})

test("CreateTopics refuses the name of Kafka's own log, and looks at replicas first", async () => {
  await using pair = await brokerAndClient()
  const codeOf = async (name: string, numPartitions: number, replicationFactor: number) => {
    const topic = { name, numPartitions, replicationFactor, assignments: [], configs: [] }
    const draft = { topics: [topic], timeoutMs: 5_000 }
    return (await pair.client.ask(ApiKey.CREATE_TOPICS, 7, draft)).topics[0].errorCode
  }
  expect(await codeOf('__cluster_metadata', 1, 1)).toBe(ErrorCode.INVALID_REQUEST)
  expect(await codeOf('t', 0, 0)).toBe(ErrorCode.INVALID_REPLICATION_FACTOR)
  expect(await codeOf('t', 0, 1)).toBe(ErrorCode.INVALID_PARTITIONS)
})

test('Metadata by id looks at no name', async () => {
  await using pair = await brokerAndClient()
  const topicId = await createTopic(pair.client, 't')
  const unknownId = newUuid(Buffer.alloc(16, 7))
  const draft = {
    topics: [
      { name: 'other', topicId },
      { name: 't', topicId: unknownId },
    ],
  }
  const { topics } = await pair.client.ask(ApiKey.METADATA, 12, draft)
  expect(topics).toMatchObject([
    { errorCode: ErrorCode.NONE, name: 't', topicId },
    { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null },
  ])
})

test('a denied fetch tells of no aborted transactions, as of an unknown topic', async () => {
  await using pair = await brokerAndClient({
    authorizer: denying((_, operation) => operation === Operation.READ),
  })
  const draft = fetchDraft({ topic: 't' }, 0)
  const answer = await pair.client.ask(ApiKey.FETCH, 12, draft)
  expect(answer.responses[0].partitions[0]).toMatchObject({
    errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    abortedTransactions: [],
  })
})
