import { loadConfig } from '../../broker/config/load.ts'
import { topicConfig } from '../../broker/config/topic-config.ts'
import { GROUP_TOPIC } from '../../broker/coordinator/group-coordinators.ts'
import { PartitionLog } from '../../broker/coordinator/partition-log.ts'
import type { ShardLog } from '../../broker/coordinator/shard-log.ts'
import { Partition } from '../../broker/partition/partition.ts'
import { Deadlines } from '../../broker/partition/purgatory.ts'
import { Recoder } from '../../broker/partition/recoder.ts'
import type { Keep } from '../../host/sim/crash.ts'
import type { SimHost } from '../../host/sim/host.ts'
import { newUuid } from '../../protocol/uuid.ts'
import { Expander } from '../../storage/expander.ts'
import { openEveryLog } from '../support/open-directory.ts'
import type { GroupStorage } from './groups-world.ts'

const KEEPS: readonly Keep[] = ['synced', 'prefix', 'torn', 'stale']
const TOPIC_ID = 'bBfEpE9aQ8OZVw3nJZ2Y4Q'
/** Small segments, so that logs roll. */
const SEGMENT_BYTES = '65536'

/** The broker's own partition, log and directory on the simulated disk. */
export function diskStorage(): GroupStorage {
  let isFull = false
  let host: SimHost | null = null
  return {
    get isFull() {
      return isFull
    },
    set isFull(value: boolean) {
      isFull = value
      host?.disk.faults.clear()
      if (value) host?.disk.faults.add({ calls: ['write'], code: 'ENOSPC' })
    },
    async open(opened: SimHost): Promise<ShardLog> {
      host = opened
      isFull = false
      host.disk.faults.clear()
      return openLog(host)
    },
    end(dying: SimHost, how: 'kill' | 'power cut'): void {
      if (how === 'kill') dying.kill()
      else dying.powerCut({ keep: KEEPS[dying.random.below(KEEPS.length)]! })
    },
  }
}

async function openLog(host: SimHost): Promise<ShardLog> {
  const { config } = loadConfig({ overrides: { 'log.segment.bytes': '1048576' } })
  const configured = topicConfig(config, new Map([['cleanup.policy', 'compact']]))
  const nowMs = host.clock.nowMs()
  const directory = await openEveryLog({
    path: '/data',
    disk: host.disk,
    loop: host.loop,
    crc32c: host.crc32c,
    random: host.random,
    nowMs,
    newId: () => newUuid(host.random.bytes(16)),
    nodeId: 1,
    openFilesMax: 64,
    logDefaults: { ...configured.log, segmentBytes: Number(SEGMENT_BYTES) },
  })
  const log =
    directory.get(GROUP_TOPIC, 0) ??
    directory.create(GROUP_TOPIC, 0, TOPIC_ID, configured.log, nowMs)
  const image = { index: 0, leader: 1, leaderEpoch: 0, replicas: [1], isr: [1], partitionEpoch: 0 }
  const partition = new Partition(log, image, configured, {
    nodeId: 1,
    crc32c: host.crc32c,
    deadlines: new Deadlines(host.clock, 50),
    recoder: new Recoder({
      crc32c: host.crc32c,
      nextTurn: () => host.loop.nextTurn(),
      expander: new Expander({
        nextTurn: () => host.loop.nextTurn(),
        memoryBytesMax: () => 2 ** 27,
      }),
      expandedBytesMax: () => 1 << 26,
    }),
  })
  return new PartitionLog(partition, host.loop)
}
