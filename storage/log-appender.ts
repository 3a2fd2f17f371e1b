/**
 * Sequences batches, writes them once a turn, and says when they are durable.
 *
 *   append ──> staged ──(one writev)──> written ──(commit round)──> durable
 *                 └──(short, full)──> dropped: file cut back, every waiter told
 *
 * Invariants:
 *   (1) A stage belongs to one segment: rolling writes it first.
 *   (2) Effects (indexes, producers, offsets) are committed only by a full write.
 *   (3) A waiter is told exactly once, never from inside `append`.
 *   (4) A frame is retained from `append` until its write returned.
 *
 * Crash story: a torn write leaves a torn batch at the end of the file, which no one was told about
 * under 'fsync' and which recovery cuts.
 */
import { DiskError } from '../host/disk-error.ts'
import type { BatchView } from '../protocol/records/batch.ts'
import {
  type AppendOptions,
  type AppendResult,
  type AppendWaiter,
  RefusalReason,
  type Refused,
  type Retainable,
} from './append-result.ts'
import { asDiskError, isPassing } from './disk-failure.ts'
import type { LogCommits } from './log-commits.ts'
import type { LogState } from './log-state.ts'
import { parseMarker } from './marker.ts'
import type { Marker } from './producer-state.ts'
import type { Segment } from './segment.ts'
import { rollSegment } from './segment-roll.ts'
import type { AbortedEntry } from './transaction-index.ts'
import type { Offset } from './units.ts'

/** Index entries that gather in memory before they are written. */
const INDEX_ENTRIES_PER_WRITE = 4096

interface Failure {
  readonly waiter: AppendWaiter
  readonly error: DiskError
}

export class LogAppender {
  readonly #state: LogState
  // The stage: parallel arrays, made anew for each (emptying one costs a call into V8's runtime).
  #bytes: Buffer[] = []
  #lastOffsets: Offset[] = []
  #maxTimestamps: number[] = []
  #frames: Retainable[] = []
  #aborted: AbortedEntry[] = []
  #stagedBytes = 0
  #waiters: AppendWaiter[] = []
  #isStaged = false
  // Written and to be told in this turn's flush.
  #done: AppendWaiter[] = []
  #failed: Failure[] = []
  #hasProgress = false
  readonly #commits: LogCommits

  constructor(state: LogState, commits: LogCommits) {
    this.#state = state
    this.#commits = commits
  }

  append(batch: BatchView, options: AppendOptions, waiter: AppendWaiter | null): AppendResult {
    const state = this.#state
    if (state.isDeleted || state.environment.offline !== null) return refused('offline')
    let marker: Marker | null = null
    if (batch.hasProducer) {
      marker = batch.isControl ? parseMarker(batch) : null
      const answer = this.#checkProducer(batch, options, marker, waiter)
      if (answer !== null) return answer
    }
    const refusal = this.#makeRoom(batch, options)
    if (refusal !== null) return refused(refusal)

    const isReplica = options.origin === 'replica'
    const baseOffset = isReplica ? batch.baseOffset : state.nextOffset
    const leaderEpoch = isReplica ? batch.leaderEpoch : options.leaderEpoch
    if (!isReplica) batch.stamp(baseOffset, leaderEpoch)
    if (leaderEpoch > state.epochs.latest) {
      try {
        state.epochs.assign(leaderEpoch, baseOffset)
      } catch (error) {
        return this.#refusedBy(asDiskError(error))
      }
    }
    this.#queue(batch, marker, baseOffset, options.frame)
    if (waiter !== null) this.#waiters.push(waiter)
    return { kind: 'appended', baseOffset, lastOffset: state.nextOffset - 1 }
  }

