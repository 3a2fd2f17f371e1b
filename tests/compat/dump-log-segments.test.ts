/**
 * Apache Kafka's own dump tool reads a folder that Ottla wrote (several segments, every codec,
 * idempotent producers, transactions) and finds no fault: deep iteration, index and time index
 * checks, transaction index, snapshots. Skipped, loudly, where Java or the jars are missing.
 */
import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nodeDisk } from '../../host/node/host.ts'
import { Codec } from '../../protocol/records/batch.ts'
import { buildEndTransactionMarker, ControlType } from '../../protocol/records/control.ts'
import type { Log } from '../../storage/log.ts'
import {
  appendDurably,
  batchOf,
  openDirectory,
  START_MS,
  smallConfig,
} from '../storage/support/log-world.ts'
import { temporaryFolder } from '../support/folder.ts'
import { kafkaJars, kafkaUnavailable } from './support/kafka.ts'
import { run } from './support/programs.ts'

const INSTALLED_JARS = '/opt/kafka/lib'
const hasJars = existsSync(INSTALLED_JARS)
const isSkipped = !hasJars && (await kafkaUnavailable())

async function writeFolder(path: string): Promise<string> {
  const config = smallConfig({ segmentBytes: 60_000, indexIntervalBytes: 1000 })
  const directory = await openDirectory(nodeDisk(), { path, logDefaults: config })
  const log = directory.create('dumped', 0, 'AAECAwQFBgcICQoLDA0ODw', config, START_MS)
  log.assignEpoch(3, 0)
  const codecs = Object.values(Codec)
  for (let at = 0; at < 400; at++) {
    const codec = codecs[at % codecs.length] as Codec
    const timestamp = START_MS + ((at * 7919) % 1000)
    const count = 1 + (at % 7)
    await appendDurably(log, batchOf({ codec, count, timestamp, valueBytes: 50 + at }), {
      leaderEpoch: 3 + Math.floor(at / 150),
    })
    await transact(log, at)
  }
  await directory.close(START_MS)
  return `${path}/dumped-0`
}

/** Two transactional producers, every third transaction aborted, and an idempotent one. */
async function transact(log: Log, at: number): Promise<void> {
  const leaderEpoch = 3 + Math.floor(at / 150)
  const producerId = 1000 + (at % 2)
  const envelope = { producerId, producerEpoch: 1, baseSequence: Math.floor(at / 2) }
  await appendDurably(log, batchOf({ ...envelope, isTransactional: true }), { leaderEpoch })
  const type = at % 3 === 0 ? ControlType.ABORT : ControlType.COMMIT
  const marker = { type, producerId, producerEpoch: 1, coordinatorEpoch: 0, timestamp: START_MS }
  await appendDurably(log, buildEndTransactionMarker(marker), {
    leaderEpoch,
    origin: 'coordinator',
  })
  const plain = { producerId: 5, producerEpoch: 0, baseSequence: at }
  await appendDurably(log, batchOf(plain), { leaderEpoch })
}

async function dump(...options: string[]): Promise<string> {
  const jars = hasJars ? INSTALLED_JARS : await kafkaJars()
  const tool = 'org.apache.kafka.tools.DumpLogSegments'
  const { stdout } = await run('java', ['-cp', `${jars}/*`, tool, ...options])
  return stdout.toString()
}

/** Lines in which the tool complains. */
function faults(text: string): string[] {
  const complaint =
    /isvalid: false|ismatch|consecutive|trailing|xception|out of order|not found|orrupt/
  return text.split('\n').filter(line => complaint.test(line))
}

test.skipIf(isSkipped)(
  "Kafka's DumpLogSegments finds no fault in a folder that Ottla wrote",
  async () => {
    const folder = await writeFolder(temporaryFolder('dump'))
    const names = readdirSync(folder)
    const paths = (suffix: string) =>
      names.filter(name => name.endsWith(suffix)).map(name => `${folder}/${name}`)
    expect(paths('.log').length).toBeGreaterThan(3)
    expect(paths('.txnindex').length).toBeGreaterThan(1)
    expect(paths('.snapshot').length).toBe(paths('.log').length)

    const logs = await dump('--deep-iteration', '--files', paths('.log').join(','))
    expect(logs.match(/isvalid: true/g)?.length).toBe(1600)
    expect(faults(logs)).toEqual([])

    const indexes = [...paths('.index'), ...paths('.timeindex')].join(',')
    const found = await dump('--verify-index-only', '--files', indexes)
    expect(faults(found)).toEqual([])
    const sane = await dump('--index-sanity-check', '--files', indexes)
    expect(sane.match(/passed sanity check/g)?.length).toBe(
      paths('index').length - paths('.txnindex').length,
    )
    const others = await dump('--files', [...paths('.txnindex'), ...paths('.snapshot')].join(','))
    expect(others.match(/producerId: 1000/g)?.length).toBeGreaterThan(50)
    expect(faults(others)).toEqual([])
  },
  120_000,
)
