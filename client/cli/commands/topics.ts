/** `ottla topics`: creates, lists, describes, alters and deletes topics. */
import type { Admin } from '../../admin.ts'
import type { CreatedTopic } from '../../admin-topics.ts'
import type { TopicMetadata } from '../../cluster.ts'
import { BrokerError } from '../../errors.ts'
import { forEachName } from '../each.ts'
import { CommandFailure, UsageError } from '../failure.ts'
import { plural, printJson, printLine, printTable } from '../output.ts'
import { type GlobalOptions, withAdmin } from '../session.ts'

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
  await refuseMisspeltTopicSettings([...(options.config?.keys() ?? [])])
  await withAdmin(options, async admin => {
    const task = { noun: 'topic', done: 'created', json: options.json === true }
    await forEachName(names, task, async topic => {
      const created = await createTopic(admin, topic, options)
      const isCreated = created !== null
      const partitions = created?.partitions ?? (await partitionCount(admin, topic))
      if (options.json) printJson({ topic, partitions, created: isCreated })
      else if (isCreated)
        printLine(`Created topic ${topic} with ${plural(partitions, 'partition')}.`)
      else printLine(`Topic ${topic} is there already.`)
    })
  })
}

/** Null if the topic was there and may be. */
async function createTopic(
  admin: Admin,
  topic: string,
  { partitions, replicationFactor, config, ifNotExists }: CreateTopicsOptions,
): Promise<CreatedTopic | null> {
  try {
    const spec = {
      topic,
      ...(partitions === undefined ? {} : { partitions }),
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
      configs: Object.fromEntries(config ?? []),
    }
    const [created] = await admin.createTopics([spec])
    return created ?? null
  } catch (error) {
    const isThere = error instanceof BrokerError && error.codeName === 'TOPIC_ALREADY_EXISTS'
    if (isThere && ifNotExists) return null
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

export interface AlterTopicsOptions extends GlobalOptions {
  readonly partitions?: number
  readonly config?: ReadonlyMap<string, string>
  readonly deleteConfig?: readonly string[]
}

/** Throws UsageError where nothing is to be altered. */
export async function alterTopics(
  names: readonly string[],
  options: AlterTopicsOptions,
): Promise<void> {
  const set = [...(options.config ?? [])].map(([name, value]) => ({ name, value }))
  const deleted = (options.deleteConfig ?? []).map(name => ({ name, value: null }))
  const changes = [...set, ...deleted]
  if (changes.length === 0 && options.partitions === undefined) {
    throw new UsageError(
      'There is nothing to alter: give --partitions, --config or --delete-config.',
    )
  }
  await refuseMisspeltTopicSettings(changes.map(({ name }) => name))
  await withAdmin(options, async admin => {
    const task = { noun: 'topic', done: 'altered', json: options.json === true }
    await forEachName(names, task, async topic => {
      await existingTopics(admin, [topic])
      // Settings can be set again; partitions cannot be taken away, so they come last.
      if (changes.length > 0) await admin.alterConfigs({ type: 'topic', name: topic }, changes)
      if (options.partitions !== undefined) await admin.createPartitions(topic, options.partitions)
      if (options.json) printJson({ topic, altered: true })
      else printLine(`Altered topic ${topic}.`)
    })
  })
}

export async function deleteTopics(
  names: readonly string[],
  options: GlobalOptions & { ifExists?: boolean },
): Promise<void> {
  await withAdmin(options, async admin => {
    const there = new Set(await admin.listTopics({ internal: true }))
    const task = { noun: 'topic', done: 'deleted', json: options.json === true }
    await forEachName(names, task, async topic => {
      const exists = there.has(topic)
      if (!exists && !options.ifExists) throw missingTopic(topic)
      if (exists) await admin.deleteTopics([topic])
      if (options.json) printJson({ topic, deleted: exists })
      else printLine(exists ? `Deleted topic ${topic}.` : `There is no topic ${topic}.`)
    })
  })
}

/** The names are loaded for those who give some: they take longer to load than all the rest. */
async function refuseMisspeltTopicSettings(names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const { refuseMisspelt } = await import('../setting-names.ts')
  refuseMisspelt('topic', names)
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
