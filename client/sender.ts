/**
 * Moves batches from the accumulator to the partitions' leaders.
 *
 * Woken by: records that arrive, answers, the clock. Each time it sends what is ready, at most
 * `inFlightMax` requests a broker, one batch a partition in each.
 *
 * Idempotence (KIP-98, KIP-360): the producer id comes from a broker; a batch keeps its sequence
 * however often it is sent, so the broker can tell a repetition. When a batch is lost for good its
 * sequence would be missing ever after: sending stops until nothing is in flight, the epoch goes up
 * by one, and all that waits is numbered from 0.
 */
import type { Timer } from '../host/host.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { ProduceRequest, ProduceResponse } from '../protocol/messages/produce.ts'
import { BatchView, type Codec, sequenceAfter } from '../protocol/records/batch.ts'
import { NO_UUID } from '../protocol/uuid.ts'
import type { Accumulator, OutgoingBatch, PartitionQueue } from './accumulator.ts'
import { INIT_PRODUCER_ID, PRODUCE } from './apis.ts'
import { backoffMs } from './backoff.ts'
import type { Cluster } from './cluster.ts'
import { BrokerError, isRetriable, isStale, TimeoutError } from './errors.ts'

export interface SenderOptions {
  readonly acks: 0 | 1 | -1
  readonly codec: Codec
  readonly level: number | undefined
  readonly isIdempotent: boolean
  readonly inFlightMax: number
  readonly requestBytes: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  /** A batch is over, for good or bad. */
  readonly onDone: () => void
}

interface ProducerIdentity {
  readonly id: number
  readonly epoch: number
}

const EPOCH_MAX = 32767

export class Sender {
  readonly #cluster: Cluster
  readonly #accumulator: Accumulator
  readonly #options: SenderOptions
  readonly #inFlight = new Map<number, number>()
  readonly #lookups = new Set<string>()
  #identity: ProducerIdentity | null = null
  #isIdentifying = false
  #mustBump = false
  #inFlightTotal = 0
  #isAwake = false
  #isFlushing = false
  #isStopped = false
  #timer: Timer | null = null

  constructor(cluster: Cluster, accumulator: Accumulator, options: SenderOptions) {
    this.#cluster = cluster
    this.#accumulator = accumulator
    this.#options = options
  }

  /** Looks, at the end of this turn, whether there is something to send. */
  wake(): void {
    if (this.#isAwake || this.#isStopped) return
    this.#isAwake = true
    this.#cluster.host.loop.afterTurn(() => {
      this.#isAwake = false
      if (!this.#isStopped) this.#drain()
    })
  }

  /** While true, batches do not wait for company. */
  set isFlushing(isFlushing: boolean) {
    this.#isFlushing = isFlushing
    if (isFlushing) this.wake()
  }

  /** Sends nothing more; fails what waits with `error`. */
  stop(error: Error): void {
    this.#isStopped = true
    this.#timer?.cancel()
    for (const batch of this.#accumulator.drain()) this.#fail(batch, error)
  }

  // ------------------------------------------------------------------------------------- draining

  #drain(): void {
    const nowMs = this.#nowMs()
    this.#expire(nowMs)
    if (!this.#options.isIdempotent || this.#isIdentified()) this.#sendReady(nowMs)
    this.#rearm(nowMs)
  }

  #sendReady(nowMs: number): void {
    const byLeader = new Map<number, PartitionQueue[]>()
    for (const queue of this.#accumulator.ready(nowMs, this.#isFlushing)) {
      const leaderId = this.#cluster.leaderOf(queue.topic, queue.partition)
      if (leaderId < 0) this.#lookUp(queue.topic)
      else if (!byLeader.get(leaderId)?.push(queue)) byLeader.set(leaderId, [queue])
    }
    for (const [leaderId, queues] of byLeader) this.#sendTo(leaderId, queues, nowMs)
  }

