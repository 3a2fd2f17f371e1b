import { describe, expect, test } from 'vitest'
import { adoptionOperations, planAdoption } from '../../../broker/cluster/adoption.ts'
import { ProducerIds } from '../../../broker/cluster/producer-ids.ts'
import { storeKey } from '../../../broker/image/values.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import { newTopic, startNode, type TestNode } from './support.ts'

const REALLY = { validateOnly: false }

async function create(node: TestNode, ...topics: ReturnType<typeof newTopic>[]) {
  const created = await node.controller.createTopics(topics, REALLY)
  expect(created.map(({ errorCode }) => errorCode)).toEqual(topics.map(() => ErrorCode.NONE))
  return created
}

function named(name: string) {
  return { name, topicId: NO_UUID }
}

describe('a node of its own', () => {
  test('answers a creation once partitions can be written to', async () => {
    const node = await startNode()
    const [created] = await create(node, newTopic('a', 3, { 'segment.bytes': '2097152' }))
    expect(node.image().topics.get('a')?.id).toBe(created?.topicId)
    const partition = node.partitions.get('a', 2)
    expect(partition).toMatchObject({ isLeader: true, leaderEpoch: 0, highWatermark: 0 })
    expect(partition?.log.config.segmentBytes).toBe(2_097_152)
    expect(node.partitions.getById(created?.topicId ?? '', 2)).toBe(partition)
    expect(node.partitions.get('a', 3)).toBeUndefined()
    await node.stop()
  })

  test('only judges what is to be validated', async () => {
    const node = await startNode()
    const [reply] = await node.controller.createTopics([newTopic('a')], { validateOnly: true })
    expect(reply?.errorCode).toBe(ErrorCode.NONE)
    expect(node.image().topics.size).toBe(0)
    await node.stop()
  })

  test('keeps topics, configs and ids over a clean stop', async () => {
    const node = await startNode()
    const [created] = await create(node, newTopic('a', 2), newTopic('b'))
    await node.controller.alterConfigs(
      [change(2, 'a', 'retention.ms', '77'), change(4, '', 'message.max.bytes', '99')],
      REALLY,
    )
    await node.stop()
    const again = await startNode({ disk: node.disk })
    expect([...again.image().topics.keys()]).toEqual(['a', 'b'])
    expect(again.image().topics.get('a')?.id).toBe(created?.topicId)
    expect(again.partitions.get('a', 1)?.log.config.retentionMs).toBe(77)
    expect(again.config.get('message.max.bytes')).toBe(99)
    expect(again.partitions.get('a', 1)?.config.maxMessageBytes).toBe(99)
    expect(again.image().topics.get('a')?.partitions[0]?.leaderEpoch).toBe(0)
    await again.stop()
  })

  test('leads under a fresh epoch after a crash', async () => {
    const disk = new SimDisk({ random: new SeededRandom('crash') })
    const node = await startNode({ disk })
    await create(node, newTopic('a', 2))
    node.abandon()
    disk.crash({ keep: 'synced' })
    const again = await startNode({ disk })
    expect(
      again
        .image()
        .topics.get('a')
        ?.partitions.map(p => p.leaderEpoch),
    ).toEqual([1, 1])
    expect(again.partitions.get('a', 0)?.leaderEpoch).toBe(1)
    await again.stop()
  })

  test('config changes take effect at once, for open partitions too', async () => {
    const node = await startNode()
    await create(node, newTopic('a'))
    const partition = node.partitions.get('a', 0)
    await node.controller.alterConfigs([change(4, '1', 'log.retention.ms', '5')], REALLY)
    expect(partition?.log.config.retentionMs).toBe(5)
    await node.controller.alterConfigs([change(2, 'a', 'retention.ms', '6')], REALLY)
    expect(partition?.log.config.retentionMs).toBe(6)
    await node.controller.alterConfigs([change(2, 'a', 'retention.ms', null, 1)], REALLY)
    expect(partition?.log.config.retentionMs).toBe(5)
    await node.stop()
  })

  test('a deleted topic is gone at once, and its name may be used again', async () => {
    const node = await startNode()
    const [first] = await create(node, newTopic('a', 2))
    const partition = node.partitions.get('a', 0)
    const [deleted] = await node.controller.deleteTopics([named('a')])
    expect(deleted).toMatchObject({ name: 'a', topicId: first?.topicId, errorCode: 0 })
    expect(partition?.isStopped).toBe(true)
    expect(node.partitions.get('a', 0)).toBeUndefined()
    const [second] = await create(node, newTopic('a', 1))
    expect(second?.topicId).not.toBe(first?.topicId)
    expect(node.partitions.get('a', 0)?.isLeader).toBe(true)
    await node.stop()
    const again = await startNode({ disk: node.disk })
    expect(again.image().topics.get('a')?.partitions.length).toBe(1)
    expect(again.conditions.list()).toEqual([])
    await again.stop()
  })

  test('a deletion that a crash interrupts is ended by the next start', async () => {
    const node = await startNode()
    const [created] = await create(node, newTopic('a', 2))
    const id = created?.topicId ?? ''
    node.abandon()
    // The transaction happened, the folders are still there.
    const half = await startNode({ disk: node.disk })
    await half.view.close()
    await half.controller.close()
    void half.controller.deleteTopics([named('a')])
    await half.store.transact({ compare: [], operations: [] })
    half.abandon()
    expect(half.logDirectory.get('a', 0)?.topicId).toBe(id)
    const again = await startNode({ disk: node.disk })
    expect(again.logDirectory.get('a', 0)).toBeUndefined()
    expect(again.conditions.list()).toEqual([])
    await again.reconciler.idle()
    expect(await again.store.get(storeKey.gone(id))).toBeNull()
    await again.stop()
  })

  test('partitions are added while others are written to', async () => {
    const node = await startNode()
    await create(node, newTopic('a'))
    const first = node.partitions.get('a', 0)
    const [reply] = await node.controller.createPartitions(
      [{ name: 'a', count: 200, assignments: null }],
      REALLY,
    )
    expect(reply?.errorCode).toBe(ErrorCode.NONE)
    expect(node.partitions.get('a', 0)).toBe(first)
    expect(node.partitions.get('a', 199)?.isLeader).toBe(true)
    await node.stop()
  })

  test('a thousand topics in one request', async () => {
    const node = await startNode()
    const topics = Array.from({ length: 1000 }, (_, index) => newTopic(`t-${index}`, 1))
    await create(node, ...topics)
    expect(node.image().topics.size).toBe(1000)
    expect([...node.partitions.all()].length).toBe(1000)
    await node.stop()
  })

  test('leftovers of a creation that a crash interrupted do not come back', async () => {
    const node = await startNode()
    await create(node, newTopic('a', 2))
    const [created] = await node.controller.createTopics([newTopic('other')], REALLY)
    const id = node.image().topics.get('a')?.id ?? ''
    // As if the first stage of adding 200 partitions had happened, and of a topic of many.
    const part = { v: 1, r: [1], isr: [1], l: 1, le: 0 }
    await node.store.transact({
      compare: [],
      operations: [
        { kind: 'put', key: storeKey.part(id, 3), value: part },
        { kind: 'put', key: storeKey.part('unborn', 0), value: part },
      ],
    })
    expect(created?.errorCode).toBe(0)
    await node.stop()
    const again = await startNode({ disk: node.disk })
    expect(await again.store.get(storeKey.part(id, 3))).toBeNull()
    expect(await again.store.get(storeKey.part('unborn', 0))).toBeNull()
    await again.controller.createPartitions([{ name: 'a', count: 3, assignments: null }], REALLY)
    expect(again.image().topics.get('a')?.partitions.length).toBe(3)
    await again.stop()
  })

  test('a disk that fills up fails the creation and leaves nothing of it', async () => {
    const disk = new SimDisk({ random: new SeededRandom('full') })
    const node = await startNode({ disk })
    await create(node, newTopic('a'))
    disk.capacityBytes = 0
    const [reply] = await node.controller.createTopics([newTopic('b')], REALLY)
    expect(reply).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, topicId: NO_UUID })
    expect(node.image().topics.has('b')).toBe(false)
    disk.capacityBytes = Number.POSITIVE_INFINITY
    await create(node, newTopic('b'))
    await node.stop()
  })
})

