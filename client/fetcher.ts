/**
 * Fetches ahead of the consumer and hands records out.
 *
 * Invariants:
 * 1. Records of a partition are handed out in order of offset, none twice, unless it was sought.
 * 2. One fetch a broker, and one a partition, is in flight at a time.
 * 3. Nothing more is fetched while `prefetchBytes` wait to be handed out.
 * 4. What was asked for before a seek, a revocation or a pause of the other kind is dropped: it
 *    carries the partition's epoch of then.
 */
import { ErrorCode } from '../protocol/errors.ts'
import type { FetchResponse } from '../protocol/messages/fetch.ts'
import type { LogRecord } from '../protocol/records/reader.ts'
import { FETCH } from './apis.ts'
import { backoffMs } from './backoff.ts'
import type { Cluster, Lane } from './cluster.ts'
import type { ConsumerSettings } from './consumer-options.ts'
import { BrokerError, ClientError, isRetriable, isStale } from './errors.ts'
import { type FetchedChunk, type PartitionAnswer, readChunk } from './fetched-chunk.ts'
import type { OffsetSpec, TopicPartition } from './offsets.ts'

/**
 * A record as it is handed out. Key, value and header values may be kept and belong to the user.
 */
export interface ConsumerRecord extends LogRecord, TopicPartition {}

/** One partition the consumer reads. */
export class PartitionState implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The next offset to hand out; null until it is known. */
  position: number | null = null
  /** The next offset to fetch. */
  fetchOffset = -1
  /** What the group has committed, as far as is known; -1 for nothing. */
  committed = -1
  /** Where to look the position up; null: at the committed offset, then by policy. */
  resetTo: OffsetSpec | null = null
  /** The first offset not readable by others yet; -1 until the first answer. */
  highWatermark = -1
  isPaused = false
  isRevoked = false
  isInFlight = false
  /** Changes when what is under way must not be handed out any more. */
  epoch = 0
  failures = 0
  notBeforeMs = 0
  /** Told to the next caller. */
  error: Error | null = null
  readonly chunks: FetchedChunk[] = []

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic
    this.partition = partition
  }

  /** Goes on at `offset`, or looks one up when null. */
  moveTo(offset: number | null, resetTo: OffsetSpec | null = null): void {
    this.epoch += 1
    this.chunks.length = 0
    this.position = offset
    this.resetTo = resetTo
    this.fetchOffset = offset ?? -1
    this.error = null
  }
}

/** In one answer and one more while the first is handed out. */
const CHUNKS_MAX = 2
/** A fetch that leaves partitions out must not keep them waiting long once they have room. */
const PARTIAL_WAIT_MS = 50

export class Fetcher {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #onChange: () => void
  readonly #busyNodes = new Set<number>()
  readonly #lookups = new Set<string>()
  readonly #lane: Lane
  #states: readonly PartitionState[] = []
  #current = 0
  #isStopped = false

  /** `onChange` is called when there may be something to hand out, or to look after. */
  constructor(cluster: Cluster, settings: ConsumerSettings, onChange: () => void) {
    this.#cluster = cluster
    this.#settings = settings
    this.#onChange = onChange
    this.#lane = cluster.openLane('fetch')
  }

  /** Reads these from here on; what is not among them is dropped. */
  assign(states: readonly PartitionState[]): void {
    for (const state of this.#states) {
      if (states.includes(state)) continue
      state.isRevoked = true
      state.moveTo(null)
    }
    this.#states = states
    this.#current = 0
  }

  stop(): void {
    this.#isStopped = true
    this.assign([])
    this.#cluster.closeLane(this.#lane)
  }

