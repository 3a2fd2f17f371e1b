import { DiskError } from '../../host/disk-error.ts'
import { isDiskFull, isPassing, lacksDescriptor } from '../../storage/disk-failure.ts'
import type {
  MetadataStore,
  Session,
  StoreChange,
  StoreEntry,
  Transaction,
  TransactionOutcome,
  Watch,
  WatchListener,
} from './store.ts'
import { type LastingChange, StoreFiles, type StoreFilesOptions } from './store-files.ts'
import { StoreState, type Undo } from './store-state.ts'

export interface LocalStoreOptions extends StoreFilesOptions {
  /** Log size from which a snapshot is worth writing. Default 4 MiB. */
  readonly logBytesMax?: number
  /** Called when the disk is full. Returns whether it made room, so that a write is tried again. */
  readonly makeRoom?: () => boolean
}

const LOG_BYTES_MAX = 4 * 1024 * 1024
const TRANSACTION_SIZE_MAX = 128

/** Judged, and if it changes something applied in memory; not yet on disk, not yet told. */
interface Pending {
  readonly effect: { change: StoreChange; lasting: LastingChange; undo: Undo } | null
  readonly outcome: TransactionOutcome
  readonly resolve: (outcome: TransactionOutcome) => void
}

/**
 * LocalStore: the metadata of a cluster of one, in two files beside its logs (store-files.ts).
 *
 * Invariants:
 *   (1) A transaction is judged against all that were applied before it, on disk or not; it is
 *       told and watched only once it is on disk, in order.
 *   (2) One round of writing is under way at a time; what is submitted meanwhile forms the next.
 *   (3) A round that fails is undone in memory, with all that was judged upon it. A failed sync is
 *       final: nobody can say what is on disk, every later transaction is 'unknown', and reads
 *       reject.
 */
export class LocalStore implements MetadataStore {
  readonly transactionSizeMax = TRANSACTION_SIZE_MAX
  readonly #files: StoreFiles
  readonly #makeRoom: () => boolean
  readonly #state = new StoreState()
  readonly #watchers = new Set<{ fromRevision: number; listener: WatchListener }>()
  #sessionCount = 0
  #toldRevision: number
  #compactAtBytes: number
  #queue: Pending[] = []
  #rounds: Promise<void> | null = null
  #failure: DiskError | null = null
  #isClosed = false

  /** Reads what is there. Throws DiskError, 'CORRUPT' when the files contradict themselves. */
  constructor(options: LocalStoreOptions) {
    this.#files = new StoreFiles(options)
    this.#makeRoom = options.makeRoom ?? (() => false)
    this.#files.read(this.#state)
    this.#toldRevision = this.#state.revision
    const worthIt = options.logBytesMax ?? LOG_BYTES_MAX
    this.#compactAtBytes = Math.max(worthIt, this.#files.snapshotBytes)
  }

