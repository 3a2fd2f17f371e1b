import { expect, test } from 'vitest'
import { loadConfig } from '../../../broker/config/load.ts'
import { startServer } from '../../../broker/start.ts'
import { repairFolder } from '../../../client/cli/commands/storage-repair.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { RecordedLog } from '../../../host/sim/logger.ts'
import { memoryDisk } from '../../../host/sim/memory-disk.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { createTopic } from '../support.ts'
import { WireClient } from '../wire-client.ts'

const real = nodeHost()
/** Two groups of different partitions of __consumer_offsets, by the hash of their names. */
const DAMAGED = 'a'
const WHOLE = 'b'
const PATH = '/data/__consumer_offsets-1/00000000000000000000.log'

function start(disk: ReturnType<typeof memoryDisk>) {
  const listeners = 'PLAINTEXT://127.0.0.1:0'
  const overrides = { listeners, 'offsets.topic.num.partitions': 2 }
  const { config } = loadConfig({ overrides })
  return startServer({ host: { ...real, disk, log: new RecordedLog() }, config, folder: '/data' })
}

async function commit(client: WireClient, groupId: string, committedOffset: number) {
  const partition = { partitionIndex: 0, committedOffset, committedLeaderEpoch: -1 }
  await client.ask(ApiKey.OFFSET_COMMIT, 7, {
    ...{ groupId, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null },
    topics: [{ name: 't', partitions: [{ ...partition, committedMetadata: '' }] }],
  })
}

async function committed(port: number, groupId: string) {
  const client = await WireClient.connect(real.net, port)
  const { groups } = await client.ask(ApiKey.OFFSET_FETCH, 8, {
    groups: [{ groupId, topics: [{ name: 't', partitionIndexes: [0] }] }],
    requireStable: false,
  })
  client.destroy()
  const [{ errorCode, topics }] = groups
  return { errorCode, offset: topics[0]?.partitions[0]?.committedOffset ?? null }
}

test('groups of a damaged log are not served, never rewound, and others are', async () => {
  const disk = memoryDisk()
  const first = await start(disk)
  const client = await WireClient.connect(real.net, first.port)
  await createTopic(client, 't')
  await client.ask(ApiKey.FIND_COORDINATOR, 3, { key: DAMAGED, keyType: 0 })
  for (const offset of [3, 5, 7]) await commit(client, DAMAGED, offset)
  await commit(client, WHOLE, 9)
  client.destroy()
  await first.stop()
  const sizeBytes = disk.stat(PATH)?.sizeBytes ?? 0
  const begin = (2 * sizeBytes) / 3
  disk.corrupt(PATH, begin + 70, Buffer.from([0xff]))

  const second = await start(disk)
  expect(await committed(second.port, DAMAGED)).toEqual({
    errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    offset: null,
  })
  expect(await committed(second.port, WHOLE)).toEqual({ errorCode: 0, offset: 9 })
  const conditions = second.parts.conditions.list()
  const told = conditions.find(({ kind }) => kind === 'coordinator-not-loaded')
  expect(told).toMatchObject({ subject: '__consumer_offsets-1', severity: 'error' })
  expect(told?.message).toContain(`${PATH} is damaged at byte ${begin}`)
  expect(told?.message).toContain('`ottla storage repair`')
  await second.stop()

  await repairFolder({ ...real, disk }, '/data', true)
  const third = await start(disk)
  expect(await committed(third.port, DAMAGED)).toEqual({ errorCode: 0, offset: 5 })
  expect(await committed(third.port, WHOLE)).toEqual({ errorCode: 0, offset: 9 })
  expect(third.parts.conditions.list()).toEqual([])
  await third.stop()
})
