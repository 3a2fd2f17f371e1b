/** What the parts of the contract share: a client, names, and ways to wait. */
import { describe } from 'vitest'
import { Client, type Consumer, type ConsumerRecord } from '../../../client/index.ts'

/** A client of the broker under test. */
export class Bench {
  readonly client: Client
  #nextName = 0

  constructor(servers: string) {
    this.client = new Client({ bootstrapServers: servers, clientId: 'contract' })
  }

  unique(what: string): string {
    this.#nextName += 1
    return `${what}-${this.#nextName}`
  }

  async topicOf(partitions = 1, configs: Record<string, string> = {}): Promise<string> {
    const topic = this.unique('topic')
    await this.client.admin().createTopics([{ topic, partitions, configs }])
    return topic
  }

  /** The first `count` records of all partitions. */
  async readAll(topic: string, count: number): Promise<ConsumerRecord[]> {
    const [description] = await this.client.admin().describeTopics([topic])
    await using consumer = this.client.consumer()
    consumer.assign(
      description!.partitions.map(({ partition }) => ({ topic, partition, from: 'earliest' })),
    )
    return await take(consumer, count)
  }
}

/** A part of the contract. `bench` may be called once tests run. */
export function part(name: string, declare: (bench: () => Bench) => void) {
  return (bench: () => Bench) => describe(name, () => declare(bench))
}

/** Polls until there are `count` records. */
export async function take(consumer: Consumer, count: number): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = []
  while (records.length < count) {
    const more = await consumer.poll({ maxRecords: count - records.length, timeoutMs: 10_000 })
    if (more.length === 0) throw new Error(`only ${records.length} of ${count} records came`)
    records.push(...more)
  }
  return records
}

/** Offsets by partition, in the order handed out. */
export function offsetsOf(records: readonly ConsumerRecord[]): Record<number, number[]> {
  const offsets: Record<number, number[]> = {}
  for (const { partition, offset } of records) {
    offsets[partition] ??= []
    offsets[partition].push(offset)
  }
  return offsets
}

/** Looks again in every turn until it is so; the test's own time limit is the limit. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(resolve => setImmediate(resolve))
}
