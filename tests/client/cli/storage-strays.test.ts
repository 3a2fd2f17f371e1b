import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { restoreStrays } from '../../../client/cli/commands/storage-strays.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { listStrays } from '../../../storage/strays.ts'
import { newTopic, startNode } from '../../broker/cluster/support.ts'
import { append, batchOf } from '../../storage/support/log-world.ts'

const { disk } = nodeHost()
const OTHER = 'ZZECAwQFBgcICQoLDA0OZZ'
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-strays-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const start = () => startNode({ disk, path: folder })

async function produce(node: Awaited<ReturnType<typeof start>>, count: number) {
  const log = node.partitions.get('a', 0)?.log
  if (log === undefined) throw new Error('the topic is not open')
  for (let at = 0; at < count; at++) {
    const { fate } = append(log, batchOf(), {
      leaderEpoch: node.partitions.get('a', 0)!.leaderEpoch,
    })
    expect(await fate).toBe('durable')
  }
}

/** A topic with five records whose folder was set aside. Returns the stray's name. */
async function setAside(by: 'another id' | 'lost metadata'): Promise<string> {
  const node = await start()
  const metadata = disk.readFile(`${folder}/ottla-metadata.log`)
  await node.controller.createTopics([newTopic('a', 1)], { validateOnly: false })
  await produce(node, 5)
  await node.stop()
  if (by === 'another id') {
    writeFileSync(`${folder}/a-0/partition.metadata`, `version: 0\ntopic_id: ${OTHER}`)
  } else {
    writeFileSync(`${folder}/ottla-metadata.log`, metadata)
  }
  await (await start()).stop()
  const [stray] = listStrays(disk, folder)
  expect(stray).toMatchObject({ topic: 'a', partition: 0, sizeBytes: 5 * batchOf().length })
  return stray?.name ?? ''
}

test('a stray takes the place of the empty log that was made instead of it', async () => {
  const name = await setAside('another id')
  await restoreStrays(folder, [name], { dryRun: true })
  expect(listStrays(disk, folder)).toHaveLength(1)
  await restoreStrays(folder, [name], {})
  const node = await start()
  expect(node.partitions.get('a', 0)?.log.nextOffset).toBe(5)
  expect(node.conditions.list()).toEqual([])
  await produce(node, 1)
  expect(node.partitions.get('a', 0)?.log.nextOffset).toBe(6)
  await node.stop()
})

test('a topic that no metadata has any more is made again, and keeps everything', async () => {
  const name = await setAside('lost metadata')
  await restoreStrays(folder, [name], {})
  const node = await start()
  expect(node.partitions.get('a', 0)?.log.nextOffset).toBe(5)
  expect(node.image().topics.get('a')?.configs.get('retention.ms')).toBe('-1')
  expect(node.conditions.list()).toEqual([])
  await node.stop()
})

test('records are not replaced, and nothing is done while a broker runs', async () => {
  const name = await setAside('another id')
  const node = await start()
  await expect(restoreStrays(folder, [name], {})).rejects.toMatchObject({ code: 'LOCKED' })
  await produce(node, 1)
  await node.stop()
  await expect(restoreStrays(folder, [name], {})).rejects.toThrow('records of its own')
  expect(listStrays(disk, folder)).toHaveLength(1)
})

test('a stray without a readable id needs a topic of its name', async () => {
  const name = await setAside('lost metadata')
  writeFileSync(`${folder}/${name}/partition.metadata`, '')
  await expect(restoreStrays(folder, [name], {})).rejects.toThrow('create the topic first')
  const node = await start()
  await node.controller.createTopics([newTopic('a', 1)], { validateOnly: false })
  await node.stop()
  await restoreStrays(folder, [name], {})
  const again = await start()
  expect(again.partitions.get('a', 0)?.log.nextOffset).toBe(5)
  await again.stop()
})
