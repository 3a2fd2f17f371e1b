import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { File, FileRange } from '../../host/host.ts'
import { memoryDisk } from '../../host/sim/memory-disk.ts'
import { BatchView, type Codec } from '../../protocol/records/batch.ts'
import { readRecords } from '../../protocol/records/reader.ts'
import type { Log } from '../../storage/log.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import { batchesIn } from '../../storage/log-reader.ts'
import { append, batchOf, openDirectory, START_MS, smallConfig } from './support/log-world.ts'

/** What a log must hold, kept the plainest way there is. */
interface ModelRecord {
  readonly offset: number
  readonly timestamp: number
  /** Of its batch. */
  readonly baseOffset: number
  readonly lastOffset: number
}

type Step =
  | { kind: 'append'; count: number; timestamp: number; valueBytes: number; codec: number }
  | { kind: 'turn' }
  | { kind: 'truncate'; at: number }
  | { kind: 'delete-records'; at: number }
  | { kind: 'reopen'; clean: boolean }
  | { kind: 'roll' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 6 }),
      timestamp: fc.integer({ min: -1, max: 400 }),
      valueBytes: fc.constantFrom(0, 10, 60, 300, 1500),
      codec: fc.constantFrom(0, 0, 1, 3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('truncate' as const),
      at: fc.double({ min: 0.5, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete-records' as const),
      at: fc.double({ min: 0, max: 0.7, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reopen' as const), clean: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('roll' as const) }) },
)

class World {
  readonly disk = memoryDisk()
  readonly config = smallConfig({ segmentBytes: 3000, indexIntervalBytes: 150 })
  directory!: LogDirectory
  log!: Log
  records: ModelRecord[] = []
  start = 0
  next = 0

  async open(): Promise<void> {
    this.directory = await openDirectory(this.disk, {
      logDefaults: this.config,
      openFilesMax: 3,
      indexBytesMax: 100,
      stageBytesMax: 500,
    })
    const known = this.directory.get('t', 0)
    this.log =
      known ?? this.directory.create('t', 0, 'AAECAwQFBgcICQoLDA0ODw', this.config, START_MS)
    // Compaction leaves holes that truncation mid-batch makes too: the end is the batches' end.
    this.next = this.log.nextOffset
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case 'append':
        return this.append(step)
      case 'turn':
        return this.settle()
      case 'truncate':
        await this.settle()
        return this.truncate(Math.floor(this.start + (this.next - this.start) * step.at))
      case 'delete-records': {
        await this.settle()
        const offset = Math.floor(this.start + (this.next - this.start) * step.at)
        this.log.advanceLogStart(offset)
        this.start = Math.max(this.start, offset)
        return
      }
      case 'reopen':
        await this.settle()
        await this.directory.checkpoint()
        if (step.clean) await this.directory.close(START_MS)
        else this.directory.abandon()
        return this.open()
      case 'roll':
        await this.settle()
        if (this.log.state.active.sizeBytes > 0) this.log.appender.roll(this.next, START_MS)
    }
  }

  append({ count, timestamp, valueBytes, codec }: Step & { kind: 'append' }): void {
    const at = timestamp < 0 ? -1 : START_MS + timestamp
    const bytes = batchOf({ count, timestamp: at, valueBytes, codec: codec as Codec })
    const { result } = append(this.log, bytes)
    if (bytes.length > this.config.segmentBytes) {
      expect(result).toMatchObject({ kind: 'refused', reason: 'record-list-too-large' })
      return
    }
    const lastOffset = this.next + count - 1
    expect(result).toEqual({ kind: 'appended', baseOffset: this.next, lastOffset })
    for (let delta = 0; delta < count; delta++) {
      this.records.push({
        offset: this.next + delta,
        timestamp: at < 0 ? -1 : at + delta,
        baseOffset: this.next,
        lastOffset,
      })
    }
    this.next += count
  }

  async settle(): Promise<void> {
    expect(this.log.nextOffset).toBe(this.next)
    while (this.log.durableOffset < this.next) await new Promise(resolve => setImmediate(resolve))
    this.log.highWatermark = this.log.durableOffset
  }

  truncate(offset: number): void {
    this.log.truncateTo(offset)
    // A batch goes whole: the log ends where the one that held the offset began.
    const held = this.records.find(record => record.offset === offset)
    this.next = held?.baseOffset ?? offset
    this.records = this.records.filter(({ lastOffset }) => lastOffset < offset)
    this.start = Math.min(this.start, this.next)
  }

  // ------------------------------------------------------------------------------------- checks

  async check(): Promise<void> {
    await this.settle()
    const { log, next, start } = this
    expect([log.logStartOffset, log.nextOffset]).toEqual([start, next])
    expect(log.read(next + 1, 1000, Infinity, true)).toBe('out-of-range')
    if (start > 0) expect(log.read(start - 1, 1000, Infinity, true)).toBe('out-of-range')
    for (const maxBytes of [1, 500, 2 ** 30]) this.checkReads(maxBytes)
    for (let timestamp = START_MS - 1; timestamp < START_MS + 410; timestamp += 13) {
      for (const bound of [next, Math.floor((start + next) / 2)]) {
        const found = await log.offsetForTimestamp(timestamp, bound)
        expect(found?.offset).toBe(this.firstSince(timestamp, bound))
      }
    }
    const maximum = this.visible(next).reduce<ModelRecord | null>((best, record) => {
      return record.timestamp > (best?.timestamp ?? -1) ? record : best
    }, null)
    const found = await log.offsetOfMaxTimestamp(next)
    expect(found?.timestampMs ?? null).toBe(maximum?.timestamp ?? null)
    expect(found?.offset ?? null).toBe(maximum?.offset ?? null)
  }

  visible(bound: number): ModelRecord[] {
    return this.records.filter(({ offset }) => offset >= this.start && offset < bound)
  }

  firstSince(timestamp: number, bound: number): number | undefined {
    return this.visible(bound).find(record => record.timestamp >= timestamp)?.offset
  }

  /** A consumer that reads on where each range ended sees every record once, in order. */
  checkReads(maxBytes: number): void {
    const { log, next, start } = this
    for (const bound of new Set([next, this.boundary(0.6), this.boundary(0.2)])) {
      const seen: number[] = []
      let from = start
      while (from < bound) {
        const read = log.read(from, maxBytes, bound, true)
        if (read === null || read === 'out-of-range') break
        expect(read.sizeBytes <= maxBytes || batches(read).length === 1).toBe(true)
        for (const batch of batches(read)) {
          for (const { offset } of readRecords(batch)) if (offset >= from) seen.push(offset)
        }
        expect(read.nextOffset).toBeGreaterThan(from)
        expect(seen.at(-1)).toBeLessThan(read.nextOffset)
        from = read.nextOffset
      }
      expect(seen).toEqual(this.visible(bound).map(({ offset }) => offset))
    }
  }

  /** A batch's start, somewhere in the log. */
  boundary(share: number): number {
    const wanted = this.start + (this.next - this.start) * share
    return this.records.find(({ baseOffset }) => baseOffset >= wanted)?.baseOffset ?? this.next
  }
}

function batches({ file, position, sizeBytes }: FileRange): BatchView[] {
  const bytes = Buffer.alloc(sizeBytes)
  expect((file as File).read(bytes, position)).toBe(sizeBytes)
  const whole = { read: (target: Buffer, at: number) => bytes.copy(target, 0, at) } as File
  return [...batchesIn(whole, 0, sizeBytes)].map(
    ({ bytes: one }) => new BatchView(Buffer.from(one)),
  )
}

test('each look-up by offset and by time equals a linear scan, whatever happened', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 70 }), async steps => {
      const world = new World()
      await world.open()
      for (const one of steps) await world.run(one)
      await world.check()
      world.directory.abandon()
    }),
    { numRuns: 80, seed: 20261121 },
  )
}, 60_000)
