/** `ottla topics`: creates, lists, describes and deletes topics. */
import type { Admin } from '../../admin.ts'
import type { TopicMetadata } from '../../cluster.ts'
import { BrokerError } from '../../errors.ts'
import { CommandFailure } from '../failure.ts'
import { plural, printJson, printLine, printTable } from '../output.ts'
import { type GlobalOptions, timeoutMsOf, withClient } from '../session.ts'

export interface CreateTopicsOptions extends GlobalOptions {
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly config?: ReadonlyMap<string, string>
  readonly ifNotExists?: boolean
}

export async function createTopics(
  names: readonly string[],
  options: CreateTopicsOptions,
): Promise<void> {
  await withAdmin(options, async admin => {
    for (const topic of names) {
      const isCreated = await createTopic(admin, topic, options)
      const partitions = options.partitions ?? (await partitionCount(admin, topic))
      if (options.json) printJson({ topic, partitions, created: isCreated })
      else if (isCreated)
        printLine(`Created topic ${topic} with ${plural(partitions, 'partition')}.`)
      else printLine(`Topic ${topic} is there already.`)
    }
  })
}

/** Returns whether it was created: false if it was there and may be. */
async function createTopic(
  admin: Admin,
  topic: string,
  { partitions, replicationFactor, config, ifNotExists }: CreateTopicsOptions,
): Promise<boolean> {
  try {
    const spec = {
      topic,
      ...(partitions === undefined ? {} : { partitions }),
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
      configs: Object.fromEntries(config ?? []),
    }
    await admin.createTopics([spec])
    return true
  } catch (error) {
    const isThere = error instanceof BrokerError && error.codeName === 'TOPIC_ALREADY_EXISTS'
    if (isThere && ifNotExists) return false
    throw error
  }
}

async function partitionCount(admin: Admin, name: string): Promise<number> {
  const [topic] = await admin.describeTopics([name])
  return topic?.partitions.length ?? 0
}

export async function listTopics(options: GlobalOptions & { internal?: boolean }): Promise<void> {
  await withAdmin(options, async admin => {
    const all = await admin.describeTopics()
    const topics = all.filter(({ isInternal }) => options.internal === true || !isInternal)
    const rows = topics.map(({ name, partitions, isInternal }) => {
      const replicas = partitions.reduce((most, one) => Math.max(most, one.replicas.length), 0)
      return { topic: name, partitions: partitions.length, replicas, internal: isInternal }
    })
    if (options.json) for (const row of rows) printJson(row)
    else {
      printTable(
        ['TOPIC', 'PARTITIONS', 'REPLICAS'],
        rows.map(({ topic, partitions, replicas }) => [topic, partitions, replicas]),
      )
    }
  })
}

export async function describeTopics(
  names: readonly string[],
  options: GlobalOptions,
): Promise<void> {
  await withAdmin(options, async admin => {
    const topics = await existingTopics(admin, names)
    for (const [at, topic] of topics.entries()) {
      if (at > 0 && !options.json) printLine('')
      await describeTopic(admin, topic, options)
    }
  })
}

async function describeTopic(
  admin: Admin,
  topic: TopicMetadata,
  options: GlobalOptions,
): Promise<void> {
  const { name, topicId, isInternal, partitions } = topic
  const led = partitions
    .filter(({ leaderId }) => leaderId >= 0)
    .map(({ partition }) => ({ topic: name, partition }))
  const [begins, ends, configs] = await Promise.all([
    admin.listOffsets(led, 'earliest'),
    admin.listOffsets(led, 'latest'),
    admin.describeConfigs({ type: 'topic', name }),
  ])
  const own = configs.filter(({ source }) => source === 'topic')
  const rows = partitions.map(one => ({
    partition: one.partition,
    leader: one.leaderId < 0 ? null : one.leaderId,
    replicas: one.replicas,
    inSync: one.inSyncReplicas,
    begin: begins.find(({ partition }) => partition === one.partition)?.offset ?? null,
    end: ends.find(({ partition }) => partition === one.partition)?.offset ?? null,
  }))
  if (options.json) {
    const settings = own.map(({ name, value }) => ({ name, value }))
    printJson({ topic: name, topicId, internal: isInternal, settings, partitions: rows })
    return
  }
  printLine(`Topic ${name}: ${plural(partitions.length, 'partition')}, id ${topicId}.`)
  if (own.length > 0) {
    printLine(`Settings: ${own.map(({ name, value }) => `${name}=${value}`).join(' ')}`)
  }
  printTable(
    ['PARTITION', 'LEADER', 'REPLICAS', 'IN SYNC', 'BEGIN', 'END'],
    rows.map(row => [
      row.partition,
      row.leader,
      row.replicas.join(','),
      row.inSync.join(','),
      row.begin,
      row.end,
    ]),
  )
}

export async function deleteTopics(
  names: readonly string[],
  options: GlobalOptions & { ifExists?: boolean },
): Promise<void> {
  await withAdmin(options, async admin => {
    const there = new Set(await admin.listTopics({ internal: true }))
    for (const topic of names) {
      const exists = there.has(topic)
      if (!exists && !options.ifExists) throw missingTopic(topic)
      if (exists) await admin.deleteTopics([topic])
      if (options.json) printJson({ topic, deleted: exists })
      else printLine(exists ? `Deleted topic ${topic}.` : `There is no topic ${topic}.`)
    }
  })
}

/** Topics by name. Throws CommandFailure for the first that is not there. */
export async function existingTopics(
  admin: Admin,
  names: readonly string[],
): Promise<TopicMetadata[]> {
  const all = new Map((await admin.describeTopics()).map(topic => [topic.name, topic]))
  return names.map(name => {
    const topic = all.get(name)
    if (topic === undefined) throw missingTopic(name)
    return topic
  })
}

function missingTopic(name: string): CommandFailure {
  return new CommandFailure(
    `There is no topic ${name}: \`ottla topics list\` shows those there are, ` +
      `\`ottla topics create ${name}\` makes it.`,
  )
}

function withAdmin(options: GlobalOptions, work: (admin: Admin) => Promise<void>): Promise<void> {
  return withClient(options, client => work(client.admin({ timeoutMs: timeoutMsOf(options) })))
}
