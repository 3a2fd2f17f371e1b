/**
 * The same bytes to Apache Kafka and to Ottla: what either makes of every field of a batch and of a
 * record, and of every kind of compressed frame. What differs is listed here, with the reason, and
 * in docs/compatibility.md; nothing else does.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Broker } from '../../broker/in-process.ts'
import { kafkaUnavailable, type RunningKafka, startKafka } from './support/kafka.ts'
import { type RecordCase, recordCases } from './support/record-cases.ts'
import { recordMutants } from './support/record-mutants.ts'
import { type CaseOutcome, LANES, RecordPeer } from './support/record-peers.ts'

const PORT = 19_312
const SEED = process.env['OTTLA_SEED'] ?? '1'
const MUTANTS = 3000

/** What Ottla refuses with `ottla` and in such words, and Kafka answers with one of `kafka`. */
interface Difference {
  readonly says: RegExp
  readonly ottla: readonly number[]
  readonly kafka: readonly number[]
  readonly why: string
}

const DIFFERENCES: readonly Difference[] = [
  {
    says: /offset deltas descend|an offset delta is beyond the last of its batch/,
    ottla: [87],
    kafka: [0],
    why: 'a consumer would go backwards, or meet the offsets of the next batch',
  },
  {
    says: /a length is negative/,
    ottla: [87],
    kafka: [0],
    why: 'Java reads lengths below -1 as null, librdkafka as damage',
  },
  {
    says: new RegExp(
      'a record length is impossible|a record is not as long|reaches beyond its record|' +
        'within a record|header count',
    ),
    ottla: [87],
    kafka: [0],
    why: 'Kafka does not hold a compressed record against its length, and no consumer can read it',
  },
  {
    says: /lz4 content|an lz4 block expands|to more than/,
    ottla: [-1, 10],
    kafka: [0],
    why: 'Kafka does not look at the content size and checksum of an lz4 frame; librdkafka does',
  },
  {
    says: /a zstd frame ends too early|a zstd frame does not begin as one/,
    ottla: [-1],
    kafka: [0],
    why: 'Kafka does not see that a frame behind the last record is cut; librdkafka does',
  },
  {
    says: /transactional batch needs a producer|^$/,
    ottla: [48, 87],
    kafka: [0],
    why: 'a transaction without a producer can neither end nor be read past',
  },
  {
    says: /./,
    ottla: [87, -1, 2, 32],
    kafka: [87, -1, 2, 32],
    why: 'both refuse; of two faults, and of bytes that end early, each names what it meets first',
  },
]

const isMissing = await kafkaUnavailable()

describe.skipIf(isMissing)('record batches, beside Apache Kafka', () => {
  const parent = mkdtempSync(join(tmpdir(), 'ottla-records-'))
  const nowMs = Date.now()
  let kafka: RunningKafka
  let broker: Broker
  let lanes: { kafka: RecordPeer; ottla: RecordPeer }[] = []

  beforeAll(async () => {
    const folder = join(parent, 'data')
    const properties = { 'auto.create.topics.enable': 'false' }
    kafka = await startKafka({ port: PORT, folder, properties, heap: '512m' })
    broker = await Broker.start()
    lanes = Array.from({ length: LANES }, (_, lane) => ({
      kafka: new RecordPeer(kafka.port, 'records', lane),
      ottla: new RecordPeer(broker.port, 'records', lane),
    }))
    await Promise.all([lanes[0]?.kafka.createTopics(), lanes[0]?.ottla.createTopics()])
  }, 240_000)
  afterAll(async () => {
    for (const lane of lanes) for (const peer of [lane.kafka, lane.ottla]) peer.close()
    await broker?.stop()
    await kafka?.stop()
    rmSync(parent, { recursive: true, force: true })
  })

  /** Lines about whatever differs and is not listed. */
  async function unexplained(cases: readonly RecordCase[]): Promise<string[]> {
    const found: string[] = []
    let next = 0
    const work = lanes.map(async lane => {
      for (let at = next++; at < cases.length; at = next++) {
        const asked = cases[at] as RecordCase
        const [theirs, ours] = await Promise.all([
          lane.kafka.outcomeOf(asked),
          lane.ottla.outcomeOf(asked),
        ])
        const what = difference(theirs, ours)
        if (what !== null) found.push(`${asked.name}: ${what}`)
      }
    })
    await Promise.all(work)
    return found
  }

  test('every deliberate case is answered and stored as by Kafka', async () => {
    const cases = recordCases(nowMs)
    expect(cases.length).toBeGreaterThan(900)
    expect(await unexplained(cases)).toEqual([])
  })

  test(`${MUTANTS} mutants of seed ${SEED} are answered and stored as by Kafka`, async () => {
    expect(await unexplained(recordMutants(SEED, MUTANTS, nowMs))).toEqual([])
  })
})

/** What differs between two outcomes and is not listed; null for nothing. */
function difference(theirs: CaseOutcome, ours: CaseOutcome): string | null {
  for (const [i, ottla] of ours.errorCodes.entries()) {
    const code = theirs.errorCodes[i] as number
    if (code === ottla) continue
    const message = ours.errorMessages[i] as string
    const isListed = DIFFERENCES.some(listed => {
      return (
        listed.says.test(message) && listed.ottla.includes(ottla) && listed.kafka.includes(code)
      )
    })
    // What was refused by one of them cannot look alike in both.
    return isListed ? null : `Kafka answers ${code}, Ottla ${ottla} (${message})`
  }
  // Of a malformed record among records without keys each names what it meets first.
  const isMalformed = ours.errorMessages.some(message => message.includes('malformed'))
  const fields = ['baseOffsets', 'highWatermark', ...(isMalformed ? [] : ['recordErrors'])] as const
  for (const field of fields as readonly ('baseOffsets' | 'highWatermark' | 'recordErrors')[]) {
    const [a, b] = [theirs, ours].map(outcome => JSON.stringify(outcome[field]))
    if (a !== b) return `${field} are ${a} in Kafka, ${b} in Ottla`
  }
  return theirs.stored === ours.stored ? null : 'the stored bytes differ'
}
