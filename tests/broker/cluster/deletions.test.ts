import { describe, expect, test } from 'vitest'
import { storeKey } from '../../../broker/image/values.ts'
import { virtualClock } from '../../../host/sim/clock.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import { flowing } from '../../storage/support/log-world.ts'
import { FOLDER, newTopic, startNode } from './support.ts'

const named = (name: string) => ({ name, topicId: NO_UUID })
const REALLY = { validateOnly: false }

function folders(disk: SimDisk): string[] {
  return disk
    .list(FOLDER)
    .filter(({ isFolder }) => isFolder)
    .map(({ name }) => name)
}

/** Whatever a crash left: the topic whole, or nothing of it, and for good. */
async function checkAfterCrash(disk: SimDisk, topicId: string, isDeleted: boolean) {
  const node = await startNode({ disk })
  expect(node.conditions.list()).toEqual([])
  const isThere = node.image().topics.has('a')
  if (isDeleted) expect(isThere).toBe(false)
  expect(node.image().topicsById.has(topicId)).toBe(isThere)
  const opened = [0, 1].map(index => node.partitions.get('a', index) !== undefined)
  expect(opened).toEqual([isThere, isThere])
  await node.reconciler.idle()
  expect(await node.store.get(storeKey.gone(topicId))).toBeNull()
  await node.logDirectory.unlinkDue(Number.MAX_SAFE_INTEGER)
  const left = folders(disk).filter(name => name.startsWith('a-'))
  expect(left).toEqual(isThere ? ['a-0', 'a-1'] : [])
  node.abandon()
}