  #sendTo(leaderId: number, queues: readonly PartitionQueue[], nowMs: number): void {
    let rest: readonly PartitionQueue[] = queues
    while (rest.length > 0 && (this.#inFlight.get(leaderId) ?? 0) < this.#options.inFlightMax) {
      const batches: OutgoingBatch[] = []
      let sizeBytes = 0
      for (const queue of rest) {
        const size = queue.waiting[0]!.builder.sizeBytes
        if (batches.length > 0 && sizeBytes + size > this.#options.requestBytes) break
        sizeBytes += size
        const batch = this.#accumulator.take(queue)
        this.#seal(batch)
        batches.push(batch)
      }
      this.#count(leaderId, 1)
      this.#cluster.host.loop.spawn('produce', this.#send(leaderId, batches))
      const ready = new Set(this.#accumulator.ready(nowMs, this.#isFlushing))
      rest = queues.filter(queue => ready.has(queue))
    }
  }

  #seal(batch: OutgoingBatch): void {
    const { crc32c } = this.#cluster.host
    const { codec, level } = this.#options
    const { baseSequence } = batch
    const identity = this.#identity
    if (batch.sealed === null) {
      const producer =
        identity === null
          ? {}
          : { producerId: identity.id, producerEpoch: identity.epoch, baseSequence }
      const quality = level === undefined ? {} : { level }
      batch.sealed = batch.builder.build({ codec, crc32c, ...quality, ...producer })
    } else if (identity !== null) {
      new BatchView(batch.sealed).setProducer({ ...identity, baseSequence }, crc32c)
    }
  }

  async #send(leaderId: number, batches: readonly OutgoingBatch[]): Promise<void> {
    try {
      const request = this.#request(batches)
      if (this.#options.acks === 0) {
        const connection = await this.#cluster.connectionTo(leaderId)
        await connection.tell(PRODUCE, request)
        for (const batch of batches) this.#complete(batch, -1, -1)
      } else {
        this.#onAnswer(batches, await this.#cluster.requestNode(leaderId, PRODUCE, request))
      }
    } catch (error) {
      for (const batch of batches) this.#onFailure(batch, error as Error)
    } finally {
      this.#count(leaderId, -1)
      this.wake()
    }
  }

