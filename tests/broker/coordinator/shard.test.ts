import { expect, test } from 'vitest'
import type { Machine } from '../../../broker/coordinator/machine.ts'
import { Shard } from '../../../broker/coordinator/shard.ts'
import type {
  AppendEnd,
  RecordCodec,
  ShardLog,
  ShardLogListener,
} from '../../../broker/coordinator/shard-log.ts'
import type { Snapshot, SnapshotStore } from '../../../broker/coordinator/snapshot.ts'
import { DiskError } from '../../../host/disk-error.ts'
import { simHost } from '../../../host/sim/host.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { BatchView } from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { readRecords } from '../../../protocol/records/reader.ts'

/** A sum: `add` writes, `read` looks, `later` sets an alarm that adds, `beat` puts it off. */
type Command =
  | { kind: 'add'; call: number | null; amount: number }
  | { kind: 'read'; call: number }
  | { kind: 'later' | 'beat'; call: number; delayMs: number }
  | { kind: 'loaded' }

const NOTHING = { records: [], soft: [], replies: [], alarms: [] }

const sum: Machine<{ total: number }, Command, number, never, number> = {
  empty: () => ({ total: 0 }),
  decide(state, command) {
    switch (command.kind) {
      case 'add': {
        const { call, amount } = command
        const replies = call === null ? [] : [{ call, reply: state.total + amount }]
        return { ...NOTHING, records: [amount], replies }
      }
      case 'read':
        return { ...NOTHING, replies: [{ call: command.call, reply: state.total }] }
      case 'loaded':
        return NOTHING
      default: {
        const alarmed: Command = { kind: 'add', call: null, amount: 100 }
        const alarms = [{ key: 'alarm', delayMs: command.delayMs, command: alarmed }]
        return { ...NOTHING, alarms, replies: [{ call: command.call, reply: state.total }] }
      }
    }
  },
  apply(state, amount) {
    state.total += amount
  },
  loaded: () => ({ kind: 'loaded' }),
  recordsOf: state => [state.total],
  describe: state => `${state.total}`,
}

/** What one batch may hold, for this codec. */
const AMOUNT_MAX = 1_000_000

const codec: RecordCodec<number> = {
  encode: records =>
    records.some(amount => amount > AMOUNT_MAX)
      ? null
      : buildBatch({
          records: records.map(amount => {
            return { timestamp: 0, key: null, value: Buffer.from(`${amount}`) }
          }),
        }),
  decode: batch => [...readRecords(batch)].map(({ value }) => Number(value)),
}

/** A log that writes and commits when the test says so. */
class HandLog implements ShardLog {
  readonly batches: Buffer[] = []
  readonly logStartOffset = 0
  highWatermark = 0
  listener: ShardLogListener | null = null
  readsFrom: number[] = []
  readFailure: DiskError | null = null
  #pending: { batch: Buffer; done: (end: AppendEnd) => void }[] = []

  get nextOffset(): number {
    return this.batches.length
  }

  append(batch: Buffer, _nowMs: number, done: (end: AppendEnd) => void): void {
    this.#pending.push({ batch, done })
  }

  write(): void {
    const { batch, done } = this.#pending.shift()!
    new BatchView(batch).stamp(this.nextOffset, 0)
    this.batches.push(batch)
    done({ kind: 'written', nextOffset: this.nextOffset })
  }

  fail(): void {
    const { done } = this.#pending.shift()!
    done({ kind: 'failed', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE })
  }

  get pendingCount(): number {
    return this.#pending.length
  }

  commit(): void {
    this.highWatermark = this.nextOffset
    this.listener?.committed()
  }

  *readBatches(from: number, bound: number): Iterable<BatchView> {
    this.readsFrom.push(from)
    if (this.readFailure !== null) throw this.readFailure
    for (const batch of this.batches.slice(from, bound)) yield new BatchView(batch)
  }

  listen(listener: ShardLogListener | null): void {
    this.listener = listener
  }
}

async function opened(log = new HandLog(), snapshots: SnapshotStore<number> | null = null) {
  const host = simHost({ seed: 1 })
  const shard = new Shard({
    ...{ machine: sum, codec, log, snapshots, commitTimeoutMs: 5000 },
    ...{ loop: host.loop, clock: host.clock, logger: host.log },
  })
  await host.run(shard.load())
  const add = (amount: number) => shard.execute(call => ({ kind: 'add', call, amount }))
  const read = () => shard.execute(call => ({ kind: 'read', call }))
  return { host, shard, log, add, read }
}

/** The promise's state once all that can happen has happened. */
async function outcome(promise: Promise<number>): Promise<number | string> {
  const settled = promise.catch(error => `code ${error.code}`)
  const later = new Promise<string>(resolve => setImmediate(() => resolve('waiting')))
  return Promise.race([settled, later])
}

test('a reply waits until its records are committed', async () => {
  const { log, add } = await opened()
  const answer = add(1)
  log.write()
  expect(await outcome(answer)).toBe('waiting')
  log.commit()
  expect(await outcome(answer)).toBe(1)
})

test('a reply to a read waits for the last record it could have seen', async () => {
  const { log, add, read } = await opened()
  add(1)
  log.write()
  const answer = read()
  expect(await outcome(answer)).toBe('waiting')
  log.commit()
  expect(await outcome(answer)).toBe(1)
  expect(await outcome(read())).toBe(1)
})

