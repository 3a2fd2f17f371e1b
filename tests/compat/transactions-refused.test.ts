/** Until transactions are served, a transactional producer of any client learns so at once. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kafkaJars, kafkaUnavailable } from './support/kafka.ts'
import { missing, run } from './support/programs.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

const MINUTE_MS = 60_000
/** Above any start of a client on a busy machine, far below the 60 s and 120 s of a retry loop. */
const AT_ONCE_MS = 10_000
const PYTHON_CLIENT = 'confluent-kafka==2.15.0'
const noKafka = await kafkaUnavailable()
const python = await pythonClient()
let broker: SpawnedBroker

beforeAll(async () => {
  broker = await spawnBroker()
})
afterAll(() => broker[Symbol.asyncDispose]())

/** Python with librdkafka's own binding, from PyPI; null, with the reason, where that fails. */
async function pythonClient(): Promise<string | null> {
  if (missing('python3', 'install Python 3 to run librdkafka')) return null
  const cache = process.env['OTTLA_KAFKA_CACHE'] ?? join(homedir(), '.cache', 'ottla')
  const folder = join(cache, PYTHON_CLIENT)
  const program = join(folder, 'bin', 'python')
  try {
    if (!existsSync(join(folder, 'ready'))) {
      await run('python3', ['-m', 'venv', folder])
      await run(program, ['-m', 'pip', 'install', '--quiet', PYTHON_CLIENT])
      await run('touch', [join(folder, 'ready')])
    }
    return program
  } catch (error) {
    console.warn(`SKIPPED: ${PYTHON_CLIENT} cannot be installed: ${error}`)
    return null
  }
}

test.skipIf(python === null)(
  'librdkafka fails fatally at once, with the reason in words',
  { timeout: MINUTE_MS },
  async () => {
    const script = `
import sys, time
from confluent_kafka import KafkaException, Producer
producer = Producer({'bootstrap.servers': sys.argv[1], 'transactional.id': 'payments'})
began = time.monotonic()
try:
    producer.init_transactions(${AT_ONCE_MS / 1000})
except KafkaException as error:
    print(error.args[0].fatal(), error.args[0].retriable(), error.args[0].str())
`
    const { stdout } = await run(python!, ['-c', script, broker.address])
    expect(stdout.toString()).toMatch(/^True False .*This broker serves no transactions\.$/m)
  },
)

test('kafkajs fails at once with an error that is not retried', {
  timeout: MINUTE_MS,
}, async () => {
  const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ transactionalId: 'payments', maxInFlightRequests: 1 })
  await producer.connect()
  const began = performance.now()
  await expect(producer.transaction()).rejects.toMatchObject({
    retriable: false,
    type: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  })
  expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
  await producer.disconnect()
})

test.skipIf(noKafka)(
  'the Java producer fails at once, with the reason in words',
  { timeout: 2 * MINUTE_MS },
  async () => {
    const ended = run('java', [
      ...[
        '-Xmx256m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-cp',
        `${await kafkaJars()}/*`,
      ],
      ...['org.apache.kafka.tools.ProducerPerformance', '--topic', 't', '--num-records', '1'],
      ...['--record-size', '10', '--throughput', '-1', '--transactional-id', 'payments'],
      ...['--bootstrap-server', broker.address],
    ])
    await expect(ended).rejects.toThrow('This broker serves no transactions.')
  },
)
