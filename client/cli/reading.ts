/**
 * What a reader of a topic reads, and when it is done: some partitions by itself, or what its group
 * gives it.
 */
import type { Admin } from '../admin.ts'
import type { TopicMetadata } from '../cluster.ts'
import type { Consumer } from '../consumer.ts'
import type { ConsumerOptions } from '../consumer-options.ts'
import type { TopicPartition } from '../offsets.ts'
import type { StartAt } from './arguments.ts'
import { type Extent, extentsAt, targetIn } from './extents.ts'

export interface Reading {
  readonly consumer: Consumer
  /** Whether everything there was at the start has been read. */
  isDone(): Promise<boolean>
  /** Whether a record belongs to what there was at the start, or is to be printed anyway. */
  isWanted(record: TopicPartition & { readonly offset: number }): boolean
}

/** The extents of these partitions of a topic, or of all. */
export function extentsOf(
  admin: Admin,
  topic: TopicMetadata,
  partitions: readonly number[] | undefined,
  readCommitted: boolean,
): Promise<Extent[]> {
  const all = topic.partitions.map(({ partition }) => partition)
  const places = (partitions ?? all).map(partition => ({ topic: topic.name, partition }))
  return extentsAt(admin, places, readCommitted)
}

/** Reads partitions by itself: it is done when it stands at their ends. */
export function readAlone(consumer: Consumer, extents: readonly Extent[], from: StartAt): Reading {
  consumer.assign(extents.map(extent => ({ ...extent, from: targetIn(extent, from) })))
  const ends = new Map(extents.map(({ partition, end }) => [partition, end]))
  return {
    consumer,
    isWanted: ({ partition, offset }) => offset < (ends.get(partition) ?? 0),
    isDone: async () => extents.every(extent => isPassed(extent, consumer.position(extent))),
  }
}

/** How often the group's commits are looked at while others have something left to read. */
const LOOK_MS = 500

/**
 * Reads what the group gives it. It is done when the group is: when all was committed, or read here
 * and about to be committed. Members started together so end together, and none leaves behind what
 * another, killed one had begun.
 */
export class GroupReading implements Reading {
  readonly consumer: Consumer
  readonly #extents: readonly Extent[]
  readonly #from: StartAt
  #hasJoined = false
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(
    makeConsumer: (options: ConsumerOptions) => Consumer,
    extents: readonly Extent[],
    from: StartAt,
  ) {
    this.#extents = extents
    this.#from = from
    this.consumer = makeConsumer({
      autoOffsetReset: from.kind === 'end' ? 'latest' : 'earliest',
      onAssigned: partitions => this.#begin(partitions),
    })
  }

  /** What is committed goes before `from`. */
  async #begin(partitions: readonly TopicPartition[]): Promise<void> {
    this.#hasJoined = true
    if (partitions.length === 0) return
    const committed = await this.consumer.committed(partitions)
    for (const [at, place] of partitions.entries()) {
      const extent = this.#extents.find(one => one.partition === place.partition)
      if ((committed[at] ?? -1) >= 0 || extent === undefined) continue
      this.consumer.seek(place, targetIn(extent, this.#from))
    }
  }

  /** What is handed out is committed, so it must be printed. */
  isWanted(): boolean {
    return true
  }

  async isDone(): Promise<boolean> {
    if (!this.#hasJoined) return false
    const own = new Set(this.consumer.assignment().map(({ partition }) => partition))
    const isMine = ({ partition }: Extent) => own.has(partition)
    const mine = this.#extents.filter(isMine)
    if (!mine.every(extent => isPassed(extent, this.consumer.position(extent)))) return false
    const others = this.#extents.filter(extent => !isMine(extent))
    if (others.length === 0) return true
    if (performance.now() - this.#lookedMs < LOOK_MS) return false
    this.#lookedMs = performance.now()
    const committed = await this.consumer.committed(others)
    return others.every((extent, at) => isPassed(extent, committed[at] ?? -1))
  }
}

function isPassed({ begin, end }: Extent, position: number | null): boolean {
  return end <= begin || (position !== null && position >= end)
}
