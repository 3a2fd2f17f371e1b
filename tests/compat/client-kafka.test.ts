/** Our client against Apache Kafka: the same promises as against Ottla. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { clientContract } from '../client/contract.ts'
import { kafkaUnavailable, type RunningKafka, startKafka } from './support/kafka.ts'

const PORT = 19_292
const isMissing = await kafkaUnavailable()

describe.skipIf(isMissing)('the client against Apache Kafka', () => {
  const parent = mkdtempSync(join(tmpdir(), 'ottla-client-kafka-'))
  let kafka: RunningKafka

  beforeAll(async () => {
    const properties = { 'offsets.topic.num.partitions': '3' }
    kafka = await startKafka({ port: PORT, folder: join(parent, 'data'), properties, heap: '512m' })
  }, 120_000)
  afterAll(async () => {
    await kafka?.stop()
    rmSync(parent, { recursive: true, force: true })
  })

  clientContract(() => kafka.address)
})
