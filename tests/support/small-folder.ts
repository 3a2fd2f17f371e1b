/**
 * The small data folder in which bits are flipped: two partitions in several segments, a group that
 * committed three times, and every kind of file that a broker in use leaves behind.
 */
import type { BrokerServer } from '../../broker/broker.ts'
import { loadConfig } from '../../broker/config/load.ts'
import { groupRecordCodec } from '../../broker/coordinator/group/record-codec.ts'
import { snapshotFile } from '../../broker/coordinator/snapshot.ts'
import { StoreFiles } from '../../broker/metadata/store-files.ts'
import { StoreState } from '../../broker/metadata/store-state.ts'
import { startServer } from '../../broker/start.ts'
import type { Disk } from '../../host/host.ts'
import { nodeHost } from '../../host/node/host.ts'
import type { SimDisk } from '../../host/sim/disk.ts'
import { RecordedLog } from '../../host/sim/logger.ts'
import { memoryDisk } from '../../host/sim/memory-disk.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { BatchView } from '../../protocol/records/batch.ts'
import type { Log } from '../../storage/log.ts'
import { batchOf, createTopic, produceDraft } from '../broker/support.ts'
import { WireClient } from '../broker/wire-client.ts'

export const FOLDER = '/data'
export const GROUPS = '__consumer_offsets-0'
const real = nodeHost()

/** A batch as it is stored. */
export interface StoredBatch {
  /** The segment file, and the byte of it where the batch begins. */
  readonly path: string
  readonly position: number
  readonly baseOffset: number
  readonly maxTimestampMs: number
  readonly bytes: Buffer
}

/** A stopped folder and what a broker on it must know. */
export interface SmallFolder {
  readonly disk: SimDisk
  readonly stop: 'clean' | 'unclean'
  /** By `topic-partition`, in the order of offsets. */
  readonly batches: ReadonlyMap<string, readonly StoredBatch[]>
  /** What OffsetFetch answers once the batch of GROUPS at this base offset is applied. */
  readonly commits: readonly { readonly baseOffset: number; readonly answer: string }[]
  /** Every file that a bit may be flipped in, with its size. */
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[]
}

/** Starts a broker on the folder of the disk, and keeps the lines that the broker logs. */
export function start(disk: Disk) {
  const lines = new RecordedLog()
  const { config } = loadConfig({
    overrides: {
      listeners: 'PLAINTEXT://127.0.0.1:0',
      'offsets.topic.num.partitions': 1,
      'log.index.interval.bytes': 200,
    },
  })
  const host = { ...real, disk, log: lines }
  return { lines, starting: startServer({ host, config, folder: FOLDER }) }
}

/** What the broker answers about the group's offsets: `error N`, or the topics as JSON. */
export async function committedBy(server: BrokerServer): Promise<string> {
  const client = await WireClient.connect(real.net, server.port)
  try {
    const { groups } = await client.ask(ApiKey.OFFSET_FETCH, 8, {
      groups: [{ groupId: 'g', topics: [{ name: 'a', partitionIndexes: [0, 1] }] }],
      requireStable: false,
    })
    const [{ errorCode, topics }] = groups
    if (errorCode !== 0) return `error ${errorCode}`
    return JSON.stringify(topics)
  } finally {
    client.connection.destroy()
  }
}

/** Builds the folder: two lives, so that snapshots, checkpoints and indexes are there. */
export async function smallFolder(stop: 'clean' | 'unclean'): Promise<SmallFolder> {
  const disk = memoryDisk()
  const commits: { baseOffset: number; answer: string }[] = []
  const first = await start(disk).starting
  const client = await WireClient.connect(real.net, first.port)
  await createTopic(client, 'a', { 'segment.bytes': '1048576' }, 2)
  await client.ask(ApiKey.FIND_COORDINATOR, 3, { key: 'g', keyType: 0 })
  client.connection.destroy()
  await produce(first, 12)
  commits.push(await commit(first, 3))
  await saveGroups(first, disk)
  await first.stop()
  await compactMetadata(disk)
  const second = await start(disk).starting
  const changing = await WireClient.connect(real.net, second.port)
  await createTopic(changing, 'b')
  changing.connection.destroy()
  await produce(second, 6)
  for (const offset of [5, 7]) commits.push(await commit(second, offset))
  const names = [...second.parts.logDirectory.logs()].map(nameOf)
  if (stop === 'clean') await second.stop()
  else second.abandon()
  disk.killed()
  const batches = new Map(names.map(name => [name, storedBatches(disk, name)]))
  return { disk, stop, batches, commits, files: filesUnder(disk, FOLDER) }
}

