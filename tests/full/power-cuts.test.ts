/**
 * Power cuts on real filesystems amid creations, deletions, produces and commits: nothing that was
 * acknowledged before the cut is lost, nothing deleted is back, no folder is left over.
 * `OTTLA_CUTS=40` sets the cuts for each filesystem.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type SpawnedBroker, spawnBroker } from '../compat/support/spawned-broker.ts'
import { BrokerLoad } from './support/broker-load.ts'
import { Ledger } from './support/ledger.ts'
import { brokenPromises } from './support/ledger-check.ts'
import { type FilesystemKind, LoopDisk, loopDisksUnavailable } from './support/loop-disk.ts'

const CUTS = Number(process.env['OTTLA_CUTS'] ?? 3)
/** A load runs for between these times before its power is cut. */
const LOAD_MS_MIN = 300
const LOAD_MS_SPREAD = 1_200
const DELETE_DELAY_MS = 1_000
const TRASH_DEADLINE_MS = 30_000

const OVERRIDES = {
  'log.segment.delete.delay.ms': String(DELETE_DELAY_MS),
  'offsets.topic.num.partitions': '4',
  'log.segment.bytes': '1048576',
}

// Without root and loop devices there is no power to cut; the reason is printed.
describe.skipIf(loopDisksUnavailable())(
  'a power cut amid create, delete, produce and commit',
  () => {
    test.each<FilesystemKind>(['ext4', 'xfs'])(
      'on %s loses nothing that was acknowledged, leaves no orphan and brings back no topic',
      async kind => {
        using disk = new LoopDisk(kind)
        const folder = join(disk.path, 'data')
        await using broker = await spawnBroker({ ...OVERRIDES, 'log.dirs': folder })
        const { faults, told, acknowledged } = await cutAgainAndAgain(disk, broker, folder, CUTS)
        console.log(`${kind}: ${told}`)
        expect(faults).toEqual([])
        expect(acknowledged).toBeGreaterThan(0)
        await trashIsEmptied(folder)
      },
      CUTS * 30_000 + 60_000,
    )

    test('loses records under durability=os: the cuts are real', async () => {
      using disk = new LoopDisk('ext4')
      const folder = join(disk.path, 'data')
      const overrides = { ...OVERRIDES, durability: 'os', 'log.dirs': folder }
      await using broker = await spawnBroker(overrides)
      const { faults } = await cutAgainAndAgain(disk, broker, folder, 1)
      expect(faults.filter(fault => fault.includes('lost the record'))).not.toEqual([])
    })
  },
)

interface CutsEnd {
  readonly faults: readonly string[]
  /** Records whose promise was checked, over all cuts. */
  readonly acknowledged: number
  /** The figures in one line. */
  readonly told: string
}

async function cutAgainAndAgain(
  disk: LoopDisk,
  broker: SpawnedBroker,
  folder: string,
  cuts: number,
): Promise<CutsEnd> {
  const ledger = new Ledger()
  const faults: string[] = []
  let acknowledged = 0
  for (let cut = 1; cut <= cuts; cut++) {
    await cutDuringLoad(disk, broker, ledger, `cut${cut}`)
    acknowledged += ledger.recordCount
    const broken = await brokenPromises(ledger, broker.address, folder)
    faults.push(...broken.map(fault => `cut ${cut}: ${fault}`))
  }
  const told =
    `${cuts} cuts, ${ledger.topics.size} topics created, ` +
    `${ledger.inState('deleted').length} deleted, ${ledger.commits.size} groups, ` +
    `${acknowledged} records checked, ${faults.length} faults`
  return { faults, acknowledged, told }
}

async function cutDuringLoad(
  disk: LoopDisk,
  broker: SpawnedBroker,
  ledger: Ledger,
  tag: string,
): Promise<void> {
  ledger.thaw()
  const load = new BrokerLoad(ledger, broker.address, tag)
  const loadMs = LOAD_MS_MIN + Math.random() * LOAD_MS_SPREAD
  await new Promise(resolve => setTimeout(resolve, loadMs))
  ledger.freeze()
  disk.cutPower()
  await broker.killAndRestart(async () => {
    await load.stop()
    disk.unmount()
    disk.mount()
  })
}

/** Folders renamed for deletion are unlinked by their due time. */
async function trashIsEmptied(folder: string): Promise<void> {
  const trash = () => readdirSync(folder).filter(name => name.endsWith('-delete'))
  const deadline = performance.now() + TRASH_DEADLINE_MS
  while (trash().length > 0 && performance.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  expect(trash()).toEqual([])
}
