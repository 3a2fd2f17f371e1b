import { expect, test } from 'vitest'
import { BrokerServer } from '../../broker/broker.ts'
import { loadConfig } from '../../broker/config/load.ts'
import { type SimHost, simHost } from '../../host/sim/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { batchOf, createTopic, fetchDraft, produceDraft } from './support.ts'
import { WireClient } from './wire-client.ts'

const HOUR_MS = 3_600_000

function start(host: SimHost, overrides: Readonly<Record<string, string | number>> = {}) {
  const { config } = loadConfig({ overrides })
  return BrokerServer.start({ host, config, folder: '/data' })
}

async function produceOne(client: WireClient, topic: string, value: string) {
  const draft = produceDraft({ name: topic }, batchOf([value]))
  const answer = await client.ask(ApiKey.PRODUCE, 9, draft)
  return answer.responses[0].partitionResponses[0]
}

/** A little of everything, an hour of it. */
async function scenario(seed: number): Promise<string> {
  const host = simHost({ seed })
  await host.run(async () => {
    const broker = await start(host)
    const client = await WireClient.connect(host.net, broker.port)
    await createTopic(client, 't')
    const reader = await WireClient.connect(host.net, broker.port)
    const waiting = reader.ask(
      ApiKey.FETCH,
      12,
      fetchDraft({ topic: 't' }, 0, { maxWaitMs: 60_000 }),
    )
    for (let i = 0; i < 20; i++) {
      const { errorCode } = await produceOne(client, 't', `value ${i}`)
      expect(errorCode).toBe(0)
    }
    await waiting
    await host.clock.advance(HOUR_MS)
    await broker.stop()
  })
  return host.traceHash
}

test('the same seed gives the same trace of a whole broker, another seed another', async () => {
  const first = await scenario(7)
  expect(await scenario(7)).toBe(first)
  expect(await scenario(8)).not.toBe(first)
})

test('a week passes in no time: old segments go by their age', async () => {
  const host = simHost({ seed: 1 })
  await host.run(async () => {
    const broker = await start(host, { 'connections.max.idle.ms': -1 })
    const client = await WireClient.connect(host.net, broker.port)
    await createTopic(client, 't', { 'segment.ms': `${HOUR_MS}`, 'retention.ms': `${HOUR_MS}` })
    await produceOne(client, 't', 'old')
    await host.clock.advance(2 * HOUR_MS)
    await produceOne(client, 't', 'young')
    await host.clock.advance(7 * 24 * HOUR_MS)
    expect(broker.parts.partitions.get('t', 0)!.logStartOffset).toBeGreaterThanOrEqual(1)
    await broker.stop()
  })
})

test('acknowledged records survive a power cut that loses everything not synced', async () => {
  const host = simHost({ seed: 3 })
  let acked = 0
  await host.run(async () => {
    const broker = await start(host)
    const client = await WireClient.connect(host.net, broker.port)
    await createTopic(client, 't')
    while (acked < 50) {
      const { errorCode } = await produceOne(client, 't', `value ${acked}`)
      expect(errorCode).toBe(0)
      acked++
    }
  })
  host.powerCut({ keep: 'synced' })
  const next = host.restart()
  await next.run(async () => {
    const broker = await start(next)
    expect(broker.parts.partitions.get('t', 0)!.highWatermark).toBe(acked)
    await broker.stop()
  })
})
