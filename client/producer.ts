/**
 * Sends records. `send` takes a record when there is memory for it and its topic is known, in the
 * order of calls for each topic; from there the accumulator and the sender see it delivered.
 *
 * Invariants:
 * 1. Memory taken by records whose delivery has not settled stays below `memoryBytes`; callers
 *    beyond wait, first come first served, `maxBlockMs` at most.
 * 2. Every promise given out settles: delivered, failed, or ClosedError.
 */
import type { Timer } from '../host/host.ts'
import type { RecordDraft } from '../protocol/records/builder.ts'
import { Accumulator, type Delivery } from './accumulator.ts'
import type { Cluster, TopicMetadata } from './cluster.ts'
import { ClosedError, TimeoutError, UsageError } from './errors.ts'
import { partitionOfKey, StickyPartitioner } from './partitioner.ts'
import { type HeaderList, headerDrafts, type Payload, payloadBytes } from './payload.ts'
import {
  ACKS,
  CODECS,
  type ProducerOptions,
  type ProducerSettings,
  producerSettings,
} from './producer-options.ts'
import { Sender } from './sender.ts'

/** A record to send. */
export interface ProducerRecord {
  readonly topic: string
  /** Records with the same key go to the same partition. Strings are sent as UTF-8. */
  readonly key?: Payload
  /** Null is a tombstone. */
  readonly value: Payload
  readonly headers?: HeaderList
  /** Chosen by key, or evenly, if absent. */
  readonly partition?: number
  /** Milliseconds since 1970; the present if absent. */
  readonly timestamp?: number
}

/** Where a record ended up. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** -1 where the broker does not tell (acks 0). */
  readonly offset: number
  readonly timestamp: number
}

/** A record's own cost in memory, besides its bytes. */
const RECORD_OVERHEAD_BYTES = 200

interface Submission {
  readonly record: ProducerRecord
  readonly draft: RecordDraft
  readonly sizeBytes: number
  readonly settle: {
    readonly resolve: (metadata: RecordMetadata) => void
    readonly reject: (error: Error) => void
  }
  readonly wave: Wave
  timer: Timer | null
}

/** Records sent between two flushes. */
interface Wave {
  unsettled: number
  readonly flushed: (() => void)[]
}

interface Lane {
  metadata: TopicMetadata | null
  readonly waiting: Submission[]
  readonly sticky: StickyPartitioner
}

export class Producer {
  readonly #cluster: Cluster
  readonly #options: ProducerSettings
  readonly #accumulator: Accumulator
  readonly #sender: Sender
  readonly #lanes = new Map<string, Lane>()
  readonly #waitingForMemory: Submission[] = []
  /** Oldest first; the last takes what is sent. */
  readonly #waves: Wave[] = [{ unsettled: 0, flushed: [] }]
  #usedBytes = 0
  #isClosed = false

