/** The brokers that are compared: Ottla, the C floor and Apache Kafka, each started on core 0. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { Kafka, logLevel } from 'kafkajs'
import { startKafka } from '../../tests/compat/support/kafka.ts'
import { compile } from './load.ts'
import { start, untilExists, untilListening } from './process.ts'
import type { Stall } from './stall-probe.ts'
import type { Trace } from './trace-probe.ts'

const BROKER_CORE = '0'
const root = new URL('../..', import.meta.url).pathname
export const workFolder = `${root}.bench`

export interface Subject {
  readonly name: string
  readonly port: number
  readonly pid: number
  /** Does nothing for the floor, which has no topics. */
  createTopic(topic: string, partitions: number, segmentBytes?: number): Promise<void>
  /** The longest stretches since the last call; null for what cannot be asked. */
  takeStall(): Promise<Stall | null>
  /** What its event loop did since the last call; null for what is not traced. */
  takeTrace(): Promise<Trace | null>
  stop(): Promise<void>
}

/**
 * Segments of 64 MiB of which three are kept, the others deleted within 50 ms: the page cache is
 * then reused, and a virtual machine's price for memory touched the first time stays out of the
 * figures. The floor keeps three, too; 300 ms would be another four of them at 800 MB/s.
 */
const SEGMENT_BYTES = 64 << 20
const steadyTopic = (segmentBytes: number) => ({
  'segment.bytes': String(segmentBytes),
  'retention.bytes': String(2 * segmentBytes),
  'file.delete.delay.ms': '0',
})
const STEADY_BROKER = {
  'log.retention.check.interval.ms': '50',
  'log.segment.delete.delay.ms': '0',
  'group.initial.rebalance.delay.ms': '0',
}

/** Kafka begins its background tasks only after this delay; Ottla has no such property. */
const STEADY_KAFKA = { ...STEADY_BROKER, 'log.initial.task.delay.ms': '100' }

export interface OttlaOptions {
  readonly port: number
  readonly durability: 'fsync' | 'os'
  /** Property overrides, e.g. to switch native parts off. */
  readonly overrides?: Readonly<Record<string, string>>
  /** What a broker does now and then is done as often as its defaults say. */
  readonly hasDefaultUpkeep?: boolean
  /** The trace is taken in place of the longest stretches. */
  readonly isTraced?: boolean
}

export async function startOttla(o: OttlaOptions): Promise<Subject> {
  const name = `ottla-${o.port}`
  const folder = freshFolder(name)
  const probe = o.isTraced === true ? 'trace' : 'stall'
  const probeFile = `${folder}.${probe}.json`
  const properties = {
    listeners: `PLAINTEXT://127.0.0.1:${o.port}`,
    'log.dirs': folder,
    durability: o.durability,
    ...(o.hasDefaultUpkeep === true ? {} : STEADY_BROKER),
    ...o.overrides,
  }
  const program = start(
    BROKER_CORE,
    [
      process.execPath,
      '--import',
      `${root}bench/support/${probe}-probe.ts`,
      `${root}dist/ottla.js`,
      'start',
    ].concat(
      Object.entries(properties).flatMap(([key, value]) => ['--override', `${key}=${value}`]),
    ),
    { OTTLA_PROBE_FILE: probeFile },
  )
  await untilListening(program, o.port)
  async function takeProbe(): Promise<unknown> {
    rmSync(probeFile, { force: true })
    program.child.kill('SIGUSR2')
    await untilExists(probeFile)
    return JSON.parse(readFileSync(probeFile, 'utf8'))
  }
  return {
    name: 'ottla',
    port: o.port,
    pid: program.pid,
    createTopic: (topic, partitions, size) => createTopic(o.port, topic, partitions, size),
    takeStall: async () => (o.isTraced === true ? null : ((await takeProbe()) as Stall)),
    takeTrace: async () => (o.isTraced === true ? ((await takeProbe()) as Trace) : null),
    stop: () => program.stop(),
  }
}

/** The floor answers a load that has just gone; SIGPIPE would then end it between two runs. */
const UNBROKEN_BY_PIPES = ['sh', '-c', 'trap "" PIPE; exec "$0" "$@"']

/** Null, with the reason printed, where the C source is not at hand. */
export async function startFloor(port: number, source: string): Promise<Subject | null> {
  if (!existsSync(source)) {
    console.error(`bench: no floor to compare with: ${source} is not there`)
    return null
  }
  const folder = freshFolder(`floor-${port}`)
  return await startProgram('floor', port, source, [folder])
}

/** The C program that hands a produced batch to who fetches it, and does nothing else. */
export function startRelay(port: number): Promise<Subject> {
  return startProgram('relay', port, `${root}bench/support/relay.c`, [])
}

async function startProgram(
  name: string,
  port: number,
  source: string,
  args: readonly string[],
): Promise<Subject> {
  const binary = compile(source, workFolder, ['-msse4.2'])
  const program = start(BROKER_CORE, [...UNBROKEN_BY_PIPES, binary, String(port), ...args])
  await untilListening(program, port)
  return {
    name,
    port,
    pid: program.pid,
    createTopic: async () => {},
    takeStall: async () => null,
    takeTrace: async () => null,
    stop: () => program.stop(),
  }
}

/** Apache Kafka, one KRaft node with its own default JVM settings, confined to no core. */
export async function startKafkaSubject(
  port: number,
  flushEveryMessage: boolean,
  properties: Readonly<Record<string, string>> = STEADY_KAFKA,
): Promise<Subject> {
  const kafka = await startKafka({
    port,
    folder: freshFolder(`kafka-${port}`),
    properties: {
      ...properties,
      ...(flushEveryMessage ? { 'log.flush.interval.messages': '1' } : {}),
    },
  })
  return {
    name: 'kafka',
    port,
    pid: kafka.pid,
    createTopic: (topic, partitions, size) => createTopic(port, topic, partitions, size),
    takeStall: async () => null,
    takeTrace: async () => null,
    stop: () => kafka.stop(),
  }
}

async function createTopic(
  port: number,
  topic: string,
  partitions: number,
  segmentBytes = SEGMENT_BYTES,
): Promise<void> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const configEntries = Object.entries(steadyTopic(segmentBytes)).map(([name, value]) => ({
    name,
    value,
  }))
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] })
  await admin.disconnect()
}

function freshFolder(name: string): string {
  const folder = `${workFolder}/${name}`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}
