/** The clusters the command line is held against: Ottla, and Apache Kafka where it can be had. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaUnavailable, startKafka } from './kafka.ts'
import { freePort, spawnBroker } from './spawned-broker.ts'

export interface Target {
  readonly name: string
  readonly isMissing: boolean
  start(): Promise<{ readonly address: string } & AsyncDisposable>
}

export const targets: readonly Target[] = [
  { name: 'Ottla', isMissing: false, start: () => spawnBroker() },
  { name: 'Apache Kafka', isMissing: await kafkaUnavailable(), start: startApacheKafka },
]

async function startApacheKafka() {
  const folder = mkdtempSync(join(tmpdir(), 'ottla-cli-kafka-'))
  const { address, stop } = await startKafka({
    port: await freePort(),
    folder: join(folder, 'data'),
    heap: '512M',
  })
  return {
    address,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
