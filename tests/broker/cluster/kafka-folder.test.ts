import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readKraftMetadata } from '../../../broker/cluster/kraft-records.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { readMetadataBatches } from '../../../storage/kraft.ts'
import { startNode } from './support.ts'

const archive = new URL('../../vectors/kafka-data-4.3.0.tar.gz', import.meta.url).pathname
const { disk } = nodeHost()
let folder = ''

beforeAll(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'ottla-kafka-'))
  execFileSync('tar', ['xzf', archive, '-C', folder])
})

afterAll(() => fs.rm(folder, { recursive: true }))

test("Kafka's own metadata log tells topics, configs, quotas and producer ids", () => {
  const kraft = readKraftMetadata(readMetadataBatches(disk, folder))
  const topics = [...kraft.topics.values()].map(({ name }) => name)
  expect(topics).toEqual(expect.arrayContaining(['segmented', 'compacted', 'trimmed', 'jtx']))
  expect(kraft.configs.get('2/compacted')?.get('cleanup.policy')).toBe('compact')
  expect(kraft.quotas.length).toBeGreaterThan(0)
  expect(kraft.nextProducerId).toBeGreaterThanOrEqual(1000)
})

test('a folder of Kafka is adopted, with ids, configs and offsets, and stays adopted', async () => {
  const overrides = { 'log.retention.ms': '-1' }
  const node = await startNode({ disk, path: folder, overrides })
  const kraft = readKraftMetadata(readMetadataBatches(disk, folder))
  expect(node.conditions.list()).toEqual([])
  for (const { id, name, leaderEpochs } of kraft.topics.values()) {
    const topic = node.image().topicsById.get(id)
    expect(topic?.name).toBe(name)
    expect(topic?.partitions.length).toBe(leaderEpochs.size)
    for (const [index, epoch] of leaderEpochs) {
      const partition = node.partitions.get(name, index)
      expect(partition?.isLeader).toBe(true)
      expect(partition?.leaderEpoch).toBeGreaterThanOrEqual(epoch)
      expect(partition?.highWatermark).toBe(partition?.log.nextOffset)
    }
  }
  expect(node.partitions.get('compacted', 0)?.config.isCompacted).toBe(true)
  expect(node.partitions.get('trimmed', 0)?.logStartOffset).toBeGreaterThan(0)
  expect(node.image().nextProducerId).toBeGreaterThanOrEqual(kraft.nextProducerId)
  const topics = [...node.image().topics.keys()]
  await node.stop()
  const again = await startNode({ disk, path: folder, overrides })
  expect([...again.image().topics.keys()].sort()).toEqual(topics.sort())
  await again.stop()
})
