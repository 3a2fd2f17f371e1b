import { DiskError } from '../../host/disk-error.ts'
import type { Crc32c, Disk, File, Loop } from '../../host/host.ts'
import type { StoreEntry, StoreEvent, StoreValue } from './store.ts'
import { damaged, FrameCodec } from './store-frame.ts'
import type { StoreState } from './store-state.ts'

export interface StoreFilesOptions {
  readonly disk: Disk
  readonly loop: Loop
  readonly crc32c: Crc32c
  /** Exists, and durably so. */
  readonly folder: string
  /** Told of a last frame that is not whole. */
  readonly onFinding?: ((finding: StoreFinding) => void) | undefined
}

/** What was found at the end of the log. */
export interface StoreFinding {
  readonly kind: 'cut'
  readonly path: string
  readonly reason: string
  readonly bytes: number
}

/** Names Kafka does not look at. */
export const METADATA_LOG = 'ottla-metadata.log'
export const METADATA_SNAPSHOT = 'ottla-metadata.snapshot'

const SNAPSHOT_FRAME_ENTRIES = 500

/** One transaction as it is written down. */
export interface LastingChange {
  readonly revision: number
  readonly events: readonly StoreEvent[]
}

type LoggedEvent = [key: string, createRevision: number, value: StoreValue] | [key: string]
type LoggedChange = [revision: number, events: LoggedEvent[]]
type SnapshotEntry = [string, number, number, StoreValue]

/**
 * StoreFiles: the local store's two files.
 *
 *   log       frames of [revision, [event, ...]][]: the transactions of one commit round. An event
 *             is [key, createRevision, value] for a put, [key] for a delete.
 *   snapshot  frames of [key, createRevision, modRevision, value][], then one frame
 *             { revision, count } that closes it: everything at one revision.
 *
 * Behind each frame that was synced a *seal* is written: a frame without changes, not synced on its
 * own account. Whatever stands before a sound frame was therefore on disk. A last frame that is not
 * sound is damaged if its seal is there, and refused; without a seal nobody was told of it.
 *
 * Invariants:
 *   (1) A frame is written only after the one before it was synced, and a seal only after its frame
 *       was. The next frame overwrites the seal: it may not be on disk when that frame is.
 *   (2) Revisions the snapshot holds are skipped when the log is replayed.
 *   (3) Reading writes nothing: whoever holds the folder's lock may be another.
 *
 * Crash story: a torn last frame was never told to anybody; the first write cuts it off, keeping a
 * copy beside the log. A lost seal costs nothing but the proof that its frame was synced. A crash
 * between a snapshot's rename and the cut of the log replays the log and skips all of it.
 */
export class StoreFiles {
  readonly #options: StoreFilesOptions
  readonly #codec: FrameCodec
  #log: File | null = null
  #logBytes = 0
  /** Where bytes begin that are no frame, as the file was read. */
  #tornFrom = 0
  #snapshotBytes = 0

  constructor(options: StoreFilesOptions) {
    this.#options = options
    this.#codec = new FrameCodec(options.crc32c)
  }

  get logBytes(): number {
    return this.#logBytes
  }

  get snapshotBytes(): number {
    return this.#snapshotBytes
  }

  /** Fills `state`. Throws DiskError, 'CORRUPT' when the files contradict themselves. */
  read(state: StoreState): void {
    const { disk, folder } = this.#options
    const snapshotPath = `${folder}/${METADATA_SNAPSHOT}`
    if (disk.stat(snapshotPath) !== null) this.#readSnapshot(disk.readFile(snapshotPath), state)
    const logPath = `${folder}/${METADATA_LOG}`
    if (disk.stat(logPath) === null) return
    const bytes = disk.readFile(logPath)
    const { values, validBytes } = this.#codec.decodeAll(bytes, logPath)
    const isSealed = (values.at(-1) as LoggedChange[] | undefined)?.length === 0
    this.#logBytes = isSealed ? validBytes - this.#codec.encode([]).length : validBytes
    this.#tornFrom = validBytes
    this.#tellTorn(logPath, bytes.length - validBytes)
    for (const [revision, events] of (values as LoggedChange[][]).flat()) {
      if (revision <= state.revision) continue
      state.restore(
        revision,
        events.map(event => decodeEvent(event, revision)),
      )
    }
  }

