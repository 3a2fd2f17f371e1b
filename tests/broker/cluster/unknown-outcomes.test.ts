import { describe, expect, test } from 'vitest'
import { storeKey } from '../../../broker/image/values.ts'
import type { MetadataStore, TransactionOutcome } from '../../../broker/metadata/store.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import { newTopic, startNode } from './support.ts'

const REALLY = { validateOnly: false }
const UNKNOWN: TransactionOutcome = { kind: 'unknown', reason: 'the reply was lost' }

/** A store whose answer to one transaction is lost: before the store has done it, or after. */
function losing(store: MetadataStore, loss: { nth: number; isDone: boolean }): MetadataStore {
  let count = 0
  return {
    transactionSizeMax: store.transactionSizeMax,
    load: () => store.load(),
    get: key => store.get(key),
    watch: (fromRevision, listener) => store.watch(fromRevision, listener),
    openSession: ttlMs => store.openSession(ttlMs),
    close: () => store.close(),
    async transact(transaction) {
      if (count++ !== loss.nth) return store.transact(transaction)
      if (loss.isDone) await store.transact(transaction)
      return UNKNOWN
    },
  }
}

async function parts(node: Awaited<ReturnType<typeof startNode>>): Promise<number> {
  const { entries } = await node.store.load()
  return entries.filter(({ key }) => key.startsWith('part/')).length
}

describe('an unknown outcome', () => {
  // 300 partitions are three transactions, and a fourth that makes the topic visible.
  const losses = [0, 1, 2, 3].flatMap(nth => [true, false].map(isDone => ({ nth, isDone })))

  test.each(losses)('of a creation (%o) leaves a whole topic, or nothing', async loss => {
    const node = await startNode({ storeOf: store => losing(store, loss) })
    const [reply] = await node.controller.createTopics([newTopic('a', 300)], REALLY)
    if (loss.isDone) {
      expect(reply?.errorCode).toBe(ErrorCode.NONE)
      expect(node.image().topics.get('a')?.partitions.length).toBe(300)
      expect(node.partitions.get('a', 299)?.isLeader).toBe(true)
    } else {
      expect(reply).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, topicId: NO_UUID })
      expect(node.image().topics.size).toBe(0)
      expect(await parts(node)).toBe(0)
      const [again] = await node.controller.createTopics([newTopic('a', 300)], REALLY)
      expect(again?.errorCode).toBe(ErrorCode.NONE)
    }
    await node.stop()
  })

  test.each(losses)('of added partitions (%o) adds all of them, or none', async loss => {
    let isLossy = false
    const node = await startNode({
      storeOf: store => {
        const lossy = losing(store, loss)
        return {
          ...lossy,
          transact: transaction => (isLossy ? lossy : store).transact(transaction),
        }
      },
    })
    await node.controller.createTopics([newTopic('a', 1)], REALLY)
    isLossy = true
    const add = (count: number) =>
      node.controller.createPartitions([{ name: 'a', count, assignments: null }], REALLY)
    const [reply] = await add(301)
    expect(reply?.errorCode === ErrorCode.NONE).toBe(loss.isDone)
    expect(node.image().topics.get('a')?.partitions.length).toBe(loss.isDone ? 301 : 1)
    if (!loss.isDone) {
      await add(2)
      expect(node.image().topics.get('a')?.partitions.length).toBe(2)
      expect(await parts(node)).toBe(2)
    }
    await node.stop()
  })

  test('of a deletion or a config change is told as what happened', async () => {
    for (const isDone of [true, false]) {
      const node = await startNode({ storeOf: store => losing(store, { nth: 1, isDone }) })
      await node.controller.createTopics([newTopic('a')], REALLY)
      const [reply] = await node.controller.deleteTopics([{ name: 'a', topicId: NO_UUID }])
      expect(reply?.errorCode).toBe(isDone ? ErrorCode.NONE : ErrorCode.KAFKA_STORAGE_ERROR)
      expect(node.image().topics.has('a')).toBe(!isDone)
      await node.stop()
    }
  })

  test('of a store that failed for good takes nothing back', async () => {
    const disk = new SimDisk({ random: new SeededRandom('lost') })
    const node = await startNode({ disk })
    const fault = { calls: ['sync' as const], path: 'ottla-metadata.log', code: 'EIO' }
    disk.faults.add({ ...fault, times: 1 })
    const [reply] = await node.controller.createTopics([newTopic('a', 2)], REALLY)
    expect(reply?.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    await expect(node.store.get(storeKey.name('a'))).rejects.toMatchObject({ code: 'EIO' })
    node.abandon()
    disk.faults.clear()
    const again = await startNode({ disk })
    const topic = again.image().topics.get('a')
    expect(topic === undefined || topic.partitions.length === 2).toBe(true)
    await again.stop()
  })
})
