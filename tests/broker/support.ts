import { Broker, type BrokerOptions } from '../../broker/in-process.ts'
import { nodeHost } from '../../host/node/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { WireClient } from './wire-client.ts'

/** A broker in this process and a client on a real socket to it. */
export interface Pair extends AsyncDisposable {
  readonly broker: Broker
  readonly client: WireClient
  /** Another connection to the same broker. */
  connect(): Promise<WireClient>
}

export async function brokerAndClient(options: BrokerOptions = {}): Promise<Pair> {
  const broker = await Broker.start(options)
  const { net } = nodeHost()
  const connect = () => WireClient.connect(net, broker.port)
  const client = await connect()
  return {
    broker,
    client,
    connect,
    async [Symbol.asyncDispose]() {
      client.destroy()
      await broker.stop()
    },
  }
}

/** Creates a topic and returns its id. */
export async function createTopic(
  client: WireClient,
  name: string,
  configs: Readonly<Record<string, string>> = {},
  numPartitions = 1,
): Promise<string> {
  const answer = await client.ask(ApiKey.CREATE_TOPICS, 7, {
    topics: [
      {
        name,
        numPartitions,
        replicationFactor: -1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 10_000,
  })
  const [topic] = answer.topics
  if (topic.errorCode !== 0) throw new Error(`${name}: ${topic.errorCode} ${topic.errorMessage}`)
  return topic.topicId
}

/** One batch of records with these values, as a producer sends it. */
export function batchOf(values: readonly string[], options: object = {}): Buffer {
  return buildBatch({
    records: values.map(value => ({ key: null, value: Buffer.from(value), headers: [] })),
    ...options,
  } as never)
}

/** A Produce request for one partition. */
export function produceDraft(
  topic: { readonly name?: string; readonly topicId?: string },
  records: Buffer | null,
  { acks = -1, index = 0, transactionalId = null as string | null } = {},
): object {
  return {
    transactionalId,
    acks,
    timeoutMs: 5_000,
    topicData: [{ ...topic, partitionData: [{ index, records }] }],
  }
}

/** A Fetch request for one partition. */
export function fetchDraft(
  topic: { readonly topic?: string; readonly topicId?: string },
  fetchOffset: number,
  { maxWaitMs = 0, minBytes = 1, maxBytes = 1 << 20, partition = 0, ...rest } = {},
): object {
  return {
    maxWaitMs,
    minBytes,
    maxBytes,
    topics: [{ ...topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: maxBytes }] }],
    forgottenTopicsData: [],
    ...rest,
  }
}
