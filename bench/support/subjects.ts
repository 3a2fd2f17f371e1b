/** The brokers that are compared: Ottla, the C floor and Apache Kafka, each started on core 0. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { kafkaJars } from '../../tests/compat/support/kafka.ts'
import { compile } from './load.ts'
import { type Program, start, untilExists, untilListening } from './process.ts'
import type { Stall } from './stall-probe.ts'

const BROKER_CORE = '0'
const BOTH_CORES = '0,1'
const root = new URL('../..', import.meta.url).pathname
export const workFolder = `${root}.bench`

export interface Subject {
  readonly name: string
  readonly port: number
  readonly pid: number
  /** Does nothing for the floor, which has no topics. */
  createTopic(topic: string, partitions: number): Promise<void>
  /** The longest stretches since the last call; null for what cannot be asked. */
  takeStall(): Promise<Stall | null>
  stop(): Promise<void>
}

/**
 * Segments of 64 MiB of which three are kept, deleted within a second: the page cache is then
 * reused, and a virtual machine's price for memory touched the first time stays out of the figures.
 */
const STEADY_TOPIC = {
  'segment.bytes': '67108864',
  'retention.bytes': '134217728',
  'file.delete.delay.ms': '0',
}
const STEADY_BROKER = {
  'log.retention.check.interval.ms': '300',
  'log.initial.task.delay.ms': '100',
  'log.segment.delete.delay.ms': '0',
  'group.initial.rebalance.delay.ms': '0',
}

export interface OttlaOptions {
  readonly port: number
  readonly durability: 'fsync' | 'os'
  /** Property overrides, e.g. to switch native parts off. */
  readonly overrides?: Readonly<Record<string, string>>
}

export async function startOttla(o: OttlaOptions): Promise<Subject> {
  const name = `ottla-${o.port}`
  const folder = freshFolder(name)
  const stallFile = `${folder}.stall.json`
  const properties = {
    listeners: `PLAINTEXT://127.0.0.1:${o.port}`,
    'log.dirs': folder,
    durability: o.durability,
    ...STEADY_BROKER,
    ...o.overrides,
  }
  const program = start(
    BROKER_CORE,
    [
      process.execPath,
      '--import',
      `${root}bench/support/stall-probe.ts`,
      `${root}dist/ottla.js`,
      'start',
    ].concat(
      Object.entries(properties).flatMap(([key, value]) => ['--override', `${key}=${value}`]),
    ),
    { OTTLA_STALL_FILE: stallFile },
  )
  await untilListening(program, o.port)
  return {
    name: 'ottla',
    port: o.port,
    pid: program.pid,
    createTopic: (topic, partitions) => createTopic(o.port, topic, partitions, {}),
    takeStall: async () => {
      rmSync(stallFile, { force: true })
      program.child.kill('SIGUSR2')
      await untilExists(stallFile)
      return JSON.parse(readFileSync(stallFile, 'utf8'))
    },
    stop: () => program.stop(),
  }
}

/** Null, with the reason printed, where the C source is not at hand. */
export async function startFloor(port: number, source: string): Promise<Subject | null> {
  if (!existsSync(source)) {
    console.error(`bench: no floor to compare with: ${source} is not there`)
    return null
  }
  const folder = freshFolder(`floor-${port}`)
  const binary = compile(source, workFolder, ['-msse4.2'])
  const program = start(BROKER_CORE, [binary, String(port), folder])
  await untilListening(program, port)
  return unmanaged('floor', port, program)
}

/** Apache Kafka, one KRaft node with its own default JVM settings, free to use both cores. */
export async function startKafka(port: number, flushEveryMessage: boolean): Promise<Subject> {
  const folder = freshFolder(`kafka-${port}`)
  const file = `${folder}.properties`
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${port + 1}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': folder,
    'offsets.topic.replication.factor': '1',
    ...STEADY_BROKER,
    ...(flushEveryMessage ? { 'log.flush.interval.messages': '1' } : {}),
  }
  writeFileSync(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const java = ['java', '-cp', `${await kafkaJars()}/*`]
  const format = start(BOTH_CORES, [
    ...java,
    ...['kafka.tools.StorageTool', 'format', '-t', '5L6g3nShT-eMCtK--X86sw', '-c', file],
  ])
  await new Promise(resolve => format.child.once('close', resolve))
  const heap = ['-Xms1G', '-Xmx1G', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']
  const program = start(BOTH_CORES, [java[0] ?? '', ...heap, ...java.slice(1), 'kafka.Kafka', file])
  await untilListening(program, port)
  await pause(2000)
  return {
    ...unmanaged('kafka', port, program),
    createTopic: (topic, partitions) => createTopic(port, topic, partitions, {}),
  }
}

function unmanaged(name: string, port: number, program: Program): Subject {
  return {
    name,
    port,
    pid: program.pid,
    createTopic: async () => {},
    takeStall: async () => null,
    stop: () => program.stop(),
  }
}

async function createTopic(
  port: number,
  topic: string,
  partitions: number,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const configEntries = Object.entries({ ...STEADY_TOPIC, ...configs }).map(([name, value]) => ({
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