  /** The next record at hand, and moves its partition's position; null if there is none. */
  next(): ConsumerRecord | null {
    const count = this.#states.length
    for (let i = 0; i < count; i += 1) {
      const at = (this.#current + i) % count
      const state = this.#states[at]!
      if (state.isPaused) continue
      const record = this.#nextOf(state)
      if (record === null) continue
      this.#current = at
      return { topic: state.topic, partition: state.partition, ...record }
    }
    return null
  }

  /** Sends fetches for what has room. */
  fill(): void {
    if (this.#isStopped) return
    const nowMs = this.#cluster.host.clock.monotonicMs()
    const isFull = this.#bufferedBytes() >= this.#settings.prefetchBytes
    const byNode = new Map<number, { wanted: PartitionState[]; isPartial: boolean }>()
    for (const state of this.#states) {
      if (state.position === null || state.isPaused || state.error !== null) continue
      const leaderId = this.#cluster.leaderOf(state.topic, state.partition)
      if (leaderId < 0) {
        this.#lookUp(state.topic)
        continue
      }
      let node = byNode.get(leaderId)
      if (node === undefined) {
        node = { wanted: [], isPartial: false }
        byNode.set(leaderId, node)
      }
      const hasRoom = state.chunks.length < CHUNKS_MAX && (!isFull || state.chunks.length === 0)
      if (hasRoom && !state.isInFlight && state.notBeforeMs <= nowMs) node.wanted.push(state)
      else node.isPartial = true
    }
    for (const [nodeId, { wanted, isPartial }] of byNode) {
      if (wanted.length > 0 && !this.#busyNodes.has(nodeId)) this.#start(nodeId, wanted, isPartial)
    }
  }

  // ----------------------------------------------------------------------------------- handing out

  #nextOf(state: PartitionState): LogRecord | null {
    for (;;) {
      const chunk = state.chunks[0]
      if (chunk === undefined) {
        if (state.error === null) return null
        const { error } = state
        state.error = null
        throw error
      }
      const { done, value } = readNext(chunk, state)
      if (!done) {
        state.position = value.offset + 1
        return value
      }
      state.position = Math.max(state.position ?? 0, chunk.nextOffset)
      state.chunks.shift()
      this.fill()
    }
  }

  #bufferedBytes(): number {
    let sum = 0
    for (const { chunks } of this.#states) for (const { sizeBytes } of chunks) sum += sizeBytes
    return sum
  }

  // -------------------------------------------------------------------------------------- fetching

  #start(nodeId: number, wanted: readonly PartitionState[], isPartial: boolean): void {
    this.#busyNodes.add(nodeId)
    const asked = wanted.map(state => ({ state, epoch: state.epoch, offset: state.fetchOffset }))
    for (const state of wanted) state.isInFlight = true
    this.#cluster.host.loop.spawn('fetch', this.#fetch(nodeId, asked, isPartial))
  }

  async #fetch(nodeId: number, asked: readonly Asked[], isPartial: boolean): Promise<void> {
    try {
      const request = this.#request(asked, isPartial)
      const answer = await this.#cluster.requestNode(nodeId, FETCH, request, { lane: this.#lane })
      this.#busyNodes.delete(nodeId)
      await this.#take(asked, answer)
    } catch (error) {
      for (const one of asked) this.#failed(one, error as Error)
    } finally {
      this.#busyNodes.delete(nodeId)
      for (const { state } of asked) state.isInFlight = false
      this.fill()
      this.#onChange()
    }
  }

