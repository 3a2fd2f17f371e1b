import { expect, test } from 'vitest'
import { part, take } from './bench.ts'

export const administration = part('administration', bench => {
  test('topics are made, described, grown, altered and deleted', async () => {
    const admin = bench().client.admin()
    const topic = bench().unique('topic')
    await admin.createTopics([{ topic, partitions: 2 }], { validateOnly: true })
    expect(await admin.listTopics()).not.toContain(topic)
    await admin.createTopics([{ topic, partitions: 2, configs: { 'retention.ms': '1000' } }])
    await expect(admin.createTopics([topic])).rejects.toMatchObject({
      codeName: 'TOPIC_ALREADY_EXISTS',
    })
    await admin.createPartitions(topic, 3)
    const [description] = await admin.describeTopics([topic])
    expect(description!.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2])
    const resource = { type: 'topic', name: topic } as const
    await admin.alterConfigs(resource, [
      { name: 'retention.ms', value: null },
      { name: 'max.message.bytes', value: '5000' },
    ])
    const entries = await admin.describeConfigs(resource, ['retention.ms', 'max.message.bytes'])
    expect(entries.find(({ name }) => name === 'max.message.bytes')).toMatchObject({
      value: '5000',
      source: 'topic',
    })
    expect(entries.find(({ name }) => name === 'retention.ms')!.value).toBe('604800000')
    await admin.deleteTopics([topic])
    expect(await admin.listTopics()).not.toContain(topic)
    await expect(admin.deleteTopics([topic])).rejects.toMatchObject({
      codeName: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })

  test('offsets are found by name and by time', async () => {
    const topic = await bench().topicOf()
    const places = [{ topic, partition: 0 }]
    await using producer = bench().client.producer()
    for (const timestamp of [100, 300, 200]) await producer.send({ topic, value: 'v', timestamp })
    const admin = bench().client.admin()
    const find = async (spec: Parameters<typeof admin.listOffsets>[1]) =>
      (await admin.listOffsets(places, spec))[0]!.offset
    expect(await find('earliest')).toBe(0)
    expect(await find('latest')).toBe(3)
    expect(await find('max-timestamp')).toBe(1)
    expect(await find(150)).toBe(1)
    expect(await find(301)).toBe(-1)
  })

  test('groups are listed, moved and forgotten', async () => {
    const topic = await bench().topicOf()
    const groupId = bench().unique('group')
    const place = { topic, partition: 0 }
    const admin = bench().client.admin()
    await using producer = bench().client.producer()
    await producer.sendAll([1, 2, 3].map(i => ({ topic, value: `${i}`, timestamp: i })))
    await admin.commitOffsets(groupId, [{ ...place, offset: 2, metadata: 'm' }])
    expect(await admin.fetchOffsets(groupId)).toEqual([{ ...place, offset: 2, metadata: 'm' }])
    expect((await admin.listGroups()).map(group => group.groupId)).toContain(groupId)
    await admin.resetOffsets(groupId, [place], 'earliest')
    expect(await admin.fetchOffsets(groupId)).toMatchObject([{ offset: 0 }])
    await admin.resetOffsets(groupId, [place], 99)
    expect(await admin.fetchOffsets(groupId)).toMatchObject([{ offset: 3 }])
    await admin.deleteOffsets(groupId, [place])
    expect(await admin.fetchOffsets(groupId)).toEqual([])
    await admin.commitOffsets(groupId, [{ ...place, offset: 1 }])
    await using consumer = bench().client.consumer({ groupId, topics: [topic] })
    await take(consumer, 1)
    await expect(admin.deleteGroups([groupId])).rejects.toMatchObject({
      codeName: 'NON_EMPTY_GROUP',
    })
    await expect(admin.resetOffsets(groupId, [place], 'latest')).rejects.toMatchObject({
      codeName: 'NON_EMPTY_GROUP',
    })
    await consumer.close()
    await admin.deleteGroups([groupId])
    expect((await admin.listGroups()).map(group => group.groupId)).not.toContain(groupId)
  })

  test('the cluster tells its brokers', async () => {
    const { brokers, clusterId, controllerId } = await bench().client.admin().describeCluster()
    expect(brokers.map(({ nodeId }) => nodeId)).toContain(controllerId)
    expect(clusterId).toMatch(/^[\w-]{22}$/)
  })
})
