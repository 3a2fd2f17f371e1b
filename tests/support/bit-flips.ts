/**
 * A small data folder in which single bits are flipped, a broker started on each, and what it must
 * hold to whatever bit it was:
 *
 *   F1  a record whose bytes were not touched is still on disk, and served if its partition is
 *   F2  what is served has its checksum, its offset and its leader epoch right
 *   F3  what a group committed is answered as it was, or not at all
 *   F4  a flipped bit of a log is told with its file and byte
 *   F5  a broker that refuses to start names the file and a cure
 *   F6  after `ottla storage repair` a broker starts, and no group is left unloaded
 */
import type { BrokerServer } from '../../broker/broker.ts'
import { loadConfig } from '../../broker/config/load.ts'
import { startServer } from '../../broker/start.ts'
import { StartFailure } from '../../broker/start-failure.ts'
import { repairFolder } from '../../client/cli/commands/storage-repair.ts'
import type { Disk } from '../../host/host.ts'
import { nodeHost } from '../../host/node/host.ts'
import type { SimDisk } from '../../host/sim/disk.ts'
import { RecordedLog } from '../../host/sim/logger.ts'
import { memoryDisk } from '../../host/sim/memory-disk.ts'
import type { SeededRandom } from '../../host/sim/random.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { batchOf, createTopic, produceDraft } from '../broker/support.ts'
import { WireClient } from '../broker/wire-client.ts'

const FOLDER = '/data'
const real = nodeHost()

/** One bit of one file. */
export interface Flip {
  readonly path: string
  readonly bit: number
}

/** What became of one flip; `wrong` is empty unless the broker broke a promise. */
export interface FlipOutcome {
  readonly flip: Flip
  readonly end: 'refused' | 'damaged' | 'told' | 'silent'
  readonly wrong: readonly string[]
}

/** A stopped folder and what its logs hold. */
export interface SmallFolder {
  readonly disk: SimDisk
  /** `topic-partition` -> base offset -> the batch as it is stored. */
  readonly batches: ReadonlyMap<string, ReadonlyMap<number, Buffer>>
  readonly committed: string
  /** Every file that a bit may be flipped in, with its bytes. */
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[]
}

