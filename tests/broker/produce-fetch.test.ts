import { expect, test } from 'vitest'
import { denying } from '../../broker/security/authorizer.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { BatchView } from '../../protocol/records/batch.ts'
import { readRecords } from '../../protocol/records/reader.ts'
import { untilTrue } from '../support/turns.ts'
import { batchOf, brokerAndClient, createTopic, fetchDraft, produceDraft } from './support.ts'
import type { WireClient } from './wire-client.ts'

const PRODUCE = 9
const FETCH = 12

async function produce(client: WireClient, name: string, values: string[], options = {}) {
  const answer = await client.ask(
    ApiKey.PRODUCE,
    PRODUCE,
    produceDraft({ name }, batchOf(values), options),
  )
  return answer.responses[0].partitionResponses[0]
}

async function fetchOne(client: WireClient, topic: string, offset: number, options = {}) {
  const answer = await client.ask(ApiKey.FETCH, FETCH, fetchDraft({ topic }, offset, options))
  return answer.responses[0].partitions[0]
}

function valuesIn(records: Buffer): string[] {
  const values: string[] = []
  for (let at = 0; at < records.length; ) {
    const batch = new BatchView(records, at)
    for (const { value } of readRecords(batch)) values.push(String(value))
    at += batch.sizeBytes
  }
  return values
}

test('offsets follow the order in which one connection pipelined its batches', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => produce(client, 't', [`${i}`], { acks: i % 2 ? 1 : -1 })),
  )
  expect(answers.map(answer => answer.baseOffset)).toEqual(answers.map((_, i) => i))
  const { records, highWatermark } = await fetchOne(client, 't', 0)
  expect(highWatermark).toBe(200)
  expect(valuesIn(records)).toEqual(answers.map((_, i) => `${i}`))
})

test('acks 0 gets no byte, and a closed connection where it failed', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  client.send(ApiKey.PRODUCE, PRODUCE, produceDraft({ name: 't' }, batchOf(['a']), { acks: 0 }))
  const next = await produce(client, 't', ['b'])
  expect(next.baseOffset).toBe(1)
  client.send(ApiKey.PRODUCE, PRODUCE, produceDraft({ name: 'none' }, batchOf(['a']), { acks: 0 }))
  await client.closed
})

test('every refusal of a batch has its own code', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't', { 'max.message.bytes': '1000' })
  const codeOf = async (name: string, records: Buffer | null, options = {}) => {
    const draft = produceDraft({ name }, records, options)
    const answer = await client.ask(ApiKey.PRODUCE, PRODUCE, draft)
    const [partition] = answer.responses[0].partitionResponses
    expect(partition.baseOffset).toBe(-1)
    return partition.errorCode
  }
  const corrupt = batchOf(['a'])
  corrupt[corrupt.length - 1]! ^= 1
  expect(await codeOf('none', batchOf(['a']))).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect(await codeOf('t', batchOf(['a']), { index: 7 })).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect(await codeOf('t', batchOf(['a']), { acks: 2 })).toBe(ErrorCode.INVALID_REQUIRED_ACKS)
  expect(await codeOf('t', corrupt)).toBe(ErrorCode.CORRUPT_MESSAGE)
  expect(await codeOf('t', null)).toBe(ErrorCode.INVALID_RECORD)
  expect(await codeOf('t', Buffer.alloc(0))).toBe(ErrorCode.INVALID_RECORD)
  expect(await codeOf('t', batchOf(['x'.repeat(2000)]))).toBe(ErrorCode.MESSAGE_TOO_LARGE)
})

test('a partition listed twice in a produce gets one answer', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  const partitionData = ['first', 'last'].map(v => ({ index: 0, records: batchOf([v]) }))
  const answer = await client.ask(ApiKey.PRODUCE, PRODUCE, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData }],
  })
  expect(answer.responses[0].partitionResponses).toHaveLength(1)
  expect(valuesIn((await fetchOne(client, 't', 0)).records)).toEqual(['last'])
})

test('a partition listed twice in a fetch is answered once, as asked for last', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't', {}, 3)
  for (const value of ['a', 'b']) await produce(client, 't', [value])
  const partitions = [2, 0, 1, 0, 2].map((partition, at) => ({
    partition,
    fetchOffset: partition === 0 && at > 1 ? 1 : 0,
    partitionMaxBytes: 1 << 20,
  }))
  const answer = await client.ask(ApiKey.FETCH, FETCH, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 20,
    topics: [{ topic: 't', partitions }],
    forgottenTopicsData: [],
  })
  const answered = answer.responses[0].partitions
  const indexes = answered.map((each: { partitionIndex: number }) => each.partitionIndex)
  expect(indexes).toEqual([2, 0, 1])
  expect(valuesIn(answered[1].records)).toEqual(['b'])
})

