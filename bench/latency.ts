/**
 * How long does a record take from its producer to its consumer? Single records of 1 KiB at a fixed
 * rate, one connection that produces and one that waits in a long poll: Ottla of both durabilities
 * on core 0, beside a C program that only passes the bytes on (what the machine itself takes) and
 * Apache Kafka, which gets both cores. Everything now and then is at its defaults.
 *
 * With a trace: Ottla alone, and each delay above 1 ms by its cause.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { kafkaUnavailable } from '../tests/compat/support/kafka.ts'
import { type Delay, delaysOf, printDelays, type SlowRecord } from './support/delays.ts'
import { compile } from './support/load.ts'
import { writeProduce } from './support/requests.ts'
import {
  type Subject,
  startKafkaSubject,
  startOttla,
  startRelay,
  workFolder,
} from './support/subjects.ts'
import { medianFigures, printRow, type Row } from './support/table.ts'
import type { Trace } from './support/trace-probe.ts'

const LOAD_CORE = '1'
const SLOW_US = 1_000
const RELAY = 'C relay'
/** Between rounds of the same contender only this much warm-up is needed. */
const REWARM_S = 1
const NO_TRACE: Trace = { collections: [], looks: [], stacks: [] }

export interface LatencyOptions {
  readonly rounds: number
  readonly warmupS: number
  readonly measureS: number
  /** Records a second. */
  readonly rates: readonly number[]
  /** Ottla alone, and its delays by their causes. */
  readonly isTraced: boolean
}

interface Contender {
  readonly label: string
  start(): Promise<Subject>
}

interface Run {
  readonly records: number
  readonly figures: Readonly<Record<string, number>>
  readonly delays: readonly Delay[]
}

export async function latency(o: LatencyOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const together of await groups(o.isTraced)) {
    const subjects = new Map<string, Subject>()
    try {
      for (const { label, start } of together) subjects.set(label, await start())
      for (const rate of o.rates) rows.push(...(await atRate(rate, subjects, o, rows)))
    } finally {
      await Promise.all([...subjects.values()].map(subject => subject.stop()))
    }
  }
  return rows
}

/** Those of a group take turns. A JVM at rest still takes its share of a core: alone, each. */
async function groups(isTraced: boolean): Promise<Contender[][]> {
  const ottlas = (['os', 'fsync'] as const).map((durability, i) => ({
    label: `ottla ${durability}`,
    start: () => startOttla({ port: 19350 + i, durability, hasDefaultUpkeep: true, isTraced }),
  }))
  if (isTraced) return [ottlas]
  const first = [{ label: RELAY, start: () => startRelay(19340) }, ...ottlas]
  if (await kafkaUnavailable()) return [first]
  const kafkas = [false, true].map((flushes, i) => ({
    label: flushes ? 'kafka flush.messages=1' : 'kafka, page cache',
    start: () => startKafkaSubject(19360 + 10 * i, flushes, {}),
  }))
  return [first, ...kafkas.map(kafka => [kafka])]
}

async function atRate(
  rate: number,
  subjects: ReadonlyMap<string, Subject>,
  o: LatencyOptions,
  others: readonly Row[],
): Promise<Row[]> {
  const topic = `latency-${rate}`
  const file = `${workFolder}/${topic}.request`
  writeProduce(file, { topic, partition: 0, acks: 1, records: 1, valueBytes: 1024 })
  for (const subject of subjects.values()) await subject.createTopic(topic, 1)
  const runs = new Map<string, Run[]>()
  for (let round = 0; round < o.rounds; round++) {
    for (const [label, subject] of subjects) {
      const warmupS = round === 0 ? o.warmupS : REWARM_S
      const run = await measure(label, subject, { ...o, topic, file, rate, warmupS })
      runs.set(label, [...(runs.get(label) ?? []), run])
    }
  }
  return rowsOf(`one 1 KiB record, ${rate} a second`, runs, o.isTraced, others)
}

function rowsOf(
  work: string,
  runs: ReadonlyMap<string, readonly Run[]>,
  isTraced: boolean,
  others: readonly Row[],
): Row[] {
  const rows: Row[] = []
  for (const [label, of] of runs) {
    const figures = medianFigures(of.map(run => run.figures))
    const relay = [...others, ...rows].find(row => row.subject === RELAY && row.work === work)
    const ratio = (name: string) => (figures[name] ?? NaN) / (relay?.figures[name] ?? NaN)
    const ratios = relay && { p50OfRelay: ratio('p50Us'), p99OfRelay: ratio('p99Us') }
    const row: Row = {
      question: 'latency',
      work,
      subject: label,
      figures: { ...figures, ...ratios },
    }
    printRow(row)
    rows.push(row)
    if (!isTraced) continue
    const records = of.reduce((sum, run) => sum + run.records, 0)
    const delays = of.flatMap(run => run.delays)
    printDelays(label, records, delays)
  }
  return rows
}

interface Load {
  readonly topic: string
  readonly file: string
  readonly rate: number
  readonly warmupS: number
  readonly measureS: number
  readonly isTraced: boolean
}

async function measure(label: string, subject: Subject, o: Load): Promise<Run> {
  const binary = compile(`${import.meta.dirname}/support/latency.c`, workFolder)
  const watched = o.isTraced ? subject.pid : 0
  const child = spawn(
    'taskset',
    [
      ...['-c', LOAD_CORE, binary, String(subject.port), o.topic],
      ...[o.rate, o.warmupS, o.measureS, SLOW_US, watched].map(String),
      o.file,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let complaint = ''
  child.stderr.on('data', text => (complaint += text))
  let last = ''
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'measure') await subject.takeTrace()
    else last = line
  }
  if (last === '') throw new Error(`the load on ${label} ended early: ${complaint.trim()}`)
  const { records, slow, ...figures } = JSON.parse(last)
  const trace = (await subject.takeTrace()) ?? NO_TRACE
  return { records, figures, delays: o.isTraced ? delaysOf(slow as SlowRecord[], trace) : [] }
}
