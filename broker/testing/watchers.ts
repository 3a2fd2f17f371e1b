import type { Client, ConsumerRecord } from '../../client/index.ts'
import type { Clock } from '../../host/host.ts'

/** A record as it is stored. */
export interface StoredRecord {
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** A topic, for a test to look into. */
export interface TopicWatch {
  /** Everything that consumers can read now, by partition and offset; keys and values as text. */
  records(): Promise<StoredRecord[]>
}

export interface WaitOptions {
  /** Real milliseconds after which the wait is given up. Default 10,000. */
  readonly timeoutMs?: number
}

/** A consumer group, for a test to wait for. */
export interface GroupWatch {
  /**
   * Resolves when the group is stable: it has members, and each has its assignment. `members`: so
   * many of them. Rejects with Error, which says how the group stands, when the time is up.
   */
  stable(options?: WaitOptions & { readonly members?: number }): Promise<void>
  /** Resolves when the group has committed every record that there is of the topics it reads. */
  caughtUp(options?: WaitOptions): Promise<void>
}

const TIMEOUT_MS = 10_000
/** Between two looks. */
const PAUSE_MS = 5

/** Waits in real time, whatever the broker's own clock does. */
export class Watchers {
  readonly #client: () => Client
  readonly #clock: Clock

  constructor(client: () => Client, realClock: Clock) {
    this.#client = client
    this.#clock = realClock
  }

  topic(topic: string): TopicWatch {
    return { records: () => this.#records(topic) }
  }

  group(groupId: string): GroupWatch {
    return {
      stable: ({ members, ...options } = {}) =>
        this.#until(options, async () => {
          const [group] = await this.#client().admin().describeGroups([groupId])
          const count = group?.members.length ?? 0
          const isWhole = members === undefined ? count > 0 : count === members
          if (group?.state === 'Stable' && isWhole) return null
          return `group ${groupId} is ${group?.state} with ${count} members`
        }),
      caughtUp: options => this.#until(options, () => this.#lagOf(groupId)),
    }
  }

  async #records(topic: string): Promise<StoredRecord[]> {
    const client = this.#client()
    const [described] = await client.admin().describeTopics([topic])
    const places = (described?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
    const ends = await client.admin().listOffsets(places, 'latest')
    const starts = await client.admin().listOffsets(places, 'earliest')
    const filled = ends.filter(end => {
      const start = starts.find(({ partition }) => partition === end.partition)
      return end.offset > (start?.offset ?? 0)
    })
    const consumer = client.consumer()
    consumer.assign(filled.map(({ partition }) => ({ topic, partition, from: 'earliest' })))
    const isBehind = () =>
      filled.some(({ partition, offset }) => {
        return (consumer.position({ topic, partition }) ?? 0) < offset
      })
    const records: StoredRecord[] = []
    while (isBehind()) records.push(...(await consumer.poll()).map(stored))
    await consumer.close()
    return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  }

  /** How far behind the group is, as a sentence; null when it is not. */
  async #lagOf(groupId: string): Promise<string | null> {
    const admin = this.#client().admin()
    const committed = await admin.fetchOffsets(groupId)
    if (committed.length === 0) return `group ${groupId} has committed nothing`
    const topics = [...new Set(committed.map(({ topic }) => topic))]
    const described = await admin.describeTopics(topics)
    const places = described.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partition }) => ({ topic, partition })),
    )
    const ends = await admin.listOffsets(places, 'latest')
    const behind = ends.filter(({ topic, partition, offset }) => {
      const own = committed.find(one => one.topic === topic && one.partition === partition)
      return offset > (own?.offset ?? 0)
    })
    if (behind.length === 0) return null
    const named = behind.map(({ topic, partition }) => `${topic}-${partition}`)
    return `group ${groupId} has not committed all of ${named.join(', ')}`
  }

  async #until(
    { timeoutMs = TIMEOUT_MS }: WaitOptions = {},
    look: () => Promise<string | null>,
  ): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs
    for (;;) {
      const missing = await look()
      if (missing === null) return
      if (this.#clock.monotonicMs() >= deadlineMs) {
        throw new Error(`${missing}, after ${timeoutMs} ms`)
      }
      await new Promise<void>(resolve => this.#clock.schedule(PAUSE_MS, resolve))
    }
  }
}

function stored(record: ConsumerRecord): StoredRecord {
  const { partition, offset, timestamp, key, value, headers } = record
  return {
    ...{ partition, offset, timestamp },
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
    headers: Object.fromEntries(headers.map(header => [header.key, String(header.value ?? '')])),
  }
}