function start(disk: Disk) {
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

async function committedBy(server: BrokerServer): Promise<string> {
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

/** Builds the folder once: two partitions in several segments, and a group that committed. */
export async function smallFolder(stop: 'clean' | 'unclean'): Promise<SmallFolder> {
  const disk = memoryDisk()
  const first = await start(disk).starting
  await fill(first)
  // A second life leaves snapshots, checkpoints and indexes as a broker in use has them.
  await first.stop()
  const second = await start(disk).starting
  await produce(second, 6)
  const committed = await committedBy(second)
  if (stop === 'clean') await second.stop()
  else second.abandon()
  disk.killed()
  const batches = new Map<string, Map<number, Buffer>>()
  const again = await start(disk.image({ keep: 'all' })).starting
  for (const log of again.parts.logDirectory.logs()) {
    const held = new Map<number, Buffer>()
    for (const batch of log.readBatches(0, Number.POSITIVE_INFINITY)) {
      held.set(batch.baseOffset, Buffer.from(batch.bytes))
    }
    batches.set(`${log.topic}-${log.partition}`, held)
  }
  again.abandon()
  return { disk, batches, committed, files: filesUnder(disk, FOLDER) }
}

async function fill(server: BrokerServer): Promise<void> {
  const client = await WireClient.connect(real.net, server.port)
  await createTopic(client, 'a', { 'segment.bytes': '1048576' }, 2)
  await client.ask(ApiKey.FIND_COORDINATOR, 3, { key: 'g', keyType: 0 })
  client.connection.destroy()
  await produce(server, 12)
  const committing = await WireClient.connect(real.net, server.port)
  for (const committedOffset of [3, 7]) {
    const partitions = [0, 1].map(partitionIndex => ({
      ...{ partitionIndex, committedOffset, committedLeaderEpoch: -1, committedMetadata: 'm' },
    }))
    await committing.ask(ApiKey.OFFSET_COMMIT, 7, {
      ...{ groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null },
      topics: [{ name: 'a', partitions }],
    })
  }
  committing.connection.destroy()
}

async function produce(server: BrokerServer, count: number): Promise<void> {
  const client = await WireClient.connect(real.net, server.port)
  for (let at = 0; at < count; at++) {
    for (const index of [0, 1]) {
      const values = Array.from({ length: 1 + (at % 3) }, (_, n) => `value ${index} ${at} ${n}`)
      const draft = produceDraft({ name: 'a' }, batchOf(values), { index })
      await client.ask(ApiKey.PRODUCE, 9, draft)
      // A roll in the middle, so that there are closed segments.
      const log = server.parts.logDirectory.get('a', index)
      if (at === 4) log?.appender.roll(log.nextOffset, real.clock.nowMs())
    }
  }
  client.connection.destroy()
}

function filesUnder(disk: Disk, folder: string): { path: string; sizeBytes: number }[] {
  return disk.list(folder).flatMap(({ name, isFolder }) => {
    const path = `${folder}/${name}`
    if (isFolder) return filesUnder(disk, path)
    const sizeBytes = disk.stat(path)?.sizeBytes ?? 0
    return sizeBytes === 0 ? [] : [{ path, sizeBytes }]
  })
}

/** A seeded flip: every file is as likely as another, and every bit of it. */
export function someFlip({ files }: SmallFolder, random: SeededRandom): Flip {
  const file = files[random.below(files.length)]!
  return { path: file.path, bit: random.below(file.sizeBytes * 8) }
}

/** Starts a broker on the folder with one bit flipped and holds it to the promises. */
export async function tryFlip(folder: SmallFolder, flip: Flip): Promise<FlipOutcome> {
  const disk = folder.disk.image({ keep: 'all' })
  const at = flip.bit >> 3
  const byte = disk.readFile(flip.path)[at] as number
  disk.corrupt(flip.path, at, Buffer.from([byte ^ (1 << (flip.bit & 7))]))
  const wrong: string[] = []
  const { lines, starting } = start(disk)
  let end: FlipOutcome['end'] = 'silent'
  try {
    const server = await starting
    const isDamaged = await examine(folder, flip, server, wrong)
    const told = lines.lines.some(({ message }) => message.includes(flip.path))
    if (isDamaged) end = 'damaged'
    else if (told) end = 'told'
    const isLog = flip.path.endsWith('.log') && !flip.path.includes('ottla-')
    if (isUndecidable(folder, flip)) wrong.length = 0
    else if (isLog && !told) wrong.push('F4: a flipped bit of a log is not told')
    server.abandon()
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    end = 'refused'
    const name = flip.path.slice(flip.path.lastIndexOf('/') + 1)
    if (!error.message.includes(name)) wrong.push(`F5: ${error.message}`)
  }
  disk.killed()
  const isOpen = end === 'refused' || end === 'damaged'
  if (isOpen && !isUndecidable(folder, flip)) await repaired(disk, flip, wrong)
  return { flip, end, wrong }
}

/**
 * What nothing on disk contradicts: the node's id in meta.properties, and the base offset of the
 * last batch of a compacted log after an unclean stop: a higher one looks like a hole that
 * compaction left.
 */
function isUndecidable({ disk, batches }: SmallFolder, { path, bit }: Flip): boolean {
  if (path.endsWith('/meta.properties')) return isNodeId(disk.readFile(path), bit)
  if (!path.includes('/__consumer_offsets-0/') || !path.endsWith('.log')) return false
  if (disk.stat(`${FOLDER}/.kafka_cleanshutdown`) !== null) return false
  const last = [...(batches.get('__consumer_offsets-0')?.values() ?? [])].at(-1) as Buffer
  const start = disk.readFile(path).lastIndexOf(last)
  return bit >= start * 8 && bit < (start + 8) * 8
}

function isNodeId(bytes: Buffer, bit: number): boolean {
  return bit >> 3 === bytes.indexOf('node.id=') + 'node.id='.length
}

/** Returns whether a part of the folder is not served. */
async function examine(
  folder: SmallFolder,
  flip: Flip,
  server: BrokerServer,
  wrong: string[],
): Promise<boolean> {
  const { logDirectory, conditions } = server.parts
  for (const [name, batches] of folder.batches) {
    const log = [...logDirectory.logs()].find(log => `${log.topic}-${log.partition}` === name)
    if (log === undefined) continue
    const served = new Map<number, Buffer>()
    for (const batch of log.readBatches(0, Number.POSITIVE_INFINITY)) {
      served.set(batch.baseOffset, Buffer.from(batch.bytes))
    }
    for (const [offset, bytes] of served) {
      const original = batches.get(offset)
      if (original === undefined || !original.equals(bytes)) {
        wrong.push(`F2: ${name} serves at ${offset} what was never there`)
      }
    }
    const missing = [...batches.keys()].filter(offset => !served.has(offset))
    if (missing.length > 1) wrong.push(`F1: ${name} serves no batch at ${missing.join(', ')}`)
    for (const offset of missing) {
      const isTouched = flip.path.includes(`/${name}/`) && flip.path.endsWith('.log')
      if (!isTouched) wrong.push(`F1: ${name} serves no batch at ${offset}`)
    }
  }
  onDisk(folder, flip, server.parts.host.disk, wrong)
  const committed = await committedBy(server)
  const isUnloaded = committed.startsWith('error')
  if (!isUnloaded && committed !== folder.committed) wrong.push(`F3: ${committed}`)
  const list = conditions.list()
  if (isUnloaded && !list.some(({ kind }) => kind === 'coordinator-not-loaded')) {
    wrong.push(`F3: ${committed}, and no condition says why`)
  }
  return list.length > 0
}

/** F1: the covered bytes of every batch that was not flipped lie in some file. */
function onDisk(folder: SmallFolder, flip: Flip, disk: Disk, wrong: string[]): void {
  const all = filesUnder(disk, FOLDER).map(({ path }) => disk.readFile(path))
  let absent = 0
  for (const batches of folder.batches.values()) {
    for (const bytes of batches.values()) {
      const covered = bytes.subarray(21)
      if (!all.some(file => file.includes(covered))) absent++
    }
  }
  if (absent > (flip.path.endsWith('.log') ? 1 : 0)) wrong.push(`F1: ${absent} batches are gone`)
}

async function repaired(disk: SimDisk, { path }: Flip, wrong: string[]): Promise<void> {
  await repairFolder({ ...real, disk }, FOLDER, true)
  try {
    const server = await start(disk).starting
    const committed = await committedBy(server)
    // A change of the metadata that is lost may be the one that made the topic of the groups.
    const isMetadata = path.includes('/ottla-metadata')
    if (committed.startsWith('error') && !isMetadata) wrong.push(`F6: groups answer ${committed}`)
    const damaged = server.parts.conditions.list().filter(({ kind }) => kind === 'damaged-log')
    if (damaged.length > 0) wrong.push('F6: still damaged after the repair')
    server.abandon()
  } catch (error) {
    wrong.push(`F6: no start after the repair: ${(error as Error).message}`)
  }
}

/** A flip in words. */
export function describeFlip({ path, bit }: Flip): string {
  return `bit ${bit & 7} of byte ${bit >> 3} of ${path}`
}