describe('producer ids', () => {
  test('come in order and are never given twice, over crashes too', async () => {
    const disk = new SimDisk({ random: new SeededRandom('ids') })
    const seen = new Set<number>()
    for (let round = 0; round < 4; round++) {
      const node = await startNode({ disk })
      const ids = new ProducerIds(node.store)
      const taken = await Promise.all(Array.from({ length: 1001 }, () => ids.next()))
      for (const id of taken) {
        expect(seen.has(id)).toBe(false)
        seen.add(id)
      }
      expect(taken).toEqual([...taken].sort((a, b) => a - b))
      node.abandon()
      disk.crash({ keep: 'synced' })
    }
    expect(seen.size).toBe(4004)
  })

  test('two who take blocks at once take different ones', async () => {
    const node = await startNode()
    const all = await Promise.all([1, 2, 3].map(() => new ProducerIds(node.store).next()))
    expect(new Set(all).size).toBe(3)
    await node.stop()
  })
})

describe('adopting a folder', () => {
  const folder = (topic: string, partition: number, topicId: string | null) => ({
    name: `${topic}-${partition}`,
    topic,
    partition,
    topicId,
  })

  const nothing = { topics: new Map(), configs: new Map(), quotas: [], nextProducerId: 0 }

  test('logs without metadata become topics under the ids they carry', async () => {
    const node = await startNode()
    const [created] = await create(node, newTopic('a', 2))
    await node.stop()
    const disk = node.disk
    for (const { name } of disk.list('/data')) {
      if (name.startsWith('ottla-metadata')) disk.remove(`/data/${name}`)
    }
    const again = await startNode({ disk })
    expect(again.image().topics.get('a')).toMatchObject({ id: created?.topicId })
    expect(again.partitions.get('a', 1)?.isLeader).toBe(true)
    await again.stop()
  })

  test('logs whose metadata are lost have no retention, and the log says so', async () => {
    const node = await startNode()
    await create(node, newTopic('a', 1, { 'retention.ms': '-1' }))
    await node.stop()
    const { disk } = node
    for (const { name } of disk.list('/data')) {
      if (name.startsWith('ottla-metadata')) disk.remove(`/data/${name}`)
    }
    const again = await startNode({ disk })
    const { retentionMs, retentionBytes } = again.partitions.get('a', 0)!.log.config
    expect([retentionMs, retentionBytes]).toEqual([Infinity, Infinity])
    expect(again.lines.map(([message]) => message).join()).toContain('have lost their configs')
    await again.stop()
  })

  test('configs, epochs, quotas and producer ids come from the Kafka metadata log', () => {
    const kraft = {
      topics: new Map([
        [
          'T',
          {
            id: 'T',
            name: 'a',
            leaderEpochs: new Map([
              [0, 4],
              [1, 2],
            ]),
          },
        ],
      ]),
      configs: new Map([
        ['2/a', new Map([['retention.ms', '5']])],
        ['4/', new Map([['message.max.bytes', '6']])],
      ]),
      quotas: [{ entity: [['user', 'x'] as const], key: 'producer_byte_rate', value: 7 }],
      nextProducerId: 3000,
    }
    const { topics, adopted, refused } = planAdoption(
      [folder('a', 0, 'T'), folder('a', 1, 'T')],
      kraft,
    )
    const operations = adoptionOperations(topics, {
      kraft,
      nodeId: 1,
      factsOf: (_topic, index) => (index === 1 ? { latestEpoch: 9, producerIdMax: 3100 } : null),
      internalConfigs: () => new Map(),
    })
    expect(adopted).toEqual(
      new Map([
        ['a-0', 'T'],
        ['a-1', 'T'],
      ]),
    )
    const values = new Map(
      operations.flatMap(o => (o.kind === 'put' ? [[o.key, o.value] as const] : [])),
    )
    expect(values.get('part/T/0')).toMatchObject({ l: 1, le: 4 })
    expect(values.get('part/T/1')).toMatchObject({ l: 1, le: 9 })
    expect(values.get('cfg/topic/T')).toMatchObject({ c: [['retention.ms', '5']] })
    expect(values.get('cfg/broker-default')).toMatchObject({ c: [['message.max.bytes', '6']] })
    expect(values.get('quota/[[["user","x"]],"producer_byte_rate"]')).toMatchObject({
      key: 'producer_byte_rate',
      value: 7,
    })
    expect(values.get('pid/next')).toMatchObject({ next: 4000 })
    expect(refused.size).toBe(0)
  })

  test('what cannot be served is set aside, each folder with its reason', () => {
    const [b, c, d] = ['B', 'C', 'D'].map(letter => letter.repeat(22)) as [string, string, string]
    const folders = [folder('a', 0, null), folder('b', 0, b), folder('b', 1, c), folder('c', 1, d)]
    const { adopted, refused } = planAdoption(folders, nothing)
    expect([...adopted]).toEqual([['b-0', b]])
    expect([...refused.keys()].sort()).toEqual(['a-0', 'b-1', 'c-1'])
  })

  test('a folder whose id is damaged takes the one id its topic has', () => {
    const id = 'qqsMzN3u_wARIjNEVWZ3iA'
    const folders = [folder('a', 0, id), folder('a', 1, null), folder('a', 2, `r${id.slice(1)}`)]
    expect(new Set(planAdoption(folders, nothing).adopted.values())).toEqual(new Set([id]))
    const topics = new Map([[id, { id, name: 'a', leaderEpochs: new Map([[0, 1]]) }]])
    const alone = planAdoption([folder('a', 0, null)], { ...nothing, topics })
    expect([...alone.adopted]).toEqual([['a-0', id]])
  })
})

function change(
  resourceType: number,
  resourceName: string,
  name: string,
  value: string | null,
  operation = 0,
) {
  const changes = [{ name, operation, value }]
  return { resourceType, resourceName, mode: 'incremental' as const, changes }
}