  async load(): Promise<{ entries: StoreEntry[]; revision: number }> {
    if (this.#failure !== null) throw this.#failure
    return { entries: this.#state.entries(), revision: this.#state.revision }
  }

  async get(key: string): Promise<StoreEntry | null> {
    if (this.#failure !== null) throw this.#failure
    return this.#state.get(key)
  }

  watch(fromRevision: number, listener: WatchListener): Watch {
    // The past is not kept: who is late must load again.
    if (fromRevision < this.#toldRevision) Promise.resolve().then(() => listener.onReset())
    const watcher = { fromRevision, listener }
    this.#watchers.add(watcher)
    return { close: () => this.#watchers.delete(watcher) }
  }

  async transact(transaction: Transaction): Promise<TransactionOutcome> {
    const size = transaction.compare.length + transaction.operations.length
    if (size > TRANSACTION_SIZE_MAX) throw new RangeError(`a transaction of ${size} operations`)
    if (this.#isClosed) return { kind: 'unknown', reason: 'the store is closed' }
    return this.#submit(transaction)
  }

  async openSession(): Promise<Session> {
    this.#sessionCount++
    return new LocalSession(`${this.#state.revision}.${this.#sessionCount}`, async id => {
      if (!this.#isClosed) await this.#submit(this.#state.endOf(id))
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#rounds !== null) await this.#rounds
    this.#files.close()
  }

  #submit(transaction: Transaction): Promise<TransactionOutcome> {
    if (this.#failure !== null) {
      return Promise.resolve({ kind: 'unknown', reason: this.#failure.message })
    }
    const applied = this.#state.apply(transaction)
    const { revision } = this.#state
    return new Promise(resolve => {
      if (applied.kind === 'applied') {
        const lasting = { revision, events: applied.lasting }
        const effect = { change: applied.change, lasting, undo: applied.undo }
        this.#queue.push({ effect, outcome: { kind: 'done', revision }, resolve })
      } else {
        // This waits too: what it was judged by may not be on disk yet.
        const kind = applied.kind === 'conflict' ? 'conflict' : 'done'
        this.#queue.push({ effect: null, outcome: { kind, revision }, resolve })
      }
      this.#rounds ??= this.#write()
    })
  }

  async #write(): Promise<void> {
    // Whatever is submitted in this turn shares the first round.
    await null
    while (this.#queue.length > 0) {
      const round = this.#queue
      this.#queue = []
      try {
        await this.#writeRound(round)
      } catch (error) {
        this.#abort(round, error)
        continue
      }
      for (const pending of round) this.#tell(pending)
    }
    this.#rounds = null
  }

  /** Begins synchronously: the state is then exactly as the round left it. */
  async #writeRound(round: readonly Pending[]): Promise<void> {
    const changes = round.flatMap(({ effect }) => effect?.lasting ?? [])
    if (changes.length === 0) return
    if (this.#files.logBytes > this.#compactAtBytes) {
      if (await this.#compacted(this.#state.lastingEntries(), this.#state.revision)) return
    }
    try {
      await this.#files.append(changes)
    } catch (error) {
      const isFull = error instanceof DiskError && isDiskFull(error) && isHarmless(error)
      if (!isFull || !this.#makeRoom()) this.#failed(error)
      await this.#files.append(changes).catch(again => this.#failed(again))
    }
  }

  /** A snapshot holds the round, so that it need not be logged. */
  async #compacted(entries: readonly StoreEntry[], revision: number): Promise<boolean> {
    try {
      await this.#files.compact(entries, revision)
    } catch (error) {
      if (!(error instanceof DiskError) || !isHarmless(error)) this.#failed(error)
      // The log still has room, perhaps: try again once it has grown as much again.
      this.#compactAtBytes = this.#files.logBytes * 2
      return false
    }
    this.#compactAtBytes = Math.max(this.#compactAtBytes, this.#files.snapshotBytes)
    return true
  }

  #failed(error: unknown): never {
    if (!(error instanceof DiskError)) throw error
    if (!isHarmless(error)) this.#failure = error
    throw error
  }

  #tell({ effect, outcome, resolve }: Pending): void {
    if (effect !== null) {
      this.#toldRevision = effect.change.revision
      for (const { fromRevision, listener } of [...this.#watchers]) {
        if (effect.change.revision > fromRevision) listener.onChange(effect.change)
      }
    }
    resolve(outcome)
  }

  #abort(round: readonly Pending[], error: unknown): void {
    const all = [...round, ...this.#queue]
    this.#queue = []
    for (const { effect } of all.toReversed()) if (effect !== null) this.#state.undo(effect.undo)
    const reason = error instanceof Error ? error.message : String(error)
    for (const { resolve } of all) resolve({ kind: 'unknown', reason })
  }
}

/**
 * Whether the log is as it was: there was no room, or no descriptor. A sync that was begun and
 * failed for want of room is no such case: what was written may be lost.
 */
function isHarmless(error: DiskError): boolean {
  if (lacksDescriptor(error)) return true
  return isPassing(error) && error.call !== 'sync' && error.call !== 'syncFolder'
}

/** Lives as long as the process: nobody else could see it end. */
class LocalSession implements Session {
  readonly id: string
  onLost: (() => void) | null = null
  readonly #end: (id: string) => Promise<void>
  #isLive = true

  constructor(id: string, end: (id: string) => Promise<void>) {
    this.id = id
    this.#end = end
  }

  get isLive(): boolean {
    return this.#isLive
  }

  async revoke(): Promise<void> {
    if (!this.#isLive) return
    this.#isLive = false
    await this.#end(this.id)
  }
}
