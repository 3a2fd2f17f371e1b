import { describe, expect, test } from 'vitest'
import { memoryDisk } from '../../host/sim/memory-disk.ts'
import { buildEndTransactionMarker, ControlType } from '../../protocol/records/control.ts'
import type { Log } from '../../storage/log.ts'
import { SEQUENCE_MAX, sequenceAfter, sequenceBefore } from '../../storage/units.ts'
import {
  append,
  appendDurably,
  batchOf,
  DATA,
  oneLog,
  openDirectory,
  START_MS,
  smallConfig,
} from './support/log-world.ts'

const from = (baseSequence: number, count = 1, producerEpoch = 0, producerId = 7) =>
  batchOf({ count, producerId, producerEpoch, baseSequence })
const reasonOf = (log: Log, bytes: Buffer) => {
  const { result } = append(log, bytes)
  return result.kind === 'refused' ? result.reason : result.kind
}
const transactional = (producerId: number, baseSequence: number, count = 1) =>
  batchOf({ count, producerId, producerEpoch: 0, baseSequence, isTransactional: true })
const marker = (producerId: number, type: 0 | 1, coordinatorEpoch = 0, producerEpoch = 0) =>
  buildEndTransactionMarker({
    type,
    producerId,
    producerEpoch,
    coordinatorEpoch,
    timestamp: START_MS,
  })

describe('an idempotent producer', () => {
  test('gets the first answer again for its last five batches, not for older ones', async () => {
    const { log } = await oneLog()
    for (let at = 0; at < 6; at++) await appendDurably(log, from(at * 2, 2))
    for (let at = 1; at < 6; at++) {
      const { result, fate } = append(log, from(at * 2, 2))
      expect(result).toMatchObject({
        kind: 'duplicate',
        baseOffset: at * 2,
        lastOffset: at * 2 + 1,
      })
      expect(await fate).toBe('durable')
    }
    expect(reasonOf(log, from(0, 2))).toBe('out-of-order-sequence')
    expect(reasonOf(log, from(10, 1))).toBe('out-of-order-sequence')
    expect(log.nextOffset).toBe(12)
  })

  test('may start anywhere when unknown, and at 0 only with a later epoch', async () => {
    const { log } = await oneLog()
    expect(reasonOf(log, from(500))).toBe('appended')
    expect(reasonOf(log, from(3, 1, 1))).toBe('out-of-order-sequence')
    expect(reasonOf(log, from(0, 1, 1))).toBe('appended')
    expect(reasonOf(log, from(501, 1, 0))).toBe('invalid-producer-epoch')
    expect(reasonOf(log, from(1, 1, 1))).toBe('appended')
  })

  test('wraps its sequence around, between batches and inside one', async () => {
    const { log } = await oneLog()
    expect(sequenceAfter(SEQUENCE_MAX, 1)).toBe(0)
    expect(sequenceBefore(1, 3)).toBe(SEQUENCE_MAX - 1)
    expect(reasonOf(log, from(SEQUENCE_MAX - 1))).toBe('appended')
    expect(reasonOf(log, from(SEQUENCE_MAX, 3))).toBe('appended')
    expect(append(log, from(SEQUENCE_MAX, 3)).result).toMatchObject({
      kind: 'duplicate',
      baseOffset: 1,
    })
    expect(reasonOf(log, from(2))).toBe('appended')
    expect(reasonOf(log, from(SEQUENCE_MAX))).toBe('out-of-order-sequence')
  })

  test.each([['close'], ['abandon']] as const)('is known after %s', async how => {
    const { directory, log, disk } = await oneLog(smallConfig({ segmentBytes: 300 }))
    for (let at = 0; at < 9; at++) await appendDurably(log, from(at))
    if (how === 'close') await directory.close(0)
    else directory.abandon()
    const again = (await openDirectory(disk)).get('topic', 0) as Log
    expect(reasonOf(again, from(8))).toBe('duplicate')
    expect(reasonOf(again, from(9))).toBe('appended')
  })

  test.each([
    ['empty', Buffer.alloc(0)],
    ['torn', Buffer.from('000148674bc70000', 'hex')],
    ['of another version', Buffer.from('000248674bc700000000', 'hex')],
  ])('is known although the last snapshot is %s', async (_, content) => {
    const { directory, log, disk } = await oneLog(smallConfig({ segmentBytes: 300 }))
    for (let at = 0; at < 9; at++) await appendDurably(log, from(at))
    await directory.close(0)
    const path = `${DATA}/topic-0/00000000000000000009.snapshot`
    const file = disk.open(path, 'write')
    file.truncate(0)
    file.writev([content], 0)
    file.close()
    const again = (await openDirectory(disk)).get('topic', 0) as Log
    expect(reasonOf(again, from(8))).toBe('duplicate')
    expect(reasonOf(again, from(9))).toBe('appended')
  })

  test('is forgotten when not heard of for long, but never with a transaction open', async () => {
    const { directory, log } = await oneLog()
    await appendDurably(log, from(0))
    await appendDurably(log, transactional(8, 0))
    directory.sweep(START_MS + 86_400_001)
    expect(log.activeProducers()).toHaveLength(2)
    directory.expireProducers(START_MS + 86_400_001)
    expect(log.activeProducers().map(({ producerId }) => producerId)).toEqual([8])
  })
})

