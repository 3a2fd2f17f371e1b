import { describe, expect, test } from 'vitest'
import { isDamagedCopy, judgeFolder } from '../../../broker/cluster/folders.ts'
import { put } from '../../../broker/cluster/plan.ts'
import { storeKey } from '../../../broker/image/values.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { DEFAULT_LOG_CONFIG } from '../../../storage/log-config.ts'
import { append, batchOf } from '../../storage/support/log-world.ts'
import { FOLDER, imageOf, newTopic, startNode, type TestNode, topicOperations } from './support.ts'

const LIVE = 'qqsMzN3u_wARIjNEVWZ3iA'
const DELETED = 'AAECAwQFBgcICQoLDA0ODw'
const OTHER = 'ZZECAwQFBgcICQoLDA0OZZ'

describe('what becomes of a folder', () => {
  const gone = (id: string, name: string) => put('gone', storeKey.gone(id), { name })
  const image = imageOf(
    ...topicOperations('live', LIVE, 2),
    ...topicOperations('anew', 'BBBBBBBBBBBBBBBBBBBBBB', 1),
    gone(DELETED, 'deleted'),
    gone('CCCCCCCCCCCCCCCCCCCCCC', 'anew'),
  )
  const flipped = `r${LIVE.slice(1)}`

  test.each([
    ['live', 0, LIVE, { kind: 'open', topicId: LIVE }],
    ['live', 2, LIVE, { kind: 'stray' }],
    ['live', 0, null, { kind: 'open', topicId: LIVE }],
    ['live', 2, null, { kind: 'stray' }],
    ['live', 1, flipped, { kind: 'open', topicId: LIVE }],
    ['live', 0, OTHER, { kind: 'stray' }],
    ['other', 0, LIVE, { kind: 'stray' }],
    ['other', 0, OTHER, { kind: 'stray' }],
    ['other', 0, null, { kind: 'stray' }],
    ['deleted', 0, DELETED, { kind: 'delete', topicId: DELETED }],
    ['deleted', 0, null, { kind: 'delete', topicId: DELETED }],
    ['deleted', 0, OTHER, { kind: 'stray' }],
    ['anew', 0, null, { kind: 'stray' }],
    ['anew', 0, 'CCCCCCCCCCCCCCCCCCCCCC', { kind: 'delete' }],
  ])('%s-%d with the id %s', (topic, partition, topicId, verdict) => {
    const folder = { name: `${topic}-${partition}`, topic, partition, topicId }
    const configOf = () => DEFAULT_LOG_CONFIG
    expect(judgeFolder(folder, { image, nodeId: 1, configOf })).toMatchObject(verdict)
  })

  test('an id is a damaged copy of another up to two characters', () => {
    expect(isDamagedCopy(`xx${LIVE.slice(2)}`, LIVE)).toBe(true)
    expect(isDamagedCopy(`xxx${LIVE.slice(3)}`, LIVE)).toBe(false)
  })
})

function write(disk: SimDisk, path: string, bytes: Buffer | string): void {
  const file = disk.open(`${FOLDER}/${path}`, 'create')
  file.truncate(0)
  file.writev([Buffer.from(bytes as string)], 0)
  file.close()
}

async function produce(node: TestNode, topic: string, count: number, valueBytes = 10) {
  const log = node.partitions.get(topic, 0)?.log
  if (log === undefined) throw new Error(`${topic} is not open`)
  for (let at = 0; at < count; at++) {
    const { fate } = append(log, batchOf({ valueBytes }), { leaderEpoch: 0 })
    expect(await fate).toBe('durable')
  }
  return log
}

/** A node with records in a topic, stopped. */
async function stopped(name = 'a', configs: Record<string, string> = {}) {
  const disk = new SimDisk({ random: new SeededRandom('folders') })
  const node = await startNode({ disk })
  await node.controller.createTopics([newTopic(name, 1, configs)], { validateOnly: false })
  await produce(node, name, 5)
  await node.stop()
  return disk
}

const folders = (disk: SimDisk) =>
  disk
    .list(FOLDER)
    .filter(({ isFolder }) => isFolder)
    .map(({ name }) => name)

