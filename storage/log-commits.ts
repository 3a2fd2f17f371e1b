/**
 * What one log has written and not yet synced, and who waits for that.
 *
 *   wrote ──> request ──> beginCommit ──(the directory's round)──> endCommit: waiters told
 *
 * Invariants:
 *   (1) Every segment written since the last round began is in `#dirty`, also one that was closed
 *       meanwhile: a round covers all written offsets.
 *   (2) A waiter added after a round began waits for the next one.
 *   (3) A truncation lowers the target of the round in flight: bytes appended at those offsets
 *       later are not covered by it.
 */
import type { DiskError } from '../host/disk-error.ts'
import type { File } from '../host/host.ts'
import type { AppendWaiter } from './append-result.ts'
import { asDiskError, isPassing } from './disk-failure.ts'
import type { LogState } from './log-state.ts'
import type { Segment } from './segment.ts'
import { snapshotPath } from './segment-roll.ts'
import type { SyncRound } from './sync-round.ts'
import type { Offset } from './units.ts'

/** As long as Linux lets dirty pages rest (dirty_expire_centisecs): most are written by then. */
const SEAL_AFTER_MS = 30_000

const NO_FILES: readonly File[] = []

export class LogCommits {
  readonly #state: LogState
  #waiters: AppendWaiter[] = []
  #dirty: Segment[] = []
  readonly #dirtyFolders = new Set<string>()
  #dirtyPaths: string[] = []
  // Of the round in flight.
  #roundWaiters: AppendWaiter[] = []
  #roundSegments: Segment[] = []
  #roundFiles: readonly File[] = NO_FILES
  #roundTarget: Offset = 0
  #roundPosition = 0
  #roundActive: Segment | null = null
  /** Oldest unsynced write; Infinity for none. */
  #dirtySinceMs = Number.POSITIVE_INFINITY
  /** There may be closed segments that are not sealed. */
  #hasUnsealed = false
  /** Segments closed later than this are not sealed yet. */
  #sealUntilMs = Number.POSITIVE_INFINITY
  // Of the round of sealing in flight: segments, and their small files.
  #sealing: Segment[] = []
  #sealFiles: File[] = []
  /** Dirty segments that may be closed for room. */
  readonly #unpinned = new Set<Segment>()

  constructor(state: LogState) {
    this.#state = state
  }

  get isDeleted(): boolean {
    return this.#state.isDeleted
  }

  get isDirty(): boolean {
    return this.#dirty.length + this.#dirtyFolders.size + this.#dirtyPaths.length > 0
  }

