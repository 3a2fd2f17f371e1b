import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { nodeDisk } from '../../host/node/host.ts'
import { readRecords } from '../../protocol/records/reader.ts'
import type { Log } from '../../storage/log.ts'
import { DEFAULT_LOG_CONFIG } from '../../storage/log-config.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import { parseMarker } from '../../storage/marker.ts'
import { disposableFolder } from '../support/folder.ts'
import { openDirectory } from './support/log-world.ts'

// A folder left by Apache Kafka 4.3.0 after a clean stop; see tests/vectors/README.md.
const VECTORS = new URL('../vectors/', import.meta.url).pathname
const DIGEST = 'sha256 of "offset timestamp keySize valueSize\\n" lines'

interface Expected {
  readonly segments: number
  readonly records: number
  readonly firstOffset: number | null
  readonly lastOffset: number
  readonly logStart: number
  readonly markers?: readonly [number, 'COMMIT' | 'ABORT'][]
  readonly values?: readonly (string | null)[]
  readonly [DIGEST]: string
}

const expected = new Map<string, Expected>(
  Object.entries(
    JSON.parse(readFileSync(`${VECTORS}kafka-data-4.3.0.expect.json`, 'utf8')) as Record<
      string,
      Expected
    >,
  ),
)

function extracted() {
  const folder = disposableFolder('kafka')
  execFileSync('tar', ['xzf', `${VECTORS}kafka-data-4.3.0.tar.gz`, '-C', folder.path])
  return folder
}

/** What DumpLogSegments printed of each record. */
function summary(log: Log, from: number) {
  const digest = createHash('sha256')
  const markers: [number, string][] = []
  const values: (string | null)[] = []
  let records = 0
  let firstOffset: number | null = null
  for (const batch of log.readBatches(from, Infinity)) {
    if (batch.isControl) {
      markers.push([batch.baseOffset, parseMarker(batch)?.commits ? 'COMMIT' : 'ABORT'])
      continue
    }
    for (const { offset, timestamp, key, value } of readRecords(batch)) {
      firstOffset ??= offset
      records++
      values.push(value?.toString() ?? null)
      digest.update(`${offset} ${timestamp} ${key?.length ?? -1} ${value?.length ?? -1}\n`)
    }
  }
  return { digest: digest.digest('hex'), markers, values, records, firstOffset }
}

describe('a folder of Kafka 4.3.0', () => {
  let directory: LogDirectory
  beforeAll(async () => {
    const folder = extracted()
    directory = await openDirectory(nodeDisk(), {
      path: folder.path,
      logDefaults: DEFAULT_LOG_CONFIG,
      openFilesMax: 8,
    })
    return async () => {
      await directory.close(0)
      folder[Symbol.dispose]()
    }
  })

  test('opens as a clean stop, with its identity and every partition but the metadata log', () => {
    expect(directory.wasCleanStop).toBe(true)
    expect(directory.identity).toMatchObject({ nodeId: 1 })
    expect(directory.identity.clusterId).toHaveLength(22)
    expect([...directory.logs()].map(log => `${log.topic}-${log.partition}`).sort()).toEqual(
      [...expected.keys()].sort(),
    )
    const kinds = new Set(directory.report.findings.map(({ kind }) => kind))
    expect([...kinds].filter(kind => kind !== 'removed')).toEqual([])
  })

  test.each([...expected])('serves of %s what Kafka says is there', (name, want) => {
    const split = name.lastIndexOf('-')
    const log = directory.get(name.slice(0, split), Number(name.slice(split + 1)))
    if (log === undefined) throw new Error(`${name} was not opened`)
    expect(log.topicId).toHaveLength(22)
    expect(log.segments()).toHaveLength(want.segments)
    expect(log.logStartOffset).toBe(want.logStart)
    expect(log.nextOffset).toBe(want.lastOffset + 1)
    // Kafka's tool reads whole files: also what lies before the log's start.
    log.state.logStartOffset = 0
    const found = summary(log, 0)
    log.state.logStartOffset = want.logStart
    expect(found.records).toBe(want.records)
    expect(found.firstOffset).toBe(want.firstOffset)
    expect(found.markers).toEqual(want.markers ?? [])
    if (want.values !== undefined) expect(found.values).toEqual(want.values)
    expect(found.digest).toBe(want[DIGEST])
  })

  test('names the aborted transaction to read_committed consumers, and only it', () => {
    const log = directory.get('kj', 1) as Log
    expect(log.lastStableOffset).toBe(log.highWatermark)
    expect(log.abortedTransactions(0, log.nextOffset)).toEqual([
      { producerId: expect.any(Number), firstOffset: 7 },
    ])
    expect(directory.get('jtx', 0)?.abortedTransactions(0, 202)).toEqual([])
  })

  test('knows the epochs and producers that Kafka left', () => {
    const log = directory.get('rd-idem', 0) as Log
    expect(log.latestEpoch).toBe(0)
    expect(log.activeProducers()).toMatchObject([{ producerEpoch: 0, lastSequence: 1 }])
  })
})

test('the same folder without the clean-stop marker is scanned and found the same', async () => {
  using folder = extracted()
  execFileSync('rm', [`${folder.path}/.kafka_cleanshutdown`])
  execFileSync('rm', [`${folder.path}/recovery-point-offset-checkpoint`])
  const directory = await openDirectory(nodeDisk(), {
    path: folder.path,
    logDefaults: DEFAULT_LOG_CONFIG,
  })
  expect(directory.wasCleanStop).toBe(false)
  expect(directory.report.findings.filter(({ kind }) => kind === 'cut')).toEqual([])
  for (const log of directory.logs()) {
    const want = expected.get(`${log.topic}-${log.partition}`) as Expected
    log.state.logStartOffset = 0
    expect(summary(log, 0).digest).toBe(want[DIGEST])
  }
  const aborted = directory.get('kj', 1)?.abortedTransactions(0, 9)
  expect(aborted).toMatchObject([{ firstOffset: 7 }])
  await directory.close(0)
})