describe('records are never hidden or removed by inference', () => {
  test('no byte damaged in partition.metadata, and no loss of it, hides them', async () => {
    const disk = await stopped()
    const whole = disk.readFile(`${FOLDER}/a-0/partition.metadata`)
    const damages: Buffer[] = Array.from({ length: whole.length }, (_, at) => {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 1 << (at % 8)
      return bytes
    })
    damages.push(Buffer.alloc(0), Buffer.alloc(43), whole.subarray(0, 20))
    for (const bytes of damages) {
      const copy = disk.image({ keep: 'all' })
      write(copy, 'a-0/partition.metadata', bytes)
      const node = await startNode({ disk: copy })
      expect(node.partitions.get('a', 0)?.log.nextOffset, bytes.toString()).toBe(5)
      await node.stop()
      expect(copy.readFile(`${FOLDER}/a-0/partition.metadata`)).toEqual(whole)
    }
  })

  test('a folder of an unknown topic is set aside, told, and kept for good', async () => {
    const disk = await stopped()
    write(disk, 'a-0/partition.metadata', `version: 0\ntopic_id: ${OTHER}`)
    const node = await startNode({ disk })
    const [stray] = folders(disk).filter(name => name.endsWith('-stray'))
    expect(node.conditions.list()).toMatchObject([
      { kind: 'stray-log', subject: stray, severity: 'error' },
    ])
    expect(node.conditions.list()[0]?.message).toContain('ottla storage restore')
    expect(node.partitions.get('a', 0)?.log.nextOffset).toBe(0)
    await node.logDirectory.unlinkDue(Number.MAX_SAFE_INTEGER)
    await node.stop()
    const [log] = disk.list(`${FOLDER}/${stray}`).filter(({ name }) => name.endsWith('.log'))
    expect(disk.stat(`${FOLDER}/${stray}/${log?.name}`)?.sizeBytes).toBe(5 * batchOf().length)
    const again = await startNode({ disk })
    expect(again.conditions.has('stray-log', stray as string)).toBe(true)
    await again.stop()
  })

  test('offsets of groups outlive the loss of the newest metadata', async () => {
    const disk = new SimDisk({ random: new SeededRandom('offsets') })
    const node = await startNode({ disk })
    const before = disk.readFile(`${FOLDER}/ottla-metadata.log`)
    const topics = [newTopic('__consumer_offsets', 1)]
    await node.controller.createTopics(topics, { validateOnly: false })
    await produce(node, '__consumer_offsets', 3)
    await node.stop()
    write(disk, 'ottla-metadata.log', before)
    const again = await startNode({ disk })
    expect(again.image().topics.size).toBe(0)
    expect(again.conditions.list()).toMatchObject([{ kind: 'stray-log' }])
    expect(folders(disk)).toEqual([expect.stringMatching(/^__consumer_offsets-0\..*-stray$/)])
    await again.stop()
  })

  test('a log that adoption passes over is kept, and does not come in the way', async () => {
    const disk = await stopped()
    disk.rename(`${FOLDER}/a-0`, `${FOLDER}/a-1`)
    for (const name of ['ottla-metadata.log', 'ottla-metadata.snapshot']) {
      disk.remove(`${FOLDER}/${name}`)
    }
    const node = await startNode({ disk })
    expect(node.conditions.list()).toMatchObject([{ kind: 'stray-log', severity: 'error' }])
    await node.controller.createTopics([newTopic('a', 2)], { validateOnly: false })
    expect(node.partitions.get('a', 1)?.log.nextOffset).toBe(0)
    await node.stop()
    expect(folders(disk).filter(name => name.endsWith('-stray'))).toHaveLength(1)
  })
})

describe('metadata comes before logs', () => {
  /** Two segments; the first has lost its last batch, as compaction leaves it. */
  async function withHole(configs: Record<string, string>) {
    const disk = new SimDisk({ random: new SeededRandom('hole') })
    const node = await startNode({ disk })
    const topic = newTopic('a', 1, { 'segment.bytes': '1048576', ...configs })
    await node.controller.createTopics([topic], { validateOnly: false })
    const log = await produce(node, 'a', 5, 400_000)
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 2, 4])
    node.abandon()
    const file = disk.open(`${FOLDER}/a-0/00000000000000000000.log`, 'write')
    file.truncate(file.sizeBytes / 2)
    file.close()
    return disk
  }

  test('recovery keeps all segments of a compacted log that has holes', async () => {
    const disk = await withHole({ 'cleanup.policy': 'compact' })
    const node = await startNode({ disk })
    const log = node.partitions.get('a', 0)?.log
    expect(log?.nextOffset).toBe(5)
    expect(log?.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 2, 4])
    await node.stop()
  })

  test('and of one that only the properties of the broker make compacted', async () => {
    const disk = await withHole({ 'cleanup.policy': 'compact' })
    const overrides = { 'log.cleanup.policy': 'compact' }
    const node = await startNode({ disk, overrides })
    expect(node.partitions.get('a', 0)?.log.nextOffset).toBe(5)
    await node.stop()
  })
})
