import { loadConfig } from '../../../broker/config/load.ts'
import { topicConfig } from '../../../broker/config/topic-config.ts'
import type { ProduceOptions } from '../../../broker/partition/appender.ts'
import type { ProduceOutcome } from '../../../broker/partition/outcome.ts'
import { Partition } from '../../../broker/partition/partition.ts'
import { Deadlines } from '../../../broker/partition/purgatory.ts'
import { Recoder } from '../../../broker/partition/recoder.ts'
import type { Clock } from '../../../host/host.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { SimDisk } from '../../../host/sim/disk.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import type { BatchView } from '../../../protocol/records/batch.ts'
import { BatchView as View } from '../../../protocol/records/batch.ts'
import { readRecords } from '../../../protocol/records/reader.ts'
import { newUuid } from '../../../protocol/uuid.ts'
import { Expander } from '../../../storage/expander.ts'
import type { LogConfig } from '../../../storage/log-config.ts'
import { openEveryLog } from '../../support/open-directory.ts'

const node = nodeHost()
export const NOW_MS = 1_700_000_000_000

export interface PartitionWorldOptions {
  /** Topic properties. */
  readonly configs?: Record<string, string>
  /** Broker properties. */
  readonly overrides?: Record<string, string>
  readonly clock?: Clock
  readonly isr?: readonly number[]
  readonly replicas?: readonly number[]
  /** How long each sync takes, by `clock`. */
  readonly syncMs?: number
}

async function openLog(disk: SimDisk, config: LogConfig) {
  const random = new SeededRandom('directory')
  const newId = () => newUuid(random.bytes(16))
  const directory = await openEveryLog({
    path: '/data',
    disk,
    loop: node.loop,
    crc32c: node.crc32c,
    random,
    nowMs: NOW_MS,
    newId,
    nodeId: 1,
    openFilesMax: 64,
    logDefaults: config,
  })
  return { directory, log: directory.create('topic', 0, newId(), config, NOW_MS) }
}

/** One partition, 'topic'-0, over a real log on a simulated disk. */
export async function partitionWorld(options: PartitionWorldOptions = {}) {
  const { syncMs } = options
  const disk = new SimDisk({
    random: new SeededRandom('partition'),
    ...(options.clock !== undefined && { clock: options.clock }),
    ...(syncMs !== undefined && { syncMs: { least: syncMs, most: syncMs } }),
  })
  const { config } = loadConfig({ overrides: options.overrides ?? {} })
  const topic = topicConfig(config, new Map(Object.entries(options.configs ?? {})))
  const { loop, crc32c } = node
  const clock = options.clock ?? node.clock
  const { directory, log } = await openLog(disk, topic.log)
  const deadlines = new Deadlines(clock, 50)
  const image = {
    index: 0,
    leader: 1,
    leaderEpoch: 3,
    replicas: options.replicas ?? [1],
    isr: options.isr ?? [1],
    partitionEpoch: 1,
  }
  const partition = new Partition(log, image, topic, {
    nodeId: 1,
    crc32c,
    deadlines,
    recoder: new Recoder({
      crc32c,
      nextTurn: () => loop.nextTurn(),
      expander: new Expander({ nextTurn: () => loop.nextTurn(), memoryBytesMax: () => 2 ** 27 }),
      expandedBytesMax: () => config.get('ottla.expanded.batch.max.bytes'),
    }),
  })
  return {
    disk,
    directory,
    log,
    partition,
    image,
    deadlines,
    crc32c,
    /** Appends and waits for the outcome. */
    produce(
      records: Buffer | null,
      changes: Partial<ProduceOptions> = {},
    ): Promise<ProduceOutcome> {
      return new Promise((resolve, reject) => {
        Promise.resolve(partition.append(records, produceOptions(changes), resolve)).catch(reject)
      })
    },
    close(): void {
      deadlines.close()
      partition.stop()
      directory.abandon()
    },
  }
}

export type PartitionWorld = Awaited<ReturnType<typeof partitionWorld>>

export function produceOptions(changes: Partial<ProduceOptions> = {}): ProduceOptions {
  return {
    acks: -1,
    produceVersion: 11,
    nowMs: NOW_MS,
    timeoutMs: 10_000,
    transactionalId: null,
    frame: null,
    ...changes,
  }
}

/** What is stored from `from` up to the high watermark, batch by batch. */
export function stored(world: PartitionWorld, from = 0): BatchView[] {
  const batches: BatchView[] = []
  for (const batch of world.log.readBatches(from, world.partition.highWatermark)) {
    batches.push(new View(Buffer.from(batch.bytes)))
  }
  return batches
}

/** The values of what is stored, as text. */
export function storedValues(world: PartitionWorld): string[] {
  return stored(world).flatMap(batch =>
    [...readRecords(batch)].map(({ value }) => value?.toString() ?? 'null'),
  )
}
