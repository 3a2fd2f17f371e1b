/** `ottla groups`: lists, describes and deletes consumer groups. */
import type { Admin } from '../../admin.ts'
import type { GroupDescription } from '../../admin-groups.ts'
import type { TopicPartition } from '../../offsets.ts'
import { CommandFailure } from '../failure.ts'
import { plural, printJson, printLine, printTable } from '../output.ts'
import { type GlobalOptions, timeoutMsOf, withClient } from '../session.ts'

export async function listGroups(options: GlobalOptions): Promise<void> {
  await withAdmin(options, async admin => {
    const groups = await admin.listGroups()
    if (options.json) {
      for (const { groupId, state, type, protocolType } of groups) {
        printJson({ group: groupId, state, type, protocolType })
      }
    } else {
      printTable(
        ['GROUP', 'STATE', 'TYPE'],
        groups.map(({ groupId, state, type }) => [groupId, state || '-', type || '-']),
      )
    }
  })
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
    for (const groupId of groupIds) {
      await admin.deleteGroups([groupId])
      if (options.json) printJson({ group: groupId, deleted: true })
      else printLine(`Deleted group ${groupId}.`)
    }
  })
}

function missingGroup(groupId: string): CommandFailure {
  return new CommandFailure(
    `There is no group ${groupId}: \`ottla groups list\` shows those there are.`,
  )
}

function withAdmin(options: GlobalOptions, work: (admin: Admin) => Promise<void>): Promise<void> {
  return withClient(options, client => work(client.admin({ timeoutMs: timeoutMsOf(options) })))
}
