/**
 * What does a durable ack cost? Ottla with `durability=fsync` beside Apache Kafka with
 * `flush.messages=1`: 16 KB batches of many connections, to one partition and to a hundred. Kafka
 * runs on the core Ottla has, and on both.
 */
import { type Contender, compare, type Pace, perGigabyte } from './support/compare.ts'
import { confine } from './support/process.ts'
import { produceErrorAt, writeProduce } from './support/requests.ts'
import { type Subject, startKafkaSubject, startOttla, workFolder } from './support/subjects.ts'
import type { Row } from './support/table.ts'

const MIB = 1 << 20

/**
 * A hundred logs of three segments of 64 MiB are 19 GB: no run of Kafka's comes round to memory it
 * has used before, and a virtual machine asks its price for fresh memory (Ottla gives up old pages,
 * docs/decisions/0007). So that load is also run with segments of 8 MiB, where both come round.
 */
const LOADS = [
  { work: '50 x 5, one partition', partitions: 1, connections: 50, depth: 5, segment: 64 * MIB },
  {
    work: '100 x 3, 100 partitions',
    partitions: 100,
    connections: 100,
    depth: 3,
    segment: 64 * MIB,
  },
  { work: '100 x 3, 100 of 8 MiB', partitions: 100, connections: 100, depth: 3, segment: 8 * MIB },
] as const

const KAFKA_CORES = [
  ['0', 'kafka flush.messages=1'],
  ['0,1', 'kafka, on both cores'],
] as const

export async function durable(pace: Pace): Promise<Row[]> {
  const subjects: Subject[] = []
  try {
    const ottla = await startOttla({ port: 19320, durability: 'fsync' })
    subjects.push(ottla)
    const kafka = await startKafkaSubject(19330, true)
    subjects.push(kafka)
    const contenders: Contender[] = [
      // A JVM at rest still takes some of the core it is on.
      { label: 'ottla fsync', subject: ottla, prepare: () => confine(kafka.pid, '1') },
      ...KAFKA_CORES.map(([cores, label]) => ({
        label,
        subject: kafka,
        prepare: () => confine(kafka.pid, cores),
      })),
    ]
    const rows: Row[] = []
    for (const { partitions, segment, ...load } of LOADS) {
      const topic = `durable-${partitions}-${segment / MIB}`
      for (const subject of subjects) {
        await subject.createTopic(topic, partitions, segment)
      }
      const files = Array.from({ length: partitions }, (_, partition) => {
        const file = `${workFolder}/${topic}-${partition}.request`
        writeProduce(file, { topic, partition, acks: -1, records: 15, valueBytes: 1024 })
        return file
      })
      const shape = {
        question: 'durable',
        ...load,
        files,
        checkAt: produceErrorAt(topic),
        figures: perGigabyte,
      }
      rows.push(...(await compare(shape, contenders, pace)))
    }
    return rows
  } finally {
    await Promise.all(subjects.map(subject => subject.stop()))
  }
}
