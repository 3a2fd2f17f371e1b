/**
 * Sequences batches, writes them stage by stage, and says when they are durable.
 *
 *   append ──> staged ──(one writev)──> written ──(commit round)──> durable
 *                 └──(short, full)──> dropped with all behind it: file cut back, waiters told
 *
 * Invariants:
 *   (1) A stage belongs to one segment. One that is to begin a segment makes it when it is written.
 *   (2) Effects (indexes, producers, offsets) are committed only by a full write of their stage.
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
import { asDiskError, isDiskFull, isPassing } from './disk-failure.ts'
import type { LogCommits } from './log-commits.ts'
import type { LogState } from './log-state.ts'
import { parseMarker } from './marker.ts'
import type { Marker } from './producer-state.ts'
import type { Segment } from './segment.ts'
import { rollSegment } from './segment-roll.ts'
import { Stage } from './stage.ts'
import type { Offset } from './units.ts'

/** Index entries that gather in memory before they are written. */
const INDEX_ENTRIES_PER_WRITE = 4096

interface Failure {
  readonly waiter: AppendWaiter
  readonly error: DiskError
}

export class LogAppender {
  readonly #state: LogState
  /** What appends go to: empty only if nothing is staged. */
  #stage = new Stage()
  /** Stages that are full, oldest first. */
  readonly #full: Stage[] = []
  #stagedBytes = 0
  /** The newest stage that is to begin a segment; null: all staged belongs to the active one. */
  #rolling: Stage | null = null
  /** Bytes staged for that segment. */
  #rollingBytes = 0
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
    try {
      return this.#append(batch, options, waiter)
    } catch (error) {
      return this.#refusedBy(asDiskError(error)) // What it was to be checked against can't be read.
    }
  }

  #append(batch: BatchView, options: AppendOptions, waiter: AppendWaiter | null): AppendResult {
    const state = this.#state
    if (state.isDeleted || state.environment.offline !== null) return refused('offline')
    if (state.environment.space.isRefusing) return refused(RefusalReason.DISK_FULL)
    let marker: Marker | null = null
    if (batch.hasProducer) {
      marker = batch.isControl ? parseMarker(batch) : null
      const answer = this.#checkProducer(batch, options, marker, waiter)
      if (answer !== null) return answer
    }
    const { sizeBytes } = batch
    const isReplica = options.origin === 'replica'
    if (isReplica) {
      if (batch.baseOffset < state.nextOffset) return refused(RefusalReason.OUT_OF_ORDER_OFFSET)
    } else if (sizeBytes > state.config.segmentBytes) {
      return refused(RefusalReason.RECORD_LIST_TOO_LARGE)
    }
    const baseOffset = isReplica ? batch.baseOffset : state.nextOffset
    const leaderEpoch = isReplica ? batch.leaderEpoch : options.leaderEpoch
    if (!isReplica) batch.stamp(baseOffset, leaderEpoch)
    if (leaderEpoch > state.epochs.latest) state.epochs.assign(leaderEpoch, baseOffset)
    this.#makeRoom(batch, sizeBytes, baseOffset, options.nowMs)
    this.#queue(batch, sizeBytes, marker, baseOffset, options.frame)
    if (waiter !== null) this.#stage.waiters.push(waiter)
    return { kind: 'appended', baseOffset, lastOffset: state.nextOffset - 1 }
  }

  #queue(
    batch: BatchView,
    sizeBytes: number,
    marker: Marker | null,
    baseOffset: Offset,
    frame: Retainable | undefined,
  ): void {
    const state = this.#state
    const stage = this.#stage
    const lastOffset = baseOffset + batch.lastOffsetDelta
    if (batch.hasProducer) {
      const producers = state.producers()
      if (!batch.isControl) producers.apply(batch, baseOffset)
      else if (marker !== null) {
        const aborted = producers.applyMarker(batch, marker, baseOffset)
        if (aborted !== null) stage.aborted.push(aborted)
      }
    }
    if (frame !== undefined) {
      frame.retain()
      stage.frames.push(frame)
    }
    stage.bytes.push(batch.bytes)
    stage.lastOffsets.push(lastOffset)
    stage.maxTimestamps.push(batch.maxTimestamp)
    stage.sizeBytes += sizeBytes
    this.#stagedBytes += sizeBytes
    if (this.#rolling !== null) this.#rollingBytes += sizeBytes
    state.nextOffset = lastOffset + 1
    this.#ask()
  }

  /** Has `flush` called. */
  #ask(): void {
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
      this.#stage.waiters.push(waiter)
    } else if (lastOffset >= durableOffset) {
      this.#commits.wait([waiter])
    } else {
      this.#done.push(waiter)
      this.#ask()
    }
  }

  /** Begins a stage if the batch does not fit the last one, or not the segment. */
  #makeRoom(batch: BatchView, sizeBytes: number, baseOffset: Offset, nowMs: number): void {
    const lastOffset = baseOffset + batch.lastOffsetDelta
    if (this.#fitsSegment(batch, sizeBytes, lastOffset, nowMs)) {
      const { stageBytesMax } = this.#state.environment
      if (!this.#stage.hasRoomFor(sizeBytes, stageBytesMax)) this.#beginStage()
      return
    }
    const { nextOffset } = this.#state
    if (this.#stage.sizeBytes > 0) this.#beginStage()
    // The next segment begins where this one ends, so that recovery can tell a lost tail; only a
    // gap too wide for an index (a replica of a compacted log) moves it up (KAFKA-6264).
    const isWide = lastOffset - nextOffset > 0x7fffffff
    this.#stage.segmentBase = isWide ? baseOffset : nextOffset
    this.#stage.rollMs = nowMs
    this.#rolling = this.#stage
    this.#rollingBytes = 0
  }

  #beginStage(): void {
    this.#full.push(this.#stage)
    this.#stage = new Stage()
    this.#state.loadedProducers?.beginStage()
  }

  #fitsSegment(batch: BatchView, sizeBytes: number, lastOffset: Offset, nowMs: number): boolean {
    const { active, config } = this.#state
    const { maxTimestamp } = batch
    if (this.#rolling !== null) {
      const { segmentBase } = this.#rolling
      if (this.#rollingBytes + sizeBytes > config.segmentBytes) return false
      return lastOffset - segmentBase <= 0x7fffffff && !this.#isTimeToRoll(maxTimestamp, nowMs)
    }
    const stagedBytes = this.#stagedBytes
    if (active.sizeBytes + stagedBytes === 0) {
      if (lastOffset - active.baseOffset > 0x7fffffff) return false
    } else if (
      !active.hasRoomFor(sizeBytes, lastOffset, config, stagedBytes) ||
      this.#isTimeToRoll(maxTimestamp, nowMs)
    ) {
      return false
    }
    return true
  }

  /** A segment spans at most segment.ms of record time (not of ours: KIP-33). */
  #isTimeToRoll(timestampMs: number, nowMs: number): boolean {
    const { active, config } = this.#state
    if (config.segmentMs === Number.POSITIVE_INFINITY) return false
    const rolling = this.#rolling
    const isStaged = rolling !== null || active.sizeBytes === 0
    const firstMs = isStaged ? this.#firstStagedMs() : active.firstTimestampMs
    const createdMs = rolling === null ? active.createdMs : rolling.rollMs
    const waitedMs = firstMs >= 0 ? timestampMs - firstMs : nowMs - createdMs
    return waitedMs > config.segmentMs - (rolling === null ? active.jitterMs : 0)
  }

  #firstStagedMs(): number {
    const oldest = this.#full.length > 0 ? (this.#full[0] as Stage) : this.#stage
    return (this.#rolling ?? oldest).maxTimestamps[0] as number
  }

  /** Closes the active segment; the stage must be empty. Why it can't, or null. */
  roll(baseOffset: Offset, nowMs: number): RefusalReason | null {
    try {
      this.#rollNow(baseOffset, nowMs)
      return null
    } catch (error) {
      return this.#refusedBy(asDiskError(error)).reason
    }
  }

  #rollNow(baseOffset: Offset, nowMs: number): void {
    this.#commits.rolled(rollSegment(this.#state, baseOffset, nowMs))
  }

  #refusedBy(error: DiskError): Refused {
    if (isDiskFull(error)) this.#state.environment.space.full()
    if (isPassing(error)) return { kind: 'refused', reason: RefusalReason.DISK_FULL, error }
    this.#state.environment.fail(error)
    return { kind: 'refused', reason: RefusalReason.OFFLINE, error }
  }

  // -------------------------------------------------------------------------------------- write

  /**
   * Writes stages until `bytesMax` bytes or more are written, and tells whoever can be told. What
   * is left asks for a turn of its own. Returns the bytes.
   */
  flush(bytesMax = Number.POSITIVE_INFINITY): number {
    const sizeBytes = this.#write(bytesMax)
    this.#isStaged = false
    if (this.#stagedBytes > 0) this.#ask()
    const done = this.#done
    const failed = this.#failed
    const hasProgress = this.#hasProgress
    if (done.length > 0) this.#done = []
    if (failed.length > 0) this.#failed = []
    this.#hasProgress = false
    for (const waiter of done) waiter.durable()
    for (const { waiter, error } of failed) waiter.failed(error)
    if (hasProgress) this.#state.onProgress?.()
    return sizeBytes
  }

  #write(bytesMax: number): number {
    let sizeBytes = 0
    while (this.#stagedBytes > 0 && sizeBytes < bytesMax) {
      const stage = this.#full.length > 0 ? (this.#full.shift() as Stage) : this.#stage
      sizeBytes += stage.sizeBytes
      this.#stagedBytes -= stage.sizeBytes
      this.#writeStage(stage)
      stage.clear()
    }
    return sizeBytes
  }

  #writeStage(stage: Stage): void {
    const state = this.#state
    let error: DiskError | null = state.environment.offline
    if (error === null) {
      try {
        if (stage.segmentBase >= 0) this.#rollNow(stage.segmentBase, stage.rollMs)
        if (stage === this.#rolling) this.#rolling = null
        const { active } = state
        // An index may have been dropped for room: not to be had, it must fail before the write.
        active.prepare()
        if (stage.aborted.length > 0) active.transactionsToWrite()
        const written = active.file().writev(stage.bytes, active.sizeBytes)
        if (written < stage.sizeBytes) error = new DiskError('ENOSPC', active.slot.path, 'writev')
      } catch (thrown) {
        error = asDiskError(thrown)
      }
    }
    if (error === null) this.#commitStage(stage, state.active)
    else this.#dropStages(stage, state.active, error)
  }

  #commitStage(stage: Stage, active: Segment): void {
    const state = this.#state
    const { bytes, lastOffsets, maxTimestamps, aborted, waiters } = stage
    for (let at = 0; at < bytes.length; at++) {
      const { length } = bytes[at] as Buffer
      active.accept(length, lastOffsets[at] as number, maxTimestamps[at] as number)
    }
    for (const entry of aborted) active.transactionsToWrite().append(entry)
    state.writtenOffset = active.nextOffset
    state.loadedProducers?.commit(state.writtenOffset)
    state.wasTouched = true
    this.#hasProgress = true
    this.#commits.wrote(active)
    if (active.unpersistedEntries >= INDEX_ENTRIES_PER_WRITE) persistQuietly(active)
    const { durability, flushMessages } = state.config
    if (durability === 'fsync' || state.writtenOffset - state.syncedOffset >= flushMessages) {
      this.#commits.wait(waiters)
    } else {
      state.setDurable(state.writtenOffset, active)
      for (const waiter of waiters) this.#done.push(waiter)
    }
  }

  /** Nothing of the stage counts, nor what relied on it: the file is cut back to where it was. */
  #dropStages(stage: Stage, active: Segment, error: DiskError): void {
    const state = this.#state
    this.#fail(stage, error)
    this.#forgetStages(error)
    if (state.environment.offline !== null) return
    if (!isPassing(error)) {
      state.environment.fail(error)
      return
    }
    if (isDiskFull(error)) state.environment.space.full()
    try {
      if (active.slot.file !== null) active.slot.file.truncate(active.sizeBytes)
      state.epochs.truncateFromEnd(state.writtenOffset + 1)
    } catch (thrown) {
      // Bytes nobody vouches for lie behind the end: later ones must not be mixed with them.
      state.environment.fail(asDiskError(thrown))
    }
  }

  #forgetStages(error: DiskError): void {
    const state = this.#state
    state.nextOffset = state.writtenOffset
    state.loadedProducers?.rollBack()
    for (const stage of this.#full) {
      this.#fail(stage, error)
      stage.clear()
    }
    this.#full.length = 0
    this.#fail(this.#stage, error)
    this.#stage.clear()
    this.#stagedBytes = 0
    this.#rolling = null
  }

  #fail(stage: Stage, error: DiskError): void {
    for (const waiter of stage.waiters) this.#failed.push({ waiter, error })
    stage.waiters = []
  }

  /** The log is cut, deleted or offline: what is staged is not written. */
  drop(error: DiskError): void {
    if (this.#stagedBytes > 0) this.#forgetStages(error)
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