  constructor(cluster: Cluster, options: ProducerOptions = {}) {
    this.#cluster = cluster
    this.#options = producerSettings(options)
    const { batchBytes, lingerMs, acks, compression, requestBytes } = this.#options
    this.#accumulator = new Accumulator({ batchBytes, lingerMs })
    this.#sender = new Sender(cluster, this.#accumulator, {
      acks: ACKS[acks],
      codec: CODECS[compression],
      level: options.compressionLevel,
      isIdempotent: this.#options.idempotent,
      inFlightMax: this.#options.inFlightMax,
      requestBytes,
      requestTimeoutMs: cluster.options.requestTimeoutMs,
      deliveryTimeoutMs: this.#options.deliveryTimeoutMs,
      onDone: () => this.#letIn(),
    })
  }

  /**
   * Sends a record; resolves once it is acknowledged. Calls need not await each other: records that
   * are on their way together share batches, and those of one partition keep their order. Buffers
   * must stay unchanged until then. Rejects with BrokerError, TimeoutError, UsageError,
   * ClosedError.
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw new ClosedError('producer')
      const draft = this.#draftOf(record)
      const sizeBytes = sizeOf(draft)
      const { requestBytes } = this.#options
      if (sizeBytes > requestBytes) {
        throw new UsageError(
          `A record of ${sizeBytes} bytes for ${record.topic} is larger than requestBytes` +
            ` (${requestBytes}); raise it, and the topic's max.message.bytes with it.`,
        )
      }
      const wave = this.#waves.at(-1)!
      wave.unsettled += 1
      this.#submit({ record, draft, sizeBytes, settle: { resolve, reject }, wave, timer: null })
    })
  }

  /** Sends many; resolves once all are acknowledged, rejects with the first failure. */
  sendAll(records: readonly ProducerRecord[]): Promise<RecordMetadata[]> {
    return Promise.all(records.map(record => this.send(record)))
  }

  /** Resolves when everything sent so far is delivered or has failed. */
  async flush(): Promise<void> {
    const wave = this.#waves.at(-1)!
    this.#waves.push({ unsettled: 0, flushed: [] })
    this.#sender.isFlushing = true
    await new Promise<void>(resolve => {
      wave.flushed.push(resolve)
      this.#endWaves()
    })
  }

  /** Delivers what is under way, then ends. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.flush()
    this.#sender.stop(new ClosedError('producer'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** One line for logs. */
  describe(): string {
    const unsettled = this.#waves.reduce((sum, wave) => sum + wave.unsettled, 0)
    return `producer: ${unsettled} records under way in ${this.#usedBytes} bytes`
  }

  // ------------------------------------------------------------------------------------ admission

  #draftOf(record: ProducerRecord): RecordDraft {
    return {
      timestamp: record.timestamp ?? this.#cluster.host.clock.nowMs(),
      key: payloadBytes(record.key ?? null),
      value: payloadBytes(record.value),
      headers: headerDrafts(record.headers),
    }
  }

  #submit(submission: Submission): void {
    const fits = this.#fits(submission)
    if (this.#waitingForMemory.length > 0 || !fits) {
      this.#waitingForMemory.push(submission)
      this.#limitWait(submission, this.#waitingForMemory, 'memory (memoryBytes) for a record')
    } else {
      this.#admit(submission)
    }
  }

  #fits(submission: Submission): boolean {
    const usedBytes = this.#usedBytes + submission.sizeBytes
    return usedBytes <= this.#options.memoryBytes || this.#usedBytes === 0
  }

  /** Memory is there: on to the topic. */
  #admit(submission: Submission): void {
    this.#usedBytes += submission.sizeBytes
    const { topic } = submission.record
    const lane = this.#laneOf(topic)
    if (lane.metadata !== null && lane.waiting.length === 0) {
      if (this.#cluster.cachedTopic(topic) === null) this.#findTopic(topic, lane)
      this.#append(submission, lane, lane.metadata)
      return
    }
    lane.waiting.push(submission)
    this.#limitWait(submission, lane.waiting, `metadata of topic ${topic}`)
    if (lane.waiting.length === 1) this.#findTopic(topic, lane)
  }

  #laneOf(topic: string): Lane {
    let lane = this.#lanes.get(topic)
    if (lane === undefined) {
      const { random } = this.#cluster.host
      const sticky = new StickyPartitioner(this.#options.batchBytes, n => random.below(n))
      lane = { metadata: this.#cluster.cachedTopic(topic), waiting: [], sticky }
      this.#lanes.set(topic, lane)
    }
    return lane
  }

  #findTopic(topic: string, lane: Lane): void {
    const lookup = this.#cluster
      .topic(topic, {
        create: this.#options.createTopics,
        timeoutMs: this.#options.maxBlockMs,
      })
      .then(
        metadata => {
          lane.metadata = metadata
          for (const submission of lane.waiting.splice(0)) {
            submission.timer?.cancel()
            this.#append(submission, lane, metadata)
          }
        },
        error => {
          for (const submission of lane.waiting.splice(0)) this.#refuse(submission, error as Error)
        },
      )
    this.#cluster.host.loop.spawn('find topic', lookup)
  }

  #append(submission: Submission, lane: Lane, metadata: TopicMetadata): void {
    const { record, draft, settle } = submission
    const { topic } = record
    const partition = this.#partitionOf(submission, lane, metadata)
    if (partition === null) {
      const last = metadata.partitions.length - 1
      const why = `Topic ${topic} has no partition ${record.partition}; it has 0 to ${last}.`
      this.#refuse(submission, new UsageError(why))
      return
    }
    const delivery: Delivery = {
      delivered: (offset, timestamp) => {
        this.#settled(submission)
        settle.resolve({ topic, partition, offset, timestamp })
      },
      failed: error => {
        this.#settled(submission)
        settle.reject(error)
      },
    }
    const nowMs = this.#cluster.host.clock.monotonicMs()
    this.#accumulator.append({ topic, partition }, draft, delivery, nowMs)
    this.#sender.wake()
  }

  #partitionOf(submission: Submission, lane: Lane, metadata: TopicMetadata): number | null {
    const { record, draft, sizeBytes } = submission
    const { partitions } = metadata
    if (record.partition !== undefined) {
      return partitions.some(one => one.partition === record.partition) ? record.partition : null
    }
    if (draft.key !== null) return partitionOfKey(draft.key, partitions.length)
    const led = partitions.filter(({ leaderId }) => leaderId >= 0)
    const candidates = (led.length > 0 ? led : partitions).map(({ partition }) => partition)
    return lane.sticky.next(candidates, sizeBytes)
  }

  // ------------------------------------------------------------------------------------- settling

  #limitWait(submission: Submission, list: Submission[], what: string): void {
    const { maxBlockMs } = this.#options
    submission.timer = this.#cluster.host.clock.schedule(maxBlockMs, () => {
      const at = list.indexOf(submission)
      if (at < 0) return
      list.splice(at, 1)
      const cause = this.#cluster.connectFailure
      const error = new TimeoutError(`waited for ${what}`, maxBlockMs, cause)
      if (list === this.#waitingForMemory) {
        submission.wave.unsettled -= 1
        submission.settle.reject(error)
        this.#endWaves()
      } else {
        this.#refuse(submission, error)
      }
    })
  }

  /** A record that has memory but goes nowhere. */
  #refuse(submission: Submission, error: Error): void {
    submission.timer?.cancel()
    this.#settled(submission)
    submission.settle.reject(error)
    this.#letIn()
  }

  #settled(submission: Submission): void {
    this.#usedBytes -= submission.sizeBytes
    submission.wave.unsettled -= 1
    this.#endWaves()
  }

  #letIn(): void {
    for (;;) {
      const next = this.#waitingForMemory[0]
      if (next === undefined || !this.#fits(next)) return
      this.#waitingForMemory.shift()
      next.timer?.cancel()
      this.#admit(next)
    }
  }

  /** A wave is flushed when it and all before it have settled. */
  #endWaves(): void {
    while (this.#waves.length > 1 && this.#waves[0]!.unsettled === 0) {
      for (const resolve of this.#waves.shift()!.flushed) resolve()
    }
    if (this.#waves.length === 1) this.#sender.isFlushing = false
  }
}

function sizeOf(draft: RecordDraft): number {
  let size = RECORD_OVERHEAD_BYTES + (draft.key?.length ?? 0) + (draft.value?.length ?? 0)
  for (const { key, value } of draft.headers ?? []) size += key.length + (value?.length ?? 0) + 10
  return size
}
