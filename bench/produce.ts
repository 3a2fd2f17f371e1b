/**
 * What does a produce cost? Three shapes of load at acks=1, each durability beside the C floor,
 * and the same with the native parts switched off.
 */
import {
  type Contender,
  compare,
  type Pace,
  perGigabyte,
  perRequest,
  type Shape,
} from './support/compare.ts'
import { produceErrorAt, writeProduce } from './support/requests.ts'
import { startFloor, startOttla, workFolder } from './support/subjects.ts'
import type { Row } from './support/table.ts'

interface Load {
  readonly work: string
  readonly records: number
  readonly connections: number
  readonly depth: number
  readonly figures: Shape['figures']
}

const LOADS: readonly Load[] = [
  {
    work: '1 KiB x 950 a batch, 4 x 2',
    records: 950,
    connections: 4,
    depth: 2,
    figures: perGigabyte,
  },
  {
    work: '1 KiB x 15 a batch, 4 x 5',
    records: 15,
    connections: 4,
    depth: 5,
    figures: perGigabyte,
  },
  {
    work: 'one 1 KiB record a request, 10 x 10',
    records: 1,
    connections: 10,
    depth: 10,
    figures: perRequest,
  },
]
const VALUE_BYTES = 1024

/** Runs with every native part, and with parts of them off. */
const VARIANTS = [
  { label: 'ottla os', durability: 'os', overrides: {} },
  { label: 'ottla fsync', durability: 'fsync', overrides: {} },
  { label: 'ottla os, koffi off', durability: 'os', overrides: { 'ottla.native': 'crc32c' } },
  { label: 'ottla os, no native part', durability: 'os', overrides: { 'ottla.native': 'off' } },
] as const

export async function produce(pace: Pace, floorSource: string): Promise<Row[]> {
  const contenders: Contender[] = []
  try {
    const floor = await startFloor(19300, floorSource)
    if (floor !== null) contenders.push({ label: 'C floor', subject: floor })
    for (const [i, { label, ...options }] of VARIANTS.entries()) {
      contenders.push({ label, subject: await startOttla({ port: 19310 + i, ...options }) })
    }
    const rows: Row[] = []
    for (const load of LOADS) {
      const topic = `produce-${load.records}`
      for (const { subject } of contenders) await subject.createTopic(topic, 1)
      const file = `${workFolder}/${topic}.request`
      writeProduce(file, {
        topic,
        partition: 0,
        acks: 1,
        records: load.records,
        valueBytes: VALUE_BYTES,
      })
      const checkAt = produceErrorAt(topic)
      rows.push(
        ...(await compare(
          { question: 'produce', ...load, files: [file], checkAt },
          contenders,
          pace,
        )),
      )
    }
    return rows
  } finally {
    await Promise.all(contenders.map(({ subject }) => subject.stop()))
  }
}