  #queue(
    batch: BatchView,
    marker: Marker | null,
    baseOffset: Offset,
    frame: Retainable | undefined,
  ): void {
    const state = this.#state
    const lastOffset = baseOffset + batch.lastOffsetDelta
    if (batch.hasProducer) {
      const producers = state.producers()
      if (!batch.isControl) producers.apply(batch, baseOffset)
      else if (marker !== null) {
        const aborted = producers.applyMarker(batch, marker, baseOffset)
        if (aborted !== null) this.#aborted.push(aborted)
      }
    }
    if (frame !== undefined) {
      frame.retain()
      this.#frames.push(frame)
    }
    this.#bytes.push(batch.bytes)
    this.#lastOffsets.push(lastOffset)
    this.#maxTimestamps.push(batch.maxTimestamp)
    this.#stagedBytes += batch.sizeBytes
    state.nextOffset = lastOffset + 1
    this.#stage()
  }

  #stage(): void {
    if (this.#isStaged) return
    this.#isStaged = true
    this.#state.environment.stage(this)
  }

  // ------------------------------------------------------------------------------------- checks

  #checkProducer(
    batch: BatchView,
    options: AppendOptions,
    marker: Marker | null,
    waiter: AppendWaiter | null,
  ): AppendResult | null {
    const producers = this.#state.producers()
    if (batch.isControl) {
      if (marker === null || options.origin === 'replica') return null
      const reason = producers.refusalOfMarker(batch, marker)
      return reason === null ? null : refused(reason)
    }
    if (options.origin === 'client') {
      const first = producers.duplicateOf(batch)
      if (first !== null) {
        if (waiter !== null) this.#shareFate(first.lastOffset, waiter)
        const { lastOffset, offsetDelta, timestampMs } = first
        return { kind: 'duplicate', baseOffset: lastOffset - offsetDelta, lastOffset, timestampMs }
      }
    }
    const reason = producers.refusalOf(batch, options.origin)
    return reason === null ? null : refused(reason)
  }

  /** The waiter of a duplicate is told when the first one's is. */
  #shareFate(lastOffset: Offset, waiter: AppendWaiter): void {
    const { durableOffset, writtenOffset } = this.#state
    if (lastOffset >= writtenOffset) {
      this.#waiters.push(waiter)
    } else if (lastOffset >= durableOffset) {
      this.#commits.wait([waiter])
    } else {
      this.#done.push(waiter)
      this.#stage()
    }
  }

  /** Rolls if the batch does not fit the active segment. Why it can't be appended, or null. */
  #makeRoom(batch: BatchView, options: AppendOptions): RefusalReason | null {
    const state = this.#state
    const { config, active } = state
    const { sizeBytes, maxTimestamp } = batch
    const isReplica = options.origin === 'replica'
    if (!isReplica && sizeBytes > config.segmentBytes) return RefusalReason.RECORD_LIST_TOO_LARGE
    if (isReplica && batch.baseOffset < state.nextOffset) return RefusalReason.OUT_OF_ORDER_OFFSET
    const baseOffset = isReplica ? batch.baseOffset : state.nextOffset
    const stagedBytes = this.#stagedBytes
    if (active.sizeBytes + stagedBytes === 0) {
      if (baseOffset + batch.lastOffsetDelta - active.baseOffset <= 0x7fffffff) {
        active.prepare()
        return null
      }
    } else if (
      active.hasRoomFor(sizeBytes, baseOffset + batch.lastOffsetDelta, config, stagedBytes) &&
      !this.#isTimeToRoll(maxTimestamp, options.nowMs)
    ) {
      active.prepare()
      return null
    }
    // The next segment begins where this one ends, so that recovery can tell a lost tail; only a
    // gap too wide for an index (a replica of a compacted log) moves it up (KAFKA-6264).
    const { nextOffset } = state
    const isWide = baseOffset + batch.lastOffsetDelta - nextOffset > 0x7fffffff
    return this.#roll(isWide ? baseOffset : nextOffset, options.nowMs)
  }

  /** A segment spans at most segment.ms of record time (not of ours: KIP-33). */
  #isTimeToRoll(timestampMs: number, nowMs: number): boolean {
    const { active, config } = this.#state
    if (config.segmentMs === Number.POSITIVE_INFINITY) return false
    const firstMs =
      active.sizeBytes > 0 ? active.firstTimestampMs : (this.#maxTimestamps[0] as number)
    const waitedMs = firstMs >= 0 ? timestampMs - firstMs : nowMs - active.createdMs
    return waitedMs > config.segmentMs - active.jitterMs
  }

  #roll(baseOffset: Offset, nowMs: number): RefusalReason | null {
    const state = this.#state
    const { nextOffset } = state
    this.#write()
    // The stage was dropped: this batch may have relied on it.
    if (state.nextOffset !== nextOffset) return RefusalReason.DISK_FULL
    return this.roll(baseOffset, nowMs)
  }

  /** Closes the active segment; the stage must be empty. Why it can't, or null. */
  roll(baseOffset: Offset, nowMs: number): RefusalReason | null {
    try {
      this.#commits.rolled(rollSegment(this.#state, baseOffset, nowMs))
      return null
    } catch (error) {
      return this.#refusedBy(asDiskError(error)).reason
    }
  }

  #refusedBy(error: DiskError): Refused {
    if (isPassing(error)) return { kind: 'refused', reason: RefusalReason.DISK_FULL, error }
    this.#state.environment.fail(error)
    return { kind: 'refused', reason: RefusalReason.OFFLINE, error }
  }

  // -------------------------------------------------------------------------------------- write

  /** Writes the stage and tells whoever can be told. */
  flush(): void {
    this.#write()
    this.#isStaged = false
    const done = this.#done
    const failed = this.#failed
    const hasProgress = this.#hasProgress
    if (done.length > 0) this.#done = []
    if (failed.length > 0) this.#failed = []
    this.#hasProgress = false
    for (const waiter of done) waiter.durable()
    for (const { waiter, error } of failed) waiter.failed(error)
    if (hasProgress) this.#state.onProgress?.()
  }

  #write(): void {
    if (this.#bytes.length === 0) return
    const state = this.#state
    const { active } = state
    let error: DiskError | null = state.environment.offline
    if (error === null) {
      try {
        const written = active.file().writev(this.#bytes, active.sizeBytes)
        if (written < this.#stagedBytes) {
          error = new DiskError('ENOSPC', active.slot.path, 'writev')
        }
      } catch (thrown) {
        error = asDiskError(thrown)
      }
    }
    if (error === null) this.#commitStage(active)
    else this.#dropStage(active, error)
    this.#clearStage()
  }

  #clearStage(): void {
    for (const frame of this.#frames) frame.release()
    this.#bytes = []
    this.#lastOffsets = []
    this.#maxTimestamps = []
    this.#frames = []
    if (this.#aborted.length > 0) this.#aborted = []
    this.#stagedBytes = 0
  }

  #commitStage(active: Segment): void {
    const state = this.#state
    for (let at = 0; at < this.#bytes.length; at++) {
      const { length } = this.#bytes[at] as Buffer
      active.accept(length, this.#lastOffsets[at] as number, this.#maxTimestamps[at] as number)
    }
    for (const entry of this.#aborted) active.transactionsToWrite().append(entry)
    state.loadedProducers?.commit()
    state.writtenOffset = state.nextOffset
    state.wasTouched = true
    this.#hasProgress = true
    this.#commits.wrote(active)
    if (active.unpersistedEntries >= INDEX_ENTRIES_PER_WRITE) persistQuietly(active)
    const { durability, flushMessages } = state.config
    if (durability === 'fsync' || state.writtenOffset - state.syncedOffset >= flushMessages) {
      this.#commits.wait(this.#waiters)
    } else {
      state.setDurable(state.writtenOffset, active)
      for (const waiter of this.#waiters) this.#done.push(waiter)
    }
    this.#waiters = []
  }

  /** Nothing of the stage counts: the file is cut back to where it was. */
  #dropStage(active: Segment, error: DiskError): void {
    const state = this.#state
    this.#forgetStage(error)
    if (state.environment.offline !== null) return
    if (!isPassing(error)) {
      state.environment.fail(error)
      return
    }
    try {
      if (active.slot.file !== null) active.slot.file.truncate(active.sizeBytes)
      state.epochs.truncateFromEnd(state.writtenOffset + 1)
    } catch (thrown) {
      // Bytes nobody vouches for lie behind the end: later ones must not be mixed with them.
      state.environment.fail(asDiskError(thrown))
    }
  }

  #forgetStage(error: DiskError): void {
    const state = this.#state
    state.nextOffset = state.writtenOffset
    state.loadedProducers?.rollBack()
    for (const waiter of this.#waiters) this.#failed.push({ waiter, error })
    this.#waiters = []
  }

  /** The log is cut, deleted or offline: what is staged is not written, and whoever waits fails. */
  drop(error: DiskError): void {
    if (this.#bytes.length > 0) {
      this.#forgetStage(error)
      this.#clearStage()
    }
    this.#commits.failAll(error)
  }
}

/** An index that can't be written stays in memory; its file is only needed once it is sealed. */
function persistQuietly(segment: Segment): void {
  try {
    for (const file of segment.persistIndexes()) file.close()
  } catch (error) {
    asDiskError(error)
  }
}

function refused(reason: RefusalReason): Refused {
  return { kind: 'refused', reason }
}
