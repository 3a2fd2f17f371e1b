/** `ottla groups reset`: moves what a group has committed; only shows the move unless told to. */
import type { Admin } from '../../admin.ts'
import type { TopicPartition } from '../../offsets.ts'
import type { StartAt } from '../arguments.ts'
import { type Extent, extentsAt, offsetsAt, within } from '../extents.ts'
import { CommandFailure, UsageError } from '../failure.ts'
import { plural, printJson, printLine, printNote, printTable } from '../output.ts'
import { type GlobalOptions, withAdmin } from '../session.ts'
import { missingGroup } from './groups.ts'
import { existingTopics } from './topics.ts'

export interface ResetOptions extends GlobalOptions {
  readonly to?: StartAt
  readonly shift?: number
  readonly topic?: readonly string[]
  readonly partition?: readonly number[]
  readonly execute?: boolean
}

/** A partition, and what the group has and will have committed there. */
interface Move {
  readonly extent: Extent
  /** Null where the group has committed nothing. */
  readonly from: number | null
  readonly to: number
}

/** Throws CommandFailure for a group that has members or is not there. */
export async function resetGroup(groupId: string, options: ResetOptions): Promise<void> {
  if ((options.to === undefined) === (options.shift === undefined)) {
    throw new UsageError('Say where to: either --to WHERE or --shift N.')
  }
  if (options.partition !== undefined && options.topic?.length !== 1) {
    throw new UsageError('--partition goes with exactly one --topic.')
  }
  await withAdmin(options, async admin => {
    await refuseMembers(admin, groupId)
    const committed = await committedBy(admin, groupId)
    const places = await placesOf(admin, committed, options)
    if (places.length === 0 && committed.size === 0) throw missingGroup(groupId)
    const moves = await movesOf(admin, await extentsAt(admin, places), committed, options)
    if (options.execute) await admin.commitOffsets(groupId, moves.map(toCommit))
    print(groupId, moves, options)
  })
}

/** A member would go on from where it is, and overwrite what was reset. */
async function refuseMembers(admin: Admin, groupId: string): Promise<void> {
  const [group] = await admin.describeGroups([groupId])
  const members = group?.members.length ?? 0
  if (members === 0) return
  const has = `Group ${groupId} has ${plural(members, 'member')} (${group?.state})`
  throw new CommandFailure(`${has}: stop its consumers first.`)
}

/** What the group has committed, by topic and partition. */
async function committedBy(admin: Admin, groupId: string): Promise<Map<string, number>> {
  const offsets = await admin.fetchOffsets(groupId)
  const committed = offsets.filter(({ offset }) => offset >= 0)
  return new Map(committed.map(place => [keyOf(place), place.offset]))
}

/** The partitions named, or else all that the group has committed anything for. */
async function placesOf(
  admin: Admin,
  committed: ReadonlyMap<string, number>,
  { topic: names, partition: partitions }: ResetOptions,
): Promise<TopicPartition[]> {
  const all =
    names === undefined ? await admin.describeTopics() : await existingTopics(admin, names)
  const places = all.flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition })),
  )
  if (names === undefined) return places.filter(place => committed.has(keyOf(place)))
  if (partitions === undefined) return places
  const missing = partitions.find(wanted => !places.some(one => one.partition === wanted))
  if (missing !== undefined) {
    throw new CommandFailure(
      `Topic ${names[0]} has no partition ${missing}: it has ${places.length}.`,
    )
  }
  return places.filter(({ partition }) => partitions.includes(partition))
}

async function movesOf(
  admin: Admin,
  extents: readonly Extent[],
  committed: ReadonlyMap<string, number>,
  { to, shift = 0 }: ResetOptions,
): Promise<Move[]> {
  const targets = to === undefined ? null : await offsetsAt(admin, extents, to)
  return extents.flatMap((extent, at) => {
    const from = committed.get(keyOf(extent)) ?? null
    if (targets !== null) return [{ extent, from, to: targets[at] ?? extent.end }]
    // Nothing was committed, so there is nothing to shift.
    return from === null ? [] : [{ extent, from, to: within(extent, from + shift) }]
  })
}

function toCommit({ extent: { topic, partition }, to }: Move) {
  return { topic, partition, offset: to }
}

function print(groupId: string, moves: readonly Move[], { json, execute }: ResetOptions): void {
  if (json) {
    for (const { extent, from, to } of moves) {
      const { topic, partition, end } = extent
      const place = { group: groupId, topic, partition }
      printJson({ ...place, committed: from, new: to, lag: end - to, executed: execute === true })
    }
    return
  }
  printTable(
    ['TOPIC', 'PARTITION', 'COMMITTED', 'NEW', 'LAG'],
    moves.map(({ extent, from, to }) => {
      return [extent.topic, extent.partition, from, to, extent.end - to]
    }),
  )
  if (execute) printLine(`Reset group ${groupId} in ${plural(moves.length, 'partition')}.`)
  else printNote('A dry run: nothing was changed; --execute does it.')
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}
