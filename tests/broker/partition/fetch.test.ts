import { afterEach, describe, expect, test } from 'vitest'
import { DelayedFetch } from '../../../broker/partition/delayed-fetch.ts'
import { Isolation, NO_RECORDS } from '../../../broker/partition/outcome.ts'
import type {
  FetchAllowance,
  Partition,
  PartitionFetch,
} from '../../../broker/partition/partition.ts'
import { virtualClock } from '../../../host/sim/clock.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { buildEndTransactionMarker, ControlType } from '../../../protocol/records/control.ts'
import {
  NOW_MS,
  type PartitionWorld,
  type PartitionWorldOptions,
  partitionWorld,
} from './support.ts'

let worlds: PartitionWorld[] = []

afterEach(() => {
  for (const world of worlds) world.close()
  worlds = []
})

async function world(options?: PartitionWorldOptions): Promise<PartitionWorld> {
  const made = await partitionWorld(options)
  worlds.push(made)
  return made
}

function batch(values: readonly string[], envelope = {}, timestamp = NOW_MS): Buffer {
  const records = values.map((value, index) => ({
    timestamp: timestamp + index,
    key: null,
    value: Buffer.from(value),
  }))
  return buildBatch({ ...envelope, records })
}

function fetchOf(
  partition: Partition,
  changes: Partial<PartitionFetch> & Partial<FetchAllowance> = {},
) {
  const asked = {
    fetchOffset: 0,
    partitionMaxBytes: 1_048_576,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    ...changes,
  }
  const allowance = {
    isolation: Isolation.READ_UNCOMMITTED,
    bytesLeft: 1_048_576,
    atLeastOneBatch: true,
    diskFailed: (error: Error) => expect.unreachable(error.message),
    ...changes,
  }
  return partition.fetch(asked, allowance)
}

function marker(type: typeof ControlType.ABORT | typeof ControlType.COMMIT): Buffer {
  const producer = { producerId: 7, producerEpoch: 0, coordinatorEpoch: 0 }
  return buildEndTransactionMarker({ type, ...producer, timestamp: NOW_MS })
}

const transaction = { producerId: 7, producerEpoch: 0, isTransactional: true }

/** Three records of a transaction with one of another producer in between. */
async function withTransaction(made: PartitionWorld): Promise<void> {
  const options = { transactionalId: 't' }
  await made.produce(batch(['t1', 't2'], { ...transaction, baseSequence: 0 }), options)
  await made.produce(batch(['plain']))
  await made.produce(batch(['t3'], { ...transaction, baseSequence: 2 }), options)
}