export function nameOf({ topic, partition }: Pick<Log, 'topic' | 'partition'>): string {
  return `${topic}-${partition}`
}

async function commit(server: BrokerServer, committedOffset: number) {
  const log = server.parts.logDirectory.get('__consumer_offsets', 0) as Log
  const baseOffset = log.nextOffset
  const partitions = [0, 1].map(partitionIndex => ({
    ...{ partitionIndex, committedOffset, committedLeaderEpoch: -1, committedMetadata: 'm' },
  }))
  const client = await WireClient.connect(real.net, server.port)
  await client.ask(ApiKey.OFFSET_COMMIT, 7, {
    ...{ groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null },
    topics: [{ name: 'a', partitions }],
  })
  client.connection.destroy()
  return { baseOffset, answer: await committedBy(server) }
}

/** The snapshot that a broker writes of a shard with very many records. */
async function saveGroups(server: BrokerServer, disk: Disk): Promise<void> {
  const { crc32c } = real
  const log = server.parts.logDirectory.get('__consumer_offsets', 0) as Log
  const codec = groupRecordCodec(crc32c)
  const records = [...log.readBatches(0, Number.POSITIVE_INFINITY)].flatMap(batch => {
    return codec.decode(batch, (_, reason) => {
      throw new Error(reason)
    })
  })
  const { topicId, nextOffset } = log
  const name = 'ottla-groups-0.snapshot'
  await snapshotFile({ disk, crc32c, folder: FOLDER, name, topicId }).save({ nextOffset, records })
}

/** What a store does when its log has grown. */
async function compactMetadata(disk: Disk): Promise<void> {
  const { loop, crc32c } = real
  const files = new StoreFiles({ disk, loop, crc32c, folder: FOLDER })
  const state = new StoreState()
  files.read(state)
  await files.compact(state.lastingEntries(), state.revision)
  files.close()
}

async function produce(server: BrokerServer, count: number): Promise<void> {
  const client = await WireClient.connect(real.net, server.port)
  for (let at = 0; at < count; at++) {
    for (const index of [0, 1]) {
      const values = Array.from({ length: 1 + (at % 3) }, (_, n) => `value ${index} ${at} ${n}`)
      // One partition is written by an idempotent producer, so that snapshots hold something.
      const baseSequence = server.parts.logDirectory.get('a', index)?.nextOffset ?? 0
      const producer = index === 0 ? { producerId: 7, producerEpoch: 0, baseSequence } : {}
      const draft = produceDraft({ name: 'a' }, batchOf(values, producer), { index })
      await client.ask(ApiKey.PRODUCE, 9, draft)
      // A roll in the middle, so that there are closed segments.
      const log = server.parts.logDirectory.get('a', index)
      if (at === 2) log?.appender.roll(log.nextOffset, real.clock.nowMs())
    }
  }
  client.connection.destroy()
}

function storedBatches(disk: Disk, name: string): StoredBatch[] {
  return filesUnder(disk, `${FOLDER}/${name}`).flatMap(({ path }) => {
    if (!path.endsWith('.log')) return []
    const file = disk.readFile(path)
    const batches: StoredBatch[] = []
    for (let position = 0; position < file.length; ) {
      const { baseOffset, sizeBytes, maxTimestamp } = new BatchView(file.subarray(position))
      const bytes = Buffer.from(file.subarray(position, position + sizeBytes))
      batches.push({ path, position, baseOffset, maxTimestampMs: maxTimestamp, bytes })
      position += sizeBytes
    }
    return batches
  })
}

/** The files under a folder that are not empty, by path. */
export function filesUnder(disk: Disk, folder: string): { path: string; sizeBytes: number }[] {
  return disk.list(folder).flatMap(({ name, isFolder }) => {
    const path = `${folder}/${name}`
    if (isFolder) return filesUnder(disk, path)
    const sizeBytes = disk.stat(path)?.sizeBytes ?? 0
    return sizeBytes === 0 ? [] : [{ path, sizeBytes }]
  })
}
