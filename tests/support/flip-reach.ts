/** What a flipped bit may reach: the batch that it is in, and what the metadata say without it. */
import type { BrokerServer } from '../../broker/broker.ts'
import { METADATA_LOG, METADATA_SNAPSHOT } from '../../broker/metadata/store-files.ts'
import { FrameCodec } from '../../broker/metadata/store-frame.ts'
import { nodeHost } from '../../host/node/host.ts'
import { FOLDER, type SmallFolder, type StoredBatch } from './small-folder.ts'

const codec = new FrameCodec(nodeHost().crc32c)

/** The batch that holds a byte of a file; null if the file is no segment. */
export function ownerOf(folder: SmallFolder, path: string, at: number): StoredBatch | null {
  for (const stored of folder.batches.values()) {
    const owner = stored.find(batch => {
      const end = batch.position + batch.bytes.length
      return batch.path === path && at >= batch.position && at < end
    })
    if (owner !== undefined) return owner
  }
  return null
}

/** What the metadata say without the frame that a flipped bit is in. */
export class Survivors {
  readonly #entries: ReadonlyMap<string, unknown>
  /** Whether a frame is left out. */
  readonly isCut: boolean

  constructor(entries: ReadonlyMap<string, unknown>, isCut: boolean) {
    this.#entries = entries
    this.isCut = isCut
  }

  /** Whether the topic of `topic-partition` is still known. */
  hasTopic(name: string): boolean {
    return this.#entries.has(`name/${name.slice(0, name.lastIndexOf('-'))}`)
  }

  /** What a broker does not know although the metadata still say it. */
  async missingIn(server: BrokerServer): Promise<string[]> {
    const missing: string[] = []
    const { entries } = await server.parts.store.load()
    const now = new Map<string, unknown>(entries.map(({ key, value }) => [key, value]))
    for (const [key, value] of this.#entries) {
      if (!this.#isLasting(key)) continue
      const known = now.get(key)
      if (lasting(key, known) !== lasting(key, value)) {
        missing.push(`the metadata have ${JSON.stringify(known)} for ${key}`)
      }
    }
    return missing
  }

  /** Ids of producers and sessions move on; what belongs to a topic that is lost goes with it. */
  #isLasting(key: string): boolean {
    const [kind, id = ''] = key.split('/')
    if (kind === 'part') return this.#entries.has(`topic/${id}`)
    return kind === 'cluster' || kind === 'topic' || kind === 'name' || kind === 'cfg'
  }
}

/** A leader epoch rises at a start after a crash. */
function lasting(key: string, value: unknown): string {
  if (value === undefined || !key.startsWith('part/')) return JSON.stringify(value) ?? ''
  const { le: _, ...rest } = value as { le: number }
  return JSON.stringify(rest)
}

type SnapshotFrame = [key: string, created: number, modified: number, value: unknown][]
type LogFrame = [revision: number, events: [key: string, created?: number, value?: unknown][]][]

/** `flip` null: nothing is left out. */
export function whatSurvives(
  { disk }: SmallFolder,
  flip: { readonly path: string; readonly bit: number } | null,
): Survivors {
  const entries = new Map<string, unknown>()
  let isCut = false
  let revision = 0
  const framesOf = (name: string) => {
    const path = `${FOLDER}/${name}`
    if (disk.stat(path) === null) return []
    const { values, frames } = codec.decodeSound(disk.readFile(path))
    let end = 0
    return values.filter((_, at) => {
      const start = end
      end += (frames[at] as Buffer).length
      const isHit = flip?.path === path && flip.bit >> 3 >= start && flip.bit >> 3 < end
      isCut ||= isHit
      return !isHit
    })
  }
  for (const frame of framesOf(METADATA_SNAPSHOT)) {
    if (!Array.isArray(frame)) revision = (frame as { revision: number }).revision
    else for (const [key, , , value] of frame as SnapshotFrame) entries.set(key, value)
  }
  for (const [at, events] of (framesOf(METADATA_LOG) as LogFrame[]).flat()) {
    if (at <= revision) continue
    for (const [key, created, value] of events) {
      if (created === undefined) entries.delete(key)
      else entries.set(key, value)
    }
  }
  return new Survivors(entries, isCut)
}
