import { DiskError } from '../../../host/disk-error.ts'
import type { Disk } from '../../../host/host.ts'
import { nodeCrc32c } from '../../../host/node/host.ts'
import { NodeLoop } from '../../../host/node/loop.ts'
import type { VirtualClock } from '../../../host/sim/clock.ts'
import { memoryDisk } from '../../../host/sim/memory-disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { BatchView } from '../../../protocol/records/batch.ts'
import { type BatchEnvelope, buildBatch } from '../../../protocol/records/builder.ts'
import { newUuid } from '../../../protocol/uuid.ts'
import type { AppendOptions, AppendResult } from '../../../storage/append-result.ts'
import type { Log } from '../../../storage/log.ts'
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../../../storage/log-config.ts'
import type { LogDirectory } from '../../../storage/log-directory.ts'
import { type OpenEveryLog, openEveryLog } from '../../support/open-directory.ts'
import { realTurn } from '../../support/turns.ts'

export const START_MS = 1_700_000_000_000
export const DATA = '/data'

/** Kafka's defaults with small segments and dense indexes, so that little data shows much. */
export function smallConfig(changes: Partial<LogConfig> = {}): LogConfig {
  return { ...DEFAULT_LOG_CONFIG, segmentBytes: 4096, indexIntervalBytes: 200, ...changes }
}

export function openDirectory(
  disk: Disk,
  changes: Partial<OpenEveryLog> = {},
): Promise<LogDirectory> {
  const random = new SeededRandom('directory')
  return openEveryLog({
    path: DATA,
    disk,
    loop: new NodeLoop(),
    crc32c: nodeCrc32c(),
    random,
    nowMs: START_MS,
    newId: () => newUuid(random.bytes(16)),
    nodeId: 1,
    openFilesMax: 64,
    logDefaults: smallConfig(),
    ...changes,
  })
}

/** A directory on a memory disk with one log, 'topic'-0. */
export async function oneLog(
  config: LogConfig = smallConfig(),
  disk = memoryDisk(),
  changes: Partial<OpenEveryLog> = {},
): Promise<{ disk: typeof disk; directory: LogDirectory; log: Log }> {
  const directory = await openDirectory(disk, { logDefaults: config, ...changes })
  const log = directory.create('topic', 0, 'AAECAwQFBgcICQoLDA0ODw', config, START_MS)
  log.assignEpoch(0, 0)
  return { disk, directory, log }
}

export interface BatchSketch extends BatchEnvelope {
  /** Default 1. */
  readonly count?: number
  /** Of the first record; each next one is a millisecond later. Default START_MS. */
  readonly timestamp?: number
  /** Bytes of each value. Default 10. */
  readonly valueBytes?: number
}

export function batchOf(sketch: BatchSketch = {}): Buffer {
  const { count = 1, timestamp = START_MS, valueBytes = 10, ...envelope } = sketch
  const records = Array.from({ length: count }, (_, at) => ({
    timestamp: timestamp < 0 ? timestamp : timestamp + at,
    key: Buffer.from(`k${at}`),
    value: Buffer.alloc(valueBytes, at),
  }))
  return buildBatch({ records, ...envelope })
}

/** A batch of the one producer with an id that most tests need. */
export function idempotent(baseSequence: number, count = 1): Buffer {
  return batchOf({ count, producerId: 7, producerEpoch: 0, baseSequence })
}

export type Fate = 'durable' | 'refused' | 'duplicate' | DiskError

/** Appends and resolves with what the waiter was told (a refusal has no waiter). */
export function append(
  log: Log,
  bytes: Buffer,
  options: Partial<AppendOptions> = {},
): { result: AppendResult; fate: Promise<'durable' | DiskError> } {
  let result: AppendResult | undefined
  const fate = new Promise<'durable' | DiskError>(resolve => {
    const full: AppendOptions = { leaderEpoch: 0, origin: 'client', nowMs: START_MS, ...options }
    const waiter = {
      durable: () => resolve('durable'),
      failed: (error: DiskError) => resolve(error),
    }
    result = log.append(new BatchView(bytes), full, waiter)
    if (result.kind === 'refused') {
      resolve(result.error ?? new DiskError(result.reason, log.folder, 'append'))
    }
  })
  return { result: result as AppendResult, fate }
}

/** Appends, waits, and lets consumers see it. */
export async function appendDurably(
  log: Log,
  bytes: Buffer,
  options: Partial<AppendOptions> = {},
): Promise<AppendResult> {
  const { result, fate } = append(log, bytes, options)
  const told = await fate
  if (told !== 'durable') throw told
  log.highWatermark = log.durableOffset
  return result
}

/** The bytes of every batch in the log. */
export function contentOf(log: Log): Buffer {
  const batches = [...log.readBatches(log.logStartOffset, Infinity)].map(({ bytes }) =>
    Buffer.from(bytes),
  )
  return Buffer.concat(batches)
}

/** Lets time go by until `promise` is settled. */
export async function flowing<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settle = () => {
    isSettled = true
  }
  promise.then(settle, settle)
  while (!isSettled) {
    await realTurn()
    await clock.advance(1)
  }
  return promise
}