describe('fetching', () => {
  test('an empty partition has nothing, and says where it ends', async () => {
    const made = await world()
    expect(fetchOf(made.partition)).toEqual({
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 0,
      lastStableOffset: 0,
      logStartOffset: 0,
      divergingEpoch: undefined,
      abortedTransactions: null,
      records: NO_RECORDS,
      recordBytes: 0,
      hasMore: false,
    })
  })

  test('offsets outside of the log are refused, its very end is not', async () => {
    const made = await world()
    await made.produce(batch(['a', 'b']))
    expect(fetchOf(made.partition, { fetchOffset: 2 })).toMatchObject({
      errorCode: 0,
      recordBytes: 0,
    })
    for (const fetchOffset of [3, -1]) {
      expect(fetchOf(made.partition, { fetchOffset })).toEqual({
        partitionIndex: 0,
        errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
        highWatermark: -1,
        lastStableOffset: -1,
        logStartOffset: -1,
        divergingEpoch: undefined,
        abortedTransactions: null,
        records: NO_RECORDS,
        recordBytes: 0,
        hasMore: false,
      })
    }
    made.partition.deleteRecords(1)
    expect(fetchOf(made.partition).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
    expect(fetchOf(made.partition, { fetchOffset: 1 }).recordBytes).toBeGreaterThan(0)
  })

  test('whole batches up to the limit, the first one whatever its size', async () => {
    const made = await world()
    const bytes = batch(['x'.repeat(100)])
    for (let index = 0; index < 3; index++) await made.produce(Buffer.from(bytes))
    const limited = { partitionMaxBytes: bytes.length * 2 + 10 }
    const two = fetchOf(made.partition, limited)
    expect(two.recordBytes).toBe(bytes.length * 2)
    expect(two.hasMore).toBe(true)
    for (const little of [{ partitionMaxBytes: 1 }, { bytesLeft: 1 }]) {
      expect(fetchOf(made.partition, little).recordBytes).toBe(bytes.length)
      expect(fetchOf(made.partition, { ...little, atLeastOneBatch: false }).recordBytes).toBe(0)
    }
    expect(fetchOf(made.partition).hasMore).toBe(false)
  })

  test('leader epochs are compared', async () => {
    const made = await world()
    const codes = [2, 3, 4].map(
      currentLeaderEpoch => fetchOf(made.partition, { currentLeaderEpoch }).errorCode,
    )
    expect(codes).toEqual([ErrorCode.FENCED_LEADER_EPOCH, 0, ErrorCode.UNKNOWN_LEADER_EPOCH])
    made.partition.applyImage({ ...made.image, leader: 2 })
    expect(fetchOf(made.partition).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    made.partition.stop()
    expect(fetchOf(made.partition)).toMatchObject({ errorCode: 3, abortedTransactions: [] })
  })

  test('a reader whose log left ours is told where', async () => {
    const made = await world()
    await made.produce(batch(['a', 'b']))
    made.partition.applyImage({ ...made.image, leaderEpoch: 5 })
    await made.produce(batch(['c']))
    const ask = (fetchOffset: number, lastFetchedEpoch: number) =>
      fetchOf(made.partition, { fetchOffset, lastFetchedEpoch })
    expect(ask(2, 3).divergingEpoch).toBeUndefined()
    expect(ask(3, 3)).toMatchObject({
      errorCode: 0,
      recordBytes: 0,
      divergingEpoch: { epoch: 3, endOffset: 2 },
    })
    expect(ask(3, 4).divergingEpoch).toEqual({ epoch: 3, endOffset: 2 })
    expect(ask(3, 6).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
    expect(made.partition.endOffsetForEpoch(3, -1)).toEqual({
      errorCode: 0,
      leaderEpoch: 3,
      endOffset: 2,
    })
    expect(made.partition.endOffsetForEpoch(5, 5).endOffset).toBe(3)
    expect(made.partition.endOffsetForEpoch(6, -1).endOffset).toBe(-1)
    expect(made.partition.endOffsetForEpoch(3, 3).errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH)
  })

  test('an open transaction hides from read_committed what is behind its start', async () => {
    const made = await world()
    await made.produce(batch(['before']))
    await withTransaction(made)
    expect(made.partition.lastStableOffset).toBe(1)
    const committed = { isolation: Isolation.READ_COMMITTED }
    expect(fetchOf(made.partition, { ...committed, fetchOffset: 1 })).toMatchObject({
      recordBytes: 0,
      abortedTransactions: [],
      highWatermark: 5,
      lastStableOffset: 1,
    })
    await made.partition.appendInternal(marker(ControlType.ABORT), { nowMs: NOW_MS })
    const read = fetchOf(made.partition, committed)
    expect(read.abortedTransactions).toEqual([{ producerId: 7, firstOffset: 1 }])
    expect(read.lastStableOffset).toBe(6)
    expect(fetchOf(made.partition).abortedTransactions).toBeNull()
  })
})

describe('offsets by time', () => {
  test('ends, times and special timestamps', async () => {
    const made = await world()
    const list = async (timestamp: number, isolation: Isolation = Isolation.READ_UNCOMMITTED) => {
      const {
        errorCode,
        offset,
        timestamp: found,
        leaderEpoch,
      } = await made.partition.listOffset(timestamp, isolation, -1)
      return [errorCode, offset, found, leaderEpoch]
    }
    expect(await list(-1)).toEqual([0, 0, -1, 3])
    expect(await list(-2)).toEqual([0, 0, -1, 3])
    expect(await list(-3)).toEqual([0, -1, -1, -1])
    await made.produce(batch(['a', 'b', 'c'], {}, NOW_MS))
    await made.produce(batch(['d', 'e'], {}, NOW_MS - 500))
    expect(await list(-1)).toEqual([0, 5, -1, 3])
    expect(await list(-3)).toEqual([0, 2, NOW_MS + 2, 3])
    expect(await list(-4)).toEqual([0, 0, -1, 3])
    expect(await list(-5)).toEqual([0, -1, -1, -1])
    expect(await list(NOW_MS + 1)).toEqual([0, 1, NOW_MS + 1, 3])
    expect(await list(NOW_MS + 3)).toEqual([0, -1, -1, -1])
    made.partition.deleteRecords(4)
    expect(await list(-2)).toEqual([0, 4, -1, 3])
    expect((await made.partition.listOffset(-1, 0, 2)).errorCode).toBe(74)
  })

  test('read_committed hides what is not stable yet', async () => {
    const made = await world()
    await made.produce(batch(['a'], {}, NOW_MS - 10))
    await withTransaction(made)
    const list = (timestamp: number) =>
      made.partition.listOffset(timestamp, Isolation.READ_COMMITTED, -1)
    expect((await list(-1)).offset).toBe(1)
    expect((await list(NOW_MS)).offset).toBe(-1)
    expect((await list(-3)).offset).toBe(-1)
    expect((await list(NOW_MS - 10)).offset).toBe(0)
  })
})

describe('deleting records', () => {
  const cases: [string, number, ErrorCode, number][] = [
    ['up to an offset', 2, ErrorCode.NONE, 2],
    ['all', -1, ErrorCode.NONE, 3],
    ['none', 0, ErrorCode.NONE, 0],
    ['beyond the end', 4, ErrorCode.OFFSET_OUT_OF_RANGE, -1],
    ['below 0', -2, ErrorCode.OFFSET_OUT_OF_RANGE, -1],
  ]
  for (const [what, offset, errorCode, lowWatermark] of cases) {
    test(`${what} answers ${errorCode}`, async () => {
      const made = await world()
      await made.produce(batch(['a', 'b', 'c']))
      expect(made.partition.deleteRecords(offset)).toEqual({ errorCode, lowWatermark })
    })
  }

  test('is against the policy of a topic that is only compacted', async () => {
    const made = await world({ configs: { 'cleanup.policy': 'compact' } })
    expect(made.partition.deleteRecords(0).errorCode).toBe(ErrorCode.POLICY_VIOLATION)
  })

  test('never moves the start back', async () => {
    const made = await world()
    await made.produce(batch(['a', 'b', 'c']))
    made.partition.deleteRecords(2)
    expect(made.partition.deleteRecords(1)).toEqual({ errorCode: 0, lowWatermark: 2 })
  })
})

describe('a fetch that waits', () => {
  function wait(
    made: PartitionWorld,
    options: {
      minBytes?: number
      waitMs?: number
      isolation?: Isolation
      clock?: ReturnType<typeof virtualClock>
    },
  ) {
    const isolation = options.isolation ?? Isolation.READ_UNCOMMITTED
    const { partition } = made
    const fetchOffset = partition.highWatermark
    const part = {
      source: partition,
      fetchOffset,
      maxBytes: 1_000_000,
      isolation,
      readableBytes: 0,
    }
    let ends = 0
    const clock = options.clock ?? virtualClock()
    const delayed = new DelayedFetch(
      { parts: [part], minBytes: options.minBytes ?? 1, waitMs: options.waitMs ?? 500, clock },
      () => ends++,
    )
    return { delayed, ends: () => ends, clock }
  }

  test('wakes once there is enough', async () => {
    const made = await world()
    const bytes = batch(['a'])
    const { ends } = wait(made, { minBytes: bytes.length * 2 })
    await made.produce(Buffer.from(bytes))
    expect(ends()).toBe(0)
    await made.produce(Buffer.from(bytes))
    expect(ends()).toBe(1)
    await made.produce(Buffer.from(bytes))
    expect(ends()).toBe(1)
    expect(made.partition.describe()).toContain('waiting 0')
  })

  test('wakes when time is up, and not if nobody waits any more', async () => {
    const made = await world()
    const { ends, clock, delayed } = wait(made, { waitMs: 500 })
    await clock.advance(499)
    expect(ends()).toBe(0)
    await clock.advance(1)
    expect(ends()).toBe(1)
    delayed.cancel()
    const other = wait(made, { clock })
    other.delayed.cancel()
    await clock.advance(1000)
    await made.produce(batch(['a']))
    expect(other.ends()).toBe(0)
  })

  test('wakes when a transaction ends, not when it goes on', async () => {
    const made = await world()
    const { ends } = wait(made, { isolation: Isolation.READ_COMMITTED })
    await withTransaction(made)
    expect(ends()).toBe(0)
    await made.partition.appendInternal(marker(ControlType.COMMIT), { nowMs: NOW_MS })
    expect(ends()).toBe(1)
  })

  const events: [string, (made: PartitionWorld) => void][] = [
    ['the topic is deleted', made => made.partition.stop()],
    ['another broker leads', made => made.partition.applyImage({ ...made.image, leader: 2 })],
    ['its records are deleted', made => void made.partition.deleteRecords(-1)],
  ]
  for (const [what, happen] of events) {
    test(`wakes when ${what}`, async () => {
      const made = await world()
      await made.produce(batch(['a', 'b']))
      const part = {
        source: made.partition,
        fetchOffset: 1,
        maxBytes: 1,
        isolation: Isolation.READ_UNCOMMITTED,
        readableBytes: 0,
      }
      let ends = 0
      const clock = virtualClock()
      new DelayedFetch({ parts: [part], minBytes: 1e6, waitMs: 1000, clock }, () => ends++)
      happen(made)
      expect(ends).toBe(1)
    })
  }
})

describe('appends of the broker itself', () => {
  test('are committed when they resolve, and refused where it does not lead', async () => {
    const made = await world()
    const appended = await made.partition.appendInternal(batch(['a', 'b']), { nowMs: NOW_MS })
    expect(appended).toEqual({ baseOffset: 0, lastOffset: 1 })
    expect(made.partition.highWatermark).toBe(2)
    made.partition.applyImage({ ...made.image, leader: 2 })
    const refused = made.partition.appendInternal(batch(['c']), { nowMs: NOW_MS })
    await expect(refused).rejects.toMatchObject({ code: ErrorCode.NOT_LEADER_OR_FOLLOWER })
  })

  test('fail when the disk is full', async () => {
    const made = await world()
    made.disk.capacityBytes = 0
    const failed = made.partition.appendInternal(batch(['a']), { nowMs: NOW_MS })
    await expect(failed).rejects.toMatchObject({ code: ErrorCode.KAFKA_STORAGE_ERROR })
  })
})
