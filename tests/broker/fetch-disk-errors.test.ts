/** A parked fetch reads again when it is woken: by then the disk may fail it. */
import { expect, test } from 'vitest'
import { BrokerServer } from '../../broker/broker.ts'
import { loadConfig } from '../../broker/config/load.ts'
import { simHost } from '../../host/sim/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { batchOf, createTopic, fetchDraft, produceDraft } from './support.ts'
import { WireClient } from './wire-client.ts'

const WAIT_MS = 10_000
const VALUE = 'x'.repeat(600_000)

const produceTo = (client: WireClient, index: number, value: string) =>
  client.ask(ApiKey.PRODUCE, 9, produceDraft({ name: 't' }, batchOf([value]), { index }))

/**
 * A fetch of one record, parked for more, when its segment was closed to make room for others and
 * cannot be opened. Its answer, when `wake` brings it.
 */
async function parkedFetch(wake: (client: WireClient) => Promise<unknown>): Promise<void> {
  const host = simHost({ seed: 1 })
  await host.run(async () => {
    const { config } = loadConfig({ overrides: { 'ottla.open.files.max': 1 } })
    const broker = await BrokerServer.start({ host, config, folder: '/data' })
    const client = await WireClient.connect(host.net, broker.port)
    await createTopic(client, 't', { 'segment.bytes': '1048576' }, 3)
    await produceTo(client, 0, VALUE)
    const reader = await WireClient.connect(host.net, broker.port)
    const limits = { minBytes: 1 << 23, maxBytes: 1 << 24, maxWaitMs: WAIT_MS }
    const parked = reader.ask(ApiKey.FETCH, 12, fetchDraft({ topic: 't' }, 0, limits))
    await host.clock.advance(100)
    for (const index of [1, 2]) await produceTo(client, index, 'to be opened')
    await host.clock.advance(100)
    const path = 't-0/00000000000000000000.log'
    const fault = host.disk.faults.add({ calls: ['open'], path, code: 'EMFILE' })
    await wake(client)
    expect(partitionOf(await parked).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    fault.remove()
    const again = await reader.ask(ApiKey.FETCH, 12, fetchDraft({ topic: 't' }, 0))
    expect(partitionOf(again).records.length).toBeGreaterThan(VALUE.length)
    await broker.stop()
  })
}

interface FetchAnswer {
  readonly responses: readonly { partitions: readonly { errorCode: number; records: Buffer }[] }[]
}

const partitionOf = (answer: FetchAnswer) => answer.responses[0]!.partitions[0]!

test('a parked fetch whose time is up is answered, whatever the disk says', async () => {
  await parkedFetch(async () => {})
})

test('a parked fetch that an append wakes is answered, and so is the append', async () => {
  await parkedFetch(async client => {
    const answer = await produceTo(client, 0, VALUE)
    expect(answer.responses[0].partitionResponses[0].errorCode).toBe(ErrorCode.NONE)
  })
})