  /** Resolves once the changes are on disk. A full disk leaves the log as it was. */
  async append(changes: readonly LastingChange[]): Promise<void> {
    const frame = this.#codec.encode(
      changes.map(({ revision, events }): LoggedChange => [revision, events.map(encodeEvent)]),
    )
    const log = await this.#openLog()
    const written = log.writev([frame], this.#logBytes)
    if (written < frame.length) {
      log.truncate(this.#logBytes)
      throw new DiskError('ENOSPC', log.path, 'writev')
    }
    await log.sync()
    this.#logBytes += frame.length
    this.#seal(log)
  }

  /**
   * What stands before it was synced. A seal that cannot be written is gone without: the frame is
   * on disk, and its transactions must not be told that they failed. The next frame overwrites what
   * was written of the seal.
   */
  #seal(log: File): void {
    const seal = this.#codec.encode([])
    try {
      if (log.writev([seal], this.#logBytes) < seal.length) log.truncate(this.#logBytes)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
    }
  }

  #tellTorn(path: string, bytes: number): void {
    if (bytes === 0) return
    const reason =
      `the last change was not written whole, from byte ${this.#tornFrom} on: nobody was told of ` +
      `it, and the next change replaces it; it is kept in ${tornPath(path, this.#tornFrom)}`
    this.#options.onFinding?.({ kind: 'cut', path, reason, bytes })
  }

  /** Writes all down anew and empties the log. What fails before the rename changes nothing. */
  async compact(entries: readonly StoreEntry[], revision: number): Promise<void> {
    const { disk, folder, loop } = this.#options
    const log = await this.#openLog()
    const temporaryPath = `${folder}/${METADATA_SNAPSHOT}.tmp`
    disk.remove(temporaryPath)
    const file = disk.open(temporaryPath, 'create')
    let sizeBytes = 0
    const write = (value: unknown) => {
      const frame = this.#codec.encode(value)
      const written = file.writev([frame], sizeBytes)
      if (written < frame.length) throw new DiskError('ENOSPC', temporaryPath, 'writev')
      sizeBytes += frame.length
    }
    try {
      for (let at = 0; at < entries.length; at += SNAPSHOT_FRAME_ENTRIES) {
        write(entries.slice(at, at + SNAPSHOT_FRAME_ENTRIES).map(encodeEntry))
        await loop.nextTurn()
      }
      write({ revision, count: entries.length })
      await file.sync()
    } finally {
      file.close()
    }
    disk.rename(temporaryPath, `${folder}/${METADATA_SNAPSHOT}`)
    await disk.syncFolder(folder)
    this.#snapshotBytes = sizeBytes
    log.truncate(0)
    this.#logBytes = 0
    // Before a frame overwrites the start, or an old one could be found behind it.
    await log.sync()
  }

  close(): void {
    this.#log?.close()
    this.#log = null
  }

  /** Makes the log's name durable before anything is promised in it. */
  async #openLog(): Promise<File> {
    if (this.#log !== null) return this.#log
    const { disk, folder } = this.#options
    const log = disk.open(`${folder}/${METADATA_LOG}`, 'create')
    if (log.sizeBytes > this.#tornFrom) {
      this.#keepTorn(log)
      log.truncate(this.#tornFrom)
    }
    await log.sync()
    await disk.syncFolder(folder)
    this.#log = log
    return log
  }

  #keepTorn(log: File): void {
    const bytes = Buffer.alloc(log.sizeBytes - this.#tornFrom)
    log.read(bytes, this.#tornFrom)
    if (bytes.every(byte => byte === 0)) return
    const copy = this.#options.disk.open(tornPath(log.path, this.#tornFrom), 'create')
    try {
      copy.truncate(0)
      copy.writev([bytes], 0)
    } finally {
      copy.close()
    }
  }

  #readSnapshot(bytes: Buffer, state: StoreState): void {
    const path = `${this.#options.folder}/${METADATA_SNAPSHOT}`
    const { values, validBytes } = this.#codec.decodeAll(bytes, path)
    const end = values.pop() as { revision: number; count: number } | undefined
    const entries = (values as SnapshotEntry[][]).flat()
    if (end === undefined || validBytes < bytes.length || end.count !== entries.length) {
      throw damaged(path, validBytes)
    }
    this.#snapshotBytes = bytes.length
    state.restore(
      end.revision,
      entries.map(([key, createRevision, modRevision, value]): StoreEvent => {
        return { kind: 'put', entry: { key, createRevision, modRevision, value } }
      }),
    )
  }
}

/** Where a last frame that was not whole is kept. */
function tornPath(logPath: string, at: number): string {
  return `${logPath}.torn-${at}`
}

function encodeEvent(event: StoreEvent): LoggedEvent {
  if (event.kind === 'delete') return [event.key]
  return [event.entry.key, event.entry.createRevision, event.entry.value]
}

function decodeEvent([key, createRevision, value]: LoggedEvent, revision: number): StoreEvent {
  if (createRevision === undefined) return { kind: 'delete', key }
  const entry = { key, createRevision, modRevision: revision, value: value as StoreValue }
  return { kind: 'put', entry }
}

function encodeEntry(entry: StoreEntry): SnapshotEntry {
  return [entry.key, entry.createRevision, entry.modRevision, entry.value]
}