  #request(asked: readonly Asked[], isPartial: boolean) {
    const { maxWaitMs, minBytes, maxBytes, partitionMaxBytes, isolation } = this.#settings
    const topics = new Map<string, { partition: number; fetchOffset: number }[]>()
    for (const { state, offset } of asked) {
      const entry = { partition: state.partition, fetchOffset: offset }
      if (!topics.get(state.topic)?.push(entry)) topics.set(state.topic, [entry])
    }
    return {
      maxWaitMs: isPartial ? Math.min(maxWaitMs, PARTIAL_WAIT_MS) : maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: isolation === 'read_committed' ? 1 : 0,
      topics: [...topics].map(([topic, partitions]) => ({
        topic,
        partitions: partitions.map(one => ({ ...one, partitionMaxBytes })),
      })),
    }
  }

  async #take(asked: readonly Asked[], answer: FetchResponse): Promise<void> {
    if (answer.errorCode !== 0) throw new BrokerError('fetch', answer.errorCode)
    for (const one of asked) {
      const { topic, partition } = one.state
      const row = answer.responses
        .find(response => response.topic === topic)
        ?.partitions.find(({ partitionIndex }) => partitionIndex === partition)
      try {
        if (row !== undefined) await this.#takePartition(one, row)
      } catch (error) {
        this.#failed(one, error as Error)
      }
    }
  }

  async #takePartition(asked: Asked, row: PartitionAnswer): Promise<void> {
    const { state, epoch, offset } = asked
    if (row.errorCode !== 0) {
      const what = `fetch ${state.topic} partition ${state.partition} from offset ${offset}`
      throw new BrokerError(what, row.errorCode)
    }
    const chunk = await readChunk(row, offset, {
      host: this.#cluster.host,
      checkCrcs: this.#settings.checkCrcs,
      expandedBytesMax: this.#settings.expandedBytesMax,
      skipAborted: this.#settings.isolation === 'read_committed',
    })
    if (state.epoch !== epoch) return
    state.failures = 0
    state.highWatermark = row.highWatermark
    if (chunk === null) return
    state.chunks.push(chunk)
    state.fetchOffset = chunk.nextOffset
    this.#onChange()
  }

  #failed({ state, epoch }: Asked, error: Error): void {
    if (state.epoch !== epoch || this.#isStopped) return
    const isOutOfRange =
      error instanceof BrokerError && error.code === ErrorCode.OFFSET_OUT_OF_RANGE
    if (isOutOfRange && this.#settings.autoOffsetReset !== 'none') {
      // What is at hand was read before the log lost this offset: it is still good.
      if (state.chunks.length === 0) state.moveTo(null, this.#settings.autoOffsetReset)
      return
    }
    if (!isRetriable(error) || isOutOfRange) {
      state.error = error instanceof ClientError ? error : corrupt(state, error)
      return
    }
    const { clock, random } = this.#cluster.host
    state.failures += 1
    const waitMs = backoffMs(state.failures, random.float(), this.#cluster.options.backoff)
    state.notBeforeMs = clock.monotonicMs() + waitMs
    clock.schedule(waitMs + 1, () => this.fill())
    if (isStale(error)) this.#lookUp(state.topic)
  }

  /** Looks a topic's leaders up afresh, once at a time. */
  #lookUp(topic: string): void {
    if (this.#lookups.has(topic) || this.#isStopped) return
    this.#lookups.add(topic)
    const lookup = this.#cluster
      .retrying(`find the leaders of ${topic}`, this.#settings.timeoutMs, async () => {
        if (!this.#isStopped) await this.#cluster.refresh([topic])
      })
      .catch(error => {
        const waiting = this.#states.filter(state => state.topic === topic)
        if (!isRetriable(error)) for (const state of waiting) state.error = error as Error
      })
      .finally(() => {
        this.#cluster.host.clock.schedule(this.#cluster.options.backoff.initialMs, () => {
          this.#lookups.delete(topic)
          this.fill()
        })
        this.#onChange()
      })
    this.#cluster.host.loop.spawn('find leaders', lookup)
  }
}

interface Asked {
  readonly state: PartitionState
  readonly epoch: number
  readonly offset: number
}

function readNext(chunk: FetchedChunk, state: PartitionState): IteratorResult<LogRecord> {
  try {
    return chunk.records.next()
  } catch (error) {
    // Fetched again, it would be as it is: the reader must seek past it.
    state.chunks.length = 0
    throw corrupt(state, error as Error)
  }
}

function corrupt({ topic, partition, position }: PartitionState, cause: Error): ClientError {
  return new ClientError(
    `The records of ${topic} partition ${partition} at offset ${position} are unreadable` +
      ` (${cause.message}); seek past them to go on.`,
    { cause },
  )
}
