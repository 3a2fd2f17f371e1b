/** Whole requests in files for the load generator to replay: what a client sends, made once. */
import { randomFillSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { crc32c } from '@node-rs/crc32'
import { encodeRequestFrame } from '../../protocol/frame.ts'
import { FetchRequest } from '../../protocol/messages/fetch.ts'
import { ProduceRequest } from '../../protocol/messages/produce.ts'
import { buildBatch } from '../../protocol/records/builder.ts'

/** Versions every broker of this decade speaks, and whose replies are easy to check. */
export const PRODUCE_VERSION = 7
const FETCH_VERSION = 11

/** One uncompressed batch of `records` random values. Returns the frame's size in bytes. */
export function writeProduce(
  file: string,
  o: { topic: string; partition: number; acks: number; records: number; valueBytes: number },
): number {
  const timestamp = Date.now()
  const records = Array.from({ length: o.records }, () => ({
    key: null,
    value: randomFillSync(Buffer.allocUnsafe(o.valueBytes)),
    headers: [],
    timestamp,
  }))
  const batch = buildBatch({ records, crc32c: bytes => crc32c(bytes) })
  return write(
    file,
    encodeRequestFrame(ProduceRequest, envelope(PRODUCE_VERSION), {
      transactionalId: null,
      acks: o.acks,
      timeoutMs: 30_000,
      topicData: [{ name: o.topic, partitionData: [{ index: o.partition, records: batch }] }],
    }),
  )
}

/** A fetch without a session that names each partition once, at the same offset. */
export function writeFetch(
  file: string,
  o: { topic: string; partitions: number; offset: number; bytes: number },
): number {
  return write(
    file,
    encodeRequestFrame(FetchRequest, envelope(FETCH_VERSION), {
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 55_000_000,
      topics: [
        {
          topic: o.topic,
          partitions: Array.from({ length: o.partitions }, (_, partition) => ({
            partition,
            fetchOffset: o.offset,
            partitionMaxBytes: o.bytes,
          })),
        },
      ],
      forgottenTopicsData: [],
    }),
  )
}

/** Where a Produce response of PRODUCE_VERSION for one partition of `topic` holds its error. */
export function produceErrorAt(topic: string): number {
  return 4 + 4 + 2 + topic.length + 4 + 4
}

/** Where a Fetch response holds the first partition's error. */
export function fetchErrorAt(topic: string): number {
  return 4 + 4 + 2 + 4 + 4 + 2 + topic.length + 4 + 4
}

const envelope = (version: number) => ({ version, correlationId: 1, clientId: 'bench' })

function write(file: string, pieces: readonly unknown[]): number {
  const bytes = Buffer.concat(pieces as Buffer[])
  writeFileSync(file, bytes)
  return bytes.length
}