test('a fetch asks for the right to each of its topics, however they are mixed', async () => {
  const authorizer = denying((_principal, _operation, _type, name) => name === 'mine')
  await using pair = await brokerAndClient({ authorizer })
  const { client } = pair
  for (const name of ['yours', 'too']) await createTopic(client, name)
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }]
  const names = ['yours', 'mine', 'too', 'gone', 'mine']
  const answer = await client.ask(ApiKey.FETCH, FETCH, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 20,
    topics: names.map(topic => ({ topic, partitions })),
    forgottenTopicsData: [],
  })
  const { NONE, TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode
  expect(
    answer.responses.map((each: { topic: string; partitions: { errorCode: number }[] }) => [
      each.topic,
      ...each.partitions.map(({ errorCode }) => errorCode),
    ]),
  ).toEqual([
    ['yours', NONE],
    ['mine', TOPIC_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED],
    ['too', NONE],
    ['gone', UNKNOWN_TOPIC_OR_PARTITION],
  ])
})

test('a topic id that is gone is UNKNOWN_TOPIC_ID; its name made anew has another', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const before = await createTopic(client, 't')
  await client.ask(ApiKey.DELETE_TOPICS, 6, { topics: [{ name: 't' }], timeoutMs: 1000 })
  const after = await createTopic(client, 't')
  expect(after).not.toBe(before)
  const produced = await client.ask(
    ApiKey.PRODUCE,
    13,
    produceDraft({ topicId: before }, batchOf(['a'])),
  )
  expect(produced.responses[0].partitionResponses[0].errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
  const fetched = await client.ask(ApiKey.FETCH, 17, fetchDraft({ topicId: before }, 0))
  expect(fetched.responses[0].partitions[0]).toMatchObject({
    errorCode: ErrorCode.UNKNOWN_TOPIC_ID,
    records: Buffer.alloc(0),
  })
})

test('a long poll ends when enough bytes are there', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const writer = await pair.connect()
  await createTopic(client, 't')
  const waiting = fetchOne(client, 't', 0, { maxWaitMs: 20_000, minBytes: 1 })
  await produce(writer, 't', ['a'])
  expect(valuesIn((await waiting).records)).toEqual(['a'])
  const forMore = fetchOne(client, 't', 1, { maxWaitMs: 20_000, minBytes: 150 })
  await produce(writer, 't', ['b'])
  await produce(writer, 't', ['c'])
  await produce(writer, 't', ['d'])
  expect(valuesIn((await forMore).records).slice(0, 2)).toEqual(['b', 'c'])
})

test('a long poll ends with nothing when its time is up on the clock of the broker', async () => {
  await using pair = await brokerAndClient({ clock: 'still' })
  const { client, broker } = pair
  await createTopic(client, 't')
  const waiting = fetchOne(client, 't', 0, { maxWaitMs: 3_600_000 })
  const partition = broker.server.parts.partitions.get('t', 0)!
  await untilTrue(() => partition.describe().endsWith('waiting 1'), 'the fetch to wait')
  await broker.clock.advance(3_600_000)
  expect(await waiting).toMatchObject({ errorCode: ErrorCode.NONE, highWatermark: 0 })
})

test('a long poll ends when its topic is deleted', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  const waiting = fetchOne(client, 't', 0, { maxWaitMs: 20_000 })
  const admin = await pair.connect()
  await admin.ask(ApiKey.DELETE_TOPICS, 6, { topics: [{ name: 't' }], timeoutMs: 1000 })
  // As with Kafka: led by nobody, or already unknown. Either makes a client look again.
  const { NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode
  const codes: number[] = [NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION]
  expect(codes).toContain((await waiting).errorCode)
})

test('the first batch is given even if larger than every limit, a second one is not', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  await produce(client, 't', ['x'.repeat(5000)])
  await produce(client, 't', ['y'.repeat(5000)])
  const { records } = await fetchOne(client, 't', 0, { maxBytes: 10 })
  expect(valuesIn(records).map(v => v[0])).toEqual(['x'])
})

test('an offset outside of the log is OFFSET_OUT_OF_RANGE, its end is not', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  await produce(client, 't', ['a'])
  expect((await fetchOne(client, 't', 2)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect((await fetchOne(client, 't', 1)).errorCode).toBe(ErrorCode.NONE)
})

test('an incremental fetch tells only what changed', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const topicId = await createTopic(client, 't', {}, 3)
  const ask = (sessionId: number, sessionEpoch: number, topics: object[]) =>
    client.ask(ApiKey.FETCH, 17, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      sessionId,
      sessionEpoch,
      topics,
      forgottenTopicsData: [],
    })
  const partitions = [0, 1, 2].map(partition => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1 << 20,
  }))
  const full = await ask(0, 0, [{ topicId, partitions }])
  expect(full.sessionId).toBeGreaterThan(0)
  expect(full.responses[0].partitions).toHaveLength(3)
  const quiet = await ask(full.sessionId, 1, [])
  expect(quiet).toMatchObject({ errorCode: 0, sessionId: full.sessionId, responses: [] })
  await client.ask(
    ApiKey.PRODUCE,
    PRODUCE,
    produceDraft({ name: 't' }, batchOf(['a']), { index: 1 }),
  )
  const changed = await ask(full.sessionId, 2, [])
  expect(changed.responses).toMatchObject([{ topicId, partitions: [{ partitionIndex: 1 }] }])
  const stale = await ask(full.sessionId, 2, [])
  expect(stale).toMatchObject({
    errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH,
    sessionId: 0,
    responses: [],
  })
})

