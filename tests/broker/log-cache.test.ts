import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { Broker } from '../../broker/in-process.ts'
import { evictableCache } from '../support/evict.ts'
import { untilTrue } from '../support/turns.ts'

process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'

const MIB = 1 << 20
const VALUES = 24

/** Half a MiB that tells where it belongs. */
function blockOf(at: number): Buffer {
  return Buffer.alloc(MIB / 2, `value ${at};`)
}

async function produceAll(kafka: Kafka): Promise<void> {
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  for (let at = 0; at < VALUES; at++) {
    await producer.send({ topic: 't', messages: [{ value: blockOf(at) }] })
  }
  await producer.disconnect()
}

/** How many of the values read from the beginning, in order, are right. */
async function countRead(kafka: Kafka): Promise<number> {
  const consumer = kafka.consumer({ groupId: 'g', maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic: 't', fromBeginning: true })
  let count = 0
  let right = 0
  await new Promise<void>(resolve => {
    consumer.run({
      eachMessage: async ({ message }) => {
        if (message.value?.equals(blockOf(count))) right++
        if (++count === VALUES) resolve()
      },
    })
  })
  await consumer.disconnect()
  return right
}

test.each([
  ['4194304', 4 * MIB],
  ['0', VALUES * MIB],
])('ottla.log.cache.bytes=%s', async (text, keptAtMost) => {
  const path = mkdtempSync(`${tmpdir()}/ottla-log-cache-`)
  try {
    const cache = evictableCache(path)
    await using broker = await Broker.start({
      disk: { path },
      config: { 'ottla.log.cache.bytes': text },
    })
    const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
    await produceAll(kafka)
    if (cache === null) console.warn(`the page cache of ${path} can't be watched here`)
    else {
      const fd = openSync(`${path}/t-0/00000000000000000000.log`, 'r')
      const isCached = (mib: number) => cache.holds(fd, mib * MIB, MIB)
      const mibs = Array.from({ length: VALUES / 2 }, (_, mib) => mib)
      const kept = () => mibs.filter(isCached)
      await untilTrue(() => kept().length * MIB <= keptAtMost, 'the bound')
      // The newest stay: four of the last pieces, and what is no piece yet.
      expect(kept().slice(-4)).toEqual(mibs.slice(-4))
      expect(kept().length === mibs.length).toBe(text === '0')
      closeSync(fd)
    }
    expect(await countRead(kafka)).toBe(VALUES)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
})