  #request(batches: readonly OutgoingBatch[]): ProduceRequest {
    const topics = new Map<string, { index: number; records: Buffer }[]>()
    for (const { queue, sealed } of batches) {
      const entry = { index: queue.partition, records: sealed! }
      if (!topics.get(queue.topic)?.push(entry)) topics.set(queue.topic, [entry])
    }
    return {
      transactionalId: null,
      acks: this.#options.acks,
      timeoutMs: this.#options.requestTimeoutMs,
      topicData: [...topics].map(([name, partitionData]) => ({
        name,
        topicId: NO_UUID,
        partitionData,
      })),
    }
  }

  // ------------------------------------------------------------------------------------- answers

  #onAnswer(batches: readonly OutgoingBatch[], answer: ProduceResponse): void {
    for (const batch of batches) {
      const { topic, partition } = batch.queue
      const row = answer.responses
        .find(({ name }) => name === topic)
        ?.partitionResponses.find(({ index }) => index === partition)
      if (row === undefined) {
        this.#onFailure(batch, new BrokerError(`produce to ${topic}`, -1, 'the answer lacks it'))
      } else if (row.errorCode === ErrorCode.NONE) {
        this.#complete(batch, row.baseOffset, row.logAppendTimeMs)
      } else if (row.errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
        this.#complete(batch, -1, -1)
      } else if (row.errorCode === ErrorCode.MESSAGE_TOO_LARGE && batch.records.length > 1) {
        this.#accumulator.split(batch)
      } else {
        const what = `produce to ${topic} partition ${partition}`
        const why = row.recordErrors[0]?.batchIndexErrorMessage ?? row.errorMessage
        this.#onFailure(batch, new BrokerError(what, row.errorCode, why))
      }
    }
  }

  #complete(batch: OutgoingBatch, baseOffset: number, appendTimeMs: number): void {
    const { queue, records, deliveries } = batch
    const last = sequenceAfter(batch.baseSequence, records.length - 1)
    queue.lastAcknowledged = Math.max(queue.lastAcknowledged, last)
    this.#accumulator.done(batch)
    for (let i = 0; i < deliveries.length; i += 1) {
      const timestamp = appendTimeMs < 0 ? records[i]!.timestamp : appendTimeMs
      deliveries[i]!.delivered(baseOffset < 0 ? -1 : baseOffset + i, timestamp)
    }
    this.#options.onDone()
  }

  #onFailure(batch: OutgoingBatch, error: Error): void {
    const { topic } = batch.queue
    if (isStale(error)) this.#lookUp(topic)
    const nowMs = this.#nowMs()
    const isLate = batch.createdMs + this.#options.deliveryTimeoutMs <= nowMs
    if (!isLate && !this.#isStopped && this.#mayRetry(batch, error)) {
      const { random } = this.#cluster.host
      const { backoff } = this.#cluster.options
      const waitMs = backoffMs(batch.failures + 1, random.float(), backoff)
      batch.lastFailure = error
      this.#accumulator.putBack(batch, nowMs + waitMs)
    } else {
      this.#fail(batch, error)
    }
  }

  #mayRetry(batch: OutgoingBatch, error: Error): boolean {
    if (!(error instanceof BrokerError) || !this.#options.isIdempotent) return isRetriable(error)
    switch (error.code) {
      case ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
        // Refused because a batch before it is to be sent again; else records were lost there.
        return batch.baseSequence !== sequenceAfter(batch.queue.lastAcknowledged, 1)
      case ErrorCode.UNKNOWN_PRODUCER_ID:
      case ErrorCode.INVALID_PRODUCER_EPOCH:
        this.#mustBump = true
        return true
      default:
        return error.isRetriable
    }
  }

  #fail(batch: OutgoingBatch, error: Error): void {
    // Whether it was written or not: the sequences after it no longer follow on what is there.
    if (this.#options.isIdempotent && batch.baseSequence >= 0) this.#mustBump = true
    this.#accumulator.done(batch)
    for (const delivery of batch.deliveries) delivery.failed(error)
    this.#options.onDone()
  }

  #expire(nowMs: number): void {
    const { deliveryTimeoutMs } = this.#options
    for (const batch of this.#accumulator.expired(nowMs, deliveryTimeoutMs)) {
      const { topic, partition } = batch.queue
      const what = `records for ${topic} partition ${partition} could not be delivered`
      this.#fail(batch, new TimeoutError(what, deliveryTimeoutMs, batch.lastFailure))
    }
  }

  // ------------------------------------------------------------------------------------- identity

  /** Whether there is a producer id to send with; if not, sees to it that there will be. */
  #isIdentified(): boolean {
    if (this.#mustBump) {
      if (this.#inFlightTotal > 0) return false
      this.#mustBump = false
      const { id, epoch } = this.#identity ?? { id: -1, epoch: EPOCH_MAX }
      this.#identity = epoch < EPOCH_MAX ? { id, epoch: epoch + 1 } : null
      this.#accumulator.resequence()
    }
    if (this.#identity !== null) return true
    if (!this.#isIdentifying) {
      this.#isIdentifying = true
      this.#cluster.host.loop.spawn('producer id', this.#identify())
    }
    return false
  }

  async #identify(): Promise<void> {
    const what = 'get a producer id'
    const { deliveryTimeoutMs } = this.#options
    try {
      this.#identity = await this.#cluster.retrying(what, deliveryTimeoutMs, async () => {
        const timeouts = { transactionalId: null, transactionTimeoutMs: 0 }
        const answer = await this.#cluster.requestAny(INIT_PRODUCER_ID, timeouts)
        if (answer.errorCode !== 0) throw new BrokerError(what, answer.errorCode)
        return { id: answer.producerId, epoch: answer.producerEpoch }
      })
    } catch (error) {
      for (const batch of this.#accumulator.drain()) this.#fail(batch, error as Error)
    } finally {
      this.#isIdentifying = false
      this.wake()
    }
  }

  // ------------------------------------------------------------------------------------ the rest

  /** Looks a topic's leaders up afresh, once at a time. */
  #lookUp(topic: string): void {
    if (this.#lookups.has(topic) || this.#isStopped) return
    this.#lookups.add(topic)
    const { deliveryTimeoutMs } = this.#options
    const lookup = this.#cluster
      .retrying(`find the leaders of ${topic}`, deliveryTimeoutMs, async () => {
        await this.#cluster.refresh([topic])
        this.#checkLeaders(topic)
      })
      // Records that wait for this topic fail by their delivery timeout.
      .catch(() => {})
      .finally(() => {
        this.#lookups.delete(topic)
        this.wake()
      })
    this.#cluster.host.loop.spawn('find leaders', lookup)
  }

  #checkLeaders(topic: string): void {
    const partitions = this.#cluster.cachedTopic(topic)?.partitions ?? []
    if (partitions.some(({ leaderId }) => leaderId < 0)) {
      throw new BrokerError(`find the leaders of ${topic}`, ErrorCode.LEADER_NOT_AVAILABLE)
    }
  }

  #count(leaderId: number, change: number): void {
    this.#inFlightTotal += change
    this.#inFlight.set(leaderId, (this.#inFlight.get(leaderId) ?? 0) + change)
  }

  #rearm(nowMs: number): void {
    this.#timer?.cancel()
    const { deliveryTimeoutMs } = this.#options
    const dueMs = this.#accumulator.nextDueMs(nowMs, deliveryTimeoutMs)
    if (dueMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#cluster.host.clock.schedule(Math.max(1, dueMs - nowMs), () => this.wake())
  }

  #nowMs(): number {
    return this.#cluster.host.clock.monotonicMs()
  }
}
