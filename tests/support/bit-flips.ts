/**
 * Single bits of a small data folder flipped, a broker started on each, and what the broker must
 * hold to whatever bit was flipped:
 *
 *   F1  only the flipped batch may be missing from what is served. A partition that is not open
 *       has a condition that names the partition. Every batch is on disk, the flipped one as it was
 *       found: in the log or set aside.
 *   F2  what is served has the bytes, the offset and the leader epoch that were acknowledged, also
 *       where an index leads to it
 *   F3  what a group committed and what the metadata say is answered as it was, or not at all
 *   F4  what is damaged is told with file and byte, unless nothing believes the flipped bit
 *   F5  every refusal and every condition names a cure, and a refusal the file
 *   F6  after `ottla storage repair` a broker starts, nothing is damaged, every other batch is
 *       served, and every commit and every change that is not in the damaged frame is there
 *
 * What nothing believes, and why, stands in docs/damage.md.
 */
import type { BrokerServer } from '../../broker/broker.ts'
import { StartFailure } from '../../broker/start-failure.ts'
import { repairFolder } from '../../client/cli/commands/storage-repair.ts'
import { nodeHost } from '../../host/node/host.ts'
import type { LogLine } from '../../host/sim/logger.ts'
import type { SeededRandom } from '../../host/sim/random.ts'
import type { Log } from '../../storage/log.ts'
import { TIME_ENTRY_BYTES } from '../../storage/time-index.ts'
import { ownerOf, whatSurvives } from './flip-reach.ts'
import {
  committedBy,
  FOLDER,
  filesUnder,
  GROUPS,
  nameOf,
  type SmallFolder,
  type StoredBatch,
  start,
} from './small-folder.ts'

const real = nodeHost()

/** Bytes at the start of a batch that its checksum does not cover and neighbours tell. */
const UNCOVERED_BYTES = 17

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

/** A seeded flip: every file is as likely as another, and every bit of it. */
export function someFlip({ files }: SmallFolder, random: SeededRandom): Flip {
  const file = files[random.below(files.length)]!
  return { path: file.path, bit: random.below(file.sizeBytes * 8) }
}

/** A flip in words. */
export function describeFlip({ path, bit }: Flip): string {
  return `bit ${bit & 7} of byte ${bit >> 3} of ${path}`
}

/** Starts a broker on the folder with one bit flipped and holds the broker to the promises. */
export async function tryFlip(folder: SmallFolder, flip: Flip): Promise<FlipOutcome> {
  const trial = new Trial(folder, flip)
  const end = await trial.started()
  const isOpen = end === 'refused' || end === 'damaged'
  if (isOpen && !isNodeId(folder, flip)) await trial.repaired()
  return { flip, end, wrong: trial.wrong }
}

class Trial {
  readonly wrong: string[] = []
  readonly #folder: SmallFolder
  readonly #flip: Flip
  readonly #at: number
  readonly #disk
  /** The batch that the flipped byte is in; null in another file. */
  readonly #owner: StoredBatch | null
  /** The owner with the bit flipped. */
  readonly #flipped: Buffer | null = null

  constructor(folder: SmallFolder, flip: Flip) {
    this.#folder = folder
    this.#flip = flip
    this.#at = flip.bit >> 3
    this.#disk = folder.disk.image({ keep: 'all' })
    const byte = this.#disk.readFile(flip.path)[this.#at] as number
    const flipped = Buffer.from([byte ^ (1 << (flip.bit & 7))])
    this.#disk.corrupt(flip.path, this.#at, flipped)
    this.#owner = ownerOf(folder, flip.path, this.#at)
    if (this.#owner !== null) {
      this.#flipped = Buffer.from(this.#owner.bytes)
      this.#flipped.set(flipped, this.#at - this.#owner.position)
    }
  }

