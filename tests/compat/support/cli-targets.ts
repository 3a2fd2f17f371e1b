/** The clusters the command line is held against: Ottla, and Apache Kafka where it can be had. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaUnavailable, startKafka } from './kafka.ts'
import { spawnBroker } from './spawned-broker.ts'

type Properties = Readonly<Record<string, string>>

export interface Target {
  readonly name: string
  readonly isMissing: boolean
  /** With further broker properties. */
  start(properties?: Properties): Promise<{ readonly address: string } & AsyncDisposable>
}

export const targets: readonly Target[] = [
  { name: 'Ottla', isMissing: false, start: spawnBroker },
  { name: 'Apache Kafka', isMissing: await kafkaUnavailable(), start: startApacheKafka },
]

/** Below those the system gives away: Kafka takes seconds until it binds its two. */
const KAFKA_PORT = 19_492

async function startApacheKafka(properties: Properties = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'ottla-cli-kafka-'))
  const { address, stop } = await startKafka({
    port: KAFKA_PORT,
    folder: join(folder, 'data'),
    heap: '512M',
    properties,
  })
  return {
    address,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