describe('transactions', () => {
  test('hold the stable offset back until the high watermark passed the marker', async () => {
    const { log } = await oneLog()
    await appendDurably(log, batchOf())
    await appendDurably(log, transactional(1, 0))
    await appendDurably(log, transactional(2, 0))
    await appendDurably(log, batchOf())
    expect([log.highWatermark, log.lastStableOffset]).toEqual([4, 1])
    await append(log, marker(1, ControlType.COMMIT), { origin: 'coordinator' }).fate
    expect(log.lastStableOffset).toBe(1)
    log.highWatermark = 5
    expect(log.lastStableOffset).toBe(2)
    await appendDurably(log, marker(2, ControlType.ABORT), { origin: 'coordinator' })
    expect([log.highWatermark, log.lastStableOffset]).toEqual([6, 6])
    expect(log.abortedTransactions(0, 6)).toEqual([{ producerId: 2, firstOffset: 2 }])
    expect(log.abortedTransactions(0, 2)).toEqual([])
  })

  test('that were aborted are found across segments, and after any restart', async () => {
    const config = smallConfig({ segmentBytes: 300 })
    const { directory, log, disk } = await oneLog(config)
    const sequence = [0, 0, 0]
    const aborted: { producerId: number; firstOffset: number; last: number }[] = []
    for (let at = 0; at < 30; at++) {
      const producerId = 1 + (at % 3)
      const index = producerId - 1
      const first = log.nextOffset
      for (let batch = 0; batch <= at % 4; batch++) {
        await appendDurably(log, transactional(producerId, sequence[index] as number))
        sequence[index] = (sequence[index] as number) + 1
      }
      const type = at % 2 === 0 ? ControlType.ABORT : ControlType.COMMIT
      await appendDurably(log, marker(producerId, type), { origin: 'coordinator' })
      if (type === ControlType.ABORT) {
        aborted.push({ producerId, firstOffset: first, last: log.nextOffset - 1 })
      }
    }
    const check = (one: Log) => {
      for (let start = 0; start < one.nextOffset; start += 5) {
        const bound = Math.min(start + 20, one.nextOffset)
        const want = aborted.filter(({ firstOffset, last }) => last >= start && firstOffset < bound)
        expect(one.abortedTransactions(start, bound)).toEqual(
          want.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })),
        )
      }
    }
    check(log)
    await directory.checkpoint()
    const image = disk.image({ keep: 'all' })
    await directory.close(0)
    check((await openDirectory(disk, { logDefaults: config })).get('topic', 0) as Log)
    const recovered = (await openDirectory(image, { logDefaults: config })).get('topic', 0) as Log
    check(recovered)
    expect([recovered.highWatermark, recovered.lastStableOffset]).toEqual([
      log.nextOffset,
      log.nextOffset,
    ])
  })

  test('that were aborted are known after a clean stop that could not seal them', async () => {
    const config = smallConfig({ segmentBytes: 300 })
    const { directory, log, disk } = await oneLog(config)
    disk.faults.add({ calls: ['open'], path: '.txnindex', code: 'EMFILE', times: 2 })
    await appendDurably(log, transactional(1, 0))
    await appendDurably(log, marker(1, ControlType.ABORT), { origin: 'coordinator' })
    for (let at = 0; at < 3; at++) await appendDurably(log, batchOf())
    const aborted = [{ producerId: 1, firstOffset: 0 }]
    expect(log.abortedTransactions(0, 2)).toEqual(aborted)
    await directory.close(0)
    const again = await openDirectory(disk, { logDefaults: config })
    expect(again.wasCleanStop).toBe(true)
    expect((again.get('topic', 0) as Log).abortedTransactions(0, 2)).toEqual(aborted)
  })

  test('fence old coordinators and old epochs, and ignore a marker for nothing', async () => {
    const { log } = await oneLog()
    await appendDurably(log, transactional(1, 0))
    await appendDurably(log, marker(1, ControlType.COMMIT, 5), { origin: 'coordinator' })
    const old = append(log, marker(1, ControlType.COMMIT, 4), { origin: 'coordinator' })
    expect(old.result).toMatchObject({ reason: 'transaction-coordinator-fenced' })
    await appendDurably(log, marker(1, ControlType.ABORT, 5, 3), { origin: 'coordinator' })
    expect(log.abortedTransactions(0, 10)).toEqual([])
    expect(reasonOf(log, transactional(1, 1))).toBe('invalid-producer-epoch')
    expect(log.activeProducers()).toMatchObject([{ producerEpoch: 3, lastSequence: -1 }])
  })

  test('refuse a plain batch while one is open', async () => {
    const { log } = await oneLog()
    await appendDurably(log, transactional(1, 0))
    expect(reasonOf(log, from(1, 1, 0, 1))).toBe('invalid-txn-state')
  })

  test('that a failed write began or ended did not begin or end', async () => {
    const disk = memoryDisk()
    const { log } = await oneLog(smallConfig(), disk)
    await appendDurably(log, transactional(1, 0))
    disk.faults.add({ calls: ['write'], code: 'ENOSPC', path: '.log', times: 1 })
    const fates = [
      append(log, marker(1, ControlType.ABORT), { origin: 'coordinator' }).fate,
      append(log, transactional(2, 0)).fate,
    ]
    for (const fate of fates) expect(await fate).toMatchObject({ code: 'ENOSPC' })
    await appendDurably(log, batchOf())
    expect(log.lastStableOffset).toBe(0)
    expect(log.abortedTransactions(0, 10)).toEqual([])
    await appendDurably(log, marker(1, ControlType.COMMIT), { origin: 'coordinator' })
    expect(log.lastStableOffset).toBe(3)
  })
})
