/** One broker asked what it makes of produced bytes: its answer, and what is then read from it. */
import { nodeHost } from '../../../host/node/host.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { WireClient } from '../../broker/wire-client.ts'
import { type RecordCase, TOPICS, type TopicKind } from './record-cases.ts'

/** What became of one case. */
export interface CaseOutcome {
  /** Of each batch sent. */
  readonly errorCodes: readonly number[]
  readonly errorMessages: readonly string[]
  readonly baseOffsets: readonly number[]
  /** Indexes that the answers name as being at fault. */
  readonly recordErrors: readonly number[][]
  readonly highWatermark: number
  /** All that the partition then holds of it, without leader epochs and times of append. */
  readonly stored: string
}

const VERSION = 9
/** Kafka does not answer what it stumbles over. */
const NO_ANSWER = -100
const CLOSED = -101
const ANSWER_MS = 5_000

/** Cases under way at a time; each has a partition of its own. */
export const LANES = 16

/** One lane of one broker: a connection, and one partition of each topic. */
export class RecordPeer {
  readonly #port: number
  readonly #partition: number
  readonly #prefix: string
  #client: WireClient | null = null
  /** How far each topic's partition was read. */
  readonly #readTo = new Map<string, number>()

  constructor(port: number, prefix: string, lane: number) {
    this.#port = port
    this.#prefix = prefix
    this.#partition = lane
  }

  /** Makes the topics of all kinds, for all lanes. */
  async createTopics(): Promise<void> {
    const client = await this.#connected()
    const kinds = Object.keys(TOPICS) as TopicKind[]
    const topics = kinds.map(kind => ({
      name: `${this.#prefix}-${kind}`,
      numPartitions: LANES,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(TOPICS[kind]).map(([name, value]) => ({ name, value })),
    }))
    const { topics: created } = await client.ask(ApiKey.CREATE_TOPICS, 7, {
      topics,
      timeoutMs: 60_000,
    })
    for (const { name, errorCode } of created) {
      if (errorCode !== 0) throw new Error(`${name}: ${errorCode}`)
    }
  }

  /** Sends a case, and reads what it left in the partition; offsets count from where it began. */
  async outcomeOf(found: RecordCase): Promise<CaseOutcome> {
    const topic = `${this.#prefix}-${found.topic}`
    const start = this.#readTo.get(topic) ?? 0
    const answers: Answer[] = []
    for (const records of found.sends) answers.push(await this.#produce(topic, records, found))
    const { highWatermark, stored } = await this.#read(topic, start)
    this.#readTo.set(topic, highWatermark)
    return {
      errorCodes: answers.map(({ errorCode }) => errorCode),
      errorMessages: answers.map(({ errorMessage }) => errorMessage),
      baseOffsets: answers.map(({ baseOffset }) => (baseOffset < 0 ? -1 : baseOffset - start)),
      recordErrors: answers.map(({ recordErrors }) => recordErrors),
      highWatermark: highWatermark - start,
      stored,
    }
  }

  close(): void {
    this.#client?.destroy()
    this.#client = null
  }

  async #connected(): Promise<WireClient> {
    this.#client ??= await WireClient.connect(nodeHost().net, this.#port)
    return this.#client
  }

  async #produce(topic: string, records: Buffer, found: RecordCase): Promise<Answer> {
    const { version = VERSION, transactionalId = null } = found
    const partitionData = [{ index: this.#partition, records }]
    for (;;) {
      const client = await this.#connected()
      const answer = await within(
        client.ask(ApiKey.PRODUCE, version, {
          transactionalId,
          acks: -1,
          timeoutMs: 5_000,
          topicData: [{ name: topic, partitionData }],
        }),
      )
      if (typeof answer === 'number') {
        this.close()
        return { errorCode: answer, errorMessage: '', baseOffset: -1, recordErrors: [] }
      }
      const [part] = answer.responses[0].partitionResponses
      const { errorCode, baseOffset } = part
      // The topic was made a moment ago.
      if (isTooEarly(errorCode)) continue
      const errors = (part.recordErrors ?? []) as { batchIndex: number }[]
      const errorMessage: string = part.errorMessage ?? ''
      const recordErrors = errors.map(({ batchIndex }) => batchIndex)
      return { errorCode, errorMessage, baseOffset, recordErrors }
    }
  }

  async #read(topic: string, from: number): Promise<{ highWatermark: number; stored: string }> {
    const client = await this.#connected()
    const maxBytes = 8 << 20
    const partition = this.#partition
    const answer = await client.ask(ApiKey.FETCH, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes,
      topics: [
        { topic, partitions: [{ partition, fetchOffset: from, partitionMaxBytes: maxBytes }] },
      ],
      forgottenTopicsData: [],
    })
    const [part] = answer.responses[0].partitions
    if (isTooEarly(part.errorCode)) return this.#read(topic, from)
    const bytes = Buffer.from(part.records ?? [])
    for (let at = 0; at + 61 <= bytes.length; at += bytes.readInt32BE(at + 8) + 12) {
      bytes.writeBigInt64BE(bytes.readBigInt64BE(at) - BigInt(from), at)
      bytes.writeInt32BE(-1, at + 12)
      // The time of append is each broker's own, and the checksum covers it.
      if ((bytes[at + 22]! & 0x08) !== 0) bytes.fill(0, at + 35, at + 43).fill(0, at + 17, at + 21)
    }
    return { highWatermark: part.highWatermark as number, stored: bytes.toString('latin1') }
  }
}

interface Answer {
  readonly errorCode: number
  readonly errorMessage: string
  readonly baseOffset: number
  readonly recordErrors: number[]
}

const UNKNOWN_TOPIC = 3
const NOT_LEADER = 6

function isTooEarly(errorCode: number): boolean {
  return errorCode === NOT_LEADER || errorCode === UNKNOWN_TOPIC
}

// biome-ignore lint/suspicious/noExplicitAny: as the wire client
async function within(answer: Promise<any>): Promise<any> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<number>(resolve => {
    timer = setTimeout(() => resolve(NO_ANSWER), ANSWER_MS)
  })
  try {
    return await Promise.race([answer.catch(() => CLOSED), late])
  } finally {
    clearTimeout(timer)
  }
}
