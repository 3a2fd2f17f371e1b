/** What does a fetch from the page cache cost? Large, small, many partitions in one response. */
import {
  type Contender,
  compare,
  type Pace,
  perGigabyte,
  perRequest,
  type Shape,
} from './support/compare.ts'
import { runLoad } from './support/load.ts'
import { fetchErrorAt, produceErrorAt, writeFetch, writeProduce } from './support/requests.ts'
import { type Subject, startOttla, workFolder } from './support/subjects.ts'
import type { Row } from './support/table.ts'

const KIB = 1024

interface Load {
  readonly work: string
  readonly topic: string
  readonly partitions: number
  readonly bytes: number
  readonly connections: number
  readonly figures: Shape['figures']
}

const LOADS: readonly Load[] = [
  {
    work: 'fetch 1 MiB, 4 x 1',
    topic: 'large',
    partitions: 1,
    bytes: KIB * KIB,
    connections: 4,
    figures: perGigabyte,
  },
  {
    work: 'fetch 16 KiB, 4 x 1',
    topic: 'large',
    partitions: 1,
    bytes: 16 * KIB,
    connections: 4,
    figures: perRequest,
  },
  {
    work: '100 partitions x 1 KiB, 1 x 1',
    topic: 'wide',
    partitions: 100,
    bytes: 2 * KIB,
    connections: 1,
    figures: perRequest,
  },
]

const VARIANTS = [
  { label: 'ottla', overrides: {} },
  { label: 'ottla, koffi off', overrides: { 'ottla.native': 'crc32c' } },
] as const

export async function fetch(pace: Pace): Promise<Row[]> {
  const contenders: Contender[] = []
  try {
    for (const [i, { label, overrides }] of VARIANTS.entries()) {
      const subject = await startOttla({ port: 19340 + i, durability: 'os', overrides })
      contenders.push({ label, subject })
      await fill(subject, pace.binary)
    }
    const rows: Row[] = []
    for (const { topic, partitions, bytes, ...load } of LOADS) {
      const file = `${workFolder}/fetch-${topic}-${bytes}.request`
      writeFetch(file, { topic, partitions, offset: 0, bytes })
      const checkAt = fetchErrorAt(topic)
      const shape = { question: 'fetch', ...load, depth: 1, files: [file], checkAt }
      rows.push(...(await compare(shape, contenders, pace)))
    }
    return rows
  } finally {
    await Promise.all(contenders.map(({ subject }) => subject.stop()))
  }
}

/** A partition of some tens of MiB in 16 KB batches, and a hundred holding one record of 1 KiB. */
async function fill(subject: Subject, binary: string): Promise<void> {
  await subject.createTopic('large', 1)
  await subject.createTopic('wide', 100)
  const large = `${workFolder}/fill-large.request`
  writeProduce(large, { topic: 'large', partition: 0, acks: 1, records: 14, valueBytes: KIB })
  const wide = Array.from({ length: 100 }, (_, partition) => {
    const file = `${workFolder}/fill-wide-${partition}.request`
    writeProduce(file, { topic: 'wide', partition, acks: 1, records: 1, valueBytes: 940 })
    return file
  })
  const { port, pid } = subject
  const once = { port, pid, depth: 1, warmupS: 0, measureS: 0.1 }
  await runLoad(binary, {
    ...once,
    connections: 1,
    checkAt: produceErrorAt('large'),
    files: [large],
  })
  await runLoad(binary, { ...once, connections: 100, checkAt: produceErrorAt('wide'), files: wide })
}