test('an idempotent producer is answered its first offset when it repeats itself', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  const init = () =>
    client.ask(ApiKey.INIT_PRODUCER_ID, 4, { transactionalId: null, transactionTimeoutMs: 1000 })
  const { producerId } = await init()
  expect((await init()).producerId).not.toBe(producerId)
  const send = async (baseSequence: number) => {
    const records = batchOf(['a'], { producerId, producerEpoch: 0, baseSequence })
    const answer = await client.ask(ApiKey.PRODUCE, PRODUCE, produceDraft({ name: 't' }, records))
    return answer.responses[0].partitionResponses[0]
  }
  expect(await send(0)).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect(await send(1)).toMatchObject({ errorCode: 0, baseOffset: 1 })
  expect(await send(0)).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect((await send(3)).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  expect((await fetchOne(client, 't', 0)).highWatermark).toBe(2)
})

test('a producer is forgotten by a check of its own, not with retention', async () => {
  await using pair = await brokerAndClient({
    clock: 'virtual',
    config: {
      'producer.id.expiration.ms': 1000,
      'producer.id.expiration.check.interval.ms': 5000,
      'log.retention.check.interval.ms': 500,
    },
  })
  const { broker, client } = pair
  await createTopic(client, 't')
  const records = batchOf(['a'], { producerId: 7, producerEpoch: 0, baseSequence: 0 })
  await client.ask(ApiKey.PRODUCE, PRODUCE, produceDraft({ name: 't' }, records))
  const count = async () => {
    const draft = { topics: [{ name: 't', partitionIndexes: [0] }] }
    const answer = await client.ask(ApiKey.DESCRIBE_PRODUCERS, 0, draft)
    return answer.topics[0].partitions[0].activeProducers.length
  }
  await broker.clock.advance(4000)
  expect(await count()).toBe(1)
  await broker.clock.advance(1000)
  expect(await count()).toBe(0)
})

test('a transactional id is refused for good', async () => {
  await using pair = await brokerAndClient()
  const draft = { transactionalId: 'tx', transactionTimeoutMs: 1000 }
  const codes: number[] = []
  for (const version of [4, 5]) {
    const answer = await pair.client.ask(ApiKey.INIT_PRODUCER_ID, version, draft)
    expect(answer.producerId).toBe(-1)
    codes.push(answer.errorCode)
  }
  // librdkafka, which asks in version 4, would try the other code again until its patience ends.
  const { TRANSACTIONAL_ID_AUTHORIZATION_FAILED, UNSUPPORTED_VERSION } = ErrorCode
  expect(codes).toEqual([TRANSACTIONAL_ID_AUTHORIZATION_FAILED, UNSUPPORTED_VERSION])
})

test('a batch of a transaction is refused, as none can be under way', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  const options = { producerId: 5, producerEpoch: 0, baseSequence: 0, isTransactional: true }
  for (const [version, errorCode] of [
    [9, ErrorCode.INVALID_TXN_STATE],
    [11, ErrorCode.TRANSACTION_ABORTABLE],
  ] as const) {
    const records = batchOf(['a'], options)
    const draft = produceDraft({ name: 't' }, records, { transactionalId: 'tx' })
    const answer = await client.ask(ApiKey.PRODUCE, version, draft)
    expect(answer.responses[0].partitionResponses).toMatchObject([{ errorCode }])
  }
})

test('what was acknowledged is there after a clean restart, and after a crash', async () => {
  await using pair = await brokerAndClient({ disk: 'temporary' })
  const { broker } = pair
  await createTopic(pair.client, 't')
  await produce(pair.client, 't', ['a'])
  await broker.restart()
  const second = await pair.connect()
  expect(broker.server.parts.logDirectory.wasCleanStop).toBe(true)
  expect((await produce(second, 't', ['b'])).baseOffset).toBe(1)
  await broker.crash()
  const third = await pair.connect()
  expect(broker.server.parts.logDirectory.wasCleanStop).toBe(false)
  expect(valuesIn((await fetchOne(third, 't', 0)).records)).toEqual(['a', 'b'])
})

test('DeleteRecords moves the start of the log, ListOffsets shows it', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't')
  for (const value of ['a', 'b', 'c']) await produce(client, 't', [value])
  const deleted = await client.ask(ApiKey.DELETE_RECORDS, 2, {
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 2 }] }],
    timeoutMs: 1000,
  })
  expect(deleted.topics[0].partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 2 })
  const listed = async (timestamp: number, version = 7) => {
    const answer = await client.ask(ApiKey.LIST_OFFSETS, version, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }],
    })
    return answer.topics[0].partitions[0]
  }
  expect(await listed(-2)).toMatchObject({ errorCode: 0, offset: 2 })
  expect(await listed(-1)).toMatchObject({ errorCode: 0, offset: 3 })
  expect(await listed(-4)).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_VERSION, offset: -1 })
  expect(await listed(-3, 6)).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_VERSION })
  expect((await fetchOne(client, 't', 0)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
})
