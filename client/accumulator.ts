/**
 * Records on their way out, in batches by partition. Pure: it is told the time and sends nothing.
 *
 * A batch is open (takes records) -> taken (in flight) -> gone; a taken batch may be put back.
 *
 * Invariants, per partition:
 * 1. Batches leave in the order in which their first records came; a batch put back goes before all
 *    that came later.
 * 2. While a batch that was put back waits, it leaves only when nothing of its partition is in
 *    flight: what is retried cannot be overtaken.
 * 3. Sequence numbers are given when a batch is first taken, and kept, until `resequence`.
 */
import { sequenceAfter } from '../protocol/records/batch.ts'
import { BatchBuilder, type RecordDraft } from '../protocol/records/builder.ts'

/** What becomes of one record. `offset` is -1 where the broker does not tell. */
export interface Delivery {
  readonly delivered: (offset: number, timestamp: number) => void
  readonly failed: (error: Error) => void
}

/** Records of one partition that leave together. */
export class OutgoingBatch {
  readonly queue: PartitionQueue
  /** Orders batches of a partition. */
  readonly order: number
  /** No other batch has an order from `order` up to `order + span`: room for its parts. */
  readonly span: number
  readonly createdMs: number
  readonly builder: BatchBuilder
  readonly records: RecordDraft[] = []
  readonly deliveries: Delivery[] = []
  /** The batch as it leaves, once made. */
  sealed: Buffer | null = null
  baseSequence = -1
  failures = 0
  /** What the last try failed with; null before one failed. */
  lastFailure: Error | null = null
  /** Not to be sent before. */
  notBeforeMs = 0
  /** Takes no more records. */
  isFull = false

  constructor(
    queue: PartitionQueue,
    place: { readonly order: number; readonly span: number },
    createdMs: number,
    sizeHint: number,
  ) {
    this.queue = queue
    this.order = place.order
    this.span = place.span
    this.createdMs = createdMs
    this.builder = new BatchBuilder(sizeHint)
  }
}

/** The batches of one partition. */
export interface PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly waiting: OutgoingBatch[]
  readonly inFlight: OutgoingBatch[]
  nextSequence: number
  /** Of the last record acknowledged; -1 for none. */
  lastAcknowledged: number
}

export interface AccumulatorRules {
  /** A batch takes no further record that would make it larger. One record may be larger alone. */
  readonly batchBytes: number
  readonly lingerMs: number
}

/** Set aside for a batch at once; it grows as needed. */
const SIZE_HINT_MAX = 4096

export class Accumulator {
  readonly #rules: AccumulatorRules
  readonly #queues = new Map<string, Map<number, PartitionQueue>>()
  readonly #busy = new Set<PartitionQueue>()
  #nextOrder = 0

  constructor(rules: AccumulatorRules) {
    this.#rules = rules
  }

  /** Whether every record was delivered or failed. */
  get isEmpty(): boolean {
    return this.#busy.size === 0
  }

  /** Takes a record. Its bytes must stay unchanged until its delivery settles. */
  append(
    place: { readonly topic: string; readonly partition: number },
    record: RecordDraft,
    delivery: Delivery,
    nowMs: number,
  ): void {
    const queue = this.queueOf(place.topic, place.partition)
    const batch = this.#openBatch(queue, record, nowMs)
    batch.builder.append(record)
    batch.records.push(record)
    batch.deliveries.push(delivery)
    if (batch.builder.sizeBytes >= this.#rules.batchBytes) batch.isFull = true
    this.#busy.add(queue)
  }

  queueOf(topic: string, partition: number): PartitionQueue {
    let partitions = this.#queues.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      this.#queues.set(topic, partitions)
    }
    let queue = partitions.get(partition)
    if (queue === undefined) {
      const batches = { waiting: [], inFlight: [] }
      queue = { topic, partition, ...batches, nextSequence: 0, lastAcknowledged: -1 }
      partitions.set(partition, queue)
    }
    return queue
  }

