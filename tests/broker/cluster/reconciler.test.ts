import { describe, expect, test } from 'vitest'
import { virtualClock } from '../../../host/sim/clock.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import { flowing } from '../../storage/support/log-world.ts'
import { newTopic, startNode } from './support.ts'

const REALLY = { validateOnly: false }

async function world(seed: string) {
  const disk = new SimDisk({ random: new SeededRandom(seed) })
  const clock = virtualClock()
  const node = await startNode({ disk, clock })
  return { disk, clock, node }
}

describe('a topic that cannot be opened', () => {
  test.each(['EMFILE', 'ENOSPC'])(
    'for %s is not answered as created, is not there, and can be created later',
    async code => {
      const { disk, clock, node } = await world(code)
      const fault = disk.faults.add({ calls: ['makeFolder', 'open'], path: '/a-', code })
      const [reply] = await node.controller.createTopics([newTopic('a', 3)], REALLY)
      expect(reply).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, topicId: NO_UUID })
      expect(reply?.errorMessage).toContain('was not created')
      expect(node.image().topics.size).toBe(0)
      fault.remove()
      const [again] = await node.controller.createTopics([newTopic('a', 3)], REALLY)
      expect(again?.errorCode).toBe(ErrorCode.NONE)
      expect(node.partitions.get('a', 2)?.isLeader).toBe(true)
      await node.reconciler.idle()
      expect(node.conditions.list()).toEqual([])
      await flowing(clock, node.stop())
    },
  )

  test('and cannot be taken back stays, and is served when the disk allows it', async () => {
    const { disk, clock, node } = await world('stays')
    let openedCount = 0
    node.reconciler.onOpened(() => openedCount++)
    disk.faults.add({ calls: ['makeFolder'], path: '/a-', code: 'ENOSPC' })
    disk.faults.add({ calls: ['write'], path: 'ottla-metadata', code: 'ENOSPC', afterCalls: 1 })
    const [reply] = await node.controller.createTopics([newTopic('a', 3)], REALLY)
    expect(reply?.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    expect(reply?.errorMessage).toContain('was created, but cannot be served')
    const id = node.image().topics.get('a')?.id ?? ''
    await clock.advance(1_000)
    await node.reconciler.idle()
    expect(node.conditions.has('partition-not-open', id)).toBe(true)
    expect(node.partitions.get('a', 0)).toBeUndefined()
    disk.faults.clear()
    await clock.advance(5_000)
    await node.reconciler.idle()
    expect(node.partitions.get('a', 2)?.isLeader).toBe(true)
    expect(openedCount).toBe(1)
    expect(node.conditions.list()).toEqual([])
    await flowing(clock, node.stop())
  })

  test('of which some partitions are open is taken back whole', async () => {
    const { disk, clock, node } = await world('some')
    const fault = disk.faults.add({ calls: ['makeFolder'], path: '/a-1', code: 'EMFILE' })
    await node.controller.createTopics([newTopic('a', 2)], REALLY)
    await node.reconciler.idle()
    expect(node.image().topics.size).toBe(0)
    expect([...node.logDirectory.logs()]).toEqual([])
    fault.remove()
    await flowing(clock, node.stop())
  })

  test('is served by the next start, too', async () => {
    const { disk, clock, node } = await world('start')
    await node.controller.createTopics([newTopic('a', 1), newTopic('b', 1)], REALLY)
    await flowing(clock, node.stop())
    disk.remove('/data/a-0')
    disk.faults.add({ calls: ['makeFolder'], path: '/a-', code: 'EMFILE' })
    const again = await startNode({ disk, clock })
    expect(again.partitions.get('b', 0)?.isLeader).toBe(true)
    expect(again.partitions.get('a', 0)).toBeUndefined()
    disk.faults.clear()
    await clock.advance(5_000)
    await again.reconciler.idle()
    expect(again.partitions.get('a', 0)?.isLeader).toBe(true)
    await flowing(clock, again.stop())
  })
})

test('partitions that were added and cannot be opened are not answered as added', async () => {
  const { disk, clock, node } = await world('partitions')
  await node.controller.createTopics([newTopic('a', 1)], REALLY)
  const fault = disk.faults.add({ calls: ['makeFolder'], path: '/a-2', code: 'EMFILE' })
  const wanted = [{ name: 'a', count: 4, assignments: null }]
  const [reply] = await node.controller.createPartitions(wanted, REALLY)
  expect(reply).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR })
  expect(node.partitions.get('a', 3)?.isLeader).toBe(true)
  expect(node.partitions.get('a', 2)).toBeUndefined()
  fault.remove()
  await clock.advance(5_000)
  await node.reconciler.idle()
  expect(node.partitions.get('a', 2)?.isLeader).toBe(true)
  expect(node.conditions.list()).toEqual([])
  await flowing(clock, node.stop())
})

test('config changes reach a topic whose partitions are opened later', async () => {
  const { disk, clock, node } = await world('configs')
  await node.controller.createTopics([newTopic('a', 1)], REALLY)
  const fault = disk.faults.add({ calls: ['makeFolder'], path: '/a-1', code: 'EMFILE' })
  await node.controller.createPartitions([{ name: 'a', count: 2, assignments: null }], REALLY)
  const changes = [{ name: 'retention.ms', operation: 0, value: '77' }]
  const resource = { resourceType: 2, resourceName: 'a', mode: 'incremental' as const, changes }
  await node.controller.alterConfigs([resource], REALLY)
  fault.remove()
  await clock.advance(5_000)
  await node.reconciler.idle()
  const retention = [0, 1].map(index => node.partitions.get('a', index)?.log.config.retentionMs)
  expect(retention).toEqual([77, 77])
  await flowing(clock, node.stop())
})
