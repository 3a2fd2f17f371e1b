/** Creates and deletes topics, produces and commits all at once, until its ledger is frozen. */
import { Client, type Producer } from '../../../client/index.ts'
import type { Ledger, TopicEntry } from './ledger.ts'

export const PARTITIONS = 2
/** Topics that live at once; from there on every creation is followed by a deletion. */
const LIVE_TOPICS = 6
/** A topic is deleted only after so many of its records were acknowledged. */
const RECORDS_BEFORE_DELETION = 30
const PRODUCERS = 3
/** The longest that a call which the power cut has orphaned is waited for. */
const TIMEOUT_MS = 2_000
const BATCH_RECORDS = 5
const PADDING = 'x'.repeat(700)

export class BrokerLoad {
  readonly #ledger: Ledger
  readonly #client: Client
  readonly #tag: string
  readonly #tasks: Promise<void>[]
  #count = 0

  /** `tag` makes names and values of this load unlike those of any other. */
  constructor(ledger: Ledger, bootstrapServers: string, tag: string) {
    this.#ledger = ledger
    this.#tag = tag
    this.#client = new Client({ bootstrapServers, requestTimeoutMs: TIMEOUT_MS })
    const producers = Array.from({ length: PRODUCERS }, () => {
      const producer = this.#client.producer({ deliveryTimeoutMs: TIMEOUT_MS })
      return this.#repeat(() => this.#produce(producer))
    })
    this.#tasks = [
      ...producers,
      this.#repeat(() => this.#createAndDelete()),
      this.#repeat(() => this.#commit()),
    ]
  }

  /** Ends once the ledger is frozen; what is under way fails with the connection. */
  async stop(): Promise<void> {
    await this.#client.close().catch(() => undefined)
    await Promise.all(this.#tasks)
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#ledger.isFrozen) {
      try {
        await step()
      } catch {
        // A topic that was deleted meanwhile, or the power is gone: the ledger tells which counts.
        await nextTurn()
      }
    }
  }

  async #createAndDelete(): Promise<void> {
    const admin = this.#client.admin({ timeoutMs: TIMEOUT_MS })
    const name = `${this.#tag}-${this.#count++}`
    const records = Array.from({ length: PARTITIONS }, () => new Map<number, string>())
    const topic: TopicEntry = { name, state: 'creating', records }
    this.#ledger.topics.set(name, topic)
    await admin.createTopics([{ topic: name, partitions: PARTITIONS }])
    this.#ledger.promised(() => {
      topic.state = 'created'
    })
    const live = this.#ledger.inState('created')
    const oldest = live[0]
    if (live.length <= LIVE_TOPICS || oldest === undefined) return
    while (sizeOf(oldest) < RECORDS_BEFORE_DELETION && !this.#ledger.isFrozen) await nextTurn()
    if (this.#ledger.isFrozen) return
    oldest.state = 'deleting'
    await admin.deleteTopics([oldest.name])
    this.#ledger.promised(() => {
      oldest.state = 'deleted'
    })
  }

  async #produce(producer: Producer): Promise<void> {
    const topic = this.#anyTopic()
    const sent = Array.from({ length: BATCH_RECORDS }, async (_, at) => {
      const partition = at % PARTITIONS
      const value = `${this.#tag}/${this.#count++}/${PADDING}`
      const { offset } = await producer.send({ topic: topic.name, partition, value })
      this.#ledger.promised(() => topic.records[partition]?.set(offset, value))
    })
    await Promise.all(sent)
  }

  async #commit(): Promise<void> {
    const { name } = this.#anyTopic()
    const commit = this.#ledger.commits.get(name) ?? { topic: name, acknowledged: -1, asked: -1 }
    this.#ledger.commits.set(name, commit)
    commit.asked++
    const offset = { topic: name, partition: 0, offset: commit.asked, metadata: '' }
    await this.#client.admin({ timeoutMs: TIMEOUT_MS }).commitOffsets(groupOf(name), [offset])
    this.#ledger.promised(() => {
      commit.acknowledged = offset.offset
    })
  }

  #anyTopic(): TopicEntry {
    const live = this.#ledger.inState('created')
    const topic = live[this.#count++ % live.length]
    if (topic === undefined) throw new Error('no topic yet')
    return topic
  }
}

function sizeOf({ records }: TopicEntry): number {
  return records.reduce((sum, { size }) => sum + size, 0)
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

export function groupOf(topic: string): string {
  return `readers-of-${topic}`
}
