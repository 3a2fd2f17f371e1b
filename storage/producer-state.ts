/**
 * All producers of one log: idempotence (KIP-98, KIP-360) and open transactions.
 *
 * Sequencing applies a batch at once, so that the next batch of the turn is checked against it, and
 * keeps what it changed, stage by stage. `commit` forgets that, `rollBack` puts it back.
 *
 * Invariants:
 *   (1) `open` holds exactly the producers' open transactions, ascending by first offset.
 *   (2) `decided` holds transactions whose marker is not yet below the high watermark: until then
 *       they hold the last stable offset back.
 *   (3) `staged` is never empty, its ends ascend, and only the last may have changed nothing.
 */
import type { AppendOrigin } from './append-result.ts'
import { RefusalReason } from './append-result.ts'
import { Producer } from './producer.ts'
import type { AbortedEntry } from './transaction-index.ts'
import type { Offset, ProducerId, TimestampMs } from './units.ts'

/** The fields of a batch that producers care about. */
export interface ProducerBatch {
  readonly producerId: ProducerId
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastSequence: number
  readonly lastOffsetDelta: number
  readonly maxTimestamp: TimestampMs
  readonly isTransactional: boolean
}

/** An end-of-transaction marker's content. */
export interface Marker {
  readonly commits: boolean
  readonly coordinatorEpoch: number
}

interface DecidedTransaction {
  readonly firstOffset: Offset
  readonly markerOffset: Offset
}

/** What one stage changed. */
class StagedProducers {
  /** As they were before the stage; null: unknown. */
  readonly before = new Map<ProducerId, Producer | null>()
  decidedBefore = 0
  /** Exclusive end of the last batch. */
  end: Offset = 0
}

export class ProducerState {
  readonly #producers: Map<ProducerId, Producer>
  /** First offset -> producer. */
  #open = new Map<Offset, ProducerId>()
  #decided: DecidedTransaction[] = []
  /** Oldest first. */
  readonly #staged = [new StagedProducers()]
  /** The last of them. */
  #stage = this.#staged[0] as StagedProducers

  constructor(producers: Map<ProducerId, Producer> = new Map()) {
    this.#producers = producers
    this.#reindex()
  }

  get producers(): ReadonlyMap<ProducerId, Producer> {
    return this.#producers
  }

  /** Why the batch may not be appended, or null. Duplicates are to be looked for first. */
  refusalOf(batch: ProducerBatch, origin: AppendOrigin): RefusalReason | null {
    const producer = this.#producers.get(batch.producerId)
    // KIP-360: a producer nothing is known of may start at any sequence.
    if (producer === undefined || origin === 'replica') return null
    if (batch.producerEpoch < producer.producerEpoch) return RefusalReason.INVALID_PRODUCER_EPOCH
    if (origin === 'coordinator') return null
    if (batch.producerEpoch > producer.producerEpoch) {
      if (batch.baseSequence !== 0) return RefusalReason.OUT_OF_ORDER_SEQUENCE
    } else if (!producer.continuesWith(batch.baseSequence)) {
      return RefusalReason.OUT_OF_ORDER_SEQUENCE
    }
    const hasOpen = producer.transactionFirstOffset >= 0
    return hasOpen && !batch.isTransactional ? RefusalReason.INVALID_TXN_STATE : null
  }

  /** The same for a marker. */
  refusalOfMarker(batch: ProducerBatch, marker: Marker): RefusalReason | null {
    const producer = this.#producers.get(batch.producerId)
    if (producer === undefined) return null
    if (batch.producerEpoch < producer.producerEpoch) return RefusalReason.INVALID_PRODUCER_EPOCH
    return marker.coordinatorEpoch < producer.coordinatorEpoch
      ? RefusalReason.TRANSACTION_COORDINATOR_FENCED
      : null
  }

  /** The first answer to a batch sent again, or null. */
  duplicateOf(
    batch: ProducerBatch,
  ): { lastOffset: Offset; offsetDelta: number; timestampMs: TimestampMs } | null {
    const producer = this.#producers.get(batch.producerId)
    if (producer === undefined || batch.producerEpoch !== producer.producerEpoch) return null
    if (batch.baseSequence < 0) return null
    const index = producer.find(batch.baseSequence, batch.lastSequence)
    return index < 0 ? null : producer.remembered(index)
  }

  /** A data batch was sequenced at `baseOffset`. */
  apply(batch: ProducerBatch, baseOffset: Offset): void {
    const producer = this.#toChange(batch, baseOffset + batch.lastOffsetDelta)
    if (batch.producerEpoch !== producer.producerEpoch) producer.raiseEpoch(batch.producerEpoch)
    const { lastOffsetDelta } = batch
    const lastSequence = batch.baseSequence < 0 ? -1 : batch.lastSequence
    const lastOffset = baseOffset + lastOffsetDelta
    producer.remember(lastSequence, lastOffset, lastOffsetDelta, batch.maxTimestamp)
    if (batch.isTransactional && producer.transactionFirstOffset < 0) {
      producer.transactionFirstOffset = baseOffset
      this.#open.set(baseOffset, producer.producerId)
    }
  }

