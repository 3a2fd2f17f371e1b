/** Programs of users of the package, as they would write them: file name -> text. */

const ROUND_TRIP = `
async function roundTrip({ Broker, Kafka, logLevel }) {
  const broker = await Broker.start({ disk: 'memory' })
  const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'two apples' }] })
  const consumer = kafka.consumer({ groupId: 'kitchen' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  const value = await new Promise((resolve, reject) => {
    const eachMessage = async ({ message }) => resolve(String(message.value))
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  await producer.disconnect()
  await broker.stop()
  return value
}`

const IMPORTS = `import { Broker } from 'ottla'
import { Kafka, logLevel } from 'kafkajs'`
const REQUIRES = `const { Broker } = require('ottla')
const { Kafka, logLevel } = require('kafkajs')`
const CALL = 'roundTrip({ Broker, Kafka, logLevel })'

export const PROGRAMS: Readonly<Record<string, string>> = {
  'vitest/orders.test.mjs': `${IMPORTS}
import { expect, test } from 'vitest'
${ROUND_TRIP}
test('an order arrives', async () => expect(await ${CALL}).toBe('two apples'))`,
  'jest/orders.test.js': `${REQUIRES}
${ROUND_TRIP}
test('an order arrives', async () => expect(await ${CALL}).toBe('two apples'), 20000)`,
  'node-test/orders.test.mjs': `${IMPORTS}
import assert from 'node:assert'
import test from 'node:test'
${ROUND_TRIP}
test('an order arrives', async () => assert.equal(await ${CALL}, 'two apples'))`,
  'require.cjs': `${REQUIRES}
${ROUND_TRIP}
${CALL}.then(console.log)`,
  'dynamic-import.cjs': `const { Kafka, logLevel } = require('kafkajs')
${ROUND_TRIP}
import('ottla').then(({ Broker }) => ${CALL}).then(console.log)`,
  'import.mjs': `${IMPORTS}
${ROUND_TRIP}
console.log(await ${CALL})`,
  // Classic resolution reads package.json's "main" and "types".
  'jest/jest.config.js': 'module.exports = { testEnvironment: "node", rootDir: __dirname }',
}

/** A typed program; each compiler setting must accept it, declarations of ours included. */
export const TYPED_PROGRAM = `import { Broker, type BrokerOptions } from 'ottla'
import { Client, type ConsumerRecord } from 'ottla'

export async function values(options: BrokerOptions): Promise<(string | undefined)[]> {
  const broker = await Broker.start(options)
  const client = new Client({ bootstrapServers: broker.bootstrapServers })
  await client.producer().send({ topic: 'orders', value: 'two apples' })
  const consumer = client.consumer()
  consumer.assign([{ topic: 'orders', partition: 0, from: 'earliest' }])
  const records: ConsumerRecord[] = await consumer.poll()
  await client.close()
  await broker.stop()
  return records.map(({ value }) => value?.toString())
}
`

/** Compiler options by what they are called among users, and the file that is compiled. */
export const COMPILERS: readonly (readonly [name: string, file: string, options: object])[] = [
  ['node10', 'typed.ts', { module: 'commonjs', moduleResolution: 'node10' }],
  ['node16, an ECMAScript module', 'typed.mts', { module: 'node16' }],
  ['node16, a CommonJS module', 'typed.cts', { module: 'node16' }],
  ['nodenext', 'typed.ts', { module: 'nodenext' }],
  ['bundler', 'typed.ts', { module: 'esnext', moduleResolution: 'bundler' }],
]

/** A NestJS microservice whose transport is Kafka: answers a message with another. */
export const NEST_PROGRAM = `import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import {
  ClientKafka, MessagePattern, MicroserviceOptions, Payload, Transport,
} from '@nestjs/microservices'
import { Broker } from 'ottla'
import { firstValueFrom } from 'rxjs'

@Controller()
class Kitchen {
  @MessagePattern('cook')
  cook(@Payload() dish: { name: string }) {
    return { cooked: dish.name }
  }
}

@Module({ controllers: [Kitchen] })
class AppModule {}

async function main() {
  const broker = await Broker.start({ disk: 'memory' })
  const brokers = [broker.bootstrapServers]
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
    logger: false,
    transport: Transport.KAFKA,
    options: { client: { brokers, logLevel: 0 }, consumer: { groupId: 'kitchen' } },
  })
  await app.listen()
  const client = new ClientKafka({
    client: { brokers, logLevel: 0 },
    consumer: { groupId: 'waiters' },
  })
  client.subscribeToResponseOf('cook')
  await client.connect()
  console.log(JSON.stringify(await firstValueFrom(client.send('cook', { name: 'soup' }))))
  await client.close()
  await app.close()
  await broker.stop()
}

void main()
`
