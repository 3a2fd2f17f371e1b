/** `ottla consume`: prints records, alone or as a member of a group. */
import type { Consumer } from '../../consumer.ts'
import type { ConsumerRecord } from '../../fetcher.ts'
import type { Client } from '../../index.ts'
import type { StartAt } from '../arguments.ts'
import { CommandFailure, Interrupted, OutputClosed, UsageError } from '../failure.ts'
import { Interruption } from '../interruption.ts'
import { plural, printNote } from '../output.ts'
import { extentsOf, GroupReading, type Reading, readAlone } from '../reading.ts'
import { compileFormat, type PrintableRecord, type RecordPrinter } from '../record-format.ts'
import { delimited, jsonPrinter, print } from '../record-output.ts'
import { sentenceOf } from '../sentence.ts'
import { type GlobalOptions, timeoutMsOf, withClient } from '../session.ts'
import { existingTopics } from './topics.ts'

export interface ConsumeOptions extends GlobalOptions {
  readonly from?: StartAt
  readonly count?: number
  readonly follow?: boolean
  readonly group?: string
  readonly partition?: readonly number[]
  readonly format: string
  readonly delimiter: string
  readonly nullMarker: string
  readonly uncommitted?: boolean
}

/** Whether to end is looked at so often while nothing comes. */
const POLL_MS = 200
const POLL_RECORDS = 1_000
/** A member that is killed holds up its group no longer than this. */
const SESSION_TIMEOUT_MS = 10_000
const COMMIT_INTERVAL_MS = 500

/**
 * Resolves when everything asked for was printed, or when a signal ends the following. Throws
 * Interrupted when a signal came before everything asked for was printed, CommandFailure when
 * reading failed, both with the number of records that were printed; OutputClosed when nobody reads
 * on.
 */
export async function consume(topic: string, options: ConsumeOptions): Promise<void> {
  const { format, delimiter, nullMarker, json } = options
  const printer = json ? jsonPrinter() : delimited(compileFormat(format, nullMarker), delimiter)
  if (options.group !== undefined && options.partition !== undefined) {
    throw new UsageError(
      '--partition goes without --group: in a group the partitions are shared out.',
    )
  }
  await withClient(options, async client => {
    const reading = await startReading(client, topic, options)
    const output = new Output(topic, printer)
    const interruption = new Interruption(() => `Interrupted. ${output.count()}`)
    try {
      await printAll(reading, output, options, () => interruption.signal !== null)
    } catch (error) {
      if (error instanceof OutputClosed) throw error
      throw new CommandFailure(`${sentenceOf(error)} ${output.count()}`)
    } finally {
      await reading.consumer.close()
      interruption.forget()
    }
    const isEndless = options.follow === true && options.count === undefined
    const { signal } = interruption
    if (signal !== null && !isEndless && !output.isComplete) {
      throw new Interrupted(signal, `Interrupted. ${output.count()}`)
    }
    if (options.follow) printNote(output.count())
  })
}

/** What was printed so far. */
class Output {
  readonly #topic: string
  readonly #printer: RecordPrinter
  #printed = 0
  /** Whether everything asked for was printed. */
  isComplete = false

  constructor(topic: string, printer: RecordPrinter) {
    this.#topic = topic
    this.#printer = printer
  }

  /** Resolves with how many of the records were printed: all, unless `failure` says why not. */
  async print(records: readonly PrintableRecord[]) {
    const outcome = await print(records, this.#printer)
    this.#printed += outcome.printed
    return outcome
  }

  count(): string {
    return `Printed ${plural(this.#printed, 'record')} of ${this.#topic}.`
  }
}

async function startReading(
  client: Client,
  name: string,
  options: ConsumeOptions,
): Promise<Reading> {
  const admin = client.admin({ timeoutMs: timeoutMsOf(options) })
  const [topic] = await existingTopics(admin, [name])
  if (topic === undefined) throw new Error('a topic that exists is not there')
  const there = topic.partitions.map(({ partition }) => partition)
  const missing = options.partition?.find(partition => !there.includes(partition))
  if (missing !== undefined) {
    throw new CommandFailure(
      `Topic ${name} has no partition ${missing}: it has ${there.length}, from 0 on.`,
    )
  }
  const readCommitted = options.uncommitted !== true
  const extents = await extentsOf(admin, topic, options.partition, readCommitted)
  const isolation = readCommitted ? 'read_committed' : 'read_uncommitted'
  const from = options.from ?? { kind: options.follow ? 'end' : 'beginning' }
  if (options.group === undefined) {
    return readAlone(client.consumer({ isolation, autoOffsetReset: 'earliest' }), extents, from)
  }
  const membership = {
    isolation,
    groupId: options.group,
    topics: [name],
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    autoCommitIntervalMs: COMMIT_INTERVAL_MS,
  } as const
  return new GroupReading(how => client.consumer({ ...membership, ...how }), extents, from)
}

/** Prints until everything asked for was printed, or the command is stopped. */
async function printAll(
  reading: Reading,
  output: Output,
  { count = Number.POSITIVE_INFINITY, follow }: ConsumeOptions,
  isStopped: () => boolean,
): Promise<void> {
  const { consumer } = reading
  let left = count
  while (!isStopped()) {
    if (left <= 0 || (!follow && (await reading.isDone()))) {
      output.isComplete = true
      return
    }
    const maxRecords = Math.min(left, POLL_RECORDS)
    const polled = await consumer.poll({ maxRecords, timeoutMs: POLL_MS })
    const records = follow ? polled : polled.filter(record => reading.isWanted(record))
    left -= records.length
    const { printed, failure } = await output.print(records)
    if (failure !== null) {
      takeBack(consumer, records.slice(printed))
      throw failure
    }
  }
}

/** What was not printed must not be committed: closing commits positions. */
function takeBack(consumer: Consumer, records: readonly ConsumerRecord[]): void {
  const seen = new Set<number>()
  for (const { topic, partition, offset } of records) {
    if (!seen.has(partition)) consumer.seek({ topic, partition }, offset)
    seen.add(partition)
  }
}