  /** A marker was sequenced. Returns the entry for the transaction index if it aborts one. */
  applyMarker(batch: ProducerBatch, marker: Marker, markerOffset: Offset): AbortedEntry | null {
    const producer = this.#toChange(batch, markerOffset)
    if (batch.producerEpoch > producer.producerEpoch) producer.raiseEpoch(batch.producerEpoch)
    producer.coordinatorEpoch = marker.coordinatorEpoch
    producer.lastTimestampMs = batch.maxTimestamp
    const firstOffset = producer.transactionFirstOffset
    // KAFKA-10702: a marker for nothing decides nothing.
    if (firstOffset < 0) return null
    producer.transactionFirstOffset = -1
    this.#open.delete(firstOffset)
    this.#decided.push({ firstOffset, markerOffset })
    if (marker.commits) return null
    const [oldestOpen = markerOffset + 1] = this.#open.keys()
    return {
      producerId: producer.producerId,
      firstOffset,
      lastOffset: markerOffset,
      lastStableOffset: oldestOpen,
    }
  }

  #toChange(batch: ProducerBatch, lastOffset: Offset): Producer {
    const known = this.#producers.get(batch.producerId)
    const stage = this.#stage
    stage.end = lastOffset + 1
    if (!stage.before.has(batch.producerId)) {
      if (stage.before.size === 0) stage.decidedBefore = this.#decided.length
      stage.before.set(batch.producerId, known?.clone() ?? null)
    }
    if (known !== undefined) return known
    const producer = new Producer(batch.producerId, batch.producerEpoch)
    this.#producers.set(batch.producerId, producer)
    return producer
  }

  /** What is applied from here on lies in the log only when it is written, too. */
  beginStage(): void {
    if (this.#stage.before.size === 0) return
    this.#stage = new StagedProducers()
    this.#staged.push(this.#stage)
  }

  /** What was applied below `end` lies in the log: whole stages. */
  commit(end: Offset): void {
    while (this.#staged.length > 1 && (this.#staged[0] as StagedProducers).end <= end) {
      this.#staged.shift()
    }
    const [oldest] = this.#staged
    if (oldest === this.#stage && oldest.before.size > 0 && oldest.end <= end) oldest.before.clear()
  }

  /** The producers as of the last commit: for a segment that rolls while more is staged. */
  committed(): ReadonlyMap<ProducerId, Producer> {
    if (this.#staged[0]?.before.size === 0) return this.#producers
    const producers = new Map(this.#producers)
    this.#restore(producers)
    return producers
  }

  /** Nothing of what was applied since the last commit lies in the log. */
  rollBack(): void {
    const [oldest] = this.#staged
    if (oldest === undefined || oldest.before.size === 0) return
    this.#restore(this.#producers)
    this.#decided.length = oldest.decidedBefore
    this.#stage = oldest
    this.#staged.length = 1
    oldest.before.clear()
    this.#reindex()
  }

  #restore(producers: Map<ProducerId, Producer>): void {
    for (const { before } of this.#staged.toReversed()) {
      for (const [producerId, producer] of before) {
        if (producer === null) producers.delete(producerId)
        else producers.set(producerId, producer)
      }
    }
  }

  /** Transactions decided below the high watermark hold nothing back any more. */
  settle(highWatermark: Offset): void {
    if (this.#decided.length === 0) return
    const left = this.#decided.filter(({ markerOffset }) => markerOffset >= highWatermark)
    if (left.length === this.#decided.length) return
    const count = this.#decided.length - left.length
    for (const stage of this.#staged) stage.decidedBefore -= count
    this.#decided = left
  }

  /** Where the oldest undecided transaction starts; Infinity for none. */
  get firstUnstableOffset(): Offset {
    if (this.#open.size === 0 && this.#decided.length === 0) return Number.POSITIVE_INFINITY
    let [first = Number.POSITIVE_INFINITY] = this.#open.keys()
    for (const { firstOffset } of this.#decided) if (firstOffset < first) first = firstOffset
    return first
  }

  /** Forgets producers not heard of, unless a transaction is open. */
  expire(nowMs: number, expirationMs: number): void {
    for (const producer of this.#producers.values()) {
      const isIdle = nowMs - producer.lastTimestampMs >= expirationMs
      if (!isIdle || producer.transactionFirstOffset >= 0) continue
      const isStaged = this.#staged.some(({ before }) => before.has(producer.producerId))
      if (!isStaged) this.#producers.delete(producer.producerId)
    }
  }

  #reindex(): void {
    const open = [...this.#producers.values()].filter(p => p.transactionFirstOffset >= 0)
    open.sort((a, b) => a.transactionFirstOffset - b.transactionFirstOffset)
    this.#open = new Map(open.map(p => [p.transactionFirstOffset, p.producerId]))
  }
}
