import { expect, test } from 'vitest'
import { BrokerServer } from '../../../broker/broker.ts'
import { loadConfig } from '../../../broker/config/load.ts'
import { type SimHost, simHost } from '../../../host/sim/host.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { createTopic } from '../support.ts'
import { WireClient } from '../wire-client.ts'

const LOG = '/data/__consumer_offsets-0/00000000000000000000.log'

function start(host: SimHost) {
  const { config } = loadConfig({ overrides: { 'offsets.topic.num.partitions': 1 } })
  return BrokerServer.start({ host, config, folder: '/data' })
}

function commit(client: WireClient, offsets: readonly number[], committedMetadata = '') {
  const partitions = offsets.map((committedOffset, partitionIndex) => ({
    ...{ partitionIndex, committedOffset, committedLeaderEpoch: -1, committedMetadata },
  }))
  return client.ask(ApiKey.OFFSET_COMMIT, 7, {
    ...{ groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null },
    topics: [{ name: 't', partitions }],
  })
}

async function committed(client: WireClient): Promise<{ errorCode: number; offset: number }> {
  const { groups } = await client.ask(ApiKey.OFFSET_FETCH, 8, {
    groups: [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }],
    requireStable: false,
  })
  const [{ errorCode, topics }] = groups
  return { errorCode, offset: topics[0]?.partitions[0]?.committedOffset ?? -1 }
}

test('groups that cannot be read are tried again, and told of meanwhile', async () => {
  const host = simHost({ seed: 1 })
  await host.run(async () => {
    const first = await start(host)
    const writer = await WireClient.connect(host.net, first.port)
    await createTopic(writer, 't')
    await writer.ask(ApiKey.FIND_COORDINATOR, 3, { key: 'g', keyType: 0 })
    await commit(writer, [5])
    await first.stop()

    const broker = await start(host)
    // Logs are open by now; shards load in the turns that follow.
    const fault = host.disk.faults.add({ calls: ['open', 'read'], path: LOG, code: 'EMFILE' })
    const client = await WireClient.connect(host.net, broker.port)
    await host.clock.advance(5000)
    expect(fault.hits).toBeGreaterThan(1)
    const { errorCode } = await committed(client)
    expect(errorCode).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    expect(broker.parts.conditions.list()).toMatchObject([
      { kind: 'coordinator-not-loaded', subject: '__consumer_offsets-0', severity: 'error' },
    ])

    fault.remove()
    await host.clock.advance(10_000)
    expect(await committed(client)).toEqual({ errorCode: 0, offset: 5 })
    expect(broker.parts.conditions.list()).toEqual([])
    await broker.stop()
  })
})

test('a commit that one batch cannot hold does not happen, not even in part', async () => {
  const host = simHost({ seed: 2 })
  await host.run(async () => {
    const broker = await start(host)
    const client = await WireClient.connect(host.net, broker.port)
    await createTopic(client, 't', {}, 300)
    await client.ask(ApiKey.FIND_COORDINATOR, 3, { key: 'g', keyType: 0 })
    const offsets = Array.from({ length: 300 }, (_, offset) => offset)
    const { topics } = await commit(client, offsets, 'x'.repeat(4096))
    const codes = topics[0].partitions.map(({ errorCode }: { errorCode: number }) => errorCode)
    expect(codes).toEqual(offsets.map(() => ErrorCode.UNKNOWN_SERVER_ERROR))
    expect(await committed(client)).toEqual({ errorCode: 0, offset: -1 })
    expect(broker.parts.partitions.get('__consumer_offsets', 0)?.log.nextOffset).toBe(0)
    await broker.stop()
  })
})