describe('the deletion of a topic', () => {
  test.each(['synced', 'prefix', 'all'] as const)(
    'cut off at any step (%s kept) leaves neither an orphan nor a topic come back',
    async keep => {
      const disk = new SimDisk({ random: new SeededRandom(`deletion ${keep}`) })
      const node = await startNode({ disk })
      const topics = [newTopic('a', 2), newTopic('b', 1)]
      const [created] = await node.controller.createTopics(topics, REALLY)
      const topicId = created?.topicId ?? ''
      for (const log of node.logDirectory.logs()) log.commits.request()
      await node.stop()
      const live = await startNode({ disk })
      const cuts: { image: SimDisk; isDeleted: boolean }[] = []
      let isDeleted = false
      let isOver = false
      const deletion = live.controller
        .deleteTopics([named('a')])
        .then(([reply]) => {
          expect(reply?.errorCode).toBe(ErrorCode.NONE)
          isDeleted = true
          return live.reconciler.idle()
        })
        .then(() => {
          isOver = true
        })
      while (!isOver) {
        cuts.push({ image: disk.image({ keep }), isDeleted })
        await null
      }
      await deletion
      cuts.push({ image: disk.image({ keep }), isDeleted })
      expect(cuts.length).toBeGreaterThan(10)
      live.abandon()
      for (const cut of cuts) await checkAfterCrash(cut.image, topicId, cut.isDeleted)
    },
    60_000,
  )

  test('is forgotten only once the new names of its folders are on disk', async () => {
    const disk = new SimDisk({ random: new SeededRandom('sync') })
    const clock = virtualClock()
    const node = await startNode({ disk, clock })
    const [created] = await node.controller.createTopics([newTopic('a')], REALLY)
    const key = storeKey.gone(created?.topicId ?? '')
    const fault = disk.faults.add({ calls: ['syncFolder'], path: /^\/data$/, code: 'EMFILE' })
    await node.controller.deleteTopics([named('a')])
    await node.reconciler.idle()
    expect(fault.hits).toBeGreaterThan(0)
    expect(await node.store.get(key)).not.toBeNull()
    expect(node.conditions.has('deletion-pending', 'a')).toBe(true)
    fault.remove()
    await clock.advance(5_000)
    await node.reconciler.idle()
    expect(await node.store.get(key)).toBeNull()
    expect(node.conditions.list()).toEqual([])
    await flowing(clock, node.stop())
  })

  test('is tried again while folders cannot be renamed, and frees the name then', async () => {
    const disk = new SimDisk({ random: new SeededRandom('rename') })
    const clock = virtualClock()
    const node = await startNode({ disk, clock })
    await node.controller.createTopics([newTopic('a', 2)], REALLY)
    const fault = disk.faults.add({ calls: ['rename'], path: '/a-', code: 'ENOSPC' })
    const [reply] = await node.controller.deleteTopics([named('a')])
    expect(reply?.errorCode).toBe(ErrorCode.NONE)
    expect(node.partitions.get('a', 0)).toBeUndefined()
    expect(node.conditions.has('deletion-pending', 'a')).toBe(true)
    fault.remove()
    await clock.advance(5_000)
    await node.reconciler.idle()
    expect(node.conditions.list()).toEqual([])
    const [again] = await node.controller.createTopics([newTopic('a', 1)], REALLY)
    expect(again?.errorCode).toBe(ErrorCode.NONE)
    await flowing(clock, node.stop())
  })

  test('that goes on failing is tried again at intervals of up to 5 s', async () => {
    const disk = new SimDisk({ random: new SeededRandom('intervals') })
    const clock = virtualClock()
    const node = await startNode({ disk, clock })
    await node.controller.createTopics([newTopic('a')], REALLY)
    const fault = disk.faults.add({ calls: ['rename'], path: '/a-', code: 'ENOSPC' })
    await node.controller.deleteTopics([named('a')])
    for (let at = 0; at < 120; at++) {
      await clock.advance(250)
      await node.reconciler.idle()
    }
    expect(fault.hits).toBeGreaterThan(5)
    expect(fault.hits).toBeLessThan(15)
    fault.remove()
    await clock.advance(5_000)
    await node.reconciler.idle()
    expect(node.conditions.list()).toEqual([])
    await flowing(clock, node.stop())
  })

  test('of many topics lets others have their turn after every 16 folders', async () => {
    const disk = new SimDisk({ random: new SeededRandom('turns') })
    const node = await startNode({ disk })
    const topics = Array.from({ length: 30 }, (_, index) => newTopic(`t-${index}`, 2))
    await node.controller.createTopics(topics, REALLY)
    const left = () => folders(disk).filter(name => /^t-\d+-\d$/.test(name)).length
    let isOver = false
    let before = left()
    let most = 0
    const look = () => {
      most = Math.max(most, before - left())
      before = left()
      if (!isOver) setImmediate(look)
    }
    setImmediate(look)
    await node.controller.deleteTopics(topics.map(({ name }) => named(name)))
    await node.reconciler.idle()
    isOver = true
    expect(left()).toBe(0)
    expect(most).toBeLessThanOrEqual(32)
    await node.stop()
  })

  test('that a start cannot carry out is carried out as soon as the disk allows it', async () => {
    const disk = new SimDisk({ random: new SeededRandom('start') })
    const node = await startNode({ disk })
    const [created] = await node.controller.createTopics([newTopic('a', 2)], REALLY)
    const whole = disk.image({ keep: 'all' })
    disk.faults.add({ calls: ['syncFolder'], path: /^\/data$/, code: 'EMFILE' })
    await node.controller.deleteTopics([named('a')])
    node.abandon()
    // The metadata with the deletion, the folders as they were before.
    const log = disk.readFile(`${FOLDER}/ottla-metadata.log`)
    const file = whole.open(`${FOLDER}/ottla-metadata.log`, 'create')
    file.writev([log], 0)
    file.close()
    const fault = whole.faults.add({ calls: ['rename'], path: '/a-', code: 'ENOSPC' })
    const clock = virtualClock()
    const again = await startNode({ disk: whole, clock })
    expect(again.partitions.get('a', 0)).toBeUndefined()
    fault.remove()
    await clock.advance(5_000)
    await again.reconciler.idle()
    expect(await again.store.get(storeKey.gone(created?.topicId ?? ''))).toBeNull()
    await again.logDirectory.unlinkDue(Number.MAX_SAFE_INTEGER)
    expect(folders(whole)).toEqual([])
    await flowing(clock, again.stop())
  })
})