  /** Queues whose first batch may leave. `isFlushing` lets it leave before its time. */
  ready(nowMs: number, isFlushing: boolean): PartitionQueue[] {
    const ready: PartitionQueue[] = []
    for (const queue of this.#busy) {
      const batch = queue.waiting[0]
      if (batch === undefined || batch.notBeforeMs > nowMs) continue
      if (batch.failures > 0 && queue.inFlight.length > 0) continue
      if (isFlushing || this.#dueMs(queue, batch) <= nowMs) ready.push(queue)
    }
    return ready
  }

  /** When a batch next becomes ready or expires; Infinity if none will by time alone. */
  nextDueMs(nowMs: number, deliveryTimeoutMs: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const queue of this.#busy) {
      const batch = queue.waiting[0]
      if (batch === undefined) continue
      const dueMs = Math.max(batch.notBeforeMs, this.#dueMs(queue, batch))
      if (dueMs > nowMs) next = Math.min(next, dueMs)
      next = Math.min(next, batch.createdMs + deliveryTimeoutMs)
    }
    return next
  }

  /** Takes the first batch; the caller gives it back by `putBack` or `done`. */
  take(queue: PartitionQueue): OutgoingBatch {
    const batch = queue.waiting.shift()!
    batch.isFull = true
    if (batch.baseSequence < 0) {
      batch.baseSequence = queue.nextSequence
      queue.nextSequence = sequenceAfter(queue.nextSequence, batch.records.length)
    }
    queue.inFlight.push(batch)
    return batch
  }

  /** A batch that was taken waits again, in its place, not before `notBeforeMs`. */
  putBack(batch: OutgoingBatch, notBeforeMs: number): void {
    batch.notBeforeMs = notBeforeMs
    batch.failures += 1
    this.#insert(batch)
  }

  /** A batch that was taken, or expired, is over. */
  done(batch: OutgoingBatch): void {
    this.#release(batch)
    const { queue } = batch
    if (queue.waiting.length === 0 && queue.inFlight.length === 0) this.#busy.delete(queue)
  }

  /** Replaces a batch that was taken by two of half its records, with the same sequences. */
  split(batch: OutgoingBatch): void {
    const middle = Math.ceil(batch.records.length / 2)
    for (const [from, to] of [
      [0, middle],
      [middle, batch.records.length],
    ] as const) {
      const span = batch.span / 2
      const order = from === 0 ? batch.order : batch.order + span
      const half = new OutgoingBatch(batch.queue, { order, span }, batch.createdMs, SIZE_HINT_MAX)
      for (const record of batch.records.slice(from, to)) half.builder.append(record)
      half.records.push(...batch.records.slice(from, to))
      half.deliveries.push(...batch.deliveries.slice(from, to))
      half.baseSequence = sequenceAfter(batch.baseSequence, from)
      half.failures = batch.failures + 1
      half.isFull = true
      this.#insert(half)
    }
    this.#release(batch)
  }

  /** Takes out what has waited longer than it may. */
  expired(nowMs: number, deliveryTimeoutMs: number): OutgoingBatch[] {
    const expired: OutgoingBatch[] = []
    for (const queue of this.#busy) {
      while (queue.waiting[0] !== undefined) {
        if (queue.waiting[0].createdMs + deliveryTimeoutMs > nowMs) break
        expired.push(queue.waiting.shift()!)
      }
    }
    return expired
  }

  /** Numbers all that waits afresh from 0. Nothing may be in flight. */
  resequence(): void {
    for (const partitions of this.#queues.values()) {
      for (const queue of partitions.values()) {
        queue.nextSequence = 0
        queue.lastAcknowledged = -1
        for (const batch of queue.waiting) batch.baseSequence = -1
      }
    }
  }

  /** Takes out everything that waits. */
  drain(): OutgoingBatch[] {
    return [...this.#busy].flatMap(queue => queue.waiting.splice(0))
  }

  #openBatch(queue: PartitionQueue, record: RecordDraft, nowMs: number): OutgoingBatch {
    const last = queue.waiting.at(-1)
    if (last !== undefined && !last.isFull) {
      const sizeBytes = last.builder.sizeBytes + last.builder.sizeOf(record)
      if (sizeBytes <= this.#rules.batchBytes) return last
      last.isFull = true
    }
    const sizeHint = Math.min(this.#rules.batchBytes, SIZE_HINT_MAX)
    const batch = new OutgoingBatch(queue, { order: this.#nextOrder, span: 1 }, nowMs, sizeHint)
    this.#nextOrder += 1
    queue.waiting.push(batch)
    return batch
  }

  #dueMs(queue: PartitionQueue, batch: OutgoingBatch): number {
    if (batch.isFull || queue.waiting.length > 1) return 0
    return batch.createdMs + this.#rules.lingerMs
  }

  #insert(batch: OutgoingBatch): void {
    this.#release(batch)
    const { waiting } = batch.queue
    const at = waiting.findIndex(other => other.order > batch.order)
    waiting.splice(at < 0 ? waiting.length : at, 0, batch)
    this.#busy.add(batch.queue)
  }

  #release(batch: OutgoingBatch): void {
    const { inFlight } = batch.queue
    const at = inFlight.indexOf(batch)
    if (at >= 0) inFlight.splice(at, 1)
  }
}
