/**
 * What one log consists of, shared by the parts that append, read, look up and cut.
 *
 * Invariants:
 *   (1) logStartOffset <= highWatermark <= durableOffset <= writtenOffset <= nextOffset, but that
 *       the high watermark of a replica may only follow what its leader said.
 *   (2) `segments` has at least one, ascending by base; the last is the active one.
 *   (3) Under durability 'os' durableOffset is writtenOffset, otherwise syncedOffset.
 */
import type { LogEnvironment } from './environment.ts'
import { epochsInBatches } from './epochs-in-batches.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LogConfig } from './log-config.ts'
import { loadProducers } from './producer-loader.ts'
import type { ProducerState } from './producer-state.ts'
import type { Segment } from './segment.ts'
import type { FilePosition, Offset } from './units.ts'

/** What opening or creating a partition's folder found. */
export interface OpenedLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly folder: string
  readonly config: LogConfig
  readonly segments: Segment[]
  readonly logStartOffset: Offset
  /** Exclusive end. */
  readonly nextOffset: Offset
  readonly recoveryPoint: Offset
  readonly highWatermark: Offset
  /** Offsets that have a snapshot file, ascending. */
  readonly snapshots: Offset[]
  /** Null: to be loaded when first needed. */
  readonly producers: ProducerState | null
}

export class LogState {
  readonly environment: LogEnvironment
  readonly topic: string
  readonly partition: number
  readonly folder: string
  topicId: string
  config: LogConfig
  readonly segments: Segment[]
  readonly epochs: LeaderEpochs
  readonly snapshots: Offset[]
  logStartOffset: Offset
  highWatermark: Offset
  syncedOffset: Offset
  durableOffset: Offset
  /** Where `durableOffset` lies: spares the usual bound a look-up. Null when not known. */
  durableSegment: Segment | null = null
  durablePosition: FilePosition = 0
  writtenOffset: Offset
  nextOffset: Offset
  /** Counts truncations: positions remembered before one mean nothing after it. */
  truncations = 0
  isDeleted = false
  /** Differs from what `checkpoint` files say, or from a fresh folder. */
  wasTouched = false
  onProgress: (() => void) | null = null
  #producers: ProducerState | null = null
  /** Where the log ended when it was opened: later producers' batches load the state first. */
  readonly #openedAt: Offset

  constructor(environment: LogEnvironment, opened: OpenedLog) {
    this.environment = environment
    this.topic = opened.topic
    this.partition = opened.partition
    this.topicId = opened.topicId
    this.folder = opened.folder
    this.config = opened.config
    this.segments = opened.segments
    this.snapshots = opened.snapshots
    this.logStartOffset = opened.logStartOffset
    this.nextOffset = opened.nextOffset
    this.writtenOffset = opened.nextOffset
    this.durableOffset = opened.nextOffset
    this.syncedOffset = opened.recoveryPoint
    this.highWatermark = opened.highWatermark
    this.replaceProducers(opened.producers)
    this.#openedAt = opened.nextOffset
    this.epochs = new LeaderEpochs(environment.disk, opened.folder, () =>
      epochsInBatches(environment, opened.segments),
    )
  }

  setDurable(offset: Offset, segment: Segment, position = segment.sizeBytes): void {
    this.durableOffset = offset
    this.durableSegment = segment
    this.durablePosition = position
  }

  get active(): Segment {
    return this.segments[this.segments.length - 1] as Segment
  }

  /** Loads it when first asked. */
  producers(): ProducerState {
    if (this.#producers !== null) return this.#producers
    const producers = loadProducers(this, this.#openedAt)
    this.replaceProducers(producers)
    return producers
  }

  /** Where the oldest undecided transaction starts; Infinity for none. */
  get firstUnstableOffset(): Offset {
    // Thousands of logs are never written by a producer with an id: they need no state for it.
    const hasNone = this.snapshots.length === 0 && this.#openedAt === this.logStartOffset
    if (this.#producers === null && hasNone) return Number.POSITIVE_INFINITY
    return this.producers().firstUnstableOffset
  }

  /** Without loading: null when nobody needed it yet. */
  get loadedProducers(): ProducerState | null {
    return this.#producers
  }

  replaceProducers(producers: ProducerState | null): void {
    this.#producers = producers
    // Replaying the log decided transactions that the high watermark has long passed.
    producers?.settle(this.highWatermark)
  }

  /** Index of the segment that holds or would hold `offset`; -1 below the first. */
  floorIndex(offset: Offset): number {
    const { segments } = this
    let low = 0
    let high = segments.length - 1
    if ((segments[high] as Segment).baseOffset <= offset) return high
    while (low <= high) {
      const middle = (low + high) >>> 1
      if ((segments[middle] as Segment).baseOffset <= offset) low = middle + 1
      else high = middle - 1
    }
    return high
  }

  get sizeBytes(): number {
    let sizeBytes = 0
    for (const segment of this.segments) sizeBytes += segment.sizeBytes
    return sizeBytes
  }

  /** Everything below survives a power cut together with its indexes. */
  get recoveryPoint(): Offset {
    const unsealed = this.segments.find(segment => !segment.isSealed)
    return Math.min(this.syncedOffset, unsealed?.baseOffset ?? this.syncedOffset)
  }
}
