/** `ottla consume`: prints records, alone or as a member of a group. */
import type { Consumer } from '../../consumer.ts'
import type { ConsumerRecord } from '../../fetcher.ts'
import type { Client } from '../../index.ts'
import type { StartAt } from '../arguments.ts'
import { CommandFailure, UsageError } from '../failure.ts'
import { extentsOf, GroupReading, type Reading, readAlone } from '../reading.ts'
import { compileFormat, type PrintableRecord, type RecordPrinter } from '../record-format.ts'
import { delimited, jsonPrinter, print } from '../record-output.ts'
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

/** Resolves when it is done or a signal ends it; throws OutputClosed when nobody reads on. */
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
    const signals = listenForSignals()
    try {
      await printAll(reading, printer, options, signals.hasCome)
    } finally {
      await reading.consumer.close()
      signals.forget()
    }
  })
}

/** The first signal ends the reading in order; a second one ends the process. */
function listenForSignals(): { hasCome(): boolean; forget(): void } {
  let hasCome = false
  const hear = () => {
    hasCome = true
  }
  process.once('SIGINT', hear).once('SIGTERM', hear)
  return {
    hasCome: () => hasCome,
    forget: () => {
      process.off('SIGINT', hear).off('SIGTERM', hear)
    },
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

/** Prints until it is done, has printed enough, or is stopped. */
async function printAll(
  reading: Reading,
  printer: RecordPrinter,
  { count = Number.POSITIVE_INFINITY, follow }: ConsumeOptions,
  isStopped: () => boolean,
): Promise<void> {
  const { consumer } = reading
  const isOver = async () => left <= 0 || isStopped() || (!follow && (await reading.isDone()))
  let left = count
  while (!(await isOver())) {
    const maxRecords = Math.min(left, POLL_RECORDS)
    const polled = await consumer.poll({ maxRecords, timeoutMs: POLL_MS })
    const records = follow ? polled : polled.filter(record => reading.isWanted(record))
    left -= records.length
    const { printed, failure } = await print(records.map(printable), printer)
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

function printable(record: ConsumerRecord): PrintableRecord {
  return record
}
