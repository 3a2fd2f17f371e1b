/** `ottla records delete`: drops the beginning of logs; only shows what would go unless told to. */
import type { Admin } from '../../admin.ts'
import { BrokerError } from '../../errors.ts'
import type { StartAt } from '../arguments.ts'
import { type Extent, offsetsAt } from '../extents.ts'
import { CommandFailure } from '../failure.ts'
import { plural, printJson, printLine, printNote, printTable } from '../output.ts'
import { extentsOf } from '../reading.ts'
import { sentenceOf } from '../sentence.ts'
import { type GlobalOptions, withAdmin } from '../session.ts'
import { existingTopics } from './topics.ts'

export interface DeleteRecordsOptions extends GlobalOptions {
  readonly before: StartAt
  readonly partition?: readonly number[]
  readonly execute?: boolean
}

/** A partition, and the offset below which its records go. */
interface Cut {
  readonly extent: Extent
  readonly before: number
}

export async function deleteRecords(name: string, options: DeleteRecordsOptions): Promise<void> {
  await withAdmin(options, async admin => {
    const [topic] = await existingTopics(admin, [name])
    if (topic === undefined) throw new Error('a topic that exists is not there')
    const there = topic.partitions.map(({ partition }) => partition)
    const missing = options.partition?.find(partition => !there.includes(partition))
    if (missing !== undefined) {
      throw new CommandFailure(
        `Topic ${name} has no partition ${missing}: it has ${there.length}, from 0 on.`,
      )
    }
    const extents = await extentsOf(admin, topic, options.partition, false)
    const befores = await offsetsAt(admin, extents, options.before)
    const cuts = extents.map((extent, at) => ({ extent, before: befores[at] ?? extent.begin }))
    if (options.execute) await cutAll(admin, name, cuts, options)
    else preview(cuts, options)
  })
}

function preview(cuts: readonly Cut[], { json }: DeleteRecordsOptions): void {
  if (json) for (const cut of cuts) printJson({ ...jsonOf(cut), deleted: false })
  else printTable(HEADINGS, cuts.map(rowOf))
  if (!json) printNote('A dry run: nothing was deleted; --execute does it.')
}

/** Goes on with the next partition after a refusal. Throws CommandFailure if there was one. */
async function cutAll(
  admin: Admin,
  topic: string,
  cuts: readonly Cut[],
  { json }: DeleteRecordsOptions,
): Promise<void> {
  const refusals: string[] = []
  const done: Cut[] = []
  for (const cut of cuts) {
    const { partition } = cut.extent
    try {
      await admin.deleteRecords([{ topic, partition, offset: cut.before }])
      done.push(cut)
      if (json) printJson({ ...jsonOf(cut), deleted: true })
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      refusals.push(sentenceOf(error))
      if (json) printJson({ ...jsonOf(cut), deleted: false, error: sentenceOf(error) })
    }
  }
  if (!json && done.length > 0) {
    printTable(HEADINGS, done.map(rowOf))
    const records = done.reduce((sum, cut) => sum + countOf(cut), 0)
    printLine(`Deleted ${plural(records, 'offset')} of ${topic}.`)
  }
  if (refusals.length === 0) return
  throw new CommandFailure(
    `${refusals[0]} ${refusals.length} of ${plural(cuts.length, 'partition')} kept their records.`,
  )
}

const HEADINGS = ['PARTITION', 'BEGIN', 'END', 'NEW BEGIN', 'OFFSETS DELETED']

function rowOf(cut: Cut): number[] {
  const { partition, begin, end } = cut.extent
  return [partition, begin, end, cut.before, countOf(cut)]
}

function jsonOf(cut: Cut): object {
  const { topic, partition, begin, end } = cut.extent
  return { topic, partition, begin, end, newBegin: cut.before, offsets: countOf(cut) }
}

/** Offsets, of which some may hold no record: those of markers, and of records compacted away. */
function countOf({ extent, before }: Cut): number {
  return Math.max(0, before - extent.begin)
}