test('nothing is decided on while records are being written', async () => {
  const { log, add, read } = await opened()
  add(1)
  const second = add(2)
  const between = read()
  expect(log.pendingCount).toBe(1)
  log.write()
  log.write()
  log.commit()
  expect(await outcome(second)).toBe(3)
  expect(await outcome(between)).toBe(3)
})

test('an append that fails leaves everything as it was, and refuses its caller', async () => {
  const { log, add, read } = await opened()
  const refused = add(1)
  const next = read()
  log.fail()
  expect(await outcome(refused)).toBe(`code ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`)
  expect(await outcome(next)).toBe(0)
})

test('a decision larger than one batch may be is refused before anything is written', async () => {
  const { log, add, read } = await opened()
  const refused = add(AMOUNT_MAX + 1)
  expect(await outcome(refused)).toBe(`code ${ErrorCode.UNKNOWN_SERVER_ERROR}`)
  expect(log.pendingCount).toBe(0)
  expect(await outcome(read())).toBe(0)
})

test('a log that cannot be read closes the shard, and loading says why', async () => {
  const { log, add } = await opened()
  add(1)
  log.write()
  log.readFailure = new DiskError('EIO', '/data/__consumer_offsets-0', 'read')
  const host = simHost({ seed: 2 })
  const shard = new Shard({
    ...{ machine: sum, codec, log, snapshots: null, commitTimeoutMs: 5000 },
    ...{ loop: host.loop, clock: host.clock, logger: host.log },
  })
  const early = shard.execute(call => ({ kind: 'read', call }))
  const answer = outcome(early)
  await expect(host.run(shard.load())).rejects.toBe(log.readFailure)
  expect(await answer).toBe(`code ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`)
  expect(shard.isClosed).toBe(true)
})

test('an alarm that could not be written goes off again', async () => {
  const { host, log, shard } = await opened()
  shard.execute(call => ({ kind: 'later', call, delayMs: 1000 }))
  await host.clock.advance(1000)
  log.fail()
  expect(shard.describe()).toBe('0')
  await host.clock.advance(500)
  log.write()
  expect(shard.describe()).toBe('100')
})

test('an alarm put off while it waited for its turn does not act', async () => {
  const { host, log, shard, add } = await opened()
  shard.execute(call => ({ kind: 'later', call, delayMs: 1000 }))
  await host.clock.advance(999)
  add(1)
  // Heard from in time, but behind a write; the alarm goes off while that lasts.
  shard.execute(call => ({ kind: 'beat', call, delayMs: 1000 }))
  await host.clock.advance(1)
  log.write()
  expect(log.pendingCount).toBe(0)
  await host.clock.advance(1000)
  expect(log.pendingCount).toBe(1)
})

test('a reply whose records are not committed in time is refused', async () => {
  const { host, log, add } = await opened()
  const answer = add(1)
  log.write()
  await host.clock.advance(4999)
  expect(await outcome(answer)).toBe('waiting')
  await host.clock.advance(1)
  expect(await outcome(answer)).toBe(`code ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`)
})

test('a shard that is closed answers everybody, and whoever comes later', async () => {
  const { host, log, shard, add, read } = await opened()
  const held = add(1)
  log.write()
  const writing = add(2)
  const queued = read()
  shard.close(ErrorCode.NOT_COORDINATOR)
  for (const call of [held, writing, queued, read()]) {
    expect(await outcome(call)).toBe(`code ${ErrorCode.NOT_COORDINATOR}`)
  }
  log.write()
  expect(host.simulation.pendingCount).toBe(0)
})

test('a log that is lost closes the shard', async () => {
  const { log, add } = await opened()
  const answer = add(1)
  log.write()
  log.listener?.lost(ErrorCode.COORDINATOR_NOT_AVAILABLE)
  expect(await outcome(answer)).toBe(`code ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`)
})

test('what was written is read back, and calls wait until it is', async () => {
  const { log, add } = await opened()
  for (const amount of [1, 2, 3]) {
    add(amount)
    log.write()
  }
  const host = simHost({ seed: 2 })
  const shard = new Shard({
    ...{ machine: sum, codec, log, snapshots: null, commitTimeoutMs: 5000 },
    ...{ loop: host.loop, clock: host.clock, logger: host.log },
  })
  const early = shard.execute(call => ({ kind: 'read', call }))
  await host.run(shard.load())
  // Found in the log, but not known to be committed.
  expect(await outcome(early)).toBe('waiting')
  log.commit()
  expect(await outcome(early)).toBe(6)
})

test('a snapshot of what is committed stands for the beginning of the log', async () => {
  let saved: Snapshot<number> | null = null
  const snapshots: SnapshotStore<number> = {
    load: () => saved,
    async save(snapshot) {
      saved = snapshot
    },
  }
  const { log, shard, add } = await opened(new HandLog(), snapshots)
  for (let i = 0; i < 1000; i++) {
    add(1)
    log.write()
  }
  log.commit()
  await shard.stop()
  expect(saved).toEqual({ nextOffset: 1000, records: [1000] })

  log.readsFrom = []
  const again = await opened(log, snapshots)
  expect(again.shard.describe()).toBe('1000')
  expect(log.readsFrom).toEqual([])
  again.add(5)
  log.write()
  const third = await opened(log, snapshots)
  expect(third.shard.describe()).toBe('1005')
  expect(log.readsFrom).toEqual([1000])
})