  async started(): Promise<FlipOutcome['end']> {
    const { lines, starting } = start(this.#disk)
    let server: BrokerServer
    try {
      server = await starting
    } catch (error) {
      if (!(error instanceof StartFailure)) throw error
      this.#refusal(error.message)
      this.#onDisk()
      this.#disk.killed()
      return 'refused'
    }
    const conditions = server.parts.conditions.list()
    if (isNodeId(this.#folder, this.#flip)) {
      this.#onDisk()
      server.abandon()
      return conditions.length > 0 ? 'damaged' : 'silent'
    }
    await this.#serves(server)
    this.#onDisk()
    await this.#knows(server)
    await this.#groups(server)
    const list = server.parts.conditions.list()
    for (const { message } of list) {
      if (!message.includes('ottla storage')) this.#say('F5', `no cure in: ${message}`)
    }
    server.abandon()
    this.#disk.killed()
    const isTold = this.#told(lines.lines)
    if (conditions.length > 0 || list.length > 0) return 'damaged'
    return isTold ? 'told' : 'silent'
  }

  async repaired(): Promise<void> {
    await repairFolder({ ...real, disk: this.#disk }, FOLDER, true)
    try {
      const { starting } = start(this.#disk)
      const server = await starting
      await this.#recovered(server)
      server.abandon()
    } catch (error) {
      this.#say('F6', `no start after the repair: ${(error as Error).message}`)
    }
    this.#disk.killed()
    this.#onDisk()
  }

  #say(promise: string, reason: string): void {
    this.wrong.push(`${promise}: ${reason}`)
  }

  #refusal(message: string): void {
    const { path } = this.#flip
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (!message.includes(name)) this.#say('F5', `no file in: ${message}`)
    if (!message.includes('ottla storage repair')) this.#say('F5', `no cure in: ${message}`)
    const isFramed = path.includes('/ottla-metadata.')
    if (isFramed && !this.#isPlaced(message)) this.#say('F4', `no byte in: ${message}`)
  }

  /** Whether a text names a byte of the flipped file where what is damaged may begin. */
  #isPlaced(text: string): boolean {
    const first = this.#owner?.position ?? 0
    const places = [...text.matchAll(/\bbytes? (\d+)/g)].map(([, digits]) => Number(digits))
    return places.some(place => place >= first && place <= this.#at)
  }

  #told(lines: readonly LogLine[]): boolean {
    const { path } = this.#flip
    const naming = lines.filter(({ message }) => message.includes(path))
    if (naming.length === 0) {
      if (!isUnread(this.#folder, this.#flip)) this.#say('F4', 'the flipped bit is not told')
      return false
    }
    if (!naming.some(({ message }) => this.#isPlaced(message))) {
      this.#say('F4', `no byte in: ${naming[0]?.message}`)
    }
    return true
  }

  /** F1 and F2, of a broker that started. */
  async #serves(server: BrokerServer): Promise<void> {
    const { logDirectory, conditions } = server.parts
    const logs = new Map([...logDirectory.logs()].map(log => [nameOf(log), log]))
    for (const [name, stored] of this.#folder.batches) {
      const log = logs.get(name)
      if (log === undefined) {
        const isTold = conditions.list().some(c => `${c.subject} ${c.message}`.includes(name))
        if (!isTold) this.#say('F1', `${name} is not open, and no condition says so`)
        continue
      }
      this.#servesLog(name, stored, log)
      if (/index$/.test(this.#flip.path) && this.#flip.path.includes(`/${name}/`)) {
        await this.#leadsRight(name, stored, log)
      }
    }
  }

  #servesLog(name: string, stored: readonly StoredBatch[], log: Log): void {
    const served = new Map<number, Buffer>()
    for (const { baseOffset, bytes } of log.readBatches(0, Number.POSITIVE_INFINITY)) {
      served.set(baseOffset, Buffer.from(bytes))
    }
    for (const [offset, bytes] of served) {
      const original = stored.find(({ baseOffset }) => baseOffset === offset)
      if (original?.bytes.equals(bytes)) continue
      if (this.#isRaised(name, offset, bytes)) continue
      this.#say('F2', `${name} serves at ${offset} what was never there`)
    }
    const missing = stored.filter(({ baseOffset }) => !served.has(baseOffset))
    for (const batch of missing) {
      if (batch !== this.#owner) this.#say('F1', `${name} serves no batch at ${batch.baseOffset}`)
    }
    const end = endOf(stored)
    const isTorn = this.#folder.stop === 'unclean' && stored.at(-1) === this.#owner
    if (log.logStartOffset !== 0) this.#say('F1', `${name} starts at ${log.logStartOffset}`)
    if (log.nextOffset !== end && !isTorn) {
      this.#say('F1', `${name} ends at ${log.nextOffset}, not at ${end}`)
    }
  }

  /** The last batch of a compacted log after an unclean stop: see docs/damage.md. */
  #isRaised(name: string, offset: number, bytes: Buffer): boolean {
    const last = this.#folder.batches.get(GROUPS)?.at(-1)
    if (name !== GROUPS || this.#folder.stop === 'clean' || last !== this.#owner) return false
    return offset > last.baseOffset && bytes.subarray(8).equals(last.bytes.subarray(8))
  }

  /** Offsets and timestamps lead to the batches that have them. */
  async #leadsRight(name: string, stored: readonly StoredBatch[], log: Log): Promise<void> {
    for (const { baseOffset, maxTimestampMs } of stored) {
      const [found] = log.readBatches(baseOffset, Number.POSITIVE_INFINITY)
      if (found?.baseOffset !== baseOffset) {
        this.#say('F2', `${name} leads from ${baseOffset} to ${found?.baseOffset}`)
      }
      const first = stored.find(batch => batch.maxTimestampMs >= maxTimestampMs)
      const at = await log.offsetForTimestamp(maxTimestampMs, log.nextOffset)
      if (first !== undefined && (at === null || batchWith(stored, at.offset) !== first)) {
        this.#say('F2', `${name} leads from time ${maxTimestampMs} to ${at?.offset}`)
      }
    }
  }

  /** F1: every batch lies whole in some file, and the flipped one as it was found. */
  #onDisk(): void {
    const all = filesUnder(this.#disk, FOLDER).map(({ path }) => this.#disk.readFile(path))
    const has = (bytes: Buffer) => all.some(file => file.includes(bytes))
    for (const [name, stored] of this.#folder.batches) {
      for (const batch of stored) {
        if (batch !== this.#owner) {
          if (!has(batch.bytes))
            this.#say('F1', `the batch at ${batch.baseOffset} of ${name} is gone`)
          continue
        }
        const flipped = this.#flipped as Buffer
        const isMended = has(batch.bytes) && has(flipped.subarray(0, UNCOVERED_BYTES))
        if (!has(withoutZeros(flipped)) && !isMended) this.#say('F1', 'the flipped bytes are gone')
      }
    }
  }

  /** F3: a broker that starts knows all that its metadata said. */
  async #knows(server: BrokerServer): Promise<void> {
    for (const difference of await whatSurvives(this.#folder, null).missingIn(server)) {
      this.#say('F3', difference)
    }
  }

  async #groups(server: BrokerServer): Promise<void> {
    const committed = await committedBy(server)
    const isUnloaded = committed.startsWith('error')
    if (!isUnloaded && committed !== this.#folder.commits.at(-1)?.answer) {
      // A torn last commit was not known to be on disk.
      const isTorn = this.#folder.stop === 'unclean' && this.#lostCommit() === 'last'
      const before = this.#folder.commits.at(-2)?.answer
      if (!isTorn || committed !== before) this.#say('F3', committed)
    }
    const list = server.parts.conditions.list()
    const why = list.find(({ kind }) => kind === 'coordinator-not-loaded')?.message
    if (isUnloaded && why === undefined) this.#say('F3', `${committed}, and no condition says why`)
    if (why !== undefined && (!why.includes(this.#flip.path) || !this.#isPlaced(why))) {
      this.#say('F4', `no file and byte in: ${why}`)
    }
  }

  #lostCommit(): 'none' | 'last' | 'earlier' {
    const owner = this.#owner
    if (owner === null || !owner.path.includes(`/${GROUPS}/`)) return 'none'
    return owner.baseOffset === this.#folder.commits.at(-1)?.baseOffset ? 'last' : 'earlier'
  }

  /** F6. */
  async #recovered(server: BrokerServer): Promise<void> {
    const { conditions, logDirectory } = server.parts
    const survivors = whatSurvives(this.#folder, this.#flip)
    for (const difference of await survivors.missingIn(server)) this.#say('F6', difference)
    const logs = new Map([...logDirectory.logs()].map(log => [nameOf(log), log]))
    for (const [name, stored] of this.#folder.batches) {
      const log = logs.get(name)
      if (log !== undefined) this.#servesLog(name, stored, log)
      else if (survivors.hasTopic(name)) this.#say('F6', `${name} is not open`)
    }
    for (const { kind, message } of conditions.list()) {
      const isOfLostTopic = kind === 'stray-log' && survivors.isCut
      if (!isOfLostTopic) this.#say('F6', `after the repair: ${message}`)
    }
    if (!survivors.hasTopic(GROUPS) || !survivors.hasTopic('a-0')) return
    const committed = await committedBy(server)
    const { commits } = this.#folder
    const isKept = this.#at - (this.#owner?.position ?? 0) < UNCOVERED_BYTES
    const allowed = [commits.at(-1)]
    if (this.#lostCommit() === 'last') {
      if (!isKept) allowed.pop()
      allowed.push(commits.at(-2))
    }
    if (!allowed.some(commit => commit?.answer === committed)) {
      this.#say('F6', `groups answer ${committed}`)
    }
  }
}

function endOf(stored: readonly StoredBatch[]): number {
  const last = stored.at(-1)
  return last === undefined ? 0 : last.baseOffset + last.bytes.readInt32BE(23) + 1
}

function batchWith(stored: readonly StoredBatch[], offset: number): StoredBatch | undefined {
  return stored.findLast(({ baseOffset }) => baseOffset <= offset)
}

/** The copy of a torn tail ends with its last byte that is not zero. */
function withoutZeros(bytes: Buffer): Buffer {
  let end = bytes.length
  while (bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}

/** The one digit that nothing else in the folder tells: see docs/damage.md. */
function isNodeId({ disk }: SmallFolder, { path, bit }: Flip): boolean {
  if (!path.endsWith('/meta.properties')) return false
  return bit >> 3 === disk.readFile(path).indexOf('node.id=') + 'node.id='.length
}

/** Whether nothing may believe a flipped bit of the file. The reasons stand in docs/damage.md. */
function isUnread({ disk, stop, batches }: SmallFolder, { path, bit }: Flip): boolean {
  const last = batches.get(GROUPS)?.at(-1)
  if (stop === 'unclean' && path === last?.path) {
    return bit >> 3 >= last.position && bit >> 3 < last.position + 8
  }
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (name === 'meta.properties') {
    const line = disk
      .readFile(path)
      .toString('latin1', 0, (bit >> 3) + 1)
      .split('\n')
      .at(-1)
    return !line?.startsWith('cluster.id=')
  }
  if (name === '.kafka_cleanshutdown') return true
  if (name === 'leader-epoch-checkpoint')
    return bit >> 3 === disk.readFile(path).indexOf(' 0\n') + 1
  if (name.startsWith('recovery-point-') || name.startsWith('replication-')) return true
  if (/^\d{20}\.snapshot$/.test(name)) return true
  // The offset of an entry may name another batch that has the same timestamp.
  if (name.endsWith('.timeindex') && (bit >> 3) % TIME_ENTRY_BYTES >= 8) return true
  return stop === 'unclean' && name.endsWith('index')
}
