/** Whether a restarted broker has kept everything that a ledger says it promised. */
import { readdirSync } from 'node:fs'
import { Client } from '../../../client/index.ts'
import { groupOf, PARTITIONS } from './broker-load.ts'
import type { Ledger, TopicEntry } from './ledger.ts'

/** Offsets of one request. */
const POLL_RECORDS = 5_000

/** Every broken promise as one sentence; settles in `ledger` what the cut had left open. */
export async function brokenPromises(
  ledger: Ledger,
  bootstrapServers: string,
  folder: string,
): Promise<string[]> {
  await using client = new Client({ bootstrapServers })
  const described = await client.admin().describeTopics()
  const partitionsOf = new Map(described.map(({ name, partitions }) => [name, partitions.length]))
  const faults = [...ledger.topics.values()].flatMap(topic =>
    topicFaults(topic, partitionsOf.get(topic.name)),
  )
  for (const topic of ledger.inState('created')) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      faults.push(...(await recordFaults(client, topic, partition)))
    }
    faults.push(...(await commitFaults(client, ledger, topic.name)))
  }
  return [...faults, ...orphans(folder, new Set(partitionsOf.keys()))]
}

function topicFaults(topic: TopicEntry, found: number | undefined): string[] {
  const { name, state } = topic
  if (found !== undefined && found !== PARTITIONS) return [`${name} has ${found} partitions`]
  const isThere = found !== undefined
  if (state === 'created' && !isThere) return [`${name} was created and is gone`]
  if (state === 'deleted' && isThere) return [`${name} was deleted and is back`]
  topic.state = isThere ? 'created' : 'deleted'
  return []
}

async function recordFaults(
  client: Client,
  { name: topic, records }: TopicEntry,
  partition: number,
): Promise<string[]> {
  const promised = records[partition] as Map<number, string>
  const [end] = await client.admin().listOffsets([{ topic, partition }], 'latest')
  const found = new Map<number, string>()
  const consumer = client.consumer()
  consumer.assign([{ topic, partition, from: 'earliest' }])
  while ((consumer.position({ topic, partition }) ?? 0) < (end?.offset ?? 0)) {
    for (const { offset, value } of await consumer.poll({ maxRecords: POLL_RECORDS })) {
      found.set(offset, value?.toString() ?? '')
    }
  }
  await consumer.close()
  const lost = [...promised].filter(([offset, value]) => found.get(offset) !== value)
  const place = `${topic}-${partition}`
  return lost.map(([offset]) => {
    return found.has(offset)
      ? `${place} has another record at offset ${offset}`
      : `${place} lost the record at offset ${offset} (it ends at ${end?.offset})`
  })
}

async function commitFaults(client: Client, ledger: Ledger, topic: string): Promise<string[]> {
  const commit = ledger.commits.get(topic)
  if (commit === undefined) return []
  const places = [{ topic, partition: 0 }]
  const [committed] = await client.admin().fetchOffsets(groupOf(topic), places)
  const offset = committed?.offset ?? -1
  const { acknowledged, asked } = commit
  if (offset < acknowledged) {
    return [`${groupOf(topic)} committed ${acknowledged} and is back at ${offset}`]
  }
  return offset > asked ? [`${groupOf(topic)} is at ${offset}, which nobody committed`] : []
}

/** Folders of partitions that belong to no topic; folders on their way to deletion are none. */
function orphans(folder: string, topics: ReadonlySet<string>): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !entry.name.endsWith('-delete'))
    .flatMap(({ name }) => {
      const topic = /^(.+)-\d+$/.exec(name)?.[1]
      return topic !== undefined && topics.has(topic) ? [] : [`${name} is an orphan`]
    })
}