  /** `segment` got bytes. */
  wrote(segment: Segment): void {
    if (this.#dirty.includes(segment)) return
    this.#dirty.push(segment)
    // A descriptor opened later might not be told of a failed write-back: this one stays.
    const isPinned = this.#state.config.durability === 'fsync'
    // One that the round in flight has, too, is counted twice, once in each way.
    if (isPinned || this.#unpinned.has(segment)) segment.slot.pins++
    else this.#unpinned.add(segment)
  }

  /** The next round tells them. */
  wait(waiters: readonly AppendWaiter[]): void {
    for (const waiter of waiters) this.#waiters.push(waiter)
    this.request()
  }

  request(): void {
    this.#state.environment.commit(this)
  }

  /** A folder got names, small files got content: durable with the next round. */
  created(folders: readonly string[], paths: readonly string[]): void {
    for (const folder of folders) this.#dirtyFolders.add(folder)
    this.#dirtyPaths.push(...paths)
  }

  /** `closed` is full and another segment took its place. */
  rolled(closed: Segment): void {
    this.#dirtyFolders.add(this.#state.folder)
    if (closed.isSealed) return
    this.#hasUnsealed = true
    if (this.#state.config.durability === 'fsync') this.#state.environment.seal(this)
  }

  /**
   * Whether a closed segment is to be sealed: under 'os' when it was closed long enough ago, for
   * syncing it at once would write out what the kernel may never have to, and hold up appends.
   */
  isSealDue(nowMs: number): boolean {
    if (!this.#hasUnsealed) return false
    const { segments, config } = this.#state
    const unsealed = segments.filter(({ isSealed }) => !isSealed)
    this.#hasUnsealed = unsealed.length > 0
    this.#sealUntilMs = config.durability === 'fsync' ? nowMs : nowMs - SEAL_AFTER_MS
    return unsealed.some(({ closedMs }) => closedMs <= this.#sealUntilMs)
  }

  /** Under 'os': whether something written before `nowMs - flushMs` is not synced. */
  isDue(nowMs: number): boolean {
    if (!this.isDirty) return false
    if (this.#dirtySinceMs === Number.POSITIVE_INFINITY) this.#dirtySinceMs = nowMs
    return nowMs - this.#dirtySinceMs >= this.#state.config.flushMs
  }

  // -------------------------------------------------------------------------------------- round

  /** Throws DiskError if a file can't be opened; nothing has begun then. */
  beginCommit(round: SyncRound): void {
    const state = this.#state
    const epochs = state.epochs.takeUnsynced()
    if (epochs !== null) this.created([state.folder], [epochs])
    const small = this.#dirtyPaths.length === 0 ? NO_FILES : this.#openDirtyPaths()
    try {
      for (const segment of this.#dirty) if (!segment.isRemoved) round.add(segment.file())
    } catch (error) {
      for (const file of small) file.close()
      throw error
    }
    for (const file of small) round.add(file)
    for (const folder of this.#dirtyFolders) round.folders.set(folder, this)
    this.#beginRound(small)
  }

  #beginRound(small: readonly File[]): void {
    const { writtenOffset, active } = this.#state
    this.#roundFiles = small
    this.#roundSegments = this.#dirty
    this.#roundWaiters = this.#waiters
    this.#roundTarget = writtenOffset
    this.#roundActive = active
    this.#roundPosition = active.sizeBytes
    this.#waiters = []
    this.#dirty = []
    if (this.#dirtyPaths.length > 0) this.#dirtyPaths = []
    if (this.#dirtyFolders.size > 0) this.#dirtyFolders.clear()
    this.#dirtySinceMs = Number.POSITIVE_INFINITY
  }

  #openDirtyPaths(): File[] {
    const { disk } = this.#state.environment
    const files: File[] = []
    try {
      for (const path of new Set(this.#dirtyPaths)) files.push(disk.open(path, 'write'))
      return files
    } catch (error) {
      for (const file of files) file.close()
      throw error
    }
  }

  /** A closed segment is on disk, or gone: no round needs it any more. */
  forget(segment: Segment): void {
    const at = this.#dirty.indexOf(segment)
    if (at < 0) return
    this.#dirty.splice(at, 1)
    this.#unpin(segment)
  }

  endCommit(): void {
    const state = this.#state
    for (const segment of this.#roundSegments) state.environment.cachedTail.synced(segment)
    this.#releaseRound()
    if (this.#roundTarget > state.syncedOffset) state.syncedOffset = this.#roundTarget
    const hasProgress = this.#roundTarget > state.durableOffset
    if (hasProgress) {
      if (this.#roundActive !== null) {
        state.setDurable(this.#roundTarget, this.#roundActive, this.#roundPosition)
      }
    }
    const waiters = this.#roundWaiters
    this.#roundWaiters = []
    for (const waiter of waiters) waiter.durable()
    if (hasProgress) state.onProgress?.()
  }

  /** The log is cut at `offset`. What lies below, and the names of it all, is still synced. */
  truncated(offset: Offset, error: DiskError): void {
    this.#failWaiters(error)
    // One of them may get other bytes before the round ends: what it sealed is no more.
    this.#sealing = []
    if (this.#roundTarget <= offset) return
    this.#roundTarget = offset
    this.#roundActive = null
  }

  /** The directory failed or the log is gone: nobody who waits will be told anything better. */
  failAll(error: DiskError): void {
    this.#releaseRound()
    for (const segment of this.#dirty) this.#unpin(segment)
    this.#dirty = []
    this.#dirtyPaths = []
    this.#dirtyFolders.clear()
    this.#failWaiters(error)
  }

  #failWaiters(error: DiskError): void {
    const waiters = [...this.#roundWaiters, ...this.#waiters]
    this.#roundWaiters = []
    this.#waiters = []
    for (const waiter of waiters) waiter.failed(error)
  }

  #releaseRound(): void {
    for (const segment of this.#roundSegments) this.#unpin(segment)
    for (const file of this.#roundFiles) file.close()
    this.#roundSegments = []
    this.#roundFiles = NO_FILES
  }

  #unpin(segment: Segment): void {
    if (this.#unpinned.size === 0 || !this.#unpinned.delete(segment)) segment.slot.pins--
  }

  // --------------------------------------------------------------------------------------- seal

  /**
   * Adds closed segments with their indexes and snapshots to the round, oldest first, so that the
   * recovery point may pass them. What a full disk leaves undone is done by a later one. Returns
   * how many segments.
   */
  beginSeal(round: SyncRound, segmentsMax: number): number {
    const state = this.#state
    const { segments, config, environment } = state
    const untilMs = config.durability === 'fsync' ? Number.POSITIVE_INFINITY : this.#sealUntilMs
    if (state.isDeleted || environment.offline !== null) return 0
    for (const segment of segments) {
      if (segment.isSealed) continue
      if (this.#sealing.length >= segmentsMax || segment.closedMs > untilMs) break
      const files = this.#filesToSeal(segment)
      if (files === null) break
      this.#sealing.push(segment)
      for (const file of files) {
        round.add(file)
        if (file !== segment.slot.file) this.#sealFiles.push(file)
      }
    }
    if (this.#sealing.length > 0) round.folders.set(state.folder, this)
    return this.#sealing.length
  }

  endSeal(isDurable: boolean): void {
    const state = this.#state
    for (const file of this.#sealFiles) file.close()
    const sealed = this.#sealing
    this.#sealFiles = []
    this.#sealing = []
    if (!isDurable) return
    for (const segment of sealed) {
      segment.isSealed = true
      state.environment.cachedTail.sealed(segment)
      this.forget(segment)
      const next = segment.nextOffset
      const isFirst = !state.segments.some(other => other.baseOffset < next && !other.isSealed)
      if (isFirst && !segment.isRemoved && next > state.syncedOffset) {
        state.syncedOffset = Math.min(next, state.writtenOffset)
      }
    }
  }

  #filesToSeal(segment: Segment): File[] | null {
    const { disk } = this.#state.environment
    const files: File[] = []
    try {
      files.push(...segment.persistIndexes())
      if (disk.stat(snapshotPath(segment)) !== null) {
        files.push(disk.open(snapshotPath(segment), 'write'))
      }
      files.push(segment.file())
      return files
    } catch (thrown) {
      const error = asDiskError(thrown)
      for (const file of files) file.close()
      if (!isPassing(error)) this.#state.environment.fail(error)
      return null
    }
  }
}
