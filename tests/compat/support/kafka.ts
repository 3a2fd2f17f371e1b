/**
 * Apache Kafka, the peer, from its published jars: fetched once with Maven into a cache folder and
 * run as one KRaft node. Where Java or Maven is missing, whoever wants it is skipped, loudly.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { missing, run } from './programs.ts'

export const KAFKA_VERSION = '4.3.0'
const CLUSTER_ID = '5L6g3nShT-eMCtK--X86sw'
const cache = process.env['OTTLA_KAFKA_CACHE'] ?? join(homedir(), '.cache', 'ottla')
const lib = join(cache, `kafka-${KAFKA_VERSION}`)

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>peer</groupId><artifactId>peer</artifactId><version>1</version>
<dependencies>${['kafka_2.13', 'kafka-tools'].map(artifact).join('')}
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId>
<version>2.25.4</version></dependency></dependencies></project>`

function artifact(id: string): string {
  return `<dependency><groupId>org.apache.kafka</groupId><artifactId>${id}</artifactId>
<version>${KAFKA_VERSION}</version></dependency>`
}

/** True, with the reason printed, where Kafka cannot be had. Fetches the jars the first time. */
export async function kafkaUnavailable(): Promise<boolean> {
  if (missing('java', 'install a Java 17 runtime to run Apache Kafka beside Ottla')) return true
  if (jarsPresent()) return false
  if (missing('mvn', 'install Maven to fetch the jars of Apache Kafka')) return true
  try {
    await kafkaJars()
    return false
  } catch (error) {
    console.warn(`SKIPPED: the jars of Apache Kafka could not be fetched: ${error}`)
    return true
  }
}

/** The folder that holds Kafka's jars and all they depend on. */
export async function kafkaJars(): Promise<string> {
  if (jarsPresent()) return lib
  mkdirSync(cache, { recursive: true })
  const pom = join(cache, `kafka-${KAFKA_VERSION}.pom.xml`)
  writeFileSync(pom, POM)
  const part = `${lib}.${process.pid}`
  await run('mvn', ['-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${part}`])
  rmSync(lib, { recursive: true, force: true })
  await run('mv', [part, lib])
  return lib
}

function jarsPresent(): boolean {
  return existsSync(lib) && readdirSync(lib).length > 80
}

/** Flags of a Java program that ends before thorough compilation would pay. */
export const SHORT_LIVED = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

export interface RunningKafka {
  readonly port: number
  readonly address: string
  readonly pid: number
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>
}

/** Formats an empty folder and starts a node on it; resolves once it has said it is running. */
export async function startKafka(o: {
  readonly port: number
  readonly folder: string
  readonly properties?: Readonly<Record<string, string>>
  readonly heap?: string
  /** Whether the node starts fast at the cost of its speed afterwards. */
  readonly isShortLived?: boolean
}): Promise<RunningKafka> {
  const file = `${o.folder}.properties`
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${o.port + 1}`,
    listeners: `PLAINTEXT://127.0.0.1:${o.port},CONTROLLER://127.0.0.1:${o.port + 1}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': o.folder,
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...o.properties,
  }
  writeFileSync(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const classes = ['-cp', `${await kafkaJars()}/*`]
  const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file]
  await run('java', [...SHORT_LIVED, ...classes, ...format])
  const heap = o.heap ?? '1G'
  // Without a configuration log4j prints errors only; the line that says it is up is information.
  const flags = [
    '-Dorg.apache.logging.log4j.level=INFO',
    `-Xms${heap}`,
    `-Xmx${heap}`,
    ...(o.isShortLived ? SHORT_LIVED : ['-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']),
  ]
  const child = spawn('java', [...flags, ...classes, 'kafka.Kafka', file], { stdio: 'pipe' })
  await new Promise<void>((resolve, reject) => {
    let printed = ''
    const look = (text: Buffer) => {
      printed += text
      if (printed.includes('Kafka Server started')) resolve()
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.once('exit', code => reject(new Error(`Kafka ended with ${code}:\n${printed}`)))
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  return {
    port: o.port,
    address: `127.0.0.1:${o.port}`,
    pid: child.pid ?? 0,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}
