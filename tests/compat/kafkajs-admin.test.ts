/** Every call of kafkajs' admin client once, its result checked. */
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ConfigResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

let broker: SpawnedBroker
let kafka: Kafka
let admin: ReturnType<Kafka['admin']>

beforeAll(async () => {
  broker = await spawnBroker()
  kafka = new Kafka({
    brokers: [broker.address],
    logLevel: logLevel.NOTHING,
    retry: { retries: 2 },
  })
  admin = kafka.admin()
  await admin.connect()
})
afterAll(async () => {
  await admin.disconnect()
  await broker[Symbol.asyncDispose]()
})

async function send(
  topic: string,
  partition: number,
  values: readonly string[],
  timestamp?: number,
) {
  const producer = kafka.producer()
  await producer.connect()
  const at = timestamp === undefined ? {} : { timestamp: String(timestamp) }
  await producer.send({ topic, messages: values.map(value => ({ value, partition, ...at })) })
  await producer.disconnect()
}

/** Reads `count` messages in a group, commits them and leaves. */
async function readInGroup(groupId: string, topic: string, count: number): Promise<void> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let seen = 0
  await new Promise<void>((resolve, reject) => {
    consumer.run({ eachMessage: async () => void (++seen === count && resolve()) }).catch(reject)
  })
  await consumer.stop()
  await consumer.disconnect()
}

test('createTopics, listTopics, fetchTopicMetadata and deleteTopics', async () => {
  expect(
    await admin.createTopics({ topics: [{ topic: 'a', numPartitions: 3 }, { topic: 'gone' }] }),
  ).toBe(true)
  expect(await admin.createTopics({ topics: [{ topic: 'a' }] })).toBe(false)
  expect(await admin.listTopics()).toEqual(expect.arrayContaining(['a', 'gone']))
  const { topics } = await admin.fetchTopicMetadata({ topics: ['a'] })
  expect(topics[0]?.partitions.map(p => p.partitionId).toSorted()).toEqual([0, 1, 2])
  await admin.deleteTopics({ topics: ['gone'] })
  expect(await admin.listTopics()).not.toContain('gone')
})

test('createPartitions grows a topic', async () => {
  await admin.createTopics({ topics: [{ topic: 'grows', numPartitions: 1 }] })
  await admin.createPartitions({ topicPartitions: [{ topic: 'grows', count: 4 }] })
  const { topics } = await admin.fetchTopicMetadata({ topics: ['grows'] })
  expect(topics[0]?.partitions).toHaveLength(4)
})

test('fetchTopicOffsets, fetchTopicOffsetsByTimestamp and deleteTopicRecords', async () => {
  await admin.createTopics({ topics: [{ topic: 'offsets', numPartitions: 1 }] })
  const earlier = Date.now() - 60_000
  await send('offsets', 0, ['one', 'two'], earlier)
  await send('offsets', 0, ['three'])
  expect(await admin.fetchTopicOffsets('offsets')).toEqual([
    { partition: 0, offset: '3', high: '3', low: '0' },
  ])
  expect(await admin.fetchTopicOffsetsByTimestamp('offsets', earlier + 1)).toEqual([
    { partition: 0, offset: '2' },
  ])
  await admin.deleteTopicRecords({ topic: 'offsets', partitions: [{ partition: 0, offset: '2' }] })
  expect(await admin.fetchTopicOffsets('offsets')).toEqual([
    { partition: 0, offset: '3', high: '3', low: '2' },
  ])
})

test('the offsets and the groups: fetched, set, reset, listed, described, deleted', async () => {
  await admin.createTopics({ topics: [{ topic: 'grouped', numPartitions: 1 }] })
  await send('grouped', 0, ['one', 'two', 'three'])
  await readInGroup('readers', 'grouped', 3)
  const committed = async () =>
    (await admin.fetchOffsets({ groupId: 'readers', topics: ['grouped'] }))[0]?.partitions[0]
      ?.offset
  expect(await committed()).toBe('3')
  await admin.setOffsets({
    groupId: 'readers',
    topic: 'grouped',
    partitions: [{ partition: 0, offset: '1' }],
  })
  expect(await committed()).toBe('1')
  await admin.resetOffsets({ groupId: 'readers', topic: 'grouped', earliest: true })
  expect(await committed()).toBe('-2')
  expect((await admin.listGroups()).groups).toContainEqual({
    groupId: 'readers',
    protocolType: 'consumer',
  })
  const { groups } = await admin.describeGroups(['readers'])
  expect(groups[0]).toMatchObject({ groupId: 'readers', state: 'Empty', errorCode: 0, members: [] })
  expect(await admin.deleteGroups(['readers'])).toEqual([
    expect.objectContaining({ groupId: 'readers', errorCode: 0 }),
  ])
  expect((await admin.listGroups()).groups).toEqual([])
})

test('describeCluster names the broker that answers', async () => {
  const cluster = await admin.describeCluster()
  expect(cluster.brokers).toEqual([
    { nodeId: cluster.controller, host: '127.0.0.1', port: broker.port },
  ])
  expect(cluster.clusterId).toMatch(/^[\w-]{22}$/)
})

test('describeConfigs and alterConfigs change a topic at once and over a restart', async () => {
  await admin.createTopics({ topics: [{ topic: 'configured' }] })
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: 'configured',
        configEntries: [{ name: 'retention.ms', value: '12345' }],
      },
    ],
  })
  const retention = async () => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        { type: ConfigResourceTypes.TOPIC, name: 'configured', configNames: ['retention.ms'] },
      ],
    })
    return resources[0]?.configEntries.find(entry => entry.configName === 'retention.ms')
      ?.configValue
  }
  expect(await retention()).toBe('12345')
  await broker.killAndRestart()
  expect(await retention()).toBe('12345')
})

test('listPartitionReassignments finds none', async () => {
  expect(await admin.listPartitionReassignments({})).toMatchObject({ topics: [] })
})

test('describeAcls and createAcls say that security is off', async () => {
  const filter = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: 'a',
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:bob',
    host: '*',
    operation: AclOperationTypes.ALL,
    permissionType: AclPermissionTypes.ALLOW,
  }
  await expect(admin.describeAcls(filter)).rejects.toMatchObject({ type: 'SECURITY_DISABLED' })
  await expect(admin.createAcls({ acl: [filter] })).rejects.toMatchObject({
    type: 'SECURITY_DISABLED',
  })
})
