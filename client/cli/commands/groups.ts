/** `ottla groups`: lists, describes and deletes consumer groups. */
import type { Admin } from '../../admin.ts'
import type { GroupDescription } from '../../admin-groups.ts'
import type { CommittedOffset } from '../../commits.ts'
import { BrokerError } from '../../errors.ts'
import type { TopicPartition } from '../../offsets.ts'
import { forEachName } from '../each.ts'
import { CommandFailure } from '../failure.ts'
import { plural, printJson, printLine, printTable } from '../output.ts'
import { type GlobalOptions, withAdmin } from '../session.ts'

export async function listGroups(options: GlobalOptions): Promise<void> {
  await withAdmin(options, async admin => {
    const groups = await admin.listGroups()
    const lags = await lagsOf(
      admin,
      groups.map(({ groupId }) => groupId),
    )
    const rows = groups.map(({ groupId, state, type, protocolType }, at) => {
      return { group: groupId, state, type, protocolType, lag: lags[at] ?? null }
    })
    if (options.json) for (const row of rows) printJson(row)
    else {
      printTable(
        ['GROUP', 'STATE', 'TYPE', 'LAG'],
        rows.map(({ group, state, type, lag }) => [group, state || null, type || null, lag]),
      )
    }
  })
}

/** Records that groups have not committed; null for a group that has committed nothing. */
async function lagsOf(admin: Admin, groupIds: readonly string[]): Promise<(number | null)[]> {
  const committed = await Promise.all(groupIds.map(groupId => committedBy(admin, groupId)))
  const places = new Map(committed.flat().map(place => [keyOf(place), place]))
  const ends = await endsOf(admin, [...places.values()])
  return committed.map(list => {
    const lags = list.flatMap(place => {
      const end = ends.get(keyOf(place))
      return end === undefined ? [] : [Math.max(0, end - place.offset)]
    })
    return lags.length === 0 ? null : lags.reduce((sum, lag) => sum + lag, 0)
  })
}

/** None for a group of a kind that commits nothing that can be asked for. */
async function committedBy(admin: Admin, groupId: string): Promise<CommittedOffset[]> {
  try {
    const offsets = await admin.fetchOffsets(groupId)
    return offsets.filter(({ offset }) => offset >= 0)
  } catch (error) {
    if (error instanceof BrokerError && !error.isRetriable) return []
    throw error
  }
}

export async function describeGroups(
  groupIds: readonly string[],
  options: GlobalOptions,
): Promise<void> {
  await withAdmin(options, async admin => {
    for (const [at, groupId] of groupIds.entries()) {
      const group = await describeGroup(admin, groupId)
      const places = await placesOf(admin, group)
      if (options.json) printJson(jsonOf(group, places))
      else {
        if (at > 0) printLine('')
        print(group, places)
      }
    }
  })
}

/** A group of a protocol younger than the classic one is told as far as `listGroups` does. */
async function describeGroup(admin: Admin, groupId: string): Promise<GroupDescription> {
  const [group] = await admin.describeGroups([groupId])
  if (group !== undefined && group.state !== 'Dead') return group
  const listed = (await admin.listGroups()).find(one => one.groupId === groupId)
  if (listed === undefined) throw missingGroup(groupId)
  const { state, protocolType } = listed
  return { groupId, state, protocolType, protocol: '', members: [] }
}

/** Where a group stands in a partition, and who of it reads there. */
interface Place extends TopicPartition {
  /** Of the next record to read; null if nothing is committed. */
  readonly committed: number | null
  /** Null for a partition that is gone. */
  readonly end: number | null
  readonly lag: number | null
  readonly member: GroupDescription['members'][number] | null
}

async function placesOf(admin: Admin, group: GroupDescription): Promise<Place[]> {
  const committed = new Map<string, number>()
  const places = new Map<string, TopicPartition>()
  for (const { topic, partition, offset } of await admin.fetchOffsets(group.groupId)) {
    places.set(keyOf({ topic, partition }), { topic, partition })
    if (offset >= 0) committed.set(keyOf({ topic, partition }), offset)
  }
  const readers = new Map<string, GroupDescription['members'][number]>()
  for (const member of group.members) {
    for (const place of member.assignment) {
      places.set(keyOf(place), place)
      readers.set(keyOf(place), member)
    }
  }
  const ends = await endsOf(admin, [...places.values()])
  return [...places]
    .map(([key, { topic, partition }]) => {
      const at = committed.get(key) ?? null
      const end = ends.get(key) ?? null
      const lag = at === null || end === null ? null : Math.max(0, end - at)
      return { topic, partition, committed: at, end, lag, member: readers.get(key) ?? null }
    })
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
}

/** The ends of those partitions that are there and led. */
async function endsOf(
  admin: Admin,
  places: readonly TopicPartition[],
): Promise<Map<string, number>> {
  if (places.length === 0) return new Map()
  const topics = new Map((await admin.describeTopics()).map(topic => [topic.name, topic]))
  const led = places.filter(({ topic, partition }) =>
    topics.get(topic)?.partitions.some(one => one.partition === partition && one.leaderId >= 0),
  )
  const ends = led.length === 0 ? [] : await admin.listOffsets(led, 'latest')
  return new Map(ends.map(end => [keyOf(end), end.offset]))
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}

function jsonOf(group: GroupDescription, places: readonly Place[]): object {
  return {
    group: group.groupId,
    state: group.state,
    assignor: group.protocol,
    members: group.members.map(({ memberId, instanceId, clientId, clientHost, assignment }) => ({
      memberId,
      instanceId,
      clientId,
      clientHost,
      assignment,
    })),
    partitions: places.map(({ member, ...place }) => ({
      ...place,
      memberId: member?.memberId ?? null,
    })),
  }
}

function print(group: GroupDescription, places: readonly Place[]): void {
  const assignor = group.protocol === '' ? '' : `, assignor ${group.protocol}`
  const members = plural(group.members.length, 'member')
  printLine(`Group ${group.groupId}: ${group.state}, ${members}${assignor}.`)
  printTable(
    ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'MEMBER', 'HOST'],
    places.map(({ topic, partition, committed, end, lag, member }) => [
      topic,
      partition,
      committed,
      end,
      lag,
      member?.instanceId ?? member?.memberId ?? null,
      member?.clientHost ?? null,
    ]),
  )
  const idle = group.members.filter(({ assignment }) => assignment.length === 0)
  for (const { memberId, clientHost } of idle) {
    printLine(`Member ${memberId} at ${clientHost} has no partition.`)
  }
}

export async function deleteGroups(
  groupIds: readonly string[],
  options: GlobalOptions,
): Promise<void> {
  await withAdmin(options, async admin => {
    const task = { noun: 'group', done: 'deleted', json: options.json === true }
    await forEachName(groupIds, task, async groupId => {
      await admin.deleteGroups([groupId])
      if (options.json) printJson({ group: groupId, deleted: true })
      else printLine(`Deleted group ${groupId}.`)
    })
  })
}

/** The failure for a group that is not there. */
export function missingGroup(groupId: string): CommandFailure {
  return new CommandFailure(
    `There is no group ${groupId}: \`ottla groups list\` shows those there are.`,
  )
}
